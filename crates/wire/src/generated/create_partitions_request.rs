//! `CreatePartitionsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/create_partitions.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::CreatePartitions;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 3;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 2;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsRequest {
    pub topics: Vec<CreatePartitionsTopic>,
    pub timeout_ms: i32,
    pub validate_only: bool,
}

impl CreatePartitionsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=3).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value = Self {
            topics: reader.array(flexible, 7, |reader| CreatePartitionsTopic::decode(reader, version))?,
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
        if !(0..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
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
pub struct CreatePartitionsTopic {
    pub name: Text,
    pub count: i32,
    pub assignments: Option<Vec<CreatePartitionsAssignment>>,
}

impl CreatePartitionsTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value = Self {
            name: reader.text(flexible)?,
            count: reader.i32()?,
            assignments: reader
                .nullable_array(flexible, 2, |reader| CreatePartitionsAssignment::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.text(flexible, &self.name)?;
        writer.i32(self.count);
        match &self.assignments {
            Some(elements) => {
                writer.array(flexible, elements.len())?;
                for element in elements {
                    element.encode(writer, version)?;
                }
            }
            None => writer.null_array(flexible),
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsAssignment {
    pub broker_ids: Vec<i32>,
}

impl CreatePartitionsAssignment {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value = Self { broker_ids: reader.array(flexible, 4, Reader::i32)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
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
