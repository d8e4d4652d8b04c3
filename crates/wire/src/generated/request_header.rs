//! `RequestHeader`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/headers.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

/// The first version.
pub const MIN_VERSION: i16 = 1;
/// The last version.
pub const MAX_VERSION: i16 = 2;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 2;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestHeader {
    pub request_api_key: i16,
    pub request_api_version: i16,
    pub correlation_id: i32,
    pub client_id: Option<Text>,
}

impl RequestHeader {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value = Self {
            request_api_key: reader.i16()?,
            request_api_version: reader.i16()?,
            correlation_id: reader.i32()?,
            client_id: reader.nullable_text(false)?,
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
        writer.i16(self.request_api_key);
        writer.i16(self.request_api_version);
        writer.i32(self.correlation_id);
        writer.nullable_text(false, self.client_id.as_ref())?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
