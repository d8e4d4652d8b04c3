//! `DescribeLogDirsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_log_dirs.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DescribeLogDirs;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 5;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 2;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsRequest {
    pub topics: Option<Vec<DescribableLogDirTopic>>,
}

impl DescribeLogDirsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=5).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value = Self {
            topics: reader
                .nullable_array(flexible, 3, |reader| DescribableLogDirTopic::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        match &self.topics {
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
pub struct DescribableLogDirTopic {
    pub topic: Text,
    pub partitions: Vec<i32>,
}

impl DescribableLogDirTopic {
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
