//! `OffsetForLeaderEpochResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/offset_for_leader_epoch.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::OffsetForLeaderEpoch;
/// The first version.
pub const MIN_VERSION: i16 = 2;
/// The last version.
pub const MAX_VERSION: i16 = 4;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 4;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetForLeaderEpochResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetForLeaderTopicResult>,
}

impl OffsetForLeaderEpochResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(2..=4).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 4;
        let value = Self {
            throttle_time_ms: reader.i32()?,
            topics: reader
                .array(flexible, 3, |reader| OffsetForLeaderTopicResult::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(2..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        writer.i32(self.throttle_time_ms);
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
pub struct OffsetForLeaderTopicResult {
    pub topic: Text,
    pub partitions: Vec<EpochEndOffset>,
}

impl OffsetForLeaderTopicResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 4;
        let value = Self {
            topic: reader.text(flexible)?,
            partitions: reader.array(flexible, 18, |reader| EpochEndOffset::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.text(flexible, &self.topic)?;
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
pub struct EpochEndOffset {
    pub error_code: i16,
    pub partition: i32,
    pub leader_epoch: i32,
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        Self { error_code: 0, partition: 0, leader_epoch: -1, end_offset: -1 }
    }
}

impl EpochEndOffset {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 4;
        let value = Self {
            error_code: reader.i16()?,
            partition: reader.i32()?,
            leader_epoch: reader.i32()?,
            end_offset: reader.i64()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.i16(self.error_code);
        writer.i32(self.partition);
        writer.i32(self.leader_epoch);
        writer.i64(self.end_offset);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
