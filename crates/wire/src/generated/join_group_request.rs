//! `JoinGroupRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/join_group.txt`, never by hand.

use bytes::Bytes;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::JoinGroup;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 9;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 6;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupRequest {
    pub group_id: Text,
    pub session_timeout_ms: i32,
    pub rebalance_timeout_ms: i32,
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub protocol_type: Text,
    pub protocols: Vec<JoinGroupRequestProtocol>,
    pub reason: Option<Text>,
}

impl Default for JoinGroupRequest {
    fn default() -> Self {
        Self {
            group_id: Text::default(),
            session_timeout_ms: 0,
            rebalance_timeout_ms: -1,
            member_id: Text::default(),
            group_instance_id: None,
            protocol_type: Text::default(),
            protocols: Vec::new(),
            reason: None,
        }
    }
}

impl JoinGroupRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=9).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 6;
        let value = Self {
            group_id: reader.text(flexible)?,
            session_timeout_ms: reader.i32()?,
            rebalance_timeout_ms: if version >= 1 { reader.i32()? } else { -1 },
            member_id: reader.text(flexible)?,
            group_instance_id: if version >= 5 { reader.nullable_text(flexible)? } else { None },
            protocol_type: reader.text(flexible)?,
            protocols: reader
                .array(flexible, 3, |reader| JoinGroupRequestProtocol::decode(reader, version))?,
            reason: if version >= 8 { reader.nullable_text(flexible)? } else { None },
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
        writer.text(flexible, &self.group_id)?;
        writer.i32(self.session_timeout_ms);
        if version >= 1 {
            writer.i32(self.rebalance_timeout_ms);
        }
        writer.text(flexible, &self.member_id)?;
        if version >= 5 {
            writer.nullable_text(flexible, self.group_instance_id.as_ref())?;
        } else if self.group_instance_id.is_some() {
            return Err(EncodeError::Field { field: "group_instance_id", version });
        }
        writer.text(flexible, &self.protocol_type)?;
        writer.array(flexible, self.protocols.len())?;
        for element in &self.protocols {
            element.encode(writer, version)?;
        }
        if version >= 8 {
            writer.nullable_text(flexible, self.reason.as_ref())?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct JoinGroupRequestProtocol {
    pub name: Text,
    pub metadata: Bytes,
}

impl JoinGroupRequestProtocol {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 6;
        let value = Self { name: reader.text(flexible)?, metadata: reader.bytes(flexible)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.text(flexible, &self.name)?;
        writer.bytes(flexible, &self.metadata)?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
