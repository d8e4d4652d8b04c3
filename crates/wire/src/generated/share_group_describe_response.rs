//! `ShareGroupDescribeResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/share_group_describe.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::ShareGroupDescribe;
/// The first version.
pub const MIN_VERSION: i16 = 1;
/// The last version.
pub const MAX_VERSION: i16 = 1;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 1;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupDescribeResponse {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
}

impl ShareGroupDescribeResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=1).contains(&version) {
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
        if !(1..=1).contains(&version) {
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
    pub assignor_name: Text,
    pub members: Vec<Member>,
    pub authorized_operations: i32,
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
            assignor_name: Text::default(),
            members: Vec::new(),
            authorized_operations: i32::MIN,
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
            assignor_name: reader.text(true)?,
            members: reader.array(true, 12, |reader| Member::decode(reader, version))?,
            authorized_operations: reader.i32()?,
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
        writer.text(true, &self.assignor_name)?;
        writer.array(true, self.members.len())?;
        for element in &self.members {
            element.encode(writer, version)?;
        }
        writer.i32(self.authorized_operations);
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Member {
    pub member_id: Text,
    pub rack_id: Option<Text>,
    pub member_epoch: i32,
    pub client_id: Text,
    pub client_host: Text,
    pub subscribed_topic_names: Vec<Text>,
    pub assignment: Assignment,
}

impl Member {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            member_id: reader.text(true)?,
            rack_id: reader.nullable_text(true)?,
            member_epoch: reader.i32()?,
            client_id: reader.text(true)?,
            client_host: reader.text(true)?,
            subscribed_topic_names: reader.array(true, 1, |reader| reader.text(true))?,
            assignment: Assignment::decode(reader, version)?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.member_id)?;
        writer.nullable_text(true, self.rack_id.as_ref())?;
        writer.i32(self.member_epoch);
        writer.text(true, &self.client_id)?;
        writer.text(true, &self.client_host)?;
        writer.array(true, self.subscribed_topic_names.len())?;
        for element in &self.subscribed_topic_names {
            writer.text(true, element)?;
        }
        self.assignment.encode(writer, version)?;
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub topic_name: Text,
    pub partitions: Vec<i32>,
}

impl TopicPartitions {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self {
            topic_id: reader.uuid()?,
            topic_name: reader.text(true)?,
            partitions: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.text(true, &self.topic_name)?;
        writer.array(true, self.partitions.len())?;
        for element in &self.partitions {
            writer.i32(*element);
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment {
    pub topic_partitions: Vec<TopicPartitions>,
}

impl Assignment {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            topic_partitions: reader.array(true, 19, |reader| TopicPartitions::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.array(true, self.topic_partitions.len())?;
        for element in &self.topic_partitions {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}
