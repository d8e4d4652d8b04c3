//! `ListConfigResourcesRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/list_config_resources.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::ListConfigResources;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 1;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListConfigResourcesRequest {
    pub resource_types: Vec<i8>,
}

impl ListConfigResourcesRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=1).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            resource_types: if version >= 1 { reader.array(true, 1, Reader::i8)? } else { Vec::new() },
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        if version >= 1 {
            writer.array(true, self.resource_types.len())?;
            for element in &self.resource_types {
                writer.i8(*element);
            }
        } else if !self.resource_types.is_empty() {
            return Err(EncodeError::Field { field: "resource_types", version });
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}
