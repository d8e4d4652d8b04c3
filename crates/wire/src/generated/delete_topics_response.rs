//! `DeleteTopicsResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/delete_topics.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer, require};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DeleteTopics;
/// The first version.
pub const MIN_VERSION: i16 = 1;
/// The last version.
pub const MAX_VERSION: i16 = 6;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 4;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicsResponse {
    pub throttle_time_ms: i32,
    pub responses: Vec<DeletableTopicResult>,
}

impl DeleteTopicsResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=6).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 4;
        let value = Self {
            throttle_time_ms: reader.i32()?,
            responses: reader.array(flexible, 4, |reader| DeletableTopicResult::decode(reader, version))?,
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
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, self.responses.len())?;
        for element in &self.responses {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeletableTopicResult {
    pub name: Option<Text>,
    pub topic_id: Uuid,
    pub error_code: i16,
    pub error_message: Option<Text>,
}

impl DeletableTopicResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 4;
        let value = Self {
            name: if version >= 6 { reader.nullable_text(flexible)? } else { Some(reader.text(flexible)?) },
            topic_id: if version >= 6 { reader.uuid()? } else { Uuid::nil() },
            error_code: reader.i16()?,
            error_message: if version >= 5 { reader.nullable_text(flexible)? } else { None },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        if version >= 6 {
            writer.nullable_text(flexible, self.name.as_ref())?;
        } else {
            let value = require(self.name.as_ref(), "name")?;
            writer.text(flexible, value)?;
        }
        if version >= 6 {
            writer.uuid(self.topic_id);
        }
        writer.i16(self.error_code);
        if version >= 5 {
            writer.nullable_text(flexible, self.error_message.as_ref())?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
