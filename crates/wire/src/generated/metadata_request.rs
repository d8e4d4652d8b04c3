//! `MetadataRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/metadata.txt`, never by hand.

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
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRequest {
    pub topics: Option<Vec<MetadataRequestTopic>>,
    pub allow_auto_topic_creation: bool,
    pub include_cluster_authorized_operations: bool,
    pub include_topic_authorized_operations: bool,
}

impl Default for MetadataRequest {
    fn default() -> Self {
        Self {
            topics: None,
            allow_auto_topic_creation: true,
            include_cluster_authorized_operations: false,
            include_topic_authorized_operations: false,
        }
    }
}

impl MetadataRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=13).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 9;
        let value = Self {
            topics: if version >= 1 {
                reader.nullable_array(flexible, 2, |reader| MetadataRequestTopic::decode(reader, version))?
            } else {
                Some(reader.array(flexible, 2, |reader| MetadataRequestTopic::decode(reader, version))?)
            },
            allow_auto_topic_creation: if version >= 4 { reader.bool()? } else { true },
            include_cluster_authorized_operations: if (8..=10).contains(&version) {
                reader.bool()?
            } else {
                false
            },
            include_topic_authorized_operations: if version >= 8 { reader.bool()? } else { false },
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
        if version >= 1 {
            match &self.topics {
                Some(elements) => {
                    writer.array(flexible, elements.len())?;
                    for element in elements {
                        element.encode(writer, version)?;
                    }
                }
                None => writer.null_array(flexible),
            }
        } else {
            let value = require(self.topics.as_ref(), "topics")?;
            writer.array(flexible, value.len())?;
            for element in value {
                element.encode(writer, version)?;
            }
        }
        if version >= 4 {
            writer.bool(self.allow_auto_topic_creation);
        } else if !self.allow_auto_topic_creation {
            return Err(EncodeError::Field { field: "allow_auto_topic_creation", version });
        }
        if (8..=10).contains(&version) {
            writer.bool(self.include_cluster_authorized_operations);
        } else if self.include_cluster_authorized_operations {
            return Err(EncodeError::Field { field: "include_cluster_authorized_operations", version });
        }
        if version >= 8 {
            writer.bool(self.include_topic_authorized_operations);
        } else if self.include_topic_authorized_operations {
            return Err(EncodeError::Field { field: "include_topic_authorized_operations", version });
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetadataRequestTopic {
    pub topic_id: Uuid,
    pub name: Option<Text>,
}

impl MetadataRequestTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 9;
        let value = Self {
            topic_id: if version >= 10 { reader.uuid()? } else { Uuid::nil() },
            name: if version >= 10 { reader.nullable_text(flexible)? } else { Some(reader.text(flexible)?) },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        if version >= 10 {
            writer.nullable_text(flexible, self.name.as_ref())?;
        } else {
            let value = require(self.name.as_ref(), "name")?;
            writer.text(flexible, value)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
