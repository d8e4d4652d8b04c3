//! `DescribeClientQuotasRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_client_quotas.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DescribeClientQuotas;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 1;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 1;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeClientQuotasRequest {
    pub components: Vec<ComponentData>,
    pub strict: bool,
}

impl DescribeClientQuotasRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=1).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 1;
        let value = Self {
            components: reader.array(flexible, 4, |reader| ComponentData::decode(reader, version))?,
            strict: reader.bool()?,
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
        writer.array(flexible, self.components.len())?;
        for element in &self.components {
            element.encode(writer, version)?;
        }
        writer.bool(self.strict);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComponentData {
    pub entity_type: Text,
    pub match_type: i8,
    pub r#match: Option<Text>,
}

impl ComponentData {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 1;
        let value = Self {
            entity_type: reader.text(flexible)?,
            match_type: reader.i8()?,
            r#match: reader.nullable_text(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.text(flexible, &self.entity_type)?;
        writer.i8(self.match_type);
        writer.nullable_text(flexible, self.r#match.as_ref())?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
