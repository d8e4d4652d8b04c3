//! `ListOffsetsResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/list_offsets.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::ListOffsets;
/// The first version.
pub const MIN_VERSION: i16 = 1;
/// The last version.
pub const MAX_VERSION: i16 = 11;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 6;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<ListOffsetsTopicResponse>,
}

impl ListOffsetsResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=11).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 6;
        let value = Self {
            throttle_time_ms: if version >= 2 { reader.i32()? } else { 0 },
            topics: reader.array(flexible, 3, |reader| ListOffsetsTopicResponse::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=11).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 6;
        if version >= 2 {
            writer.i32(self.throttle_time_ms);
        }
        writer.array(flexible, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsTopicResponse {
    pub name: Text,
    pub partitions: Vec<ListOffsetsPartitionResponse>,
}

impl ListOffsetsTopicResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 6;
        let value = Self {
            name: reader.text(flexible)?,
            partitions: reader
                .array(flexible, 22, |reader| ListOffsetsPartitionResponse::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.text(flexible, &self.name)?;
        writer.array(flexible, self.partitions.len())?;
        for element in &self.partitions {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsPartitionResponse {
    pub partition_index: i32,
    pub error_code: i16,
    pub timestamp: i64,
    pub offset: i64,
    pub leader_epoch: i32,
}

impl Default for ListOffsetsPartitionResponse {
    fn default() -> Self {
        Self { partition_index: 0, error_code: 0, timestamp: -1, offset: -1, leader_epoch: -1 }
    }
}

impl ListOffsetsPartitionResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 6;
        let value = Self {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            timestamp: reader.i64()?,
            offset: reader.i64()?,
            leader_epoch: if version >= 4 { reader.i32()? } else { -1 },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        writer.i64(self.timestamp);
        writer.i64(self.offset);
        if version >= 4 {
            writer.i32(self.leader_epoch);
        } else if self.leader_epoch != -1 {
            return Err(EncodeError::Field { field: "leader_epoch", version });
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
