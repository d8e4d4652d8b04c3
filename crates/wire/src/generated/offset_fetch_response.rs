//! `OffsetFetchResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/offset_fetch.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::OffsetFetch;
/// The first version.
pub const MIN_VERSION: i16 = 1;
/// The last version.
pub const MAX_VERSION: i16 = 10;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 6;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetFetchResponseTopic>,
    pub error_code: i16,
    pub groups: Vec<OffsetFetchResponseGroup>,
}

impl OffsetFetchResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=10).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 6;
        let value = Self {
            throttle_time_ms: if version >= 3 { reader.i32()? } else { 0 },
            topics: if version <= 7 {
                reader.array(flexible, 3, |reader| OffsetFetchResponseTopic::decode(reader, version))?
            } else {
                Vec::new()
            },
            error_code: if (2..=7).contains(&version) { reader.i16()? } else { 0 },
            groups: if version >= 8 {
                reader.array(flexible, 5, |reader| OffsetFetchResponseGroup::decode(reader, version))?
            } else {
                Vec::new()
            },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=10).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 6;
        if version >= 3 {
            writer.i32(self.throttle_time_ms);
        }
        if version <= 7 {
            writer.array(flexible, self.topics.len())?;
            for element in &self.topics {
                element.encode(writer, version)?;
            }
        } else if !self.topics.is_empty() {
            return Err(EncodeError::Field { field: "topics", version });
        }
        if (2..=7).contains(&version) {
            writer.i16(self.error_code);
        }
        if version >= 8 {
            writer.array(flexible, self.groups.len())?;
            for element in &self.groups {
                element.encode(writer, version)?;
            }
        } else if !self.groups.is_empty() {
            return Err(EncodeError::Field { field: "groups", version });
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseTopic {
    pub name: Text,
    pub partitions: Vec<OffsetFetchResponsePartition>,
}

impl OffsetFetchResponseTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 6;
        let value = Self {
            name: reader.text(flexible)?,
            partitions: reader
                .array(flexible, 16, |reader| OffsetFetchResponsePartition::decode(reader, version))?,
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
pub struct OffsetFetchResponsePartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    pub committed_leader_epoch: i32,
    pub metadata: Option<Text>,
    pub error_code: i16,
}

impl Default for OffsetFetchResponsePartition {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: None,
            error_code: 0,
        }
    }
}

impl OffsetFetchResponsePartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 6;
        let value = Self {
            partition_index: reader.i32()?,
            committed_offset: reader.i64()?,
            committed_leader_epoch: if version >= 5 { reader.i32()? } else { -1 },
            metadata: reader.nullable_text(flexible)?,
            error_code: reader.i16()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.i32(self.partition_index);
        writer.i64(self.committed_offset);
        if version >= 5 {
            writer.i32(self.committed_leader_epoch);
        }
        writer.nullable_text(flexible, self.metadata.as_ref())?;
        writer.i16(self.error_code);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseGroup {
    pub group_id: Text,
    pub topics: Vec<OffsetFetchResponseTopics>,
    pub error_code: i16,
}

impl OffsetFetchResponseGroup {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            group_id: reader.text(true)?,
            topics: reader.array(true, 3, |reader| OffsetFetchResponseTopics::decode(reader, version))?,
            error_code: reader.i16()?,
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
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseTopics {
    pub name: Text,
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetFetchResponsePartitions>,
}

impl OffsetFetchResponseTopics {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            name: if version <= 9 { reader.text(true)? } else { Text::default() },
            topic_id: if version >= 10 { reader.uuid()? } else { Uuid::nil() },
            partitions: reader
                .array(true, 20, |reader| OffsetFetchResponsePartitions::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version <= 9 {
            writer.text(true, &self.name)?;
        }
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        writer.array(true, self.partitions.len())?;
        for element in &self.partitions {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchResponsePartitions {
    pub partition_index: i32,
    pub committed_offset: i64,
    pub committed_leader_epoch: i32,
    pub metadata: Option<Text>,
    pub error_code: i16,
}

impl Default for OffsetFetchResponsePartitions {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: None,
            error_code: 0,
        }
    }
}

impl OffsetFetchResponsePartitions {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self {
            partition_index: reader.i32()?,
            committed_offset: reader.i64()?,
            committed_leader_epoch: reader.i32()?,
            metadata: reader.nullable_text(true)?,
            error_code: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i64(self.committed_offset);
        writer.i32(self.committed_leader_epoch);
        writer.nullable_text(true, self.metadata.as_ref())?;
        writer.i16(self.error_code);
        writer.unsigned_varint(0);
        Ok(())
    }
}
