//! `ShareGroupHeartbeatRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/share_group_heartbeat.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::ShareGroupHeartbeat;
/// The first version.
pub const MIN_VERSION: i16 = 1;
/// The last version.
pub const MAX_VERSION: i16 = 1;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 1;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupHeartbeatRequest {
    pub group_id: Text,
    pub member_id: Text,
    pub member_epoch: i32,
    pub rack_id: Option<Text>,
    pub subscribed_topic_names: Option<Vec<Text>>,
}

impl ShareGroupHeartbeatRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=1).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            group_id: reader.text(true)?,
            member_id: reader.text(true)?,
            member_epoch: reader.i32()?,
            rack_id: reader.nullable_text(true)?,
            subscribed_topic_names: reader.nullable_array(true, 1, |reader| reader.text(true))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.text(true, &self.group_id)?;
        writer.text(true, &self.member_id)?;
        writer.i32(self.member_epoch);
        writer.nullable_text(true, self.rack_id.as_ref())?;
        match &self.subscribed_topic_names {
            Some(elements) => {
                writer.array(true, elements.len())?;
                for element in elements {
                    writer.text(true, element)?;
                }
            }
            None => writer.null_array(true),
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}
