//! `IncrementalAlterConfigsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/incremental_alter_configs.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::IncrementalAlterConfigs;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 1;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 1;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncrementalAlterConfigsRequest {
    pub resources: Vec<AlterConfigsResource>,
    pub validate_only: bool,
}

impl IncrementalAlterConfigsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=1).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 1;
        let value = Self {
            resources: reader.array(flexible, 4, |reader| AlterConfigsResource::decode(reader, version))?,
            validate_only: reader.bool()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 1;
        writer.array(flexible, self.resources.len())?;
        for element in &self.resources {
            element.encode(writer, version)?;
        }
        writer.bool(self.validate_only);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterConfigsResource {
    pub resource_type: i8,
    pub resource_name: Text,
    pub configs: Vec<AlterableConfig>,
}

impl AlterConfigsResource {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 1;
        let value = Self {
            resource_type: reader.i8()?,
            resource_name: reader.text(flexible)?,
            configs: reader.array(flexible, 4, |reader| AlterableConfig::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.i8(self.resource_type);
        writer.text(flexible, &self.resource_name)?;
        writer.array(flexible, self.configs.len())?;
        for element in &self.configs {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterableConfig {
    pub name: Text,
    pub config_operation: i8,
    pub value: Option<Text>,
}

impl AlterableConfig {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 1;
        let value = Self {
            name: reader.text(flexible)?,
            config_operation: reader.i8()?,
            value: reader.nullable_text(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.text(flexible, &self.name)?;
        writer.i8(self.config_operation);
        writer.nullable_text(flexible, self.value.as_ref())?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
