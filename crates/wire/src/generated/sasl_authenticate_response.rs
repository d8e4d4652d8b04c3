//! `SaslAuthenticateResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/sasl_authenticate.txt`, never by hand.

use bytes::Bytes;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::SaslAuthenticate;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 2;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 2;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslAuthenticateResponse {
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub auth_bytes: Bytes,
    pub session_lifetime_ms: i64,
}

impl SaslAuthenticateResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value = Self {
            error_code: reader.i16()?,
            error_message: reader.nullable_text(flexible)?,
            auth_bytes: reader.bytes(flexible)?,
            session_lifetime_ms: if version >= 1 { reader.i64()? } else { 0 },
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
        writer.i16(self.error_code);
        writer.nullable_text(flexible, self.error_message.as_ref())?;
        writer.bytes(flexible, &self.auth_bytes)?;
        if version >= 1 {
            writer.i64(self.session_lifetime_ms);
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
