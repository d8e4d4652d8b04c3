//! `AlterReplicaLogDirsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/alter_replica_log_dirs.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::AlterReplicaLogDirs;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 2;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 2;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirsRequest {
    pub dirs: Vec<AlterReplicaLogDir>,
}

impl AlterReplicaLogDirsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value =
            Self { dirs: reader.array(flexible, 3, |reader| AlterReplicaLogDir::decode(reader, version))? };
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
        writer.array(flexible, self.dirs.len())?;
        for element in &self.dirs {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDir {
    pub path: Text,
    pub topics: Vec<AlterReplicaLogDirTopic>,
}

impl AlterReplicaLogDir {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value = Self {
            path: reader.text(flexible)?,
            topics: reader.array(flexible, 3, |reader| AlterReplicaLogDirTopic::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.text(flexible, &self.path)?;
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

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirTopic {
    pub name: Text,
    pub partitions: Vec<i32>,
}

impl AlterReplicaLogDirTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value =
            Self { name: reader.text(flexible)?, partitions: reader.array(flexible, 4, Reader::i32)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.text(flexible, &self.name)?;
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
