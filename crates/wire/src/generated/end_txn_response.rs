//! `EndTxnResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/end_txn.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::EndTxn;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 5;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 3;

#[derive(Clone, Debug, PartialEq)]
pub struct EndTxnResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub producer_id: i64,
    pub producer_epoch: i16,
}

impl Default for EndTxnResponse {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, producer_id: -1, producer_epoch: -1 }
    }
}

impl EndTxnResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=5).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 3;
        let value = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            producer_id: if version >= 5 { reader.i64()? } else { -1 },
            producer_epoch: if version >= 5 { reader.i16()? } else { -1 },
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
        writer.i16(self.error_code);
        if version >= 5 {
            writer.i64(self.producer_id);
        }
        if version >= 5 {
            writer.i16(self.producer_epoch);
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
