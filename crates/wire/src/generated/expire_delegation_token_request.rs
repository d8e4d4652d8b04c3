//! `ExpireDelegationTokenRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/expire_delegation_token.txt`, never by hand.

use bytes::Bytes;
use thalweg_model::codec::{EncodeError, Error, Reader, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::ExpireDelegationToken;
/// The first version.
pub const MIN_VERSION: i16 = 1;
/// The last version.
pub const MAX_VERSION: i16 = 2;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 2;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpireDelegationTokenRequest {
    pub hmac: Bytes,
    pub expiry_time_period_ms: i64,
}

impl ExpireDelegationTokenRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value = Self { hmac: reader.bytes(flexible)?, expiry_time_period_ms: reader.i64()? };
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
        writer.bytes(flexible, &self.hmac)?;
        writer.i64(self.expiry_time_period_ms);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
