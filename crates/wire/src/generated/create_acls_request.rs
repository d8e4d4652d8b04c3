//! `CreateAclsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/create_acls.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::CreateAcls;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 3;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 2;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateAclsRequest {
    pub creations: Vec<AclCreation>,
}

impl CreateAclsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=3).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value =
            Self { creations: reader.array(flexible, 8, |reader| AclCreation::decode(reader, version))? };
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
        writer.array(flexible, self.creations.len())?;
        for element in &self.creations {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AclCreation {
    pub resource_type: i8,
    pub resource_name: Text,
    pub resource_pattern_type: i8,
    pub principal: Text,
    pub host: Text,
    pub operation: i8,
    pub permission_type: i8,
}

impl Default for AclCreation {
    fn default() -> Self {
        Self {
            resource_type: 0,
            resource_name: Text::default(),
            resource_pattern_type: 3,
            principal: Text::default(),
            host: Text::default(),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl AclCreation {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value = Self {
            resource_type: reader.i8()?,
            resource_name: reader.text(flexible)?,
            resource_pattern_type: if version >= 1 { reader.i8()? } else { 3 },
            principal: reader.text(flexible)?,
            host: reader.text(flexible)?,
            operation: reader.i8()?,
            permission_type: reader.i8()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.i8(self.resource_type);
        writer.text(flexible, &self.resource_name)?;
        if version >= 1 {
            writer.i8(self.resource_pattern_type);
        } else if self.resource_pattern_type != 3 {
            return Err(EncodeError::Field { field: "resource_pattern_type", version });
        }
        writer.text(flexible, &self.principal)?;
        writer.text(flexible, &self.host)?;
        writer.i8(self.operation);
        writer.i8(self.permission_type);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
