//! `DeleteGroupsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/delete_groups.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DeleteGroups;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 3;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 2;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteGroupsRequest {
    pub groups_names: Vec<Text>,
}

impl DeleteGroupsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=3).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value = Self { groups_names: reader.array(flexible, 1, |reader| reader.text(flexible))? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        writer.array(flexible, self.groups_names.len())?;
        for element in &self.groups_names {
            writer.text(flexible, element)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
