//! `SaslHandshakeResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/sasl_handshake.txt`, never by hand.

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

#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslHandshakeResponse {
    pub error_code: i16,
    pub mechanisms: Vec<Text>,
}

impl SaslHandshakeResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=1).contains(&version) {
            return Err(Error::Version(version));
        }
        Ok(Self {
            error_code: reader.i16()?,
            mechanisms: reader.array(false, 2, |reader| reader.text(false))?,
        })
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.i16(self.error_code);
        writer.array(false, self.mechanisms.len())?;
        for element in &self.mechanisms {
            writer.text(false, element)?;
        }
        Ok(())
    }
}
