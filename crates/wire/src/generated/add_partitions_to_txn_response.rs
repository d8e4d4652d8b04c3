//! `AddPartitionsToTxnResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/add_partitions_to_txn.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::AddPartitionsToTxn;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 5;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 3;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub results_by_transaction: Vec<AddPartitionsToTxnResult>,
    pub results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult>,
}

impl AddPartitionsToTxnResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=5).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 3;
        let value = Self {
            throttle_time_ms: reader.i32()?,
            error_code: if version >= 4 { reader.i16()? } else { 0 },
            results_by_transaction: if version >= 4 {
                reader.array(flexible, 3, |reader| AddPartitionsToTxnResult::decode(reader, version))?
            } else {
                Vec::new()
            },
            results_by_topic_v3_and_below: if version <= 3 {
                reader.array(flexible, 3, |reader| AddPartitionsToTxnTopicResult::decode(reader, version))?
            } else {
                Vec::new()
            },
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
        let flexible = version >= 3;
        writer.i32(self.throttle_time_ms);
        if version >= 4 {
            writer.i16(self.error_code);
        }
        if version >= 4 {
            writer.array(flexible, self.results_by_transaction.len())?;
            for element in &self.results_by_transaction {
                element.encode(writer, version)?;
            }
        } else if !self.results_by_transaction.is_empty() {
            return Err(EncodeError::Field { field: "results_by_transaction", version });
        }
        if version <= 3 {
            writer.array(flexible, self.results_by_topic_v3_and_below.len())?;
            for element in &self.results_by_topic_v3_and_below {
                element.encode(writer, version)?;
            }
        } else if !self.results_by_topic_v3_and_below.is_empty() {
            return Err(EncodeError::Field { field: "results_by_topic_v3_and_below", version });
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnResult {
    pub transactional_id: Text,
    pub topic_results: Vec<AddPartitionsToTxnTopicResult>,
}

impl AddPartitionsToTxnResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            transactional_id: reader.text(true)?,
            topic_results: reader
                .array(true, 3, |reader| AddPartitionsToTxnTopicResult::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.transactional_id)?;
        writer.array(true, self.topic_results.len())?;
        for element in &self.topic_results {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTopicResult {
    pub name: Text,
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
}

impl AddPartitionsToTxnTopicResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 3;
        let value = Self {
            name: reader.text(flexible)?,
            results_by_partition: reader
                .array(flexible, 6, |reader| AddPartitionsToTxnPartitionResult::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.text(flexible, &self.name)?;
        writer.array(flexible, self.results_by_partition.len())?;
        for element in &self.results_by_partition {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnPartitionResult {
    pub partition_index: i32,
    pub partition_error_code: i16,
}

impl AddPartitionsToTxnPartitionResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 3;
        let value = Self { partition_index: reader.i32()?, partition_error_code: reader.i16()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.i32(self.partition_index);
        writer.i16(self.partition_error_code);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
