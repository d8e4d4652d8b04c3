//! `GroupMetadataKey`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/broker/schema/offsets_topic.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

/// What stands before such a key.
pub const RECORD_TYPE: i16 = 2;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 0;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = i16::MAX;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupMetadataKey {
    pub group: Text,
}

impl GroupMetadataKey {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=0).contains(&version) {
            return Err(Error::Version(version));
        }
        Ok(Self { group: reader.text(false)? })
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.text(false, &self.group)?;
        Ok(())
    }
}
