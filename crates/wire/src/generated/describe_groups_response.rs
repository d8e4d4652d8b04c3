//! `DescribeGroupsResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_groups.txt`, never by hand.

use bytes::Bytes;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DescribeGroups;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 6;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 5;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeGroupsResponse {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
}

impl DescribeGroupsResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=6).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 5;
        let value = Self {
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            groups: reader.array(flexible, 12, |reader| DescribedGroup::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 5;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
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

#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup {
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub group_id: Text,
    pub group_state: Text,
    pub protocol_type: Text,
    pub protocol_data: Text,
    pub members: Vec<DescribedGroupMember>,
    pub authorized_operations: i32,
}

impl Default for DescribedGroup {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: None,
            group_id: Text::default(),
            group_state: Text::default(),
            protocol_type: Text::default(),
            protocol_data: Text::default(),
            members: Vec::new(),
            authorized_operations: i32::MIN,
        }
    }
}

impl DescribedGroup {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 5;
        let value = Self {
            error_code: reader.i16()?,
            error_message: if version >= 6 { reader.nullable_text(flexible)? } else { None },
            group_id: reader.text(flexible)?,
            group_state: reader.text(flexible)?,
            protocol_type: reader.text(flexible)?,
            protocol_data: reader.text(flexible)?,
            members: reader.array(flexible, 7, |reader| DescribedGroupMember::decode(reader, version))?,
            authorized_operations: if version >= 3 { reader.i32()? } else { i32::MIN },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.i16(self.error_code);
        if version >= 6 {
            writer.nullable_text(flexible, self.error_message.as_ref())?;
        } else if self.error_message.is_some() {
            return Err(EncodeError::Field { field: "error_message", version });
        }
        writer.text(flexible, &self.group_id)?;
        writer.text(flexible, &self.group_state)?;
        writer.text(flexible, &self.protocol_type)?;
        writer.text(flexible, &self.protocol_data)?;
        writer.array(flexible, self.members.len())?;
        for element in &self.members {
            element.encode(writer, version)?;
        }
        if version >= 3 {
            writer.i32(self.authorized_operations);
        } else if self.authorized_operations != i32::MIN {
            return Err(EncodeError::Field { field: "authorized_operations", version });
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedGroupMember {
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub client_id: Text,
    pub client_host: Text,
    pub member_metadata: Bytes,
    pub member_assignment: Bytes,
}

impl DescribedGroupMember {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 5;
        let value = Self {
            member_id: reader.text(flexible)?,
            group_instance_id: if version >= 4 { reader.nullable_text(flexible)? } else { None },
            client_id: reader.text(flexible)?,
            client_host: reader.text(flexible)?,
            member_metadata: reader.bytes(flexible)?,
            member_assignment: reader.bytes(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.text(flexible, &self.member_id)?;
        if version >= 4 {
            writer.nullable_text(flexible, self.group_instance_id.as_ref())?;
        }
        writer.text(flexible, &self.client_id)?;
        writer.text(flexible, &self.client_host)?;
        writer.bytes(flexible, &self.member_metadata)?;
        writer.bytes(flexible, &self.member_assignment)?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
