//! `SaslHandshakeRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/sasl_handshake.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::SaslHandshake;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 1;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = i16::MAX;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslHandshakeRequest {
    pub mechanism: Text,
}

impl SaslHandshakeRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=1).contains(&version) {
            return Err(Error::Version(version));
        }
        Ok(Self { mechanism: reader.text(false)? })
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.text(false, &self.mechanism)?;
        Ok(())
    }
}
