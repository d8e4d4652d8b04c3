//! `AlterClientQuotasRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/alter_client_quotas.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::AlterClientQuotas;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 1;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 1;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterClientQuotasRequest {
    pub entries: Vec<EntryData>,
    pub validate_only: bool,
}

impl AlterClientQuotasRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=1).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 1;
        let value = Self {
            entries: reader.array(flexible, 3, |reader| EntryData::decode(reader, version))?,
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
        writer.array(flexible, self.entries.len())?;
        for element in &self.entries {
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
pub struct EntryData {
    pub entity: Vec<EntityData>,
    pub ops: Vec<OpData>,
}

impl EntryData {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 1;
        let value = Self {
            entity: reader.array(flexible, 3, |reader| EntityData::decode(reader, version))?,
            ops: reader.array(flexible, 11, |reader| OpData::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.array(flexible, self.entity.len())?;
        for element in &self.entity {
            element.encode(writer, version)?;
        }
        writer.array(flexible, self.ops.len())?;
        for element in &self.ops {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntityData {
    pub entity_type: Text,
    pub entity_name: Option<Text>,
}

impl EntityData {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 1;
        let value =
            Self { entity_type: reader.text(flexible)?, entity_name: reader.nullable_text(flexible)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.text(flexible, &self.entity_type)?;
        writer.nullable_text(flexible, self.entity_name.as_ref())?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpData {
    pub key: Text,
    pub value: f64,
    pub remove: bool,
}

impl OpData {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 1;
        let value = Self { key: reader.text(flexible)?, value: reader.f64()?, remove: reader.bool()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.text(flexible, &self.key)?;
        writer.f64(self.value);
        writer.bool(self.remove);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
