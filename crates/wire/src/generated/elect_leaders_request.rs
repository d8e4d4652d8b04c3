//! `ElectLeadersRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/elect_leaders.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::ElectLeaders;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 2;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 2;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct ElectLeadersRequest {
    pub election_type: i8,
    pub topic_partitions: Option<Vec<TopicPartitions>>,
    pub timeout_ms: i32,
}

impl Default for ElectLeadersRequest {
    fn default() -> Self {
        Self { election_type: 0, topic_partitions: None, timeout_ms: 60000 }
    }
}

impl ElectLeadersRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value = Self {
            election_type: if version >= 1 { reader.i8()? } else { 0 },
            topic_partitions: reader
                .nullable_array(flexible, 3, |reader| TopicPartitions::decode(reader, version))?,
            timeout_ms: reader.i32()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        if version >= 1 {
            writer.i8(self.election_type);
        } else if self.election_type != 0 {
            return Err(EncodeError::Field { field: "election_type", version });
        }
        match &self.topic_partitions {
            Some(elements) => {
                writer.array(flexible, elements.len())?;
                for element in elements {
                    element.encode(writer, version)?;
                }
            }
            None => writer.null_array(flexible),
        }
        writer.i32(self.timeout_ms);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions {
    pub topic: Text,
    pub partitions: Vec<i32>,
}

impl TopicPartitions {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value =
            Self { topic: reader.text(flexible)?, partitions: reader.array(flexible, 4, Reader::i32)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.text(flexible, &self.topic)?;
        writer.array(flexible, self.partitions.len())?;
        for element in &self.partitions {
            writer.i32(*element);
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
