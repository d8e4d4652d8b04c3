//! `WriteTxnMarkersRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/write_txn_markers.txt`, never by hand.

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
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteTxnMarkersRequest {
    pub markers: Vec<WritableTxnMarker>,
}

impl WriteTxnMarkersRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(1..=2).contains(&version) {
            return Err(Error::Version(version));
        }
        let value =
            Self { markers: reader.array(true, 17, |reader| WritableTxnMarker::decode(reader, version))? };
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
pub struct WritableTxnMarker {
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub transaction_result: bool,
    pub topics: Vec<WritableTxnMarkerTopic>,
    pub coordinator_epoch: i32,
    pub transaction_version: i8,
}

impl WritableTxnMarker {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            transaction_result: reader.bool()?,
            topics: reader.array(true, 3, |reader| WritableTxnMarkerTopic::decode(reader, version))?,
            coordinator_epoch: reader.i32()?,
            transaction_version: if version >= 2 { reader.i8()? } else { 0 },
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        writer.bool(self.transaction_result);
        writer.array(true, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        writer.i32(self.coordinator_epoch);
        if version >= 2 {
            writer.i8(self.transaction_version);
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerTopic {
    pub name: Text,
    pub partition_indexes: Vec<i32>,
}

impl WritableTxnMarkerTopic {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Self, Error> {
        let value = Self { name: reader.text(true)?, partition_indexes: reader.array(true, 4, Reader::i32)? };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.name)?;
        writer.array(true, self.partition_indexes.len())?;
        for element in &self.partition_indexes {
            writer.i32(*element);
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}
