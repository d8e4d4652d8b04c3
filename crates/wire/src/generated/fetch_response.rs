//! `FetchResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/fetch.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};
use thalweg_model::{Region, Uuid};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::Fetch;
/// The first version.
pub const MIN_VERSION: i16 = 4;
/// The last version.
pub const MAX_VERSION: i16 = 18;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 12;

#[derive(Clone, Debug, Default)]
pub struct FetchResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub session_id: i32,
    pub responses: Vec<FetchableTopicResponse>,
    pub node_endpoints: Vec<NodeEndpoint>,
}

impl FetchResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(4..=18).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 12;
        let mut value = Self {
            throttle_time_ms: reader.i32()?,
            error_code: if version >= 7 { reader.i16()? } else { 0 },
            session_id: if version >= 7 { reader.i32()? } else { 0 },
            responses: reader.array(flexible, 3, |reader| FetchableTopicResponse::decode(reader, version))?,
            node_endpoints: Vec::new(),
        };
        if flexible {
            reader.tagged_fields(|reader, tag| {
                match tag {
                    0 if version >= 16 => {
                        value.node_endpoints =
                            reader.array(true, 11, |reader| NodeEndpoint::decode(reader, version))?
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(4..=18).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 12;
        writer.i32(self.throttle_time_ms);
        if version >= 7 {
            writer.i16(self.error_code);
        }
        if version >= 7 {
            writer.i32(self.session_id);
        } else if self.session_id != 0 {
            return Err(EncodeError::Field { field: "session_id", version });
        }
        writer.array(flexible, self.responses.len())?;
        for element in &self.responses {
            element.encode(writer, version)?;
        }
        if version < 16 && !self.node_endpoints.is_empty() {
            return Err(EncodeError::Field { field: "node_endpoints", version });
        }
        if flexible {
            let with_node_endpoints = version >= 16 && !self.node_endpoints.is_empty();
            writer.unsigned_varint(u32::from(with_node_endpoints));
            if with_node_endpoints {
                let mark = writer.begin_tag(0);
                writer.array(true, self.node_endpoints.len())?;
                for element in &self.node_endpoints {
                    element.encode(writer, version)?;
                }
                writer.end_tag(mark);
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default)]
pub struct FetchableTopicResponse {
    pub topic: Text,
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

impl FetchableTopicResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 12;
        let value = Self {
            topic: if version <= 12 { reader.text(flexible)? } else { Text::default() },
            topic_id: if version >= 13 { reader.uuid()? } else { Uuid::nil() },
            partitions: reader.array(flexible, 30, |reader| PartitionData::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version <= 12 {
            writer.text(flexible, &self.topic)?;
        }
        if version >= 13 {
            writer.uuid(self.topic_id);
        }
        writer.array(flexible, self.partitions.len())?;
        for element in &self.partitions {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: i16,
    pub high_watermark: i64,
    pub last_stable_offset: i64,
    pub log_start_offset: i64,
    pub diverging_epoch: EpochEndOffset,
    pub current_leader: LeaderIdAndEpoch,
    pub snapshot_id: SnapshotId,
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    pub preferred_read_replica: i32,
    pub records: Option<Vec<Region>>,
}

impl Default for PartitionData {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: 0,
            high_watermark: 0,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: EpochEndOffset::default(),
            current_leader: LeaderIdAndEpoch::default(),
            snapshot_id: SnapshotId::default(),
            aborted_transactions: None,
            preferred_read_replica: -1,
            records: None,
        }
    }
}

impl PartitionData {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 12;
        let mut value = Self {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            high_watermark: reader.i64()?,
            last_stable_offset: reader.i64()?,
            log_start_offset: if version >= 5 { reader.i64()? } else { -1 },
            aborted_transactions: reader
                .nullable_array(flexible, 16, |reader| AbortedTransaction::decode(reader, version))?,
            preferred_read_replica: if version >= 11 { reader.i32()? } else { -1 },
            records: reader.nullable_regions(flexible)?,
            diverging_epoch: EpochEndOffset::default(),
            current_leader: LeaderIdAndEpoch::default(),
            snapshot_id: SnapshotId::default(),
        };
        if flexible {
            reader.tagged_fields(|reader, tag| {
                match tag {
                    0 => value.diverging_epoch = EpochEndOffset::decode(reader, version)?,
                    1 => value.current_leader = LeaderIdAndEpoch::decode(reader, version)?,
                    2 => value.snapshot_id = SnapshotId::decode(reader, version)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        writer.i64(self.high_watermark);
        writer.i64(self.last_stable_offset);
        if version >= 5 {
            writer.i64(self.log_start_offset);
        }
        match &self.aborted_transactions {
            Some(elements) => {
                writer.array(flexible, elements.len())?;
                for element in elements {
                    element.encode(writer, version)?;
                }
            }
            None => writer.null_array(flexible),
        }
        if version >= 11 {
            writer.i32(self.preferred_read_replica);
        } else if self.preferred_read_replica != -1 {
            return Err(EncodeError::Field { field: "preferred_read_replica", version });
        }
        writer.nullable_regions(flexible, self.records.as_deref())?;
        if version < 12 && self.diverging_epoch != EpochEndOffset::default() {
            return Err(EncodeError::Field { field: "diverging_epoch", version });
        }
        if version < 12 && self.current_leader != LeaderIdAndEpoch::default() {
            return Err(EncodeError::Field { field: "current_leader", version });
        }
        if version < 12 && self.snapshot_id != SnapshotId::default() {
            return Err(EncodeError::Field { field: "snapshot_id", version });
        }
        if flexible {
            let with_diverging_epoch = self.diverging_epoch != EpochEndOffset::default();
            let with_current_leader = self.current_leader != LeaderIdAndEpoch::default();
            let with_snapshot_id = self.snapshot_id != SnapshotId::default();
            writer.unsigned_varint(
                u32::from(with_diverging_epoch)
                    + u32::from(with_current_leader)
                    + u32::from(with_snapshot_id),
            );
            if with_diverging_epoch {
                let mark = writer.begin_tag(0);
                self.diverging_epoch.encode(writer, version)?;
                writer.end_tag(mark);
            }
            if with_current_leader {
                let mark = writer.begin_tag(1);
                self.current_leader.encode(writer, version)?;
                writer.end_tag(mark);
            }
            if with_snapshot_id {
                let mark = writer.begin_tag(2);
                self.snapshot_id.encode(writer, version)?;
                writer.end_tag(mark);
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct EpochEndOffset {
    pub epoch: i32,
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        Self { epoch: -1, end_offset: -1 }
    }
}

impl EpochEndOffset {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { epoch: reader.i32()?, end_offset: reader.i64()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.epoch);
        writer.i64(self.end_offset);
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        Self { leader_id: -1, leader_epoch: -1 }
    }
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

#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotId {
    pub end_offset: i64,
    pub epoch: i32,
}

impl Default for SnapshotId {
    fn default() -> Self {
        Self { end_offset: -1, epoch: -1 }
    }
}

impl SnapshotId {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { end_offset: reader.i64()?, epoch: reader.i32()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i64(self.end_offset);
        writer.i32(self.epoch);
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AbortedTransaction {
    pub producer_id: i64,
    pub first_offset: i64,
}

impl AbortedTransaction {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 12;
        let value = Self { producer_id: reader.i64()?, first_offset: reader.i64()? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        writer.i64(self.producer_id);
        writer.i64(self.first_offset);
        if flexible {
            writer.unsigned_varint(0);
        }
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
