//! `FindCoordinatorRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/find_coordinator.txt`, never by hand.

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
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindCoordinatorRequest {
    pub key: Text,
    pub key_type: i8,
    pub coordinator_keys: Vec<Text>,
}

impl FindCoordinatorRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=6).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 3;
        let value = Self {
            key: if version <= 3 { reader.text(flexible)? } else { Text::default() },
            key_type: if version >= 1 { reader.i8()? } else { 0 },
            coordinator_keys: if version >= 4 {
                reader.array(flexible, 1, |reader| reader.text(flexible))?
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
        if version <= 3 {
            writer.text(flexible, &self.key)?;
        } else if !self.key.is_empty() {
            return Err(EncodeError::Field { field: "key", version });
        }
        if version >= 1 {
            writer.i8(self.key_type);
        } else if self.key_type != 0 {
            return Err(EncodeError::Field { field: "key_type", version });
        }
        if version >= 4 {
            writer.array(flexible, self.coordinator_keys.len())?;
            for element in &self.coordinator_keys {
                writer.text(flexible, element)?;
            }
        } else if !self.coordinator_keys.is_empty() {
            return Err(EncodeError::Field { field: "coordinator_keys", version });
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
