//! `AddPartitionsToTxnRequest`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/add_partitions_to_txn.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::AddPartitionsToTxn;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 5;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 3;
/// Whether the last version is not advertised.
pub const LATEST_UNSTABLE: bool = false;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnRequest {
    pub transactions: Vec<AddPartitionsToTxnTransaction>,
    pub v3_and_below_transactional_id: Text,
    pub v3_and_below_producer_id: i64,
    pub v3_and_below_producer_epoch: i16,
    pub v3_and_below_topics: Vec<AddPartitionsToTxnTopic>,
}

impl AddPartitionsToTxnRequest {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=5).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 3;
        let value = Self {
            transactions: if version >= 4 {
                reader.array(flexible, 14, |reader| AddPartitionsToTxnTransaction::decode(reader, version))?
            } else {
                Vec::new()
            },
            v3_and_below_transactional_id: if version <= 3 {
                reader.text(flexible)?
            } else {
                Text::default()
            },
            v3_and_below_producer_id: if version <= 3 { reader.i64()? } else { 0 },
            v3_and_below_producer_epoch: if version <= 3 { reader.i16()? } else { 0 },
            v3_and_below_topics: if version <= 3 {
                reader.array(flexible, 3, |reader| AddPartitionsToTxnTopic::decode(reader, version))?
            } else {
                Vec::new()
            },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        if version >= 4 {
            writer.array(flexible, self.transactions.len())?;
            for element in &self.transactions {
                element.encode(writer, version)?;
            }
        } else if !self.transactions.is_empty() {
            return Err(EncodeError::Field { field: "transactions", version });
        }
        if version <= 3 {
            writer.text(flexible, &self.v3_and_below_transactional_id)?;
        } else if !self.v3_and_below_transactional_id.is_empty() {
            return Err(EncodeError::Field { field: "v3_and_below_transactional_id", version });
        }
        if version <= 3 {
            writer.i64(self.v3_and_below_producer_id);
        } else if self.v3_and_below_producer_id != 0 {
            return Err(EncodeError::Field { field: "v3_and_below_producer_id", version });
        }
        if version <= 3 {
            writer.i16(self.v3_and_below_producer_epoch);
        } else if self.v3_and_below_producer_epoch != 0 {
            return Err(EncodeError::Field { field: "v3_and_below_producer_epoch", version });
        }
        if version <= 3 {
            writer.array(flexible, self.v3_and_below_topics.len())?;
            for element in &self.v3_and_below_topics {
                element.encode(writer, version)?;
            }
        } else if !self.v3_and_below_topics.is_empty() {
            return Err(EncodeError::Field { field: "v3_and_below_topics", version });
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTransaction {
    pub transactional_id: Text,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub verify_only: bool,
    pub topics: Vec<AddPartitionsToTxnTopic>,
}

impl AddPartitionsToTxnTransaction {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let value = Self {
            transactional_id: reader.text(true)?,
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            verify_only: reader.bool()?,
            topics: reader.array(true, 3, |reader| AddPartitionsToTxnTopic::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.text(true, &self.transactional_id)?;
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        writer.bool(self.verify_only);
        writer.array(true, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTopic {
    pub name: Text,
    pub partitions: Vec<i32>,
}

impl AddPartitionsToTxnTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 3;
        let value =
            Self { name: reader.text(flexible)?, partitions: reader.array(flexible, 4, Reader::i32)? };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.text(flexible, &self.name)?;
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
