//! `DeleteAclsResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/delete_acls.txt`, never by hand.

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

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteAclsResponse {
    pub throttle_time_ms: i32,
    pub filter_results: Vec<DeleteAclsFilterResult>,
}

impl DeleteAclsResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=3).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value = Self {
            throttle_time_ms: reader.i32()?,
            filter_results: reader
                .array(flexible, 5, |reader| DeleteAclsFilterResult::decode(reader, version))?,
        };
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
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, self.filter_results.len())?;
        for element in &self.filter_results {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteAclsFilterResult {
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub matching_acls: Vec<DeleteAclsMatchingAcl>,
}

impl DeleteAclsFilterResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value = Self {
            error_code: reader.i16()?,
            error_message: reader.nullable_text(flexible)?,
            matching_acls: reader
                .array(flexible, 11, |reader| DeleteAclsMatchingAcl::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.i16(self.error_code);
        writer.nullable_text(flexible, self.error_message.as_ref())?;
        writer.array(flexible, self.matching_acls.len())?;
        for element in &self.matching_acls {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsMatchingAcl {
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub resource_type: i8,
    pub resource_name: Text,
    pub pattern_type: i8,
    pub principal: Text,
    pub host: Text,
    pub operation: i8,
    pub permission_type: i8,
}

impl Default for DeleteAclsMatchingAcl {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: None,
            resource_type: 0,
            resource_name: Text::default(),
            pattern_type: 3,
            principal: Text::default(),
            host: Text::default(),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl DeleteAclsMatchingAcl {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value = Self {
            error_code: reader.i16()?,
            error_message: reader.nullable_text(flexible)?,
            resource_type: reader.i8()?,
            resource_name: reader.text(flexible)?,
            pattern_type: if version >= 1 { reader.i8()? } else { 3 },
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
        writer.i16(self.error_code);
        writer.nullable_text(flexible, self.error_message.as_ref())?;
        writer.i8(self.resource_type);
        writer.text(flexible, &self.resource_name)?;
        if version >= 1 {
            writer.i8(self.pattern_type);
        } else if self.pattern_type != 3 {
            return Err(EncodeError::Field { field: "pattern_type", version });
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
