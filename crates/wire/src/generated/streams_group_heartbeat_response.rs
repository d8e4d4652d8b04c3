//! `StreamsGroupHeartbeatResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/streams_group_heartbeat.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::StreamsGroupHeartbeat;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 1;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;

#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupHeartbeatResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub member_id: Text,
    pub member_epoch: i32,
    pub heartbeat_interval_ms: i32,
    pub acceptable_recovery_lag_legacy: i32,
    pub task_offset_interval_ms: i32,
    pub acceptable_recovery_lag: i64,
    pub status: Option<Vec<Status>>,
    pub active_tasks: Option<Vec<TaskIds>>,
    pub standby_tasks: Option<Vec<TaskIds>>,
    pub warmup_tasks: Option<Vec<TaskIds>>,
    pub topology_description_required: bool,
    pub endpoint_information_epoch: i32,
    pub partitions_by_user_endpoint: Option<Vec<EndpointToPartitions>>,
}

impl Default for StreamsGroupHeartbeatResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: None,
            member_id: Text::default(),
            member_epoch: 0,
            heartbeat_interval_ms: 0,
            acceptable_recovery_lag_legacy: 0,
            task_offset_interval_ms: 0,
            acceptable_recovery_lag: -1,
            status: None,
            active_tasks: None,
            standby_tasks: None,
            warmup_tasks: None,
            topology_description_required: false,
            endpoint_information_epoch: 0,
            partitions_by_user_endpoint: None,
        }
    }
}

impl StreamsGroupHeartbeatResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=1).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_text(true)?,
            member_id: reader.text(true)?,
            member_epoch: reader.i32()?,
            heartbeat_interval_ms: reader.i32()?,
            acceptable_recovery_lag_legacy: if version <= 0 { reader.i32()? } else { 0 },
            task_offset_interval_ms: reader.i32()?,
            acceptable_recovery_lag: if version >= 1 { reader.i64()? } else { -1 },
            status: reader.nullable_array(true, 3, |reader| Status::decode(reader, version))?,
            active_tasks: reader.nullable_array(true, 3, |reader| TaskIds::decode(reader, version))?,
            standby_tasks: reader.nullable_array(true, 3, |reader| TaskIds::decode(reader, version))?,
            warmup_tasks: reader.nullable_array(true, 3, |reader| TaskIds::decode(reader, version))?,
            topology_description_required: if version >= 1 { reader.bool()? } else { false },
            endpoint_information_epoch: reader.i32()?,
            partitions_by_user_endpoint: reader
                .nullable_array(true, 7, |reader| EndpointToPartitions::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_text(true, self.error_message.as_ref())?;
        writer.text(true, &self.member_id)?;
        writer.i32(self.member_epoch);
        writer.i32(self.heartbeat_interval_ms);
        if version <= 0 {
            writer.i32(self.acceptable_recovery_lag_legacy);
        } else if self.acceptable_recovery_lag_legacy != 0 {
            return Err(EncodeError::Field { field: "acceptable_recovery_lag_legacy", version });
        }
        writer.i32(self.task_offset_interval_ms);
        if version >= 1 {
            writer.i64(self.acceptable_recovery_lag);
        }
        match &self.status {
            Some(elements) => {
                writer.array(true, elements.len())?;
                for element in elements {
                    element.encode(writer, version)?;
                }
            }
            None => writer.null_array(true),
        }
        match &self.active_tasks {
            Some(elements) => {
                writer.array(true, elements.len())?;
                for element in elements {
                    element.encode(writer, version)?;
                }
            }
            None => writer.null_array(true),
        }
        match &self.standby_tasks {
            Some(elements) => {
                writer.array(true, elements.len())?;
                for element in elements {
                    element.encode(writer, version)?;
                }
            }
            None => writer.null_array(true),
        }
        match &self.warmup_tasks {
            Some(elements) => {
                writer.array(true, elements.len())?;
                for element in elements {
                    element.encode(writer, version)?;
                }
            }
            None => writer.null_array(true),
        }
        if version >= 1 {
            writer.bool(self.topology_description_required);
        } else if self.topology_description_required {
            return Err(EncodeError::Field { field: "topology_description_required", version });
        }
        writer.i32(self.endpoint_information_epoch);
        match &self.partitions_by_user_endpoint {
            Some(elements) => {
                writer.array(true, elements.len())?;
                for element in elements {
                    element.encode(writer, version)?;
                }
            }
            None => writer.null_array(true),
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointToPartitions {
    pub user_endpoint: Endpoint,
    pub active_partitions: Vec<TopicPartition>,
    pub standby_partitions: Vec<TopicPartition>,
}

impl EndpointToPartitions {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            user_endpoint: Endpoint::decode(reader, version)?,
            active_partitions: reader.array(true, 3, |reader| TopicPartition::decode(reader, version))?,
            standby_partitions: reader.array(true, 3, |reader| TopicPartition::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        self.user_endpoint.encode(writer, version)?;
        writer.array(true, self.active_partitions.len())?;
        for element in &self.active_partitions {
            element.encode(writer, version)?;
        }
        writer.array(true, self.standby_partitions.len())?;
        for element in &self.standby_partitions {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    pub status_code: i8,
    pub status_detail: Text,
}

impl Status {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { status_code: reader.i8()?, status_detail: reader.text(true)? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i8(self.status_code);
        writer.text(true, &self.status_detail)?;
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartition {
    pub topic: Text,
    pub partitions: Vec<i32>,
}

impl TopicPartition {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { topic: reader.text(true)?, partitions: reader.array(true, 4, Reader::i32)? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.topic)?;
        writer.array(true, self.partitions.len())?;
        for element in &self.partitions {
            writer.i32(*element);
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskIds {
    pub subtopology_id: Text,
    pub partitions: Vec<i32>,
}

impl TaskIds {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value =
            Self { subtopology_id: reader.text(true)?, partitions: reader.array(true, 4, Reader::i32)? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.subtopology_id)?;
        writer.array(true, self.partitions.len())?;
        for element in &self.partitions {
            writer.i32(*element);
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint {
    pub host: Text,
    pub port: u16,
}

impl Endpoint {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { host: reader.text(true)?, port: reader.u16()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.host)?;
        writer.u16(self.port);
        writer.unsigned_varint(0);
        Ok(())
    }
}
