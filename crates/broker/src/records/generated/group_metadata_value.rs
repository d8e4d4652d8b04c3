//! `GroupMetadataValue`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/broker/schema/offsets_topic.txt`, never by hand.

use bytes::Bytes;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 4;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 4;

#[derive(Clone, Debug, PartialEq)]
pub struct GroupMetadataValue {
    pub protocol_type: Text,
    pub generation: i32,
    pub protocol: Option<Text>,
    pub leader: Option<Text>,
    pub current_state_timestamp: i64,
    pub members: Vec<MemberMetadata>,
}

impl Default for GroupMetadataValue {
    fn default() -> Self {
        Self {
            protocol_type: Text::default(),
            generation: 0,
            protocol: None,
            leader: None,
            current_state_timestamp: -1,
            members: Vec::new(),
        }
    }
}

impl GroupMetadataValue {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=4).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 4;
        let value = Self {
            protocol_type: reader.text(flexible)?,
            generation: reader.i32()?,
            protocol: reader.nullable_text(flexible)?,
            leader: reader.nullable_text(flexible)?,
            current_state_timestamp: if version >= 2 { reader.i64()? } else { -1 },
            members: reader.array(flexible, 15, |reader| MemberMetadata::decode(reader, version))?,
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
        writer.text(flexible, &self.protocol_type)?;
        writer.i32(self.generation);
        writer.nullable_text(flexible, self.protocol.as_ref())?;
        writer.nullable_text(flexible, self.leader.as_ref())?;
        if version >= 2 {
            writer.i64(self.current_state_timestamp);
        }
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

#[derive(Clone, Debug, PartialEq)]
pub struct MemberMetadata {
    pub member_id: Text,
    pub group_instance_id: Option<Text>,
    pub client_id: Text,
    pub client_host: Text,
    pub rebalance_timeout: i32,
    pub session_timeout: i32,
    pub subscription: Bytes,
    pub assignment: Bytes,
}

impl Default for MemberMetadata {
    fn default() -> Self {
        Self {
            member_id: Text::default(),
            group_instance_id: None,
            client_id: Text::default(),
            client_host: Text::default(),
            rebalance_timeout: -1,
            session_timeout: 0,
            subscription: Bytes::new(),
            assignment: Bytes::new(),
        }
    }
}

impl MemberMetadata {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 4;
        let value = Self {
            member_id: reader.text(flexible)?,
            group_instance_id: if version >= 3 { reader.nullable_text(flexible)? } else { None },
            client_id: reader.text(flexible)?,
            client_host: reader.text(flexible)?,
            rebalance_timeout: if version >= 1 { reader.i32()? } else { -1 },
            session_timeout: reader.i32()?,
            subscription: reader.bytes(flexible)?,
            assignment: reader.bytes(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.text(flexible, &self.member_id)?;
        if version >= 3 {
            writer.nullable_text(flexible, self.group_instance_id.as_ref())?;
        }
        writer.text(flexible, &self.client_id)?;
        writer.text(flexible, &self.client_host)?;
        if version >= 1 {
            writer.i32(self.rebalance_timeout);
        }
        writer.i32(self.session_timeout);
        writer.bytes(flexible, &self.subscription)?;
        writer.bytes(flexible, &self.assignment)?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
