//! `ListTransactionsResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/list_transactions.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::ListTransactions;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 2;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListTransactionsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub unknown_state_filters: Vec<Text>,
    pub transaction_states: Vec<TransactionState>,
}

impl ListTransactionsResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            unknown_state_filters: reader.array(true, 1, |reader| reader.text(true))?,
            transaction_states: reader.array(true, 11, |reader| TransactionState::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.array(true, self.unknown_state_filters.len())?;
        for element in &self.unknown_state_filters {
            writer.text(true, element)?;
        }
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
    pub transactional_id: Text,
    pub producer_id: i64,
    pub transaction_state: Text,
}

impl TransactionState {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self {
            transactional_id: reader.text(true)?,
            producer_id: reader.i64()?,
            transaction_state: reader.text(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.transactional_id)?;
        writer.i64(self.producer_id);
        writer.text(true, &self.transaction_state)?;
        writer.unsigned_varint(0);
        Ok(())
    }
}
