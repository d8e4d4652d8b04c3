//! `DescribeClusterRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_cluster.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DescribeCluster;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 2;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClusterRequest {
    pub include_cluster_authorized_operations: bool,
    pub endpoint_type: i8,
    pub include_fenced_brokers: bool,
}

impl Default for DescribeClusterRequest {
    fn default() -> Self {
        Self { include_cluster_authorized_operations: false, endpoint_type: 1, include_fenced_brokers: false }
    }
}

impl DescribeClusterRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            include_cluster_authorized_operations: reader.bool()?,
            endpoint_type: if version >= 1 { reader.i8()? } else { 1 },
            include_fenced_brokers: if version >= 2 { reader.bool()? } else { false },
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.bool(self.include_cluster_authorized_operations);
        if version >= 1 {
            writer.i8(self.endpoint_type);
        } else if self.endpoint_type != 1 {
            return Err(EncodeError::Field { field: "endpoint_type", version });
        }
        if version >= 2 {
            writer.bool(self.include_fenced_brokers);
        } else if self.include_fenced_brokers {
            return Err(EncodeError::Field { field: "include_fenced_brokers", version });
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}
