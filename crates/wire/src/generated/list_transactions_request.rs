//! `ListTransactionsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/list_transactions.txt`, never by hand.

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
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct ListTransactionsRequest {
    pub state_filters: Vec<Text>,
    pub producer_id_filters: Vec<i64>,
    pub duration_filter: i64,
    pub transactional_id_pattern: Option<Text>,
}

impl Default for ListTransactionsRequest {
    fn default() -> Self {
        Self {
            state_filters: Vec::new(),
            producer_id_filters: Vec::new(),
            duration_filter: -1,
            transactional_id_pattern: None,
        }
    }
}

impl ListTransactionsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            state_filters: reader.array(true, 1, |reader| reader.text(true))?,
            producer_id_filters: reader.array(true, 8, Reader::i64)?,
            duration_filter: if version >= 1 { reader.i64()? } else { -1 },
            transactional_id_pattern: if version >= 2 { reader.nullable_text(true)? } else { None },
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.array(true, self.state_filters.len())?;
        for element in &self.state_filters {
            writer.text(true, element)?;
        }
        writer.array(true, self.producer_id_filters.len())?;
        for element in &self.producer_id_filters {
            writer.i64(*element);
        }
        if version >= 1 {
            writer.i64(self.duration_filter);
        } else if self.duration_filter != -1 {
            return Err(EncodeError::Field { field: "duration_filter", version });
        }
        if version >= 2 {
            writer.nullable_text(true, self.transactional_id_pattern.as_ref())?;
        } else if self.transactional_id_pattern.is_some() {
            return Err(EncodeError::Field { field: "transactional_id_pattern", version });
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}
