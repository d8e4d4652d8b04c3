//! `ProduceRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/produce.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, RecordBytes, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::Produce;
/// The first version.
pub const MIN_VERSION: i16 = 3;
/// The last version.
pub const MAX_VERSION: i16 = 13;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 9;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProduceRequest {
    pub transactional_id: Option<Text>,
    pub acks: i16,
    pub timeout_ms: i32,
    pub topic_data: Vec<TopicProduceData>,
}

impl ProduceRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(3..=13).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 9;
        let value = Self {
            transactional_id: reader.nullable_text(flexible)?,
            acks: reader.i16()?,
            timeout_ms: reader.i32()?,
            topic_data: reader.array(flexible, 3, |reader| TopicProduceData::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(3..=13).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 9;
        writer.nullable_text(flexible, self.transactional_id.as_ref())?;
        writer.i16(self.acks);
        writer.i32(self.timeout_ms);
        writer.array(flexible, self.topic_data.len())?;
        for element in &self.topic_data {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicProduceData {
    pub name: Text,
    pub topic_id: Uuid,
    pub partition_data: Vec<PartitionProduceData>,
}

impl TopicProduceData {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 9;
        let value = Self {
            name: if version <= 12 { reader.text(flexible)? } else { Text::default() },
            topic_id: if version >= 13 { reader.uuid()? } else { Uuid::nil() },
            partition_data: reader
                .array(flexible, 6, |reader| PartitionProduceData::decode(reader, version))?,
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
        writer.array(flexible, self.partition_data.len())?;
        for element in &self.partition_data {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionProduceData {
    pub index: i32,
    pub records: Option<RecordBytes>,
}

impl PartitionProduceData {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 9;
        let value = Self { index: reader.i32()?, records: reader.nullable_record_bytes(flexible)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.i32(self.index);
        writer.nullable_record_bytes(flexible, self.records.as_ref())?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
