//! `ProduceResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/produce.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::Produce;
/// The first version.
pub const MIN_VERSION: i16 = 3;
/// The last version.
pub const MAX_VERSION: i16 = 13;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 9;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProduceResponse {
    pub responses: Vec<TopicProduceResponse>,
    pub throttle_time_ms: i32,
    pub node_endpoints: Vec<NodeEndpoint>,
}

impl ProduceResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(3..=13).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 9;
        let mut value = Self {
            responses: reader.array(flexible, 3, |reader| TopicProduceResponse::decode(reader, version))?,
            throttle_time_ms: reader.i32()?,
            node_endpoints: Vec::new(),
        };
        if flexible {
            reader.tagged_fields(|reader, tag| {
                match tag {
                    0 if version >= 10 => {
                        value.node_endpoints =
                            reader.array(true, 11, |reader| NodeEndpoint::decode(reader, version))?
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(3..=13).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 9;
        writer.array(flexible, self.responses.len())?;
        for element in &self.responses {
            element.encode(writer, version)?;
        }
        writer.i32(self.throttle_time_ms);
        if version < 10 && !self.node_endpoints.is_empty() {
            return Err(EncodeError::Field { field: "node_endpoints", version });
        }
        if flexible {
            let with_node_endpoints = version >= 10 && !self.node_endpoints.is_empty();
            writer.unsigned_varint(u32::from(with_node_endpoints));
            if with_node_endpoints {
                let mark = writer.begin_tag(0);
                writer.array(true, self.node_endpoints.len())?;
                for element in &self.node_endpoints {
                    element.encode(writer, version)?;
                }
                writer.end_tag(mark);
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicProduceResponse {
    pub name: Text,
    pub topic_id: Uuid,
    pub partition_responses: Vec<PartitionProduceResponse>,
}

impl TopicProduceResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 9;
        let value = Self {
            name: if version <= 12 { reader.text(flexible)? } else { Text::default() },
            topic_id: if version >= 13 { reader.uuid()? } else { Uuid::nil() },
            partition_responses: reader
                .array(flexible, 22, |reader| PartitionProduceResponse::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version <= 12 {
            writer.text(flexible, &self.name)?;
        }
        if version >= 13 {
            writer.uuid(self.topic_id);
        }
        writer.array(flexible, self.partition_responses.len())?;
        for element in &self.partition_responses {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct PartitionProduceResponse {
    pub index: i32,
    pub error_code: i16,
    pub base_offset: i64,
    pub log_append_time_ms: i64,
    pub log_start_offset: i64,
    pub record_errors: Vec<BatchIndexAndErrorMessage>,
    pub error_message: Option<Text>,
    pub current_leader: LeaderIdAndEpoch,
}

impl Default for PartitionProduceResponse {
    fn default() -> Self {
        Self {
            index: 0,
            error_code: 0,
            base_offset: 0,
            log_append_time_ms: -1,
            log_start_offset: -1,
            record_errors: Vec::new(),
            error_message: None,
            current_leader: LeaderIdAndEpoch::default(),
        }
    }
}

impl PartitionProduceResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 9;
        let mut value = Self {
            index: reader.i32()?,
            error_code: reader.i16()?,
            base_offset: reader.i64()?,
            log_append_time_ms: reader.i64()?,
            log_start_offset: if version >= 5 { reader.i64()? } else { -1 },
            record_errors: if version >= 8 {
                reader.array(flexible, 6, |reader| BatchIndexAndErrorMessage::decode(reader, version))?
            } else {
                Vec::new()
            },
            error_message: if version >= 8 { reader.nullable_text(flexible)? } else { None },
            current_leader: LeaderIdAndEpoch::default(),
        };
        if flexible {
            reader.tagged_fields(|reader, tag| {
                match tag {
                    0 if version >= 10 => value.current_leader = LeaderIdAndEpoch::decode(reader, version)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.i32(self.index);
        writer.i16(self.error_code);
        writer.i64(self.base_offset);
        writer.i64(self.log_append_time_ms);
        if version >= 5 {
            writer.i64(self.log_start_offset);
        }
        if version >= 8 {
            writer.array(flexible, self.record_errors.len())?;
            for element in &self.record_errors {
                element.encode(writer, version)?;
            }
        }
        if version >= 8 {
            writer.nullable_text(flexible, self.error_message.as_ref())?;
        }
        if version < 10 && self.current_leader != LeaderIdAndEpoch::default() {
            return Err(EncodeError::Field { field: "current_leader", version });
        }
        if flexible {
            let with_current_leader = version >= 10 && self.current_leader != LeaderIdAndEpoch::default();
            writer.unsigned_varint(u32::from(with_current_leader));
            if with_current_leader {
                let mark = writer.begin_tag(0);
                self.current_leader.encode(writer, version)?;
                writer.end_tag(mark);
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchIndexAndErrorMessage {
    pub batch_index: i32,
    pub batch_index_error_message: Option<Text>,
}

impl BatchIndexAndErrorMessage {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 9;
        let value =
            Self { batch_index: reader.i32()?, batch_index_error_message: reader.nullable_text(flexible)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.i32(self.batch_index);
        writer.nullable_text(flexible, self.batch_index_error_message.as_ref())?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        Self { leader_id: -1, leader_epoch: -1 }
    }
}

impl LeaderIdAndEpoch {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { leader_id: reader.i32()?, leader_epoch: reader.i32()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Text,
    pub port: i32,
    pub rack: Option<Text>,
}

impl NodeEndpoint {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self {
            node_id: reader.i32()?,
            host: reader.text(true)?,
            port: reader.i32()?,
            rack: reader.nullable_text(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.node_id);
        writer.text(true, &self.host)?;
        writer.i32(self.port);
        writer.nullable_text(true, self.rack.as_ref())?;
        writer.unsigned_varint(0);
        Ok(())
    }
}
