//! `ListOffsetsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/list_offsets.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::ListOffsets;
/// The first version.
pub const MIN_VERSION: i16 = 1;
/// The last version.
pub const MAX_VERSION: i16 = 11;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 6;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsRequest {
    pub replica_id: i32,
    pub isolation_level: i8,
    pub topics: Vec<ListOffsetsTopic>,
    pub timeout_ms: i32,
}

impl ListOffsetsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=11).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 6;
        let value = Self {
            replica_id: reader.i32()?,
            isolation_level: if version >= 2 { reader.i8()? } else { 0 },
            topics: reader.array(flexible, 3, |reader| ListOffsetsTopic::decode(reader, version))?,
            timeout_ms: if version >= 10 { reader.i32()? } else { 0 },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=11).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 6;
        writer.i32(self.replica_id);
        if version >= 2 {
            writer.i8(self.isolation_level);
        } else if self.isolation_level != 0 {
            return Err(EncodeError::Field { field: "isolation_level", version });
        }
        writer.array(flexible, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        if version >= 10 {
            writer.i32(self.timeout_ms);
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsTopic {
    pub name: Text,
    pub partitions: Vec<ListOffsetsPartition>,
}

impl ListOffsetsTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 6;
        let value = Self {
            name: reader.text(flexible)?,
            partitions: reader.array(flexible, 12, |reader| ListOffsetsPartition::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.text(flexible, &self.name)?;
        writer.array(flexible, self.partitions.len())?;
        for element in &self.partitions {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsPartition {
    pub partition_index: i32,
    pub current_leader_epoch: i32,
    pub timestamp: i64,
}

impl Default for ListOffsetsPartition {
    fn default() -> Self {
        Self { partition_index: 0, current_leader_epoch: -1, timestamp: 0 }
    }
}

impl ListOffsetsPartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 6;
        let value = Self {
            partition_index: reader.i32()?,
            current_leader_epoch: if version >= 4 { reader.i32()? } else { -1 },
            timestamp: reader.i64()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.i32(self.partition_index);
        if version >= 4 {
            writer.i32(self.current_leader_epoch);
        }
        writer.i64(self.timestamp);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
