//! `WriteTxnMarkersResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/write_txn_markers.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::WriteTxnMarkers;
/// The first version.
pub const MIN_VERSION: i16 = 1;
/// The last version.
pub const MAX_VERSION: i16 = 2;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 1;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteTxnMarkersResponse {
    pub markers: Vec<WritableTxnMarkerResult>,
}

impl WriteTxnMarkersResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            markers: reader.array(true, 10, |reader| WritableTxnMarkerResult::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.array(true, self.markers.len())?;
        for element in &self.markers {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerResult {
    pub producer_id: i64,
    pub topics: Vec<WritableTxnMarkerTopicResult>,
}

impl WritableTxnMarkerResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            producer_id: reader.i64()?,
            topics: reader.array(true, 3, |reader| WritableTxnMarkerTopicResult::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i64(self.producer_id);
        writer.array(true, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerTopicResult {
    pub name: Text,
    pub partitions: Vec<WritableTxnMarkerPartitionResult>,
}

impl WritableTxnMarkerTopicResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            name: reader.text(true)?,
            partitions: reader
                .array(true, 7, |reader| WritableTxnMarkerPartitionResult::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.name)?;
        writer.array(true, self.partitions.len())?;
        for element in &self.partitions {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerPartitionResult {
    pub partition_index: i32,
    pub error_code: i16,
}

impl WritableTxnMarkerPartitionResult {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { partition_index: reader.i32()?, error_code: reader.i16()? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        writer.unsigned_varint(0);
        Ok(())
    }
}
