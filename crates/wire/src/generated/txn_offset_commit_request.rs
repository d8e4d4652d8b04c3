//! `TxnOffsetCommitRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/txn_offset_commit.txt`, never by hand.

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
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequest {
    pub transactional_id: Text,
    pub group_id: Text,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub generation_id_or_member_epoch: i32,
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub topics: Vec<TxnOffsetCommitRequestTopic>,
}

impl Default for TxnOffsetCommitRequest {
    fn default() -> Self {
        Self {
            transactional_id: Text::default(),
            group_id: Text::default(),
            producer_id: 0,
            producer_epoch: 0,
            generation_id_or_member_epoch: -1,
            member_id: Text::default(),
            group_instance_id: None,
            topics: Vec::new(),
        }
    }
}

impl TxnOffsetCommitRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=6).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 3;
        let value = Self {
            transactional_id: reader.text(flexible)?,
            group_id: reader.text(flexible)?,
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            generation_id_or_member_epoch: if version >= 3 { reader.i32()? } else { -1 },
            member_id: if version >= 3 { reader.text(flexible)? } else { Text::default() },
            group_instance_id: if version >= 3 { reader.nullable_text(flexible)? } else { None },
            topics: reader
                .array(flexible, 3, |reader| TxnOffsetCommitRequestTopic::decode(reader, version))?,
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
        writer.text(flexible, &self.transactional_id)?;
        writer.text(flexible, &self.group_id)?;
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        if version >= 3 {
            writer.i32(self.generation_id_or_member_epoch);
        } else if self.generation_id_or_member_epoch != -1 {
            return Err(EncodeError::Field { field: "generation_id_or_member_epoch", version });
        }
        if version >= 3 {
            writer.text(flexible, &self.member_id)?;
        } else if !self.member_id.is_empty() {
            return Err(EncodeError::Field { field: "member_id", version });
        }
        if version >= 3 {
            writer.nullable_text(flexible, self.group_instance_id.as_ref())?;
        } else if self.group_instance_id.is_some() {
            return Err(EncodeError::Field { field: "group_instance_id", version });
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
pub struct TxnOffsetCommitRequestTopic {
    pub name: Text,
    pub topic_id: Uuid,
    pub partitions: Vec<TxnOffsetCommitRequestPartition>,
}

impl TxnOffsetCommitRequestTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 3;
        let value = Self {
            name: if version <= 5 { reader.text(flexible)? } else { Text::default() },
            topic_id: if version >= 6 { reader.uuid()? } else { Uuid::nil() },
            partitions: reader
                .array(flexible, 14, |reader| TxnOffsetCommitRequestPartition::decode(reader, version))?,
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

#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequestPartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    pub committed_leader_epoch: i32,
    pub committed_metadata: Option<Text>,
}

impl Default for TxnOffsetCommitRequestPartition {
    fn default() -> Self {
        Self { partition_index: 0, committed_offset: 0, committed_leader_epoch: -1, committed_metadata: None }
    }
}

impl TxnOffsetCommitRequestPartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 3;
        let value = Self {
            partition_index: reader.i32()?,
            committed_offset: reader.i64()?,
            committed_leader_epoch: if version >= 2 { reader.i32()? } else { -1 },
            committed_metadata: reader.nullable_text(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.i32(self.partition_index);
        writer.i64(self.committed_offset);
        if version >= 2 {
            writer.i32(self.committed_leader_epoch);
        }
        writer.nullable_text(flexible, self.committed_metadata.as_ref())?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
