//! `ListGroupsResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/list_groups.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::ListGroups;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 5;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 3;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListGroupsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub groups: Vec<ListedGroup>,
}

impl ListGroupsResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=5).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 3;
        let value = Self {
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            error_code: reader.i16()?,
            groups: reader.array(flexible, 3, |reader| ListedGroup::decode(reader, version))?,
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
        let flexible = version >= 3;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        writer.i16(self.error_code);
        writer.array(flexible, self.groups.len())?;
        for element in &self.groups {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListedGroup {
    pub group_id: Text,
    pub protocol_type: Text,
    pub group_state: Text,
    pub group_type: Text,
}

impl ListedGroup {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 3;
        let value = Self {
            group_id: reader.text(flexible)?,
            protocol_type: reader.text(flexible)?,
            group_state: if version >= 4 { reader.text(flexible)? } else { Text::default() },
            group_type: if version >= 5 { reader.text(flexible)? } else { Text::default() },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.text(flexible, &self.group_id)?;
        writer.text(flexible, &self.protocol_type)?;
        if version >= 4 {
            writer.text(flexible, &self.group_state)?;
        }
        if version >= 5 {
            writer.text(flexible, &self.group_type)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
