//! `ListGroupsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/list_groups.txt`, never by hand.

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
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListGroupsRequest {
    pub states_filter: Vec<Text>,
    pub types_filter: Vec<Text>,
}

impl ListGroupsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=5).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 3;
        let value = Self {
            states_filter: if version >= 4 {
                reader.array(flexible, 1, |reader| reader.text(flexible))?
            } else {
                Vec::new()
            },
            types_filter: if version >= 5 {
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
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        if version >= 4 {
            writer.array(flexible, self.states_filter.len())?;
            for element in &self.states_filter {
                writer.text(flexible, element)?;
            }
        } else if !self.states_filter.is_empty() {
            return Err(EncodeError::Field { field: "states_filter", version });
        }
        if version >= 5 {
            writer.array(flexible, self.types_filter.len())?;
            for element in &self.types_filter {
                writer.text(flexible, element)?;
            }
        } else if !self.types_filter.is_empty() {
            return Err(EncodeError::Field { field: "types_filter", version });
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
