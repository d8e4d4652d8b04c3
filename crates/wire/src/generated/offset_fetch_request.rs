//! `OffsetFetchRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/offset_fetch.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer, require};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::OffsetFetch;
/// The first version.
pub const MIN_VERSION: i16 = 1;
/// The last version.
pub const MAX_VERSION: i16 = 10;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 6;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchRequest {
    pub group_id: Text,
    pub topics: Option<Vec<OffsetFetchRequestTopic>>,
    pub groups: Vec<OffsetFetchRequestGroup>,
    pub require_stable: bool,
}

impl OffsetFetchRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=10).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 6;
        let value = Self {
            group_id: if version <= 7 { reader.text(flexible)? } else { Text::default() },
            topics: if version <= 7 {
                if version >= 2 {
                    reader.nullable_array(flexible, 3, |reader| {
                        OffsetFetchRequestTopic::decode(reader, version)
                    })?
                } else {
                    Some(
                        reader
                            .array(flexible, 3, |reader| OffsetFetchRequestTopic::decode(reader, version))?,
                    )
                }
            } else {
                None
            },
            groups: if version >= 8 {
                reader.array(flexible, 3, |reader| OffsetFetchRequestGroup::decode(reader, version))?
            } else {
                Vec::new()
            },
            require_stable: if version >= 7 { reader.bool()? } else { false },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=10).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 6;
        if version <= 7 {
            writer.text(flexible, &self.group_id)?;
        } else if !self.group_id.is_empty() {
            return Err(EncodeError::Field { field: "group_id", version });
        }
        if version <= 7 {
            if version >= 2 {
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
        } else if self.topics.is_some() {
            return Err(EncodeError::Field { field: "topics", version });
        }
        if version >= 8 {
            writer.array(flexible, self.groups.len())?;
            for element in &self.groups {
                element.encode(writer, version)?;
            }
        } else if !self.groups.is_empty() {
            return Err(EncodeError::Field { field: "groups", version });
        }
        if version >= 7 {
            writer.bool(self.require_stable);
        } else if self.require_stable {
            return Err(EncodeError::Field { field: "require_stable", version });
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchRequestTopic {
    pub name: Text,
    pub partition_indexes: Vec<i32>,
}

impl OffsetFetchRequestTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 6;
        let value =
            Self { name: reader.text(flexible)?, partition_indexes: reader.array(flexible, 4, Reader::i32)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.text(flexible, &self.name)?;
        writer.array(flexible, self.partition_indexes.len())?;
        for element in &self.partition_indexes {
            writer.i32(*element);
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchRequestGroup {
    pub group_id: Text,
    pub member_id: Option<Text>,
    pub member_epoch: i32,
    pub topics: Option<Vec<OffsetFetchRequestTopics>>,
}

impl Default for OffsetFetchRequestGroup {
    fn default() -> Self {
        Self { group_id: Text::default(), member_id: None, member_epoch: -1, topics: None }
    }
}

impl OffsetFetchRequestGroup {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            group_id: reader.text(true)?,
            member_id: if version >= 9 { reader.nullable_text(true)? } else { None },
            member_epoch: if version >= 9 { reader.i32()? } else { -1 },
            topics: reader
                .nullable_array(true, 3, |reader| OffsetFetchRequestTopics::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.group_id)?;
        if version >= 9 {
            writer.nullable_text(true, self.member_id.as_ref())?;
        }
        if version >= 9 {
            writer.i32(self.member_epoch);
        }
        match &self.topics {
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
pub struct OffsetFetchRequestTopics {
    pub name: Text,
    pub topic_id: Uuid,
    pub partition_indexes: Vec<i32>,
}

impl OffsetFetchRequestTopics {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            name: if version <= 9 { reader.text(true)? } else { Text::default() },
            topic_id: if version >= 10 { reader.uuid()? } else { Uuid::nil() },
            partition_indexes: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version <= 9 {
            writer.text(true, &self.name)?;
        }
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        writer.array(true, self.partition_indexes.len())?;
        for element in &self.partition_indexes {
            writer.i32(*element);
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}
