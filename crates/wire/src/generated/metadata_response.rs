//! `MetadataResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/metadata.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer, require};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::Metadata;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 13;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 9;

#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponse {
    pub throttle_time_ms: i32,
    pub brokers: Vec<MetadataResponseBroker>,
    pub cluster_id: Option<Text>,
    pub controller_id: i32,
    pub topics: Vec<MetadataResponseTopic>,
    pub cluster_authorized_operations: i32,
    pub error_code: i16,
}

impl Default for MetadataResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            brokers: Vec::new(),
            cluster_id: None,
            controller_id: -1,
            topics: Vec::new(),
            cluster_authorized_operations: i32::MIN,
            error_code: 0,
        }
    }
}

impl MetadataResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=13).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 9;
        let value = Self {
            throttle_time_ms: if version >= 3 { reader.i32()? } else { 0 },
            brokers: reader.array(flexible, 10, |reader| MetadataResponseBroker::decode(reader, version))?,
            cluster_id: if version >= 2 { reader.nullable_text(flexible)? } else { None },
            controller_id: if version >= 1 { reader.i32()? } else { -1 },
            topics: reader.array(flexible, 8, |reader| MetadataResponseTopic::decode(reader, version))?,
            cluster_authorized_operations: if (8..=10).contains(&version) { reader.i32()? } else { i32::MIN },
            error_code: if version >= 13 { reader.i16()? } else { 0 },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=13).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 9;
        if version >= 3 {
            writer.i32(self.throttle_time_ms);
        }
        writer.array(flexible, self.brokers.len())?;
        for element in &self.brokers {
            element.encode(writer, version)?;
        }
        if version >= 2 {
            writer.nullable_text(flexible, self.cluster_id.as_ref())?;
        }
        if version >= 1 {
            writer.i32(self.controller_id);
        }
        writer.array(flexible, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        if (8..=10).contains(&version) {
            writer.i32(self.cluster_authorized_operations);
        } else if self.cluster_authorized_operations != i32::MIN {
            return Err(EncodeError::Field { field: "cluster_authorized_operations", version });
        }
        if version >= 13 {
            writer.i16(self.error_code);
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetadataResponseBroker {
    pub node_id: i32,
    pub host: Text,
    pub port: i32,
    pub rack: Option<Text>,
}

impl MetadataResponseBroker {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 9;
        let value = Self {
            node_id: reader.i32()?,
            host: reader.text(flexible)?,
            port: reader.i32()?,
            rack: if version >= 1 { reader.nullable_text(flexible)? } else { None },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.i32(self.node_id);
        writer.text(flexible, &self.host)?;
        writer.i32(self.port);
        if version >= 1 {
            writer.nullable_text(flexible, self.rack.as_ref())?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponseTopic {
    pub error_code: i16,
    pub name: Option<Text>,
    pub topic_id: Uuid,
    pub is_internal: bool,
    pub partitions: Vec<MetadataResponsePartition>,
    pub topic_authorized_operations: i32,
}

impl Default for MetadataResponseTopic {
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

impl MetadataResponseTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 9;
        let value = Self {
            error_code: reader.i16()?,
            name: if version >= 12 { reader.nullable_text(flexible)? } else { Some(reader.text(flexible)?) },
            topic_id: if version >= 10 { reader.uuid()? } else { Uuid::nil() },
            is_internal: if version >= 1 { reader.bool()? } else { false },
            partitions: reader
                .array(flexible, 18, |reader| MetadataResponsePartition::decode(reader, version))?,
            topic_authorized_operations: if version >= 8 { reader.i32()? } else { i32::MIN },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.i16(self.error_code);
        if version >= 12 {
            writer.nullable_text(flexible, self.name.as_ref())?;
        } else {
            let value = require(self.name.as_ref(), "name")?;
            writer.text(flexible, value)?;
        }
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        if version >= 1 {
            writer.bool(self.is_internal);
        }
        writer.array(flexible, self.partitions.len())?;
        for element in &self.partitions {
            element.encode(writer, version)?;
        }
        if version >= 8 {
            writer.i32(self.topic_authorized_operations);
        } else if self.topic_authorized_operations != i32::MIN {
            return Err(EncodeError::Field { field: "topic_authorized_operations", version });
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponsePartition {
    pub error_code: i16,
    pub partition_index: i32,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    pub isr_nodes: Vec<i32>,
    pub offline_replicas: Vec<i32>,
}

impl Default for MetadataResponsePartition {
    fn default() -> Self {
        Self {
            error_code: 0,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            offline_replicas: Vec::new(),
        }
    }
}

impl MetadataResponsePartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 9;
        let value = Self {
            error_code: reader.i16()?,
            partition_index: reader.i32()?,
            leader_id: reader.i32()?,
            leader_epoch: if version >= 7 { reader.i32()? } else { -1 },
            replica_nodes: reader.array(flexible, 4, Reader::i32)?,
            isr_nodes: reader.array(flexible, 4, Reader::i32)?,
            offline_replicas: if version >= 5 { reader.array(flexible, 4, Reader::i32)? } else { Vec::new() },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.i16(self.error_code);
        writer.i32(self.partition_index);
        writer.i32(self.leader_id);
        if version >= 7 {
            writer.i32(self.leader_epoch);
        }
        writer.array(flexible, self.replica_nodes.len())?;
        for element in &self.replica_nodes {
            writer.i32(*element);
        }
        writer.array(flexible, self.isr_nodes.len())?;
        for element in &self.isr_nodes {
            writer.i32(*element);
        }
        if version >= 5 {
            writer.array(flexible, self.offline_replicas.len())?;
            for element in &self.offline_replicas {
                writer.i32(*element);
            }
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
