//! `HeartbeatRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/heartbeat.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::Heartbeat;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 4;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 4;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeartbeatRequest {
    pub group_id: Text,
    pub generation_id: i32,
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
}

impl HeartbeatRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=4).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 4;
        let value = Self {
            group_id: reader.text(flexible)?,
            generation_id: reader.i32()?,
            member_id: reader.text(flexible)?,
            group_instance_id: if version >= 3 { reader.nullable_text(flexible)? } else { None },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        writer.text(flexible, &self.group_id)?;
        writer.i32(self.generation_id);
        writer.text(flexible, &self.member_id)?;
        if version >= 3 {
            writer.nullable_text(flexible, self.group_instance_id.as_ref())?;
        } else if self.group_instance_id.is_some() {
            return Err(EncodeError::Field { field: "group_instance_id", version });
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
