//! `DescribeQuorumResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_quorum.txt`, never by hand.

use thalweg_model::Uuid;
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

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeQuorumResponse {
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub topics: Vec<TopicData>,
    pub nodes: Vec<Node>,
}

impl DescribeQuorumResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            error_code: reader.i16()?,
            error_message: if version >= 2 { reader.nullable_text(true)? } else { None },
            topics: reader.array(true, 3, |reader| TopicData::decode(reader, version))?,
            nodes: if version >= 2 {
                reader.array(true, 6, |reader| Node::decode(reader, version))?
            } else {
                Vec::new()
            },
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.i16(self.error_code);
        if version >= 2 {
            writer.nullable_text(true, self.error_message.as_ref())?;
        }
        writer.array(true, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        if version >= 2 {
            writer.array(true, self.nodes.len())?;
            for element in &self.nodes {
                element.encode(writer, version)?;
            }
        } else if !self.nodes.is_empty() {
            return Err(EncodeError::Field { field: "nodes", version });
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
            partitions: reader.array(true, 25, |reader| PartitionData::decode(reader, version))?,
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
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub high_watermark: i64,
    pub current_voters: Vec<ReplicaState>,
    pub observers: Vec<ReplicaState>,
}

impl PartitionData {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            error_message: if version >= 2 { reader.nullable_text(true)? } else { None },
            leader_id: reader.i32()?,
            leader_epoch: reader.i32()?,
            high_watermark: reader.i64()?,
            current_voters: reader.array(true, 13, |reader| ReplicaState::decode(reader, version))?,
            observers: reader.array(true, 13, |reader| ReplicaState::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        if version >= 2 {
            writer.nullable_text(true, self.error_message.as_ref())?;
        }
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        writer.i64(self.high_watermark);
        writer.array(true, self.current_voters.len())?;
        for element in &self.current_voters {
            element.encode(writer, version)?;
        }
        writer.array(true, self.observers.len())?;
        for element in &self.observers {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    pub node_id: i32,
    pub listeners: Vec<Listener>,
}

impl Node {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            node_id: reader.i32()?,
            listeners: reader.array(true, 5, |reader| Listener::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.node_id);
        writer.array(true, self.listeners.len())?;
        for element in &self.listeners {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener {
    pub name: Text,
    pub host: Text,
    pub port: u16,
}

impl Listener {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { name: reader.text(true)?, host: reader.text(true)?, port: reader.u16()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.name)?;
        writer.text(true, &self.host)?;
        writer.u16(self.port);
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaState {
    pub replica_id: i32,
    pub replica_directory_id: Uuid,
    pub log_end_offset: i64,
    pub last_fetch_timestamp: i64,
    pub last_caught_up_timestamp: i64,
}

impl Default for ReplicaState {
    fn default() -> Self {
        Self {
            replica_id: 0,
            replica_directory_id: Uuid::nil(),
            log_end_offset: 0,
            last_fetch_timestamp: -1,
            last_caught_up_timestamp: -1,
        }
    }
}

impl ReplicaState {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            replica_id: reader.i32()?,
            replica_directory_id: if version >= 2 { reader.uuid()? } else { Uuid::nil() },
            log_end_offset: reader.i64()?,
            last_fetch_timestamp: if version >= 1 { reader.i64()? } else { -1 },
            last_caught_up_timestamp: if version >= 1 { reader.i64()? } else { -1 },
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.replica_id);
        if version >= 2 {
            writer.uuid(self.replica_directory_id);
        } else if !self.replica_directory_id.is_nil() {
            return Err(EncodeError::Field { field: "replica_directory_id", version });
        }
        writer.i64(self.log_end_offset);
        if version >= 1 {
            writer.i64(self.last_fetch_timestamp);
        }
        if version >= 1 {
            writer.i64(self.last_caught_up_timestamp);
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}
