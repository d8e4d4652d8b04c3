//! `StreamsGroupHeartbeatRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/streams_group_heartbeat.txt`, never by hand.

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
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupHeartbeatRequest {
    pub group_id: Text,
    pub member_id: Text,
    pub member_epoch: i32,
    pub endpoint_information_epoch: i32,
    pub instance_id: Option<Text>,
    pub rack_id: Option<Text>,
    pub rebalance_timeout_ms: i32,
    pub topology: Option<Topology>,
    pub active_tasks: Option<Vec<TaskIds>>,
    pub standby_tasks: Option<Vec<TaskIds>>,
    pub warmup_tasks: Option<Vec<TaskIds>>,
    pub process_id: Option<Text>,
    pub user_endpoint: Option<Endpoint>,
    pub client_tags: Option<Vec<KeyValue>>,
    pub task_offsets: Option<Vec<TaskOffset>>,
    pub task_end_offsets: Option<Vec<TaskOffset>>,
    pub shutdown_application: bool,
}

impl Default for StreamsGroupHeartbeatRequest {
    fn default() -> Self {
        Self {
            group_id: Text::default(),
            member_id: Text::default(),
            member_epoch: 0,
            endpoint_information_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            topology: None,
            active_tasks: None,
            standby_tasks: None,
            warmup_tasks: None,
            process_id: None,
            user_endpoint: None,
            client_tags: None,
            task_offsets: None,
            task_end_offsets: None,
            shutdown_application: false,
        }
    }
}

impl StreamsGroupHeartbeatRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=1).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            group_id: reader.text(true)?,
            member_id: reader.text(true)?,
            member_epoch: reader.i32()?,
            endpoint_information_epoch: reader.i32()?,
            instance_id: reader.nullable_text(true)?,
            rack_id: reader.nullable_text(true)?,
            rebalance_timeout_ms: reader.i32()?,
            topology: if reader.present()? { Some(Topology::decode(reader, version)?) } else { None },
            active_tasks: reader.nullable_array(true, 3, |reader| TaskIds::decode(reader, version))?,
            standby_tasks: reader.nullable_array(true, 3, |reader| TaskIds::decode(reader, version))?,
            warmup_tasks: reader.nullable_array(true, 3, |reader| TaskIds::decode(reader, version))?,
            process_id: reader.nullable_text(true)?,
            user_endpoint: if reader.present()? { Some(Endpoint::decode(reader, version)?) } else { None },
            client_tags: reader.nullable_array(true, 3, |reader| KeyValue::decode(reader, version))?,
            task_offsets: reader.nullable_array(true, 14, |reader| TaskOffset::decode(reader, version))?,
            task_end_offsets: reader
                .nullable_array(true, 14, |reader| TaskOffset::decode(reader, version))?,
            shutdown_application: reader.bool()?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.text(true, &self.group_id)?;
        writer.text(true, &self.member_id)?;
        writer.i32(self.member_epoch);
        writer.i32(self.endpoint_information_epoch);
        writer.nullable_text(true, self.instance_id.as_ref())?;
        writer.nullable_text(true, self.rack_id.as_ref())?;
        writer.i32(self.rebalance_timeout_ms);
        writer.present(self.topology.is_some());
        if let Some(value) = &self.topology {
            value.encode(writer, version)?;
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
        writer.nullable_text(true, self.process_id.as_ref())?;
        writer.present(self.user_endpoint.is_some());
        if let Some(value) = &self.user_endpoint {
            value.encode(writer, version)?;
        }
        match &self.client_tags {
            Some(elements) => {
                writer.array(true, elements.len())?;
                for element in elements {
                    element.encode(writer, version)?;
                }
            }
            None => writer.null_array(true),
        }
        match &self.task_offsets {
            Some(elements) => {
                writer.array(true, elements.len())?;
                for element in elements {
                    element.encode(writer, version)?;
                }
            }
            None => writer.null_array(true),
        }
        match &self.task_end_offsets {
            Some(elements) => {
                writer.array(true, elements.len())?;
                for element in elements {
                    element.encode(writer, version)?;
                }
            }
            None => writer.null_array(true),
        }
        writer.bool(self.shutdown_application);
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology {
    pub epoch: i32,
    pub subtopologies: Vec<Subtopology>,
}

impl Topology {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            epoch: reader.i32()?,
            subtopologies: reader.array(true, 8, |reader| Subtopology::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.epoch);
        writer.array(true, self.subtopologies.len())?;
        for element in &self.subtopologies {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subtopology {
    pub subtopology_id: Text,
    pub source_topics: Vec<Text>,
    pub source_topic_regex: Vec<Text>,
    pub state_changelog_topics: Vec<TopicInfo>,
    pub repartition_sink_topics: Vec<Text>,
    pub repartition_source_topics: Vec<TopicInfo>,
    pub copartition_groups: Vec<CopartitionGroup>,
}

impl Subtopology {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            subtopology_id: reader.text(true)?,
            source_topics: reader.array(true, 1, |reader| reader.text(true))?,
            source_topic_regex: reader.array(true, 1, |reader| reader.text(true))?,
            state_changelog_topics: reader.array(true, 9, |reader| TopicInfo::decode(reader, version))?,
            repartition_sink_topics: reader.array(true, 1, |reader| reader.text(true))?,
            repartition_source_topics: reader.array(true, 9, |reader| TopicInfo::decode(reader, version))?,
            copartition_groups: reader.array(true, 4, |reader| CopartitionGroup::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.subtopology_id)?;
        writer.array(true, self.source_topics.len())?;
        for element in &self.source_topics {
            writer.text(true, element)?;
        }
        writer.array(true, self.source_topic_regex.len())?;
        for element in &self.source_topic_regex {
            writer.text(true, element)?;
        }
        writer.array(true, self.state_changelog_topics.len())?;
        for element in &self.state_changelog_topics {
            element.encode(writer, version)?;
        }
        writer.array(true, self.repartition_sink_topics.len())?;
        for element in &self.repartition_sink_topics {
            writer.text(true, element)?;
        }
        writer.array(true, self.repartition_source_topics.len())?;
        for element in &self.repartition_source_topics {
            element.encode(writer, version)?;
        }
        writer.array(true, self.copartition_groups.len())?;
        for element in &self.copartition_groups {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CopartitionGroup {
    pub source_topics: Vec<i16>,
    pub source_topic_regex: Vec<i16>,
    pub repartition_source_topics: Vec<i16>,
}

impl CopartitionGroup {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self {
            source_topics: reader.array(true, 2, Reader::i16)?,
            source_topic_regex: reader.array(true, 2, Reader::i16)?,
            repartition_source_topics: reader.array(true, 2, Reader::i16)?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.array(true, self.source_topics.len())?;
        for element in &self.source_topics {
            writer.i16(*element);
        }
        writer.array(true, self.source_topic_regex.len())?;
        for element in &self.source_topic_regex {
            writer.i16(*element);
        }
        writer.array(true, self.repartition_source_topics.len())?;
        for element in &self.repartition_source_topics {
            writer.i16(*element);
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyValue {
    pub key: Text,
    pub value: Text,
}

impl KeyValue {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { key: reader.text(true)?, value: reader.text(true)? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.key)?;
        writer.text(true, &self.value)?;
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicInfo {
    pub name: Text,
    pub partitions: i32,
    pub replication_factor: i16,
    pub topic_configs: Vec<KeyValue>,
}

impl TopicInfo {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            name: reader.text(true)?,
            partitions: reader.i32()?,
            replication_factor: reader.i16()?,
            topic_configs: reader.array(true, 3, |reader| KeyValue::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.name)?;
        writer.i32(self.partitions);
        writer.i16(self.replication_factor);
        writer.array(true, self.topic_configs.len())?;
        for element in &self.topic_configs {
            element.encode(writer, version)?;
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

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskOffset {
    pub subtopology_id: Text,
    pub partition: i32,
    pub offset: i64,
}

impl TaskOffset {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value =
            Self { subtopology_id: reader.text(true)?, partition: reader.i32()?, offset: reader.i64()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.subtopology_id)?;
        writer.i32(self.partition);
        writer.i64(self.offset);
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
