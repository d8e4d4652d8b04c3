//! `ConsumerGroupDescribeRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/consumer_group_describe.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::ConsumerGroupDescribe;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 1;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupDescribeRequest {
    pub group_ids: Vec<Text>,
    pub include_authorized_operations: bool,
}

impl ConsumerGroupDescribeRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=1).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            group_ids: reader.array(true, 1, |reader| reader.text(true))?,
            include_authorized_operations: reader.bool()?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.array(true, self.group_ids.len())?;
        for element in &self.group_ids {
            writer.text(true, element)?;
        }
        writer.bool(self.include_authorized_operations);
        writer.unsigned_varint(0);
        Ok(())
    }
}
