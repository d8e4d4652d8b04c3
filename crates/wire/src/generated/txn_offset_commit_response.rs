//! `TxnOffsetCommitResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/txn_offset_commit.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::TxnOffsetCommit;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 6;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 3;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<TxnOffsetCommitResponseTopic>,
}

impl TxnOffsetCommitResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=6).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 3;
        let value = Self {
            throttle_time_ms: reader.i32()?,
            topics: reader
                .array(flexible, 3, |reader| TxnOffsetCommitResponseTopic::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
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
pub struct TxnOffsetCommitResponseTopic {
    pub name: Text,
    pub topic_id: Uuid,
    pub partitions: Vec<TxnOffsetCommitResponsePartition>,
}

impl TxnOffsetCommitResponseTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 3;
        let value = Self {
            name: if version <= 5 { reader.text(flexible)? } else { Text::default() },
            topic_id: if version >= 6 { reader.uuid()? } else { Uuid::nil() },
            partitions: reader
                .array(flexible, 6, |reader| TxnOffsetCommitResponsePartition::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        if version <= 5 {
            writer.text(flexible, &self.name)?;
        }
        if version >= 6 {
            writer.uuid(self.topic_id);
        }
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

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponsePartition {
    pub partition_index: i32,
    pub error_code: i16,
}

impl TxnOffsetCommitResponsePartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 3;
        let value = Self { partition_index: reader.i32()?, error_code: reader.i16()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
