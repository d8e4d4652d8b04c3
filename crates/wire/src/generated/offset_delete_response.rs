//! `OffsetDeleteResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/offset_delete.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::OffsetDelete;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 0;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = i16::MAX;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponse {
    pub error_code: i16,
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetDeleteResponseTopic>,
}

impl OffsetDeleteResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=0).contains(&version) {
            return Err(Error::Version(version));
        }
        Ok(Self {
            error_code: reader.i16()?,
            throttle_time_ms: reader.i32()?,
            topics: reader.array(false, 6, |reader| OffsetDeleteResponseTopic::decode(reader, version))?,
        })
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.i16(self.error_code);
        writer.i32(self.throttle_time_ms);
        writer.array(false, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponseTopic {
    pub name: Text,
    pub partitions: Vec<OffsetDeleteResponsePartition>,
}

impl OffsetDeleteResponseTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        Ok(Self {
            name: reader.text(false)?,
            partitions: reader
                .array(false, 6, |reader| OffsetDeleteResponsePartition::decode(reader, version))?,
        })
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.text(false, &self.name)?;
        writer.array(false, self.partitions.len())?;
        for element in &self.partitions {
            element.encode(writer, version)?;
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponsePartition {
    pub partition_index: i32,
    pub error_code: i16,
}

impl OffsetDeleteResponsePartition {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        Ok(Self { partition_index: reader.i32()?, error_code: reader.i16()? })
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        Ok(())
    }
}
