//! `ShareFetchResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/share_fetch.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};
use thalweg_model::{Region, Uuid};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::ShareFetch;
/// The first version.
pub const MIN_VERSION: i16 = 1;
/// The last version.
pub const MAX_VERSION: i16 = 2;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 1;

#[derive(Clone, Debug, Default)]
pub struct ShareFetchResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareFetchableTopicResponse>,
    pub node_endpoints: Vec<NodeEndpoint>,
}

impl ShareFetchResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_text(true)?,
            acquisition_lock_timeout_ms: reader.i32()?,
            responses: reader
                .array(true, 18, |reader| ShareFetchableTopicResponse::decode(reader, version))?,
            node_endpoints: reader.array(true, 11, |reader| NodeEndpoint::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_text(true, self.error_message.as_ref())?;
        writer.i32(self.acquisition_lock_timeout_ms);
        writer.array(true, self.responses.len())?;
        for element in &self.responses {
            element.encode(writer, version)?;
        }
        writer.array(true, self.node_endpoints.len())?;
        for element in &self.node_endpoints {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default)]
pub struct ShareFetchableTopicResponse {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

impl ShareFetchableTopicResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 22, |reader| PartitionData::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.array(true, self.partitions.len())?;
        for element in &self.partitions {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default)]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub acknowledge_error_code: i16,
    pub acknowledge_error_message: Option<Text>,
    pub current_leader: LeaderIdAndEpoch,
    pub records: Vec<Region>,
    pub acquired_records: Vec<AcquiredRecords>,
}

impl PartitionData {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_text(true)?,
            acknowledge_error_code: reader.i16()?,
            acknowledge_error_message: reader.nullable_text(true)?,
            current_leader: LeaderIdAndEpoch::decode(reader, version)?,
            records: reader.regions(true)?,
            acquired_records: reader.array(true, 19, |reader| AcquiredRecords::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        writer.nullable_text(true, self.error_message.as_ref())?;
        writer.i16(self.acknowledge_error_code);
        writer.nullable_text(true, self.acknowledge_error_message.as_ref())?;
        self.current_leader.encode(writer, version)?;
        writer.regions(true, &self.records)?;
        writer.array(true, self.acquired_records.len())?;
        for element in &self.acquired_records {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

impl LeaderIdAndEpoch {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { leader_id: reader.i32()?, leader_epoch: reader.i32()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcquiredRecords {
    pub first_offset: i64,
    pub last_offset: i64,
    pub delivery_count: i16,
}

impl AcquiredRecords {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value =
            Self { first_offset: reader.i64()?, last_offset: reader.i64()?, delivery_count: reader.i16()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i64(self.first_offset);
        writer.i64(self.last_offset);
        writer.i16(self.delivery_count);
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: Text,
    pub port: i32,
    pub rack: Option<Text>,
}

impl NodeEndpoint {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self {
            node_id: reader.i32()?,
            host: reader.text(true)?,
            port: reader.i32()?,
            rack: reader.nullable_text(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.node_id);
        writer.text(true, &self.host)?;
        writer.i32(self.port);
        writer.nullable_text(true, self.rack.as_ref())?;
        writer.unsigned_varint(0);
        Ok(())
    }
}
