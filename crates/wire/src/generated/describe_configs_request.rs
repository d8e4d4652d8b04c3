//! `DescribeConfigsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_configs.txt`, never by hand.

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
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeConfigsRequest {
    pub resources: Vec<DescribeConfigsResource>,
    pub include_synonyms: bool,
    pub include_documentation: bool,
}

impl DescribeConfigsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=4).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 4;
        let value = Self {
            resources: reader
                .array(flexible, 4, |reader| DescribeConfigsResource::decode(reader, version))?,
            include_synonyms: if version >= 1 { reader.bool()? } else { false },
            include_documentation: if version >= 3 { reader.bool()? } else { false },
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
        writer.array(flexible, self.resources.len())?;
        for element in &self.resources {
            element.encode(writer, version)?;
        }
        if version >= 1 {
            writer.bool(self.include_synonyms);
        } else if self.include_synonyms {
            return Err(EncodeError::Field { field: "include_synonyms", version });
        }
        if version >= 3 {
            writer.bool(self.include_documentation);
        } else if self.include_documentation {
            return Err(EncodeError::Field { field: "include_documentation", version });
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeConfigsResource {
    pub resource_type: i8,
    pub resource_name: Text,
    pub configuration_keys: Option<Vec<Text>>,
}

impl DescribeConfigsResource {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 4;
        let value = Self {
            resource_type: reader.i8()?,
            resource_name: reader.text(flexible)?,
            configuration_keys: reader.nullable_array(flexible, 1, |reader| reader.text(flexible))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.i8(self.resource_type);
        writer.text(flexible, &self.resource_name)?;
        match &self.configuration_keys {
            Some(elements) => {
                writer.array(flexible, elements.len())?;
                for element in elements {
                    writer.text(flexible, element)?;
                }
            }
            None => writer.null_array(flexible),
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
