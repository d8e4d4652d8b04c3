//! `CreateTopicsResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/create_topics.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::CreateTopics;
/// The first version.
pub const MIN_VERSION: i16 = 2;
/// The last version.
pub const MAX_VERSION: i16 = 7;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 5;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateTopicsResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<CreatableTopicResult>,
}

impl CreateTopicsResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(2..=7).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 5;
        let value = Self {
            throttle_time_ms: reader.i32()?,
            topics: reader.array(flexible, 6, |reader| CreatableTopicResult::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(2..=7).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 5;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicResult {
    pub name: Text,
    pub topic_id: Uuid,
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub topic_config_error_code: i16,
    pub num_partitions: i32,
    pub replication_factor: i16,
    pub configs: Option<Vec<CreatableTopicConfigs>>,
}

impl Default for CreatableTopicResult {
    fn default() -> Self {
        Self {
            name: Text::default(),
            topic_id: Uuid::nil(),
            error_code: 0,
            error_message: None,
            topic_config_error_code: 0,
            num_partitions: -1,
            replication_factor: -1,
            configs: None,
        }
    }
}

impl CreatableTopicResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 5;
        let mut value = Self {
            name: reader.text(flexible)?,
            topic_id: if version >= 7 { reader.uuid()? } else { Uuid::nil() },
            error_code: reader.i16()?,
            error_message: reader.nullable_text(flexible)?,
            num_partitions: if version >= 5 { reader.i32()? } else { -1 },
            replication_factor: if version >= 5 { reader.i16()? } else { -1 },
            configs: if version >= 5 {
                reader.nullable_array(flexible, 6, |reader| CreatableTopicConfigs::decode(reader, version))?
            } else {
                None
            },
            topic_config_error_code: 0,
        };
        if flexible {
            reader.tagged_fields(|reader, tag| {
                match tag {
                    0 => value.topic_config_error_code = reader.i16()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.text(flexible, &self.name)?;
        if version >= 7 {
            writer.uuid(self.topic_id);
        }
        writer.i16(self.error_code);
        writer.nullable_text(flexible, self.error_message.as_ref())?;
        if version >= 5 {
            writer.i32(self.num_partitions);
        }
        if version >= 5 {
            writer.i16(self.replication_factor);
        }
        if version >= 5 {
            match &self.configs {
                Some(elements) => {
                    writer.array(flexible, elements.len())?;
                    for element in elements {
                        element.encode(writer, version)?;
                    }
                }
                None => writer.null_array(flexible),
            }
        }
        if flexible {
            let with_topic_config_error_code = self.topic_config_error_code != 0;
            writer.unsigned_varint(u32::from(with_topic_config_error_code));
            if with_topic_config_error_code {
                let mark = writer.begin_tag(0);
                writer.i16(self.topic_config_error_code);
                writer.end_tag(mark);
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicConfigs {
    pub name: Text,
    pub value: Option<Text>,
    pub read_only: bool,
    pub config_source: i8,
    pub is_sensitive: bool,
}

impl Default for CreatableTopicConfigs {
    fn default() -> Self {
        Self { name: Text::default(), value: None, read_only: false, config_source: -1, is_sensitive: false }
    }
}

impl CreatableTopicConfigs {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self {
            name: reader.text(true)?,
            value: reader.nullable_text(true)?,
            read_only: reader.bool()?,
            config_source: reader.i8()?,
            is_sensitive: reader.bool()?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.name)?;
        writer.nullable_text(true, self.value.as_ref())?;
        writer.bool(self.read_only);
        writer.i8(self.config_source);
        writer.bool(self.is_sensitive);
        writer.unsigned_varint(0);
        Ok(())
    }
}
