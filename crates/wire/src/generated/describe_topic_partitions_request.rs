//! `DescribeTopicPartitionsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_topic_partitions.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DescribeTopicPartitions;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 0;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsRequest {
    pub topics: Vec<TopicRequest>,
    pub response_partition_limit: i32,
    pub cursor: Option<Cursor>,
}

impl Default for DescribeTopicPartitionsRequest {
    fn default() -> Self {
        Self { topics: Vec::new(), response_partition_limit: 2000, cursor: None }
    }
}

impl DescribeTopicPartitionsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=0).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            topics: reader.array(true, 2, |reader| TopicRequest::decode(reader, version))?,
            response_partition_limit: reader.i32()?,
            cursor: if reader.present()? { Some(Cursor::decode(reader, version)?) } else { None },
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.array(true, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        writer.i32(self.response_partition_limit);
        writer.present(self.cursor.is_some());
        if let Some(value) = &self.cursor {
            value.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicRequest {
    pub name: Text,
}

impl TopicRequest {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { name: reader.text(true)? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.name)?;
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cursor {
    pub topic_name: Text,
    pub partition_index: i32,
}

impl Cursor {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { topic_name: reader.text(true)?, partition_index: reader.i32()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.topic_name)?;
        writer.i32(self.partition_index);
        writer.unsigned_varint(0);
        Ok(())
    }
}
