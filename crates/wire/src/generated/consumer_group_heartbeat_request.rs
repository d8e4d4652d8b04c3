//! `ConsumerGroupHeartbeatRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/consumer_group_heartbeat.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::ConsumerGroupHeartbeat;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 1;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupHeartbeatRequest {
    pub group_id: Text,
    pub member_id: Text,
    pub member_epoch: i32,
    pub instance_id: Option<Text>,
    pub rack_id: Option<Text>,
    pub rebalance_timeout_ms: i32,
    pub subscribed_topic_names: Option<Vec<Text>>,
    pub subscribed_topic_regex: Option<Text>,
    pub server_assignor: Option<Text>,
    pub topic_partitions: Option<Vec<TopicPartitions>>,
}

impl Default for ConsumerGroupHeartbeatRequest {
    fn default() -> Self {
        Self {
            group_id: Text::default(),
            member_id: Text::default(),
            member_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            subscribed_topic_names: None,
            subscribed_topic_regex: None,
            server_assignor: None,
            topic_partitions: None,
        }
    }
}

impl ConsumerGroupHeartbeatRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=1).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            group_id: reader.text(true)?,
            member_id: reader.text(true)?,
            member_epoch: reader.i32()?,
            instance_id: reader.nullable_text(true)?,
            rack_id: reader.nullable_text(true)?,
            rebalance_timeout_ms: reader.i32()?,
            subscribed_topic_names: reader.nullable_array(true, 1, |reader| reader.text(true))?,
            subscribed_topic_regex: if version >= 1 { reader.nullable_text(true)? } else { None },
            server_assignor: reader.nullable_text(true)?,
            topic_partitions: reader
                .nullable_array(true, 18, |reader| TopicPartitions::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.text(true, &self.group_id)?;
        writer.text(true, &self.member_id)?;
        writer.i32(self.member_epoch);
        writer.nullable_text(true, self.instance_id.as_ref())?;
        writer.nullable_text(true, self.rack_id.as_ref())?;
        writer.i32(self.rebalance_timeout_ms);
        match &self.subscribed_topic_names {
            Some(elements) => {
                writer.array(true, elements.len())?;
                for element in elements {
                    writer.text(true, element)?;
                }
            }
            None => writer.null_array(true),
        }
        if version >= 1 {
            writer.nullable_text(true, self.subscribed_topic_regex.as_ref())?;
        } else if self.subscribed_topic_regex.is_some() {
            return Err(EncodeError::Field { field: "subscribed_topic_regex", version });
        }
        writer.nullable_text(true, self.server_assignor.as_ref())?;
        match &self.topic_partitions {
            Some(elements) => {
                writer.array(true, elements.len())?;
                for element in elements {
                    element.encode(writer, version)?;
                }
            }
            None => writer.null_array(true),
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

impl TopicPartitions {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { topic_id: reader.uuid()?, partitions: reader.array(true, 4, Reader::i32)? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.array(true, self.partitions.len())?;
        for element in &self.partitions {
            writer.i32(*element);
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}
