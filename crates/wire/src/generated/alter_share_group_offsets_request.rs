//! `AlterShareGroupOffsetsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/alter_share_group_offsets.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::AlterShareGroupOffsets;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 0;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequest {
    pub group_id: Text,
    pub topics: Vec<AlterShareGroupOffsetsRequestTopic>,
}

impl AlterShareGroupOffsetsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=0).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            group_id: reader.text(true)?,
            topics: reader
                .array(true, 3, |reader| AlterShareGroupOffsetsRequestTopic::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.text(true, &self.group_id)?;
        writer.array(true, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequestTopic {
    pub topic_name: Text,
    pub partitions: Vec<AlterShareGroupOffsetsRequestPartition>,
}

impl AlterShareGroupOffsetsRequestTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            topic_name: reader.text(true)?,
            partitions: reader
                .array(true, 13, |reader| AlterShareGroupOffsetsRequestPartition::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.topic_name)?;
        writer.array(true, self.partitions.len())?;
        for element in &self.partitions {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequestPartition {
    pub partition_index: i32,
    pub start_offset: i64,
}

impl AlterShareGroupOffsetsRequestPartition {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { partition_index: reader.i32()?, start_offset: reader.i64()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i64(self.start_offset);
        writer.unsigned_varint(0);
        Ok(())
    }
}
