//! `JoinGroupResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/join_group.txt`, never by hand.

use bytes::Bytes;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer, require};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::JoinGroup;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 9;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 6;

#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub generation_id: i32,
    pub protocol_type: Option<Text>,
    pub protocol_name: Option<Text>,
    pub leader: Text,
    pub skip_assignment: bool,
    pub member_id: Text,
    pub members: Vec<JoinGroupResponseMember>,
}

impl Default for JoinGroupResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            generation_id: -1,
            protocol_type: None,
            protocol_name: None,
            leader: Text::default(),
            skip_assignment: false,
            member_id: Text::default(),
            members: Vec::new(),
        }
    }
}

impl JoinGroupResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=9).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 6;
        let value = Self {
            throttle_time_ms: if version >= 2 { reader.i32()? } else { 0 },
            error_code: reader.i16()?,
            generation_id: reader.i32()?,
            protocol_type: if version >= 7 { reader.nullable_text(flexible)? } else { None },
            protocol_name: if version >= 7 {
                reader.nullable_text(flexible)?
            } else {
                Some(reader.text(flexible)?)
            },
            leader: reader.text(flexible)?,
            skip_assignment: if version >= 9 { reader.bool()? } else { false },
            member_id: reader.text(flexible)?,
            members: reader.array(flexible, 4, |reader| JoinGroupResponseMember::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=9).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 6;
        if version >= 2 {
            writer.i32(self.throttle_time_ms);
        }
        writer.i16(self.error_code);
        writer.i32(self.generation_id);
        if version >= 7 {
            writer.nullable_text(flexible, self.protocol_type.as_ref())?;
        }
        if version >= 7 {
            writer.nullable_text(flexible, self.protocol_name.as_ref())?;
        } else {
            let value = require(self.protocol_name.as_ref(), "protocol_name")?;
            writer.text(flexible, value)?;
        }
        writer.text(flexible, &self.leader)?;
        if version >= 9 {
            writer.bool(self.skip_assignment);
        } else if self.skip_assignment {
            return Err(EncodeError::Field { field: "skip_assignment", version });
        }
        writer.text(flexible, &self.member_id)?;
        writer.array(flexible, self.members.len())?;
        for element in &self.members {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct JoinGroupResponseMember {
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub metadata: Bytes,
}

impl JoinGroupResponseMember {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 6;
        let value = Self {
            member_id: reader.text(flexible)?,
            group_instance_id: if version >= 5 { reader.nullable_text(flexible)? } else { None },
            metadata: reader.bytes(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.text(flexible, &self.member_id)?;
        if version >= 5 {
            writer.nullable_text(flexible, self.group_instance_id.as_ref())?;
        }
        writer.bytes(flexible, &self.metadata)?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
