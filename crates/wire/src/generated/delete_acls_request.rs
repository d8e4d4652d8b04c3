//! `DeleteAclsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/delete_acls.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DeleteAcls;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 3;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 2;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteAclsRequest {
    pub filters: Vec<DeleteAclsFilter>,
}

impl DeleteAclsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=3).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value =
            Self { filters: reader.array(flexible, 8, |reader| DeleteAclsFilter::decode(reader, version))? };
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
        writer.array(flexible, self.filters.len())?;
        for element in &self.filters {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsFilter {
    pub resource_type_filter: i8,
    pub resource_name_filter: Option<Text>,
    pub pattern_type_filter: i8,
    pub principal_filter: Option<Text>,
    pub host_filter: Option<Text>,
    pub operation: i8,
    pub permission_type: i8,
}

impl Default for DeleteAclsFilter {
    fn default() -> Self {
        Self {
            resource_type_filter: 0,
            resource_name_filter: None,
            pattern_type_filter: 3,
            principal_filter: None,
            host_filter: None,
            operation: 0,
            permission_type: 0,
        }
    }
}

impl DeleteAclsFilter {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value = Self {
            resource_type_filter: reader.i8()?,
            resource_name_filter: reader.nullable_text(flexible)?,
            pattern_type_filter: if version >= 1 { reader.i8()? } else { 3 },
            principal_filter: reader.nullable_text(flexible)?,
            host_filter: reader.nullable_text(flexible)?,
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
        writer.i8(self.resource_type_filter);
        writer.nullable_text(flexible, self.resource_name_filter.as_ref())?;
        if version >= 1 {
            writer.i8(self.pattern_type_filter);
        } else if self.pattern_type_filter != 3 {
            return Err(EncodeError::Field { field: "pattern_type_filter", version });
        }
        writer.nullable_text(flexible, self.principal_filter.as_ref())?;
        writer.nullable_text(flexible, self.host_filter.as_ref())?;
        writer.i8(self.operation);
        writer.i8(self.permission_type);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
