//! `OffsetCommitValue`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/broker/schema/offsets_topic.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 4;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 4;

#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitValue {
    pub offset: i64,
    pub leader_epoch: i32,
    pub metadata: Text,
    pub commit_timestamp: i64,
    pub expire_timestamp: i64,
    pub topic_id: Uuid,
}

impl Default for OffsetCommitValue {
    fn default() -> Self {
        Self {
            offset: 0,
            leader_epoch: -1,
            metadata: Text::default(),
            commit_timestamp: 0,
            expire_timestamp: -1,
            topic_id: Uuid::nil(),
        }
    }
}

impl OffsetCommitValue {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=4).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 4;
        let mut value = Self {
            offset: reader.i64()?,
            leader_epoch: if version >= 3 { reader.i32()? } else { -1 },
            metadata: reader.text(flexible)?,
            commit_timestamp: reader.i64()?,
            expire_timestamp: if version == 1 { reader.i64()? } else { -1 },
            topic_id: Uuid::nil(),
        };
        if flexible {
            reader.tagged_fields(|reader, tag| {
                match tag {
                    0 => value.topic_id = reader.uuid()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        writer.i64(self.offset);
        if version >= 3 {
            writer.i32(self.leader_epoch);
        }
        writer.text(flexible, &self.metadata)?;
        writer.i64(self.commit_timestamp);
        if version == 1 {
            writer.i64(self.expire_timestamp);
        }
        if flexible {
            let with_topic_id = !self.topic_id.is_nil();
            writer.unsigned_varint(u32::from(with_topic_id));
            if with_topic_id {
                let mark = writer.begin_tag(0);
                writer.uuid(self.topic_id);
                writer.end_tag(mark);
            }
        }
        Ok(())
    }
}
