//! `LeaveGroupRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/leave_group.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::LeaveGroup;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 5;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 4;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaveGroupRequest {
    pub group_id: Text,
    pub member_id: Text,
    pub members: Vec<MemberIdentity>,
}

impl LeaveGroupRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=5).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 4;
        let value = Self {
            group_id: reader.text(flexible)?,
            member_id: if version <= 2 { reader.text(flexible)? } else { Text::default() },
            members: if version >= 3 {
                reader.array(flexible, 3, |reader| MemberIdentity::decode(reader, version))?
            } else {
                Vec::new()
            },
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
        writer.text(flexible, &self.group_id)?;
        if version <= 2 {
            writer.text(flexible, &self.member_id)?;
        } else if !self.member_id.is_empty() {
            return Err(EncodeError::Field { field: "member_id", version });
        }
        if version >= 3 {
            writer.array(flexible, self.members.len())?;
            for element in &self.members {
                element.encode(writer, version)?;
            }
        } else if !self.members.is_empty() {
            return Err(EncodeError::Field { field: "members", version });
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemberIdentity {
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub reason: Option<Text>,
}

impl MemberIdentity {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 4;
        let value = Self {
            member_id: reader.text(flexible)?,
            group_instance_id: reader.nullable_text(flexible)?,
            reason: if version >= 5 { reader.nullable_text(flexible)? } else { None },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.text(flexible, &self.member_id)?;
        writer.nullable_text(flexible, self.group_instance_id.as_ref())?;
        if version >= 5 {
            writer.nullable_text(flexible, self.reason.as_ref())?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
