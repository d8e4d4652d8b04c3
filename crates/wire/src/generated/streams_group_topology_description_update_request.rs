//! `StreamsGroupTopologyDescriptionUpdateRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/streams_group_topology_description_update.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::StreamsGroupTopologyDescriptionUpdate;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 0;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTopologyDescriptionUpdateRequest {
    pub group_id: Text,
    pub member_id: Text,
    pub topology_epoch: i32,
    pub topology_description: TopologyDescription,
}

impl StreamsGroupTopologyDescriptionUpdateRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=0).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            group_id: reader.text(true)?,
            member_id: reader.text(true)?,
            topology_epoch: reader.i32()?,
            topology_description: TopologyDescription::decode(reader, version)?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.text(true, &self.group_id)?;
        writer.text(true, &self.member_id)?;
        writer.i32(self.topology_epoch);
        self.topology_description.encode(writer, version)?;
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
