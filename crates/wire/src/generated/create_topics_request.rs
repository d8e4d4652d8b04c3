//! `CreateTopicsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/create_topics.txt`, never by hand.

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
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct CreateTopicsRequest {
    pub topics: Vec<CreatableTopic>,
    pub timeout_ms: i32,
    pub validate_only: bool,
}

impl Default for CreateTopicsRequest {
    fn default() -> Self {
        Self { topics: Vec::new(), timeout_ms: 60000, validate_only: false }
    }
}

impl CreateTopicsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(2..=7).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 5;
        let value = Self {
            topics: reader.array(flexible, 10, |reader| CreatableTopic::decode(reader, version))?,
            timeout_ms: reader.i32()?,
            validate_only: reader.bool()?,
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
        writer.array(flexible, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        writer.i32(self.timeout_ms);
        writer.bool(self.validate_only);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableTopic {
    pub name: Text,
    pub num_partitions: i32,
    pub replication_factor: i16,
    pub assignments: Vec<CreatableReplicaAssignment>,
    pub configs: Vec<CreatableTopicConfig>,
}

impl CreatableTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 5;
        let value = Self {
            name: reader.text(flexible)?,
            num_partitions: reader.i32()?,
            replication_factor: reader.i16()?,
            assignments: reader
                .array(flexible, 6, |reader| CreatableReplicaAssignment::decode(reader, version))?,
            configs: reader.array(flexible, 3, |reader| CreatableTopicConfig::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.text(flexible, &self.name)?;
        writer.i32(self.num_partitions);
        writer.i16(self.replication_factor);
        writer.array(flexible, self.assignments.len())?;
        for element in &self.assignments {
            element.encode(writer, version)?;
        }
        writer.array(flexible, self.configs.len())?;
        for element in &self.configs {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableReplicaAssignment {
    pub partition_index: i32,
    pub broker_ids: Vec<i32>,
}

impl CreatableReplicaAssignment {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 5;
        let value =
            Self { partition_index: reader.i32()?, broker_ids: reader.array(flexible, 4, Reader::i32)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.i32(self.partition_index);
        writer.array(flexible, self.broker_ids.len())?;
        for element in &self.broker_ids {
            writer.i32(*element);
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableTopicConfig {
    pub name: Text,
    pub value: Option<Text>,
}

impl CreatableTopicConfig {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 5;
        let value = Self { name: reader.text(flexible)?, value: reader.nullable_text(flexible)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.text(flexible, &self.name)?;
        writer.nullable_text(flexible, self.value.as_ref())?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
