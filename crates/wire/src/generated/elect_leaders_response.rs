//! `ElectLeadersResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/elect_leaders.txt`, never by hand.

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

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ElectLeadersResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub replica_election_results: Vec<ReplicaElectionResult>,
}

impl ElectLeadersResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value = Self {
            throttle_time_ms: reader.i32()?,
            error_code: if version >= 1 { reader.i16()? } else { 0 },
            replica_election_results: reader
                .array(flexible, 3, |reader| ReplicaElectionResult::decode(reader, version))?,
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
        writer.i32(self.throttle_time_ms);
        if version >= 1 {
            writer.i16(self.error_code);
        } else if self.error_code != 0 {
            return Err(EncodeError::Field { field: "error_code", version });
        }
        writer.array(flexible, self.replica_election_results.len())?;
        for element in &self.replica_election_results {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaElectionResult {
    pub topic: Text,
    pub partition_result: Vec<PartitionResult>,
}

impl ReplicaElectionResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value = Self {
            topic: reader.text(flexible)?,
            partition_result: reader.array(flexible, 8, |reader| PartitionResult::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.text(flexible, &self.topic)?;
        writer.array(flexible, self.partition_result.len())?;
        for element in &self.partition_result {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionResult {
    pub partition_id: i32,
    pub error_code: i16,
    pub error_message: Option<Text>,
}

impl PartitionResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value = Self {
            partition_id: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_text(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.i32(self.partition_id);
        writer.i16(self.error_code);
        writer.nullable_text(flexible, self.error_message.as_ref())?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
