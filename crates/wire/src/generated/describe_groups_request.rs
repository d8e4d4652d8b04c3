//! `DescribeGroupsRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_groups.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DescribeGroups;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 6;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 5;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeGroupsRequest {
    pub groups: Vec<Text>,
    pub include_authorized_operations: bool,
}

impl DescribeGroupsRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=6).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 5;
        let value = Self {
            groups: reader.array(flexible, 1, |reader| reader.text(flexible))?,
            include_authorized_operations: if version >= 3 { reader.bool()? } else { false },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 5;
        writer.array(flexible, self.groups.len())?;
        for element in &self.groups {
            writer.text(flexible, element)?;
        }
        if version >= 3 {
            writer.bool(self.include_authorized_operations);
        } else if self.include_authorized_operations {
            return Err(EncodeError::Field { field: "include_authorized_operations", version });
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
