//! `OffsetDeleteRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/offset_delete.txt`, never by hand.

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
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequest {
    pub group_id: Text,
    pub topics: Vec<OffsetDeleteRequestTopic>,
}

impl OffsetDeleteRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=0).contains(&version) {
            return Err(Error::Version(version));
        }
        Ok(Self {
            group_id: reader.text(false)?,
            topics: reader.array(false, 6, |reader| OffsetDeleteRequestTopic::decode(reader, version))?,
        })
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.text(false, &self.group_id)?;
        writer.array(false, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequestTopic {
    pub name: Text,
    pub partitions: Vec<OffsetDeleteRequestPartition>,
}

impl OffsetDeleteRequestTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        Ok(Self {
            name: reader.text(false)?,
            partitions: reader
                .array(false, 4, |reader| OffsetDeleteRequestPartition::decode(reader, version))?,
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
pub struct OffsetDeleteRequestPartition {
    pub partition_index: i32,
}

impl OffsetDeleteRequestPartition {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        Ok(Self { partition_index: reader.i32()? })
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        Ok(())
    }
}
