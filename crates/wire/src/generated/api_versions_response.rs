//! `ApiVersionsResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/api_versions.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::ApiVersions;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 5;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 3;

#[derive(Clone, Debug, PartialEq)]
pub struct ApiVersionsResponse {
    pub error_code: i16,
    pub api_keys: Vec<ApiVersion>,
    pub throttle_time_ms: i32,
    pub supported_features: Vec<SupportedFeatureKey>,
    pub finalized_features_epoch: i64,
    pub finalized_features: Vec<FinalizedFeatureKey>,
    pub zk_migration_ready: bool,
}

impl Default for ApiVersionsResponse {
    fn default() -> Self {
        Self {
            error_code: 0,
            api_keys: Vec::new(),
            throttle_time_ms: 0,
            supported_features: Vec::new(),
            finalized_features_epoch: -1,
            finalized_features: Vec::new(),
            zk_migration_ready: false,
        }
    }
}

impl ApiVersionsResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=5).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 3;
        let mut value = Self {
            error_code: reader.i16()?,
            api_keys: reader.array(flexible, 6, |reader| ApiVersion::decode(reader, version))?,
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            supported_features: Vec::new(),
            finalized_features_epoch: -1,
            finalized_features: Vec::new(),
            zk_migration_ready: false,
        };
        if flexible {
            reader.tagged_fields(|reader, tag| {
                match tag {
                    0 => {
                        value.supported_features =
                            reader.array(true, 6, |reader| SupportedFeatureKey::decode(reader, version))?
                    }
                    1 => value.finalized_features_epoch = reader.i64()?,
                    2 => {
                        value.finalized_features =
                            reader.array(true, 6, |reader| FinalizedFeatureKey::decode(reader, version))?
                    }
                    3 => value.zk_migration_ready = reader.bool()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        writer.i16(self.error_code);
        writer.array(flexible, self.api_keys.len())?;
        for element in &self.api_keys {
            element.encode(writer, version)?;
        }
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        if flexible {
            let with_supported_features = !self.supported_features.is_empty();
            let with_finalized_features_epoch = self.finalized_features_epoch != -1;
            let with_finalized_features = !self.finalized_features.is_empty();
            let with_zk_migration_ready = self.zk_migration_ready;
            writer.unsigned_varint(
                u32::from(with_supported_features)
                    + u32::from(with_finalized_features_epoch)
                    + u32::from(with_finalized_features)
                    + u32::from(with_zk_migration_ready),
            );
            if with_supported_features {
                let mark = writer.begin_tag(0);
                writer.array(true, self.supported_features.len())?;
                for element in &self.supported_features {
                    element.encode(writer, version)?;
                }
                writer.end_tag(mark);
            }
            if with_finalized_features_epoch {
                let mark = writer.begin_tag(1);
                writer.i64(self.finalized_features_epoch);
                writer.end_tag(mark);
            }
            if with_finalized_features {
                let mark = writer.begin_tag(2);
                writer.array(true, self.finalized_features.len())?;
                for element in &self.finalized_features {
                    element.encode(writer, version)?;
                }
                writer.end_tag(mark);
            }
            if with_zk_migration_ready {
                let mark = writer.begin_tag(3);
                writer.bool(self.zk_migration_ready);
                writer.end_tag(mark);
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiVersion {
    pub api_key: i16,
    pub min_version: i16,
    pub max_version: i16,
}

impl ApiVersion {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 3;
        let value = Self { api_key: reader.i16()?, min_version: reader.i16()?, max_version: reader.i16()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.i16(self.api_key);
        writer.i16(self.min_version);
        writer.i16(self.max_version);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct SupportedFeatureKey {
    pub name: Text,
    pub min_version: i16,
    pub max_version: i16,
}

impl SupportedFeatureKey {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { name: reader.text(true)?, min_version: reader.i16()?, max_version: reader.i16()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.name)?;
        writer.i16(self.min_version);
        writer.i16(self.max_version);
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct FinalizedFeatureKey {
    pub name: Text,
    pub max_version_level: i16,
    pub min_version_level: i16,
}

impl FinalizedFeatureKey {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self {
            name: reader.text(true)?,
            max_version_level: reader.i16()?,
            min_version_level: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.name)?;
        writer.i16(self.max_version_level);
        writer.i16(self.min_version_level);
        writer.unsigned_varint(0);
        Ok(())
    }
}
