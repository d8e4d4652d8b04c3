//! `ResponseHeader`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/headers.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Writer};

/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 1;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 1;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseHeader {
    pub correlation_id: i32,
}

impl ResponseHeader {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=1).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 1;
        let value = Self { correlation_id: reader.i32()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 1;
        writer.i32(self.correlation_id);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
