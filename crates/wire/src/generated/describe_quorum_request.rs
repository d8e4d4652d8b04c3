//! `DescribeQuorumRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_quorum.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DescribeQuorum;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 2;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeQuorumRequest {
    pub topics: Vec<TopicData>,
}

impl DescribeQuorumRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self { topics: reader.array(true, 3, |reader| TopicData::decode(reader, version))? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.array(true, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData {
    pub topic_name: Text,
    pub partitions: Vec<PartitionData>,
}

impl TopicData {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            topic_name: reader.text(true)?,
            partitions: reader.array(true, 5, |reader| PartitionData::decode(reader, version))?,
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
pub struct PartitionData {
    pub partition_index: i32,
}

impl PartitionData {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { partition_index: reader.i32()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.unsigned_varint(0);
        Ok(())
    }
}
