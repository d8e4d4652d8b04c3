//! `OffsetForLeaderEpochRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/offset_for_leader_epoch.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::OffsetForLeaderEpoch;
/// The first version.
pub const MIN_VERSION: i16 = 2;
/// The last version.
pub const MAX_VERSION: i16 = 4;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 4;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct OffsetForLeaderEpochRequest {
    pub replica_id: i32,
    pub topics: Vec<OffsetForLeaderTopic>,
}

impl Default for OffsetForLeaderEpochRequest {
    fn default() -> Self {
        Self { replica_id: -2, topics: Vec::new() }
    }
}

impl OffsetForLeaderEpochRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(2..=4).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 4;
        let value = Self {
            replica_id: if version >= 3 { reader.i32()? } else { -2 },
            topics: reader.array(flexible, 3, |reader| OffsetForLeaderTopic::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(2..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        if version >= 3 {
            writer.i32(self.replica_id);
        }
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
pub struct OffsetForLeaderTopic {
    pub topic: Text,
    pub partitions: Vec<OffsetForLeaderPartition>,
}

impl OffsetForLeaderTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 4;
        let value = Self {
            topic: reader.text(flexible)?,
            partitions: reader
                .array(flexible, 12, |reader| OffsetForLeaderPartition::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.text(flexible, &self.topic)?;
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
pub struct OffsetForLeaderPartition {
    pub partition: i32,
    pub current_leader_epoch: i32,
    pub leader_epoch: i32,
}

impl Default for OffsetForLeaderPartition {
    fn default() -> Self {
        Self { partition: 0, current_leader_epoch: -1, leader_epoch: 0 }
    }
}

impl OffsetForLeaderPartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 4;
        let value = Self {
            partition: reader.i32()?,
            current_leader_epoch: reader.i32()?,
            leader_epoch: reader.i32()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.i32(self.partition);
        writer.i32(self.current_leader_epoch);
        writer.i32(self.leader_epoch);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
