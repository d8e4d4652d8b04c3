//! `RenewDelegationTokenResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/renew_delegation_token.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::RenewDelegationToken;
/// The first version.
pub const MIN_VERSION: i16 = 1;
/// The last version.
pub const MAX_VERSION: i16 = 2;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 2;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct RenewDelegationTokenResponse {
    pub error_code: i16,
    pub expiry_timestamp_ms: i64,
    pub throttle_time_ms: i32,
}

impl RenewDelegationTokenResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value = Self {
            error_code: reader.i16()?,
            expiry_timestamp_ms: reader.i64()?,
            throttle_time_ms: reader.i32()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        writer.i16(self.error_code);
        writer.i64(self.expiry_timestamp_ms);
        writer.i32(self.throttle_time_ms);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
