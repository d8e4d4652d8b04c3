//! `ListPartitionReassignmentsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/list_partition_reassignments.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::ListPartitionReassignments;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 0;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct ListPartitionReassignmentsRequest {
    pub timeout_ms: i32,
    pub topics: Option<Vec<ListPartitionReassignmentsTopics>>,
}

impl Default for ListPartitionReassignmentsRequest {
    fn default() -> Self {
        Self { timeout_ms: 60000, topics: None }
    }
}

impl ListPartitionReassignmentsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=0).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            timeout_ms: reader.i32()?,
            topics: reader.nullable_array(true, 3, |reader| {
                ListPartitionReassignmentsTopics::decode(reader, version)
            })?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.i32(self.timeout_ms);
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
pub struct ListPartitionReassignmentsTopics {
    pub name: Text,
    pub partition_indexes: Vec<i32>,
}

impl ListPartitionReassignmentsTopics {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { name: reader.text(true)?, partition_indexes: reader.array(true, 4, Reader::i32)? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.name)?;
        writer.array(true, self.partition_indexes.len())?;
        for element in &self.partition_indexes {
            writer.i32(*element);
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}
