//! `IncrementalAlterConfigsResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/incremental_alter_configs.txt`, never by hand.

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

#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncrementalAlterConfigsResponse {
    pub throttle_time_ms: i32,
    pub responses: Vec<AlterConfigsResourceResponse>,
}

impl IncrementalAlterConfigsResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=1).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 1;
        let value = Self {
            throttle_time_ms: reader.i32()?,
            responses: reader
                .array(flexible, 6, |reader| AlterConfigsResourceResponse::decode(reader, version))?,
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
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, self.responses.len())?;
        for element in &self.responses {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterConfigsResourceResponse {
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub resource_type: i8,
    pub resource_name: Text,
}

impl AlterConfigsResourceResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 1;
        let value = Self {
            error_code: reader.i16()?,
            error_message: reader.nullable_text(flexible)?,
            resource_type: reader.i8()?,
            resource_name: reader.text(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.i16(self.error_code);
        writer.nullable_text(flexible, self.error_message.as_ref())?;
        writer.i8(self.resource_type);
        writer.text(flexible, &self.resource_name)?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
