//! `UpdateFeaturesResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/update_features.txt`, never by hand.

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

#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateFeaturesResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub results: Vec<UpdatableFeatureResult>,
}

impl UpdateFeaturesResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_text(true)?,
            results: if version <= 1 {
                reader.array(true, 5, |reader| UpdatableFeatureResult::decode(reader, version))?
            } else {
                Vec::new()
            },
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_text(true, self.error_message.as_ref())?;
        if version <= 1 {
            writer.array(true, self.results.len())?;
            for element in &self.results {
                element.encode(writer, version)?;
            }
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdatableFeatureResult {
    pub feature: Text,
    pub error_code: i16,
    pub error_message: Option<Text>,
}

impl UpdatableFeatureResult {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self {
            feature: reader.text(true)?,
            error_code: reader.i16()?,
            error_message: reader.nullable_text(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.feature)?;
        writer.i16(self.error_code);
        writer.nullable_text(true, self.error_message.as_ref())?;
        writer.unsigned_varint(0);
        Ok(())
    }
}
