//! `CreateDelegationTokenRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/create_delegation_token.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::CreateDelegationToken;
/// The first version.
pub const MIN_VERSION: i16 = 1;
/// The last version.
pub const MAX_VERSION: i16 = 3;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 2;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateDelegationTokenRequest {
    pub owner_principal_type: Option<Text>,
    pub owner_principal_name: Option<Text>,
    pub renewers: Vec<CreatableRenewers>,
    pub max_lifetime_ms: i64,
}

impl CreateDelegationTokenRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=3).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value = Self {
            owner_principal_type: if version >= 3 { reader.nullable_text(flexible)? } else { None },
            owner_principal_name: if version >= 3 { reader.nullable_text(flexible)? } else { None },
            renewers: reader.array(flexible, 3, |reader| CreatableRenewers::decode(reader, version))?,
            max_lifetime_ms: reader.i64()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        if version >= 3 {
            writer.nullable_text(flexible, self.owner_principal_type.as_ref())?;
        } else if self.owner_principal_type.is_some() {
            return Err(EncodeError::Field { field: "owner_principal_type", version });
        }
        if version >= 3 {
            writer.nullable_text(flexible, self.owner_principal_name.as_ref())?;
        } else if self.owner_principal_name.is_some() {
            return Err(EncodeError::Field { field: "owner_principal_name", version });
        }
        writer.array(flexible, self.renewers.len())?;
        for element in &self.renewers {
            element.encode(writer, version)?;
        }
        writer.i64(self.max_lifetime_ms);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableRenewers {
    pub principal_type: Text,
    pub principal_name: Text,
}

impl CreatableRenewers {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value = Self { principal_type: reader.text(flexible)?, principal_name: reader.text(flexible)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.text(flexible, &self.principal_type)?;
        writer.text(flexible, &self.principal_name)?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
