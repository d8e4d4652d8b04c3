//! `DescribeTopicPartitionsResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_topic_partitions.txt`, never by hand.

use thalweg_model::Uuid;
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

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTopicPartitionsResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<DescribeTopicPartitionsResponseTopic>,
    pub next_cursor: Option<Cursor>,
}

impl DescribeTopicPartitionsResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=0).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            throttle_time_ms: reader.i32()?,
            topics: reader
                .array(true, 26, |reader| DescribeTopicPartitionsResponseTopic::decode(reader, version))?,
            next_cursor: if reader.present()? { Some(Cursor::decode(reader, version)?) } else { None },
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.i32(self.throttle_time_ms);
        writer.array(true, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        writer.present(self.next_cursor.is_some());
        if let Some(value) = &self.next_cursor {
            value.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponseTopic {
    pub error_code: i16,
    pub name: Option<Text>,
    pub topic_id: Uuid,
    pub is_internal: bool,
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    pub topic_authorized_operations: i32,
}

impl Default for DescribeTopicPartitionsResponseTopic {
    fn default() -> Self {
        Self {
            error_code: 0,
            name: None,
            topic_id: Uuid::nil(),
            is_internal: false,
            partitions: Vec::new(),
            topic_authorized_operations: i32::MIN,
        }
    }
}

impl DescribeTopicPartitionsResponseTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            error_code: reader.i16()?,
            name: reader.nullable_text(true)?,
            topic_id: reader.uuid()?,
            is_internal: reader.bool()?,
            partitions: reader.array(true, 20, |reader| {
                DescribeTopicPartitionsResponsePartition::decode(reader, version)
            })?,
            topic_authorized_operations: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i16(self.error_code);
        writer.nullable_text(true, self.name.as_ref())?;
        writer.uuid(self.topic_id);
        writer.bool(self.is_internal);
        writer.array(true, self.partitions.len())?;
        for element in &self.partitions {
            element.encode(writer, version)?;
        }
        writer.i32(self.topic_authorized_operations);
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponsePartition {
    pub error_code: i16,
    pub partition_index: i32,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    pub isr_nodes: Vec<i32>,
    pub eligible_leader_replicas: Option<Vec<i32>>,
    pub last_known_elr: Option<Vec<i32>>,
    pub offline_replicas: Vec<i32>,
}

impl Default for DescribeTopicPartitionsResponsePartition {
    fn default() -> Self {
        Self {
            error_code: 0,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            eligible_leader_replicas: None,
            last_known_elr: None,
            offline_replicas: Vec::new(),
        }
    }
}

impl DescribeTopicPartitionsResponsePartition {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self {
            error_code: reader.i16()?,
            partition_index: reader.i32()?,
            leader_id: reader.i32()?,
            leader_epoch: reader.i32()?,
            replica_nodes: reader.array(true, 4, Reader::i32)?,
            isr_nodes: reader.array(true, 4, Reader::i32)?,
            eligible_leader_replicas: reader.nullable_array(true, 4, Reader::i32)?,
            last_known_elr: reader.nullable_array(true, 4, Reader::i32)?,
            offline_replicas: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i16(self.error_code);
        writer.i32(self.partition_index);
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        writer.array(true, self.replica_nodes.len())?;
        for element in &self.replica_nodes {
            writer.i32(*element);
        }
        writer.array(true, self.isr_nodes.len())?;
        for element in &self.isr_nodes {
            writer.i32(*element);
        }
        match &self.eligible_leader_replicas {
            Some(elements) => {
                writer.array(true, elements.len())?;
                for element in elements {
                    writer.i32(*element);
                }
            }
            None => writer.null_array(true),
        }
        match &self.last_known_elr {
            Some(elements) => {
                writer.array(true, elements.len())?;
                for element in elements {
                    writer.i32(*element);
                }
            }
            None => writer.null_array(true),
        }
        writer.array(true, self.offline_replicas.len())?;
        for element in &self.offline_replicas {
            writer.i32(*element);
        }
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
