//! `DescribeLogDirsResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/describe_log_dirs.txt`, never by hand.

use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::DescribeLogDirs;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 5;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 2;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub results: Vec<DescribeLogDirsResult>,
}

impl DescribeLogDirsResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=5).contains(&version) {
            return Err(Error::Version(version));
        }
        let flexible = version >= 2;
        let value = Self {
            throttle_time_ms: reader.i32()?,
            error_code: if version >= 3 { reader.i16()? } else { 0 },
            results: reader.array(flexible, 5, |reader| DescribeLogDirsResult::decode(reader, version))?,
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
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        if version >= 3 {
            writer.i16(self.error_code);
        }
        writer.array(flexible, self.results.len())?;
        for element in &self.results {
            element.encode(writer, version)?;
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeLogDirsResult {
    pub error_code: i16,
    pub log_dir: Text,
    pub topics: Vec<DescribeLogDirsTopic>,
    pub total_bytes: i64,
    pub usable_bytes: i64,
    pub is_cordoned: bool,
}

impl Default for DescribeLogDirsResult {
    fn default() -> Self {
        Self {
            error_code: 0,
            log_dir: Text::default(),
            topics: Vec::new(),
            total_bytes: -1,
            usable_bytes: -1,
            is_cordoned: false,
        }
    }
}

impl DescribeLogDirsResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value = Self {
            error_code: reader.i16()?,
            log_dir: reader.text(flexible)?,
            topics: reader.array(flexible, 3, |reader| DescribeLogDirsTopic::decode(reader, version))?,
            total_bytes: if version >= 4 { reader.i64()? } else { -1 },
            usable_bytes: if version >= 4 { reader.i64()? } else { -1 },
            is_cordoned: if version >= 5 { reader.bool()? } else { false },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.i16(self.error_code);
        writer.text(flexible, &self.log_dir)?;
        writer.array(flexible, self.topics.len())?;
        for element in &self.topics {
            element.encode(writer, version)?;
        }
        if version >= 4 {
            writer.i64(self.total_bytes);
        }
        if version >= 4 {
            writer.i64(self.usable_bytes);
        }
        if version >= 5 {
            writer.bool(self.is_cordoned);
        }
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsTopic {
    pub name: Text,
    pub partitions: Vec<DescribeLogDirsPartition>,
}

impl DescribeLogDirsTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value = Self {
            name: reader.text(flexible)?,
            partitions: reader
                .array(flexible, 21, |reader| DescribeLogDirsPartition::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.text(flexible, &self.name)?;
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

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsPartition {
    pub partition_index: i32,
    pub partition_size: i64,
    pub offset_lag: i64,
    pub is_future_key: bool,
}

impl DescribeLogDirsPartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        let flexible = version >= 2;
        let value = Self {
            partition_index: reader.i32()?,
            partition_size: reader.i64()?,
            offset_lag: reader.i64()?,
            is_future_key: reader.bool()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(value)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.i32(self.partition_index);
        writer.i64(self.partition_size);
        writer.i64(self.offset_lag);
        writer.bool(self.is_future_key);
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
