//! `ShareAcknowledgeRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/share_acknowledge.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::ShareAcknowledge;
/// The first version.
pub const MIN_VERSION: i16 = 1;
/// The last version.
pub const MAX_VERSION: i16 = 2;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 1;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareAcknowledgeRequest {
    pub group_id: Option<Text>,
    pub member_id: Option<Text>,
    pub share_session_epoch: i32,
    pub is_renew_ack: bool,
    pub topics: Vec<AcknowledgeTopic>,
}

impl ShareAcknowledgeRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            group_id: reader.nullable_text(true)?,
            member_id: reader.nullable_text(true)?,
            share_session_epoch: reader.i32()?,
            is_renew_ack: if version >= 2 { reader.bool()? } else { false },
            topics: reader.array(true, 18, |reader| AcknowledgeTopic::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.nullable_text(true, self.group_id.as_ref())?;
        writer.nullable_text(true, self.member_id.as_ref())?;
        writer.i32(self.share_session_epoch);
        if version >= 2 {
            writer.bool(self.is_renew_ack);
        } else if self.is_renew_ack {
            return Err(EncodeError::Field { field: "is_renew_ack", version });
        }
        writer.array(true, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcknowledgeTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<AcknowledgePartition>,
}

impl AcknowledgeTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 6, |reader| AcknowledgePartition::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.array(true, self.partitions.len())?;
        for element in &self.partitions {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcknowledgePartition {
    pub partition_index: i32,
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

impl AcknowledgePartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            partition_index: reader.i32()?,
            acknowledgement_batches: reader
                .array(true, 18, |reader| AcknowledgementBatch::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.array(true, self.acknowledgement_batches.len())?;
        for element in &self.acknowledgement_batches {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcknowledgementBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    pub acknowledge_types: Vec<i8>,
}

impl AcknowledgementBatch {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self {
            first_offset: reader.i64()?,
            last_offset: reader.i64()?,
            acknowledge_types: reader.array(true, 1, Reader::i8)?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i64(self.first_offset);
        writer.i64(self.last_offset);
        writer.array(true, self.acknowledge_types.len())?;
        for element in &self.acknowledge_types {
            writer.i8(*element);
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}
