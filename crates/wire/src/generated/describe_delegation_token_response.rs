//! `DescribeDelegationTokenResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_delegation_token.txt`, never by hand.

use bytes::Bytes;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DescribeDelegationToken;
/// The first version.
pub const MIN_VERSION: i16 = 1;
/// The last version.
pub const MAX_VERSION: i16 = 3;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 2;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeDelegationTokenResponse {
    pub error_code: i16,
    pub tokens: Vec<DescribedDelegationToken>,
    pub throttle_time_ms: i32,
}

impl DescribeDelegationTokenResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=3).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value = Self {
            error_code: reader.i16()?,
            tokens: reader.array(flexible, 30, |reader| DescribedDelegationToken::decode(reader, version))?,
            throttle_time_ms: reader.i32()?,
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
        writer.i16(self.error_code);
        writer.array(flexible, self.tokens.len())?;
        for element in &self.tokens {
            element.encode(writer, version)?;
        }
        writer.i32(self.throttle_time_ms);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedDelegationToken {
    pub principal_type: Text,
    pub principal_name: Text,
    pub token_requester_principal_type: Text,
    pub token_requester_principal_name: Text,
    pub issue_timestamp: i64,
    pub expiry_timestamp: i64,
    pub max_timestamp: i64,
    pub token_id: Text,
    pub hmac: Bytes,
    pub renewers: Vec<DescribedDelegationTokenRenewer>,
}

impl DescribedDelegationToken {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value = Self {
            principal_type: reader.text(flexible)?,
            principal_name: reader.text(flexible)?,
            token_requester_principal_type: if version >= 3 {
                reader.text(flexible)?
            } else {
                Text::default()
            },
            token_requester_principal_name: if version >= 3 {
                reader.text(flexible)?
            } else {
                Text::default()
            },
            issue_timestamp: reader.i64()?,
            expiry_timestamp: reader.i64()?,
            max_timestamp: reader.i64()?,
            token_id: reader.text(flexible)?,
            hmac: reader.bytes(flexible)?,
            renewers: reader
                .array(flexible, 3, |reader| DescribedDelegationTokenRenewer::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.text(flexible, &self.principal_type)?;
        writer.text(flexible, &self.principal_name)?;
        if version >= 3 {
            writer.text(flexible, &self.token_requester_principal_type)?;
        } else if !self.token_requester_principal_type.is_empty() {
            return Err(EncodeError::Field { field: "token_requester_principal_type", version });
        }
        if version >= 3 {
            writer.text(flexible, &self.token_requester_principal_name)?;
        } else if !self.token_requester_principal_name.is_empty() {
            return Err(EncodeError::Field { field: "token_requester_principal_name", version });
        }
        writer.i64(self.issue_timestamp);
        writer.i64(self.expiry_timestamp);
        writer.i64(self.max_timestamp);
        writer.text(flexible, &self.token_id)?;
        writer.bytes(flexible, &self.hmac)?;
        writer.array(flexible, self.renewers.len())?;
        for element in &self.renewers {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedDelegationTokenRenewer {
    pub principal_type: Text,
    pub principal_name: Text,
}

impl DescribedDelegationTokenRenewer {
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
