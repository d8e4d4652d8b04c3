//! `DescribeAclsResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_acls.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DescribeAcls;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 3;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 2;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeAclsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub resources: Vec<DescribeAclsResource>,
}

impl DescribeAclsResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=3).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_text(flexible)?,
            resources: reader.array(flexible, 5, |reader| DescribeAclsResource::decode(reader, version))?,
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
        writer.i16(self.error_code);
        writer.nullable_text(flexible, self.error_message.as_ref())?;
        writer.array(flexible, self.resources.len())?;
        for element in &self.resources {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeAclsResource {
    pub resource_type: i8,
    pub resource_name: Text,
    pub pattern_type: i8,
    pub acls: Vec<AclDescription>,
}

impl Default for DescribeAclsResource {
    fn default() -> Self {
        Self { resource_type: 0, resource_name: Text::default(), pattern_type: 3, acls: Vec::new() }
    }
}

impl DescribeAclsResource {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value = Self {
            resource_type: reader.i8()?,
            resource_name: reader.text(flexible)?,
            pattern_type: if version >= 1 { reader.i8()? } else { 3 },
            acls: reader.array(flexible, 5, |reader| AclDescription::decode(reader, version))?,
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
            writer.i8(self.pattern_type);
        } else if self.pattern_type != 3 {
            return Err(EncodeError::Field { field: "pattern_type", version });
        }
        writer.array(flexible, self.acls.len())?;
        for element in &self.acls {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AclDescription {
    pub principal: Text,
    pub host: Text,
    pub operation: i8,
    pub permission_type: i8,
}

impl AclDescription {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value = Self {
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
