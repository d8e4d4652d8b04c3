//! `DescribeShareGroupOffsetsResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_share_group_offsets.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DescribeShareGroupOffsets;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 1;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsResponse {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribeShareGroupOffsetsResponseGroup>,
}

impl DescribeShareGroupOffsetsResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=1).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            throttle_time_ms: reader.i32()?,
            groups: reader
                .array(true, 6, |reader| DescribeShareGroupOffsetsResponseGroup::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.i32(self.throttle_time_ms);
        writer.array(true, self.groups.len())?;
        for element in &self.groups {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsResponseGroup {
    pub group_id: Text,
    pub topics: Vec<DescribeShareGroupOffsetsResponseTopic>,
    pub error_code: i16,
    pub error_message: Option<Text>,
}

impl DescribeShareGroupOffsetsResponseGroup {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            group_id: reader.text(true)?,
            topics: reader
                .array(true, 19, |reader| DescribeShareGroupOffsetsResponseTopic::decode(reader, version))?,
            error_code: reader.i16()?,
            error_message: reader.nullable_text(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.group_id)?;
        writer.array(true, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        writer.i16(self.error_code);
        writer.nullable_text(true, self.error_message.as_ref())?;
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsResponseTopic {
    pub topic_name: Text,
    pub topic_id: Uuid,
    pub partitions: Vec<DescribeShareGroupOffsetsResponsePartition>,
}

impl DescribeShareGroupOffsetsResponseTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            topic_name: reader.text(true)?,
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 20, |reader| {
                DescribeShareGroupOffsetsResponsePartition::decode(reader, version)
            })?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.topic_name)?;
        writer.uuid(self.topic_id);
        writer.array(true, self.partitions.len())?;
        for element in &self.partitions {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeShareGroupOffsetsResponsePartition {
    pub partition_index: i32,
    pub start_offset: i64,
    pub leader_epoch: i32,
    pub lag: i64,
    pub error_code: i16,
    pub error_message: Option<Text>,
}

impl Default for DescribeShareGroupOffsetsResponsePartition {
    fn default() -> Self {
        Self {
            partition_index: 0,
            start_offset: 0,
            leader_epoch: 0,
            lag: -1,
            error_code: 0,
            error_message: None,
        }
    }
}

impl DescribeShareGroupOffsetsResponsePartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            partition_index: reader.i32()?,
            start_offset: reader.i64()?,
            leader_epoch: reader.i32()?,
            lag: if version >= 1 { reader.i64()? } else { -1 },
            error_code: reader.i16()?,
            error_message: reader.nullable_text(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i64(self.start_offset);
        writer.i32(self.leader_epoch);
        if version >= 1 {
            writer.i64(self.lag);
        }
        writer.i16(self.error_code);
        writer.nullable_text(true, self.error_message.as_ref())?;
        writer.unsigned_varint(0);
        Ok(())
    }
}
