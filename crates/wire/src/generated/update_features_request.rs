//! `UpdateFeaturesRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/update_features.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::UpdateFeatures;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 2;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFeaturesRequest {
    pub timeout_ms: i32,
    pub feature_updates: Vec<FeatureUpdateKey>,
    pub validate_only: bool,
}

impl Default for UpdateFeaturesRequest {
    fn default() -> Self {
        Self { timeout_ms: 60000, feature_updates: Vec::new(), validate_only: false }
    }
}

impl UpdateFeaturesRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            timeout_ms: reader.i32()?,
            feature_updates: reader.array(true, 5, |reader| FeatureUpdateKey::decode(reader, version))?,
            validate_only: if version >= 1 { reader.bool()? } else { false },
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.i32(self.timeout_ms);
        writer.array(true, self.feature_updates.len())?;
        for element in &self.feature_updates {
            element.encode(writer, version)?;
        }
        if version >= 1 {
            writer.bool(self.validate_only);
        } else if self.validate_only {
            return Err(EncodeError::Field { field: "validate_only", version });
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct FeatureUpdateKey {
    pub feature: Text,
    pub max_version_level: i16,
    pub allow_downgrade: bool,
    pub upgrade_type: i8,
}

impl Default for FeatureUpdateKey {
    fn default() -> Self {
        Self { feature: Text::default(), max_version_level: 0, allow_downgrade: false, upgrade_type: 1 }
    }
}

impl FeatureUpdateKey {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            feature: reader.text(true)?,
            max_version_level: reader.i16()?,
            allow_downgrade: if version <= 0 { reader.bool()? } else { false },
            upgrade_type: if version >= 1 { reader.i8()? } else { 1 },
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.feature)?;
        writer.i16(self.max_version_level);
        if version <= 0 {
            writer.bool(self.allow_downgrade);
        } else if self.allow_downgrade {
            return Err(EncodeError::Field { field: "allow_downgrade", version });
        }
        if version >= 1 {
            writer.i8(self.upgrade_type);
        } else if self.upgrade_type != 1 {
            return Err(EncodeError::Field { field: "upgrade_type", version });
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}
