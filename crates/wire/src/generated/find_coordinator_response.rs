//! `FindCoordinatorResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/find_coordinator.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::FindCoordinator;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 6;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 3;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindCoordinatorResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub node_id: i32,
    pub host: Text,
    pub port: i32,
    pub coordinators: Vec<Coordinator>,
}

impl FindCoordinatorResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=6).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 3;
        let value = Self {
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            error_code: if version <= 3 { reader.i16()? } else { 0 },
            error_message: if (1..=3).contains(&version) { reader.nullable_text(flexible)? } else { None },
            node_id: if version <= 3 { reader.i32()? } else { 0 },
            host: if version <= 3 { reader.text(flexible)? } else { Text::default() },
            port: if version <= 3 { reader.i32()? } else { 0 },
            coordinators: if version >= 4 {
                reader.array(flexible, 14, |reader| Coordinator::decode(reader, version))?
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
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        if version <= 3 {
            writer.i16(self.error_code);
        } else if self.error_code != 0 {
            return Err(EncodeError::Field { field: "error_code", version });
        }
        if (1..=3).contains(&version) {
            writer.nullable_text(flexible, self.error_message.as_ref())?;
        }
        if version <= 3 {
            writer.i32(self.node_id);
        } else if self.node_id != 0 {
            return Err(EncodeError::Field { field: "node_id", version });
        }
        if version <= 3 {
            writer.text(flexible, &self.host)?;
        } else if !self.host.is_empty() {
            return Err(EncodeError::Field { field: "host", version });
        }
        if version <= 3 {
            writer.i32(self.port);
        } else if self.port != 0 {
            return Err(EncodeError::Field { field: "port", version });
        }
        if version >= 4 {
            writer.array(flexible, self.coordinators.len())?;
            for element in &self.coordinators {
                element.encode(writer, version)?;
            }
        } else if !self.coordinators.is_empty() {
            return Err(EncodeError::Field { field: "coordinators", version });
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coordinator {
    pub key: Text,
    pub node_id: i32,
    pub host: Text,
    pub port: i32,
    pub error_code: i16,
    pub error_message: Option<Text>,
}

impl Coordinator {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self {
            key: reader.text(true)?,
            node_id: reader.i32()?,
            host: reader.text(true)?,
            port: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_text(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.key)?;
        writer.i32(self.node_id);
        writer.text(true, &self.host)?;
        writer.i32(self.port);
        writer.i16(self.error_code);
        writer.nullable_text(true, self.error_message.as_ref())?;
        writer.unsigned_varint(0);
        Ok(())
    }
}
