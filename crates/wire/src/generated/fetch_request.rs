//! `FetchRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/fetch.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::Fetch;
/// The first version.
pub const MIN_VERSION: i16 = 4;
/// The last version.
pub const MAX_VERSION: i16 = 18;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 12;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct FetchRequest {
    pub cluster_id: Option<Text>,
    pub replica_id: i32,
    pub replica_state: ReplicaState,
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    pub max_bytes: i32,
    pub isolation_level: i8,
    pub session_id: i32,
    pub session_epoch: i32,
    pub topics: Vec<FetchTopic>,
    pub forgotten_topics_data: Vec<ForgottenTopic>,
    pub rack_id: Text,
}

impl Default for FetchRequest {
    fn default() -> Self {
        Self {
            cluster_id: None,
            replica_id: -1,
            replica_state: ReplicaState::default(),
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: i32::MAX,
            isolation_level: 0,
            session_id: 0,
            session_epoch: -1,
            topics: Vec::new(),
            forgotten_topics_data: Vec::new(),
            rack_id: Text::default(),
        }
    }
}

impl FetchRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(4..=18).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 12;
        let mut value = Self {
            replica_id: if version <= 14 { reader.i32()? } else { -1 },
            max_wait_ms: reader.i32()?,
            min_bytes: reader.i32()?,
            max_bytes: reader.i32()?,
            isolation_level: reader.i8()?,
            session_id: if version >= 7 { reader.i32()? } else { 0 },
            session_epoch: if version >= 7 { reader.i32()? } else { -1 },
            topics: reader.array(flexible, 3, |reader| FetchTopic::decode(reader, version))?,
            forgotten_topics_data: if version >= 7 {
                reader.array(flexible, 3, |reader| ForgottenTopic::decode(reader, version))?
            } else {
                Vec::new()
            },
            rack_id: if version >= 11 { reader.text(flexible)? } else { Text::default() },
            cluster_id: None,
            replica_state: ReplicaState::default(),
        };
        if flexible {
            reader.tagged_fields(|reader, tag| {
                match tag {
                    0 => value.cluster_id = reader.nullable_text(true)?,
                    1 if version >= 15 => value.replica_state = ReplicaState::decode(reader, version)?,
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
        if version <= 14 {
            writer.i32(self.replica_id);
        } else if self.replica_id != -1 {
            return Err(EncodeError::Field { field: "replica_id", version });
        }
        writer.i32(self.max_wait_ms);
        writer.i32(self.min_bytes);
        writer.i32(self.max_bytes);
        writer.i8(self.isolation_level);
        if version >= 7 {
            writer.i32(self.session_id);
        }
        if version >= 7 {
            writer.i32(self.session_epoch);
        }
        writer.array(flexible, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        if version >= 7 {
            writer.array(flexible, self.forgotten_topics_data.len())?;
            for element in &self.forgotten_topics_data {
                element.encode(writer, version)?;
            }
        } else if !self.forgotten_topics_data.is_empty() {
            return Err(EncodeError::Field { field: "forgotten_topics_data", version });
        }
        if version >= 11 {
            writer.text(flexible, &self.rack_id)?;
        }
        if version < 15 && self.replica_state != ReplicaState::default() {
            return Err(EncodeError::Field { field: "replica_state", version });
        }
        if flexible {
            let with_cluster_id = self.cluster_id.is_some();
            let with_replica_state = version >= 15 && self.replica_state != ReplicaState::default();
            writer.unsigned_varint(u32::from(with_cluster_id) + u32::from(with_replica_state));
            if with_cluster_id {
                let mark = writer.begin_tag(0);
                writer.nullable_text(true, self.cluster_id.as_ref())?;
                writer.end_tag(mark);
            }
            if with_replica_state {
                let mark = writer.begin_tag(1);
                self.replica_state.encode(writer, version)?;
                writer.end_tag(mark);
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaState {
    pub replica_id: i32,
    pub replica_epoch: i64,
}

impl Default for ReplicaState {
    fn default() -> Self {
        Self { replica_id: -1, replica_epoch: -1 }
    }
}

impl ReplicaState {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { replica_id: reader.i32()?, replica_epoch: reader.i64()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.replica_id);
        writer.i64(self.replica_epoch);
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchTopic {
    pub topic: Text,
    pub topic_id: Uuid,
    pub partitions: Vec<FetchPartition>,
}

impl FetchTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 12;
        let value = Self {
            topic: if version <= 12 { reader.text(flexible)? } else { Text::default() },
            topic_id: if version >= 13 { reader.uuid()? } else { Uuid::nil() },
            partitions: reader.array(flexible, 16, |reader| FetchPartition::decode(reader, version))?,
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

#[derive(Clone, Debug, PartialEq)]
pub struct FetchPartition {
    pub partition: i32,
    pub current_leader_epoch: i32,
    pub fetch_offset: i64,
    pub last_fetched_epoch: i32,
    pub log_start_offset: i64,
    pub partition_max_bytes: i32,
    pub replica_directory_id: Uuid,
    pub high_watermark: i64,
}

impl Default for FetchPartition {
    fn default() -> Self {
        Self {
            partition: 0,
            current_leader_epoch: -1,
            fetch_offset: 0,
            last_fetched_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes: 0,
            replica_directory_id: Uuid::nil(),
            high_watermark: i64::MAX,
        }
    }
}

impl FetchPartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 12;
        let mut value = Self {
            partition: reader.i32()?,
            current_leader_epoch: if version >= 9 { reader.i32()? } else { -1 },
            fetch_offset: reader.i64()?,
            last_fetched_epoch: if version >= 12 { reader.i32()? } else { -1 },
            log_start_offset: if version >= 5 { reader.i64()? } else { -1 },
            partition_max_bytes: reader.i32()?,
            replica_directory_id: Uuid::nil(),
            high_watermark: i64::MAX,
        };
        if flexible {
            reader.tagged_fields(|reader, tag| {
                match tag {
                    0 if version >= 17 => value.replica_directory_id = reader.uuid()?,
                    1 if version >= 18 => value.high_watermark = reader.i64()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        writer.i32(self.partition);
        if version >= 9 {
            writer.i32(self.current_leader_epoch);
        }
        writer.i64(self.fetch_offset);
        if version >= 12 {
            writer.i32(self.last_fetched_epoch);
        } else if self.last_fetched_epoch != -1 {
            return Err(EncodeError::Field { field: "last_fetched_epoch", version });
        }
        if version >= 5 {
            writer.i64(self.log_start_offset);
        }
        writer.i32(self.partition_max_bytes);
        if flexible {
            let with_replica_directory_id = version >= 17 && !self.replica_directory_id.is_nil();
            let with_high_watermark = version >= 18 && self.high_watermark != i64::MAX;
            writer.unsigned_varint(u32::from(with_replica_directory_id) + u32::from(with_high_watermark));
            if with_replica_directory_id {
                let mark = writer.begin_tag(0);
                writer.uuid(self.replica_directory_id);
                writer.end_tag(mark);
            }
            if with_high_watermark {
                let mark = writer.begin_tag(1);
                writer.i64(self.high_watermark);
                writer.end_tag(mark);
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForgottenTopic {
    pub topic: Text,
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

impl ForgottenTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 12;
        let value = Self {
            topic: if version <= 12 { reader.text(flexible)? } else { Text::default() },
            topic_id: if version >= 13 { reader.uuid()? } else { Uuid::nil() },
            partitions: reader.array(flexible, 4, Reader::i32)?,
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
            writer.i32(*element);
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
