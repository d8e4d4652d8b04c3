//! `ConsumerProtocolSubscription`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/broker/schema/consumer_protocol.txt`, never by hand.

use bytes::Bytes;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 3;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = i16::MAX;

#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerProtocolSubscription {
    pub topics: Vec<Text>,
    pub user_data: Option<Bytes>,
    pub owned_partitions: Vec<TopicPartition>,
    pub generation_id: i32,
    pub rack_id: Option<Text>,
}

impl Default for ConsumerProtocolSubscription {
    fn default() -> Self {
        Self {
            topics: Vec::new(),
            user_data: None,
            owned_partitions: Vec::new(),
            generation_id: -1,
            rack_id: None,
        }
    }
}

impl ConsumerProtocolSubscription {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=3).contains(&version) {
            return Err(Error::Version(version));
        }
        Ok(Self {
            topics: reader.array(false, 2, |reader| reader.text(false))?,
            user_data: reader.nullable_bytes(false)?,
            owned_partitions: if version >= 1 {
                reader.array(false, 6, |reader| TopicPartition::decode(reader, version))?
            } else {
                Vec::new()
            },
            generation_id: if version >= 2 { reader.i32()? } else { -1 },
            rack_id: if version >= 3 { reader.nullable_text(false)? } else { None },
        })
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.array(false, self.topics.len())?;
        for element in &self.topics {
            writer.text(false, element)?;
        }
        writer.nullable_bytes(false, self.user_data.as_deref())?;
        if version >= 1 {
            writer.array(false, self.owned_partitions.len())?;
            for element in &self.owned_partitions {
                element.encode(writer, version)?;
            }
        }
        if version >= 2 {
            writer.i32(self.generation_id);
        }
        if version >= 3 {
            writer.nullable_text(false, self.rack_id.as_ref())?;
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartition {
    pub topic: Text,
    pub partitions: Vec<i32>,
}

impl TopicPartition {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        Ok(Self { topic: reader.text(false)?, partitions: reader.array(false, 4, Reader::i32)? })
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(false, &self.topic)?;
        writer.array(false, self.partitions.len())?;
        for element in &self.partitions {
            writer.i32(*element);
        }
        Ok(())
    }
}
