//! `InitProducerIdRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/init_producer_id.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::InitProducerId;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 6;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 2;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = true;

#[derive(Clone, Debug, PartialEq)]
pub struct InitProducerIdRequest {
    pub transactional_id: Option<Text>,
    pub transaction_timeout_ms: i32,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub enable2_pc: bool,
    pub keep_prepared_txn: bool,
}

impl Default for InitProducerIdRequest {
    fn default() -> Self {
        Self {
            transactional_id: None,
            transaction_timeout_ms: 0,
            producer_id: -1,
            producer_epoch: -1,
            enable2_pc: false,
            keep_prepared_txn: false,
        }
    }
}

impl InitProducerIdRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=6).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value = Self {
            transactional_id: reader.nullable_text(flexible)?,
            transaction_timeout_ms: reader.i32()?,
            producer_id: if version >= 3 { reader.i64()? } else { -1 },
            producer_epoch: if version >= 3 { reader.i16()? } else { -1 },
            enable2_pc: if version >= 6 { reader.bool()? } else { false },
            keep_prepared_txn: if version >= 6 { reader.bool()? } else { false },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        writer.nullable_text(flexible, self.transactional_id.as_ref())?;
        writer.i32(self.transaction_timeout_ms);
        if version >= 3 {
            writer.i64(self.producer_id);
        } else if self.producer_id != -1 {
            return Err(EncodeError::Field { field: "producer_id", version });
        }
        if version >= 3 {
            writer.i16(self.producer_epoch);
        } else if self.producer_epoch != -1 {
            return Err(EncodeError::Field { field: "producer_epoch", version });
        }
        if version >= 6 {
            writer.bool(self.enable2_pc);
        } else if self.enable2_pc {
            return Err(EncodeError::Field { field: "enable2_pc", version });
        }
        if version >= 6 {
            writer.bool(self.keep_prepared_txn);
        } else if self.keep_prepared_txn {
            return Err(EncodeError::Field { field: "keep_prepared_txn", version });
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
