//! `DeleteTopicsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/delete_topics.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DeleteTopics;
/// The first version.
pub const MIN_VERSION: i16 = 1;
/// The last version.
pub const MAX_VERSION: i16 = 6;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 4;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicsRequest {
    pub topics: Vec<DeleteTopicState>,
    pub topic_names: Vec<Text>,
    pub timeout_ms: i32,
}

impl DeleteTopicsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=6).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 4;
        let value = Self {
            topics: if version >= 6 {
                reader.array(flexible, 18, |reader| DeleteTopicState::decode(reader, version))?
            } else {
                Vec::new()
            },
            topic_names: if version <= 5 {
                reader.array(flexible, 1, |reader| reader.text(flexible))?
            } else {
                Vec::new()
            },
            timeout_ms: reader.i32()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        if version >= 6 {
            writer.array(flexible, self.topics.len())?;
            for element in &self.topics {
                element.encode(writer, version)?;
            }
        } else if !self.topics.is_empty() {
            return Err(EncodeError::Field { field: "topics", version });
        }
        if version <= 5 {
            writer.array(flexible, self.topic_names.len())?;
            for element in &self.topic_names {
                writer.text(flexible, element)?;
            }
        }
        writer.i32(self.timeout_ms);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicState {
    pub name: Option<Text>,
    pub topic_id: Uuid,
}

impl DeleteTopicState {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { name: reader.nullable_text(true)?, topic_id: reader.uuid()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.nullable_text(true, self.name.as_ref())?;
        writer.uuid(self.topic_id);
        writer.unsigned_varint(0);
        Ok(())
    }
}
