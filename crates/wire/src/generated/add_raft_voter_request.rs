//! `AddRaftVoterRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/add_raft_voter.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::AddRaftVoter;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 1;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct AddRaftVoterRequest {
    pub cluster_id: Option<Text>,
    pub timeout_ms: i32,
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
    pub listeners: Vec<Listener>,
    pub ack_when_committed: bool,
}

impl Default for AddRaftVoterRequest {
    fn default() -> Self {
        Self {
            cluster_id: None,
            timeout_ms: 0,
            voter_id: 0,
            voter_directory_id: Uuid::nil(),
            listeners: Vec::new(),
            ack_when_committed: true,
        }
    }
}

impl AddRaftVoterRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=1).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            cluster_id: reader.nullable_text(true)?,
            timeout_ms: reader.i32()?,
            voter_id: reader.i32()?,
            voter_directory_id: reader.uuid()?,
            listeners: reader.array(true, 5, |reader| Listener::decode(reader, version))?,
            ack_when_committed: if version >= 1 { reader.bool()? } else { true },
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.nullable_text(true, self.cluster_id.as_ref())?;
        writer.i32(self.timeout_ms);
        writer.i32(self.voter_id);
        writer.uuid(self.voter_directory_id);
        writer.array(true, self.listeners.len())?;
        for element in &self.listeners {
            element.encode(writer, version)?;
        }
        if version >= 1 {
            writer.bool(self.ack_when_committed);
        } else if !self.ack_when_committed {
            return Err(EncodeError::Field { field: "ack_when_committed", version });
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener {
    pub name: Text,
    pub host: Text,
    pub port: u16,
}

impl Listener {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { name: reader.text(true)?, host: reader.text(true)?, port: reader.u16()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.name)?;
        writer.text(true, &self.host)?;
        writer.u16(self.port);
        writer.unsigned_varint(0);
        Ok(())
    }
}
