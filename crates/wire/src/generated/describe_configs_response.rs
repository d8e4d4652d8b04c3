//! `DescribeConfigsResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_configs.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DescribeConfigs;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 4;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 4;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeConfigsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<DescribeConfigsResult>,
}

impl DescribeConfigsResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=4).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 4;
        let value = Self {
            throttle_time_ms: reader.i32()?,
            results: reader.array(flexible, 7, |reader| DescribeConfigsResult::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, self.results.len())?;
        for element in &self.results {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeConfigsResult {
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub resource_type: i8,
    pub resource_name: Text,
    pub configs: Vec<DescribeConfigsResourceResult>,
}

impl DescribeConfigsResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 4;
        let value = Self {
            error_code: reader.i16()?,
            error_message: reader.nullable_text(flexible)?,
            resource_type: reader.i8()?,
            resource_name: reader.text(flexible)?,
            configs: reader
                .array(flexible, 7, |reader| DescribeConfigsResourceResult::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.i16(self.error_code);
        writer.nullable_text(flexible, self.error_message.as_ref())?;
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

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResourceResult {
    pub name: Text,
    pub value: Option<Text>,
    pub read_only: bool,
    pub is_default: bool,
    pub config_source: i8,
    pub is_sensitive: bool,
    pub synonyms: Vec<DescribeConfigsSynonym>,
    pub config_type: i8,
    pub documentation: Option<Text>,
}

impl Default for DescribeConfigsResourceResult {
    fn default() -> Self {
        Self {
            name: Text::default(),
            value: None,
            read_only: false,
            is_default: false,
            config_source: -1,
            is_sensitive: false,
            synonyms: Vec::new(),
            config_type: 0,
            documentation: None,
        }
    }
}

impl DescribeConfigsResourceResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 4;
        let value = Self {
            name: reader.text(flexible)?,
            value: reader.nullable_text(flexible)?,
            read_only: reader.bool()?,
            is_default: if version <= 0 { reader.bool()? } else { false },
            config_source: if version >= 1 { reader.i8()? } else { -1 },
            is_sensitive: reader.bool()?,
            synonyms: if version >= 1 {
                reader.array(flexible, 4, |reader| DescribeConfigsSynonym::decode(reader, version))?
            } else {
                Vec::new()
            },
            config_type: if version >= 3 { reader.i8()? } else { 0 },
            documentation: if version >= 3 { reader.nullable_text(flexible)? } else { None },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.text(flexible, &self.name)?;
        writer.nullable_text(flexible, self.value.as_ref())?;
        writer.bool(self.read_only);
        if version <= 0 {
            writer.bool(self.is_default);
        }
        if version >= 1 {
            writer.i8(self.config_source);
        }
        writer.bool(self.is_sensitive);
        if version >= 1 {
            writer.array(flexible, self.synonyms.len())?;
            for element in &self.synonyms {
                element.encode(writer, version)?;
            }
        }
        if version >= 3 {
            writer.i8(self.config_type);
        }
        if version >= 3 {
            writer.nullable_text(flexible, self.documentation.as_ref())?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeConfigsSynonym {
    pub name: Text,
    pub value: Option<Text>,
    pub source: i8,
}

impl DescribeConfigsSynonym {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 4;
        let value = Self {
            name: reader.text(flexible)?,
            value: reader.nullable_text(flexible)?,
            source: reader.i8()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.text(flexible, &self.name)?;
        writer.nullable_text(flexible, self.value.as_ref())?;
        writer.i8(self.source);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
