//! `DescribeClusterResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_cluster.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DescribeCluster;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 2;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClusterResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub endpoint_type: i8,
    pub cluster_id: Text,
    pub controller_id: i32,
    pub brokers: Vec<DescribeClusterBroker>,
    pub cluster_authorized_operations: i32,
}

impl Default for DescribeClusterResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: None,
            endpoint_type: 1,
            cluster_id: Text::default(),
            controller_id: -1,
            brokers: Vec::new(),
            cluster_authorized_operations: i32::MIN,
        }
    }
}

impl DescribeClusterResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_text(true)?,
            endpoint_type: if version >= 1 { reader.i8()? } else { 1 },
            cluster_id: reader.text(true)?,
            controller_id: reader.i32()?,
            brokers: reader.array(true, 11, |reader| DescribeClusterBroker::decode(reader, version))?,
            cluster_authorized_operations: reader.i32()?,
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
        if version >= 1 {
            writer.i8(self.endpoint_type);
        } else if self.endpoint_type != 1 {
            return Err(EncodeError::Field { field: "endpoint_type", version });
        }
        writer.text(true, &self.cluster_id)?;
        writer.i32(self.controller_id);
        writer.array(true, self.brokers.len())?;
        for element in &self.brokers {
            element.encode(writer, version)?;
        }
        writer.i32(self.cluster_authorized_operations);
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeClusterBroker {
    pub broker_id: i32,
    pub host: Text,
    pub port: i32,
    pub rack: Option<Text>,
    pub is_fenced: bool,
}

impl DescribeClusterBroker {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            broker_id: reader.i32()?,
            host: reader.text(true)?,
            port: reader.i32()?,
            rack: reader.nullable_text(true)?,
            is_fenced: if version >= 2 { reader.bool()? } else { false },
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.broker_id);
        writer.text(true, &self.host)?;
        writer.i32(self.port);
        writer.nullable_text(true, self.rack.as_ref())?;
        if version >= 2 {
            writer.bool(self.is_fenced);
        } else if self.is_fenced {
            return Err(EncodeError::Field { field: "is_fenced", version });
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}
