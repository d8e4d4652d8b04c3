//! `SyncGroupResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/sync_group.txt`, never by hand.

use bytes::Bytes;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::SyncGroup;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 5;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 4;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncGroupResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub protocol_type: Option<Text>,
    pub protocol_name: Option<Text>,
    pub assignment: Bytes,
}

impl SyncGroupResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=5).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 4;
        let value = Self {
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            error_code: reader.i16()?,
            protocol_type: if version >= 5 { reader.nullable_text(flexible)? } else { None },
            protocol_name: if version >= 5 { reader.nullable_text(flexible)? } else { None },
            assignment: reader.bytes(flexible)?,
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
        let flexible = version >= 4;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        writer.i16(self.error_code);
        if version >= 5 {
            writer.nullable_text(flexible, self.protocol_type.as_ref())?;
        }
        if version >= 5 {
            writer.nullable_text(flexible, self.protocol_name.as_ref())?;
        }
        writer.bytes(flexible, &self.assignment)?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
