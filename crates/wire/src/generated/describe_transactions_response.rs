//! `DescribeTransactionsResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_transactions.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DescribeTransactions;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 0;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTransactionsResponse {
    pub throttle_time_ms: i32,
    pub transaction_states: Vec<TransactionState>,
}

impl DescribeTransactionsResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=0).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            throttle_time_ms: reader.i32()?,
            transaction_states: reader.array(true, 28, |reader| TransactionState::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.i32(self.throttle_time_ms);
        writer.array(true, self.transaction_states.len())?;
        for element in &self.transaction_states {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactionState {
    pub error_code: i16,
    pub transactional_id: Text,
    pub transaction_state: Text,
    pub transaction_timeout_ms: i32,
    pub transaction_start_time_ms: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub topics: Vec<TopicData>,
}

impl TransactionState {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            error_code: reader.i16()?,
            transactional_id: reader.text(true)?,
            transaction_state: reader.text(true)?,
            transaction_timeout_ms: reader.i32()?,
            transaction_start_time_ms: reader.i64()?,
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            topics: reader.array(true, 3, |reader| TopicData::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i16(self.error_code);
        writer.text(true, &self.transactional_id)?;
        writer.text(true, &self.transaction_state)?;
        writer.i32(self.transaction_timeout_ms);
        writer.i64(self.transaction_start_time_ms);
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        writer.array(true, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData {
    pub topic: Text,
    pub partitions: Vec<i32>,
}

impl TopicData {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { topic: reader.text(true)?, partitions: reader.array(true, 4, Reader::i32)? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.topic)?;
        writer.array(true, self.partitions.len())?;
        for element in &self.partitions {
            writer.i32(*element);
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}
