//! `ApiVersionsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/api_versions.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::ApiVersions;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 5;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 3;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct ApiVersionsRequest {
    pub client_software_name: Text,
    pub client_software_version: Text,
    pub cluster_id: Option<Text>,
    pub node_id: i32,
}

impl Default for ApiVersionsRequest {
    fn default() -> Self {
        Self {
            client_software_name: Text::default(),
            client_software_version: Text::default(),
            cluster_id: None,
            node_id: -1,
        }
    }
}

impl ApiVersionsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=5).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 3;
        let value = Self {
            client_software_name: if version >= 3 { reader.text(flexible)? } else { Text::default() },
            client_software_version: if version >= 3 { reader.text(flexible)? } else { Text::default() },
            cluster_id: if version >= 5 { reader.nullable_text(flexible)? } else { None },
            node_id: if version >= 5 { reader.i32()? } else { -1 },
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
        if version >= 3 {
            writer.text(flexible, &self.client_software_name)?;
        }
        if version >= 3 {
            writer.text(flexible, &self.client_software_version)?;
        }
        if version >= 5 {
            writer.nullable_text(flexible, self.cluster_id.as_ref())?;
        }
        if version >= 5 {
            writer.i32(self.node_id);
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
