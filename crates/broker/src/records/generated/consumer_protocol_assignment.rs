//! `ConsumerProtocolAssignment`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/broker/schema/consumer_protocol.txt`, never by hand.

use bytes::Bytes;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 3;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = i16::MAX;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerProtocolAssignment {
    pub assigned_partitions: Vec<TopicPartition>,
    pub user_data: Option<Bytes>,
}

impl ConsumerProtocolAssignment {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=3).contains(&version) {
            return Err(Error::Version(version));
        }
        Ok(Self {
            assigned_partitions: reader.array(false, 6, |reader| TopicPartition::decode(reader, version))?,
            user_data: reader.nullable_bytes(false)?,
        })
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.array(false, self.assigned_partitions.len())?;
        for element in &self.assigned_partitions {
            element.encode(writer, version)?;
        }
        writer.nullable_bytes(false, self.user_data.as_deref())?;
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
