//! `AlterUserScramCredentialsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/alter_user_scram_credentials.txt`, never by hand.

use bytes::Bytes;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::AlterUserScramCredentials;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 0;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterUserScramCredentialsRequest {
    pub deletions: Vec<ScramCredentialDeletion>,
    pub upsertions: Vec<ScramCredentialUpsertion>,
}

impl AlterUserScramCredentialsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=0).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            deletions: reader.array(true, 3, |reader| ScramCredentialDeletion::decode(reader, version))?,
            upsertions: reader.array(true, 9, |reader| ScramCredentialUpsertion::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.array(true, self.deletions.len())?;
        for element in &self.deletions {
            element.encode(writer, version)?;
        }
        writer.array(true, self.upsertions.len())?;
        for element in &self.upsertions {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScramCredentialDeletion {
    pub name: Text,
    pub mechanism: i8,
}

impl ScramCredentialDeletion {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { name: reader.text(true)?, mechanism: reader.i8()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.name)?;
        writer.i8(self.mechanism);
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScramCredentialUpsertion {
    pub name: Text,
    pub mechanism: i8,
    pub iterations: i32,
    pub salt: Bytes,
    pub salted_password: Bytes,
}

impl ScramCredentialUpsertion {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self {
            name: reader.text(true)?,
            mechanism: reader.i8()?,
            iterations: reader.i32()?,
            salt: reader.bytes(true)?,
            salted_password: reader.bytes(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.name)?;
        writer.i8(self.mechanism);
        writer.i32(self.iterations);
        writer.bytes(true, &self.salt)?;
        writer.bytes(true, &self.salted_password)?;
        writer.unsigned_varint(0);
        Ok(())
    }
}
