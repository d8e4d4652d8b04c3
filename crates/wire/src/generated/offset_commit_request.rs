//! `OffsetCommitRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/offset_commit.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::OffsetCommit;
/// The first version.
pub const MIN_VERSION: i16 = 2;
/// The last version.
pub const MAX_VERSION: i16 = 10;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 8;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitRequest {
    pub group_id: Text,
    pub generation_id_or_member_epoch: i32,
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub retention_time_ms: i64,
    pub topics: Vec<OffsetCommitRequestTopic>,
}

impl Default for OffsetCommitRequest {
    fn default() -> Self {
        Self {
            group_id: Text::default(),
            generation_id_or_member_epoch: -1,
            member_id: Text::default(),
            group_instance_id: None,
            retention_time_ms: -1,
            topics: Vec::new(),
        }
    }
}

impl OffsetCommitRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(2..=10).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 8;
        let value = Self {
            group_id: reader.text(flexible)?,
            generation_id_or_member_epoch: reader.i32()?,
            member_id: reader.text(flexible)?,
            group_instance_id: if version >= 7 { reader.nullable_text(flexible)? } else { None },
            retention_time_ms: if version <= 4 { reader.i64()? } else { -1 },
            topics: reader.array(flexible, 3, |reader| OffsetCommitRequestTopic::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(2..=10).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 8;
        writer.text(flexible, &self.group_id)?;
        writer.i32(self.generation_id_or_member_epoch);
        writer.text(flexible, &self.member_id)?;
        if version >= 7 {
            writer.nullable_text(flexible, self.group_instance_id.as_ref())?;
        } else if self.group_instance_id.is_some() {
            return Err(EncodeError::Field { field: "group_instance_id", version });
        }
        if version <= 4 {
            writer.i64(self.retention_time_ms);
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
pub struct OffsetCommitRequestTopic {
    pub name: Text,
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetCommitRequestPartition>,
}

impl OffsetCommitRequestTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 8;
        let value = Self {
            name: if version <= 9 { reader.text(flexible)? } else { Text::default() },
            topic_id: if version >= 10 { reader.uuid()? } else { Uuid::nil() },
            partitions: reader
                .array(flexible, 14, |reader| OffsetCommitRequestPartition::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        if version <= 9 {
            writer.text(flexible, &self.name)?;
        }
        if version >= 10 {
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
pub struct OffsetCommitRequestPartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    pub committed_leader_epoch: i32,
    pub committed_metadata: Option<Text>,
}

impl Default for OffsetCommitRequestPartition {
    fn default() -> Self {
        Self { partition_index: 0, committed_offset: 0, committed_leader_epoch: -1, committed_metadata: None }
    }
}

impl OffsetCommitRequestPartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 8;
        let value = Self {
            partition_index: reader.i32()?,
            committed_offset: reader.i64()?,
            committed_leader_epoch: if version >= 6 { reader.i32()? } else { -1 },
            committed_metadata: reader.nullable_text(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        writer.i32(self.partition_index);
        writer.i64(self.committed_offset);
        if version >= 6 {
            writer.i32(self.committed_leader_epoch);
        }
        writer.nullable_text(flexible, self.committed_metadata.as_ref())?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
