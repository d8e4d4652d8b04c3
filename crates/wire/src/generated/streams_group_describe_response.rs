//! `StreamsGroupDescribeResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/streams_group_describe.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::StreamsGroupDescribe;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 1;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupDescribeResponse {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
}

impl StreamsGroupDescribeResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=1).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            throttle_time_ms: reader.i32()?,
            groups: reader.array(true, 20, |reader| DescribedGroup::decode(reader, version))?,
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
        writer.array(true, self.groups.len())?;
        for element in &self.groups {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup {
    pub error_code: i16,
    pub error_message: Option<Text>,
    pub group_id: Text,
    pub group_state: Text,
    pub group_epoch: i32,
    pub assignment_epoch: i32,
    pub topology: Option<Topology>,
    pub members: Vec<Member>,
    pub authorized_operations: i32,
    pub topology_description: Option<TopologyDescription>,
    pub topology_description_status: i8,
    pub assignor_name: Option<Text>,
}

impl Default for DescribedGroup {
    fn default() -> Self {
        Self {
            error_code: 0,
            error_message: None,
            group_id: Text::default(),
            group_state: Text::default(),
            group_epoch: 0,
            assignment_epoch: 0,
            topology: None,
            members: Vec::new(),
            authorized_operations: i32::MIN,
            topology_description: None,
            topology_description_status: 0,
            assignor_name: None,
        }
    }
}

impl DescribedGroup {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            error_code: reader.i16()?,
            error_message: reader.nullable_text(true)?,
            group_id: reader.text(true)?,
            group_state: reader.text(true)?,
            group_epoch: reader.i32()?,
            assignment_epoch: reader.i32()?,
            topology: if reader.present()? { Some(Topology::decode(reader, version)?) } else { None },
            members: reader.array(true, 28, |reader| Member::decode(reader, version))?,
            authorized_operations: reader.i32()?,
            topology_description: if version >= 1 {
                if reader.present()? { Some(TopologyDescription::decode(reader, version)?) } else { None }
            } else {
                None
            },
            topology_description_status: if version >= 1 { reader.i8()? } else { 0 },
            assignor_name: if version >= 1 { reader.nullable_text(true)? } else { None },
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i16(self.error_code);
        writer.nullable_text(true, self.error_message.as_ref())?;
        writer.text(true, &self.group_id)?;
        writer.text(true, &self.group_state)?;
        writer.i32(self.group_epoch);
        writer.i32(self.assignment_epoch);
        writer.present(self.topology.is_some());
        if let Some(value) = &self.topology {
            value.encode(writer, version)?;
        }
        writer.array(true, self.members.len())?;
        for element in &self.members {
            element.encode(writer, version)?;
        }
        writer.i32(self.authorized_operations);
        if version >= 1 {
            writer.present(self.topology_description.is_some());
            if let Some(value) = &self.topology_description {
                value.encode(writer, version)?;
            }
        } else if self.topology_description.is_some() {
            return Err(EncodeError::Field { field: "topology_description", version });
        }
        if version >= 1 {
            writer.i8(self.topology_description_status);
        } else if self.topology_description_status != 0 {
            return Err(EncodeError::Field { field: "topology_description_status", version });
        }
        if version >= 1 {
            writer.nullable_text(true, self.assignor_name.as_ref())?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology {
    pub epoch: i32,
    pub subtopologies: Option<Vec<Subtopology>>,
}

impl Topology {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            epoch: reader.i32()?,
            subtopologies: reader.nullable_array(true, 6, |reader| Subtopology::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.epoch);
        match &self.subtopologies {
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
pub struct Subtopology {
    pub subtopology_id: Text,
    pub source_topics: Vec<Text>,
    pub repartition_sink_topics: Vec<Text>,
    pub state_changelog_topics: Vec<TopicInfo>,
    pub repartition_source_topics: Vec<TopicInfo>,
}

impl Subtopology {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            subtopology_id: reader.text(true)?,
            source_topics: reader.array(true, 1, |reader| reader.text(true))?,
            repartition_sink_topics: reader.array(true, 1, |reader| reader.text(true))?,
            state_changelog_topics: reader.array(true, 9, |reader| TopicInfo::decode(reader, version))?,
            repartition_source_topics: reader.array(true, 9, |reader| TopicInfo::decode(reader, version))?,
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
        writer.array(true, self.repartition_sink_topics.len())?;
        for element in &self.repartition_sink_topics {
            writer.text(true, element)?;
        }
        writer.array(true, self.state_changelog_topics.len())?;
        for element in &self.state_changelog_topics {
            element.encode(writer, version)?;
        }
        writer.array(true, self.repartition_source_topics.len())?;
        for element in &self.repartition_source_topics {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Member {
    pub member_id: Text,
    pub member_epoch: i32,
    pub instance_id: Option<Text>,
    pub rack_id: Option<Text>,
    pub client_id: Text,
    pub client_host: Text,
    pub topology_epoch: i32,
    pub process_id: Text,
    pub user_endpoint: Option<Endpoint>,
    pub client_tags: Vec<KeyValue>,
    pub task_offsets: Vec<TaskOffset>,
    pub task_end_offsets: Vec<TaskOffset>,
    pub assignment: Assignment,
    pub target_assignment: Assignment,
    pub is_classic: bool,
}

impl Member {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            member_id: reader.text(true)?,
            member_epoch: reader.i32()?,
            instance_id: reader.nullable_text(true)?,
            rack_id: reader.nullable_text(true)?,
            client_id: reader.text(true)?,
            client_host: reader.text(true)?,
            topology_epoch: reader.i32()?,
            process_id: reader.text(true)?,
            user_endpoint: if reader.present()? { Some(Endpoint::decode(reader, version)?) } else { None },
            client_tags: reader.array(true, 3, |reader| KeyValue::decode(reader, version))?,
            task_offsets: reader.array(true, 14, |reader| TaskOffset::decode(reader, version))?,
            task_end_offsets: reader.array(true, 14, |reader| TaskOffset::decode(reader, version))?,
            assignment: Assignment::decode(reader, version)?,
            target_assignment: Assignment::decode(reader, version)?,
            is_classic: reader.bool()?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.member_id)?;
        writer.i32(self.member_epoch);
        writer.nullable_text(true, self.instance_id.as_ref())?;
        writer.nullable_text(true, self.rack_id.as_ref())?;
        writer.text(true, &self.client_id)?;
        writer.text(true, &self.client_host)?;
        writer.i32(self.topology_epoch);
        writer.text(true, &self.process_id)?;
        writer.present(self.user_endpoint.is_some());
        if let Some(value) = &self.user_endpoint {
            value.encode(writer, version)?;
        }
        writer.array(true, self.client_tags.len())?;
        for element in &self.client_tags {
            element.encode(writer, version)?;
        }
        writer.array(true, self.task_offsets.len())?;
        for element in &self.task_offsets {
            element.encode(writer, version)?;
        }
        writer.array(true, self.task_end_offsets.len())?;
        for element in &self.task_end_offsets {
            element.encode(writer, version)?;
        }
        self.assignment.encode(writer, version)?;
        self.target_assignment.encode(writer, version)?;
        writer.bool(self.is_classic);
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
pub struct Assignment {
    pub active_tasks: Vec<TaskIds>,
    pub standby_tasks: Vec<TaskIds>,
    pub warmup_tasks: Vec<TaskIds>,
}

impl Assignment {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            active_tasks: reader.array(true, 3, |reader| TaskIds::decode(reader, version))?,
            standby_tasks: reader.array(true, 3, |reader| TaskIds::decode(reader, version))?,
            warmup_tasks: reader.array(true, 3, |reader| TaskIds::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.array(true, self.active_tasks.len())?;
        for element in &self.active_tasks {
            element.encode(writer, version)?;
        }
        writer.array(true, self.standby_tasks.len())?;
        for element in &self.standby_tasks {
            element.encode(writer, version)?;
        }
        writer.array(true, self.warmup_tasks.len())?;
        for element in &self.warmup_tasks {
            element.encode(writer, version)?;
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
pub struct TopologyDescription {
    pub subtopologies: Vec<TopologyDescriptionSubtopology>,
    pub global_stores: Vec<TopologyDescriptionGlobalStore>,
}

impl TopologyDescription {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            subtopologies: reader
                .array(true, 3, |reader| TopologyDescriptionSubtopology::decode(reader, version))?,
            global_stores: reader
                .array(true, 15, |reader| TopologyDescriptionGlobalStore::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.array(true, self.subtopologies.len())?;
        for element in &self.subtopologies {
            element.encode(writer, version)?;
        }
        writer.array(true, self.global_stores.len())?;
        for element in &self.global_stores {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopologyDescriptionSubtopology {
    pub subtopology_id: Text,
    pub nodes: Vec<TopologyDescriptionNode>,
}

impl TopologyDescriptionSubtopology {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            subtopology_id: reader.text(true)?,
            nodes: reader.array(true, 7, |reader| TopologyDescriptionNode::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.subtopology_id)?;
        writer.array(true, self.nodes.len())?;
        for element in &self.nodes {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopologyDescriptionNode {
    pub name: Text,
    pub node_type: i8,
    pub source_topics: Vec<Text>,
    pub sink_topic: Option<Text>,
    pub stores: Vec<Text>,
    pub successors: Vec<Text>,
}

impl TopologyDescriptionNode {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self {
            name: reader.text(true)?,
            node_type: reader.i8()?,
            source_topics: reader.array(true, 1, |reader| reader.text(true))?,
            sink_topic: reader.nullable_text(true)?,
            stores: reader.array(true, 1, |reader| reader.text(true))?,
            successors: reader.array(true, 1, |reader| reader.text(true))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.name)?;
        writer.i8(self.node_type);
        writer.array(true, self.source_topics.len())?;
        for element in &self.source_topics {
            writer.text(true, element)?;
        }
        writer.nullable_text(true, self.sink_topic.as_ref())?;
        writer.array(true, self.stores.len())?;
        for element in &self.stores {
            writer.text(true, element)?;
        }
        writer.array(true, self.successors.len())?;
        for element in &self.successors {
            writer.text(true, element)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopologyDescriptionGlobalStore {
    pub source: TopologyDescriptionNode,
    pub processor: TopologyDescriptionNode,
}

impl TopologyDescriptionGlobalStore {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            source: TopologyDescriptionNode::decode(reader, version)?,
            processor: TopologyDescriptionNode::decode(reader, version)?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        self.source.encode(writer, version)?;
        self.processor.encode(writer, version)?;
        writer.unsigned_varint(0);
        Ok(())
    }
}
