//! The 61 bytes before the records: reading them, and patching what may be patched in place.

use crate::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, TimestampMs};

use super::compression::{Codec, CompressionError};
use super::record::RecordFault;

/// The length of a batch without records.
pub const BATCH_OVERHEAD: usize = 61;
/// Bytes before the part that the length field counts: base offset and length.
pub(super) const LENGTH_PREFIX: usize = 12;
/// Up to and with the magic byte: what every version of the format has in common.
pub(super) const MAGIC_END: usize = 17;
/// The least that the length field can say in any version of the format.
const LENGTH_MIN: usize = 14;

const AT_LENGTH: usize = 8;
const AT_EPOCH: usize = 12;
const AT_MAGIC: usize = 16;
const AT_CRC: usize = 17;
const AT_ATTRIBUTES: usize = 21;
const AT_LAST_DELTA: usize = 23;
const AT_BASE_TIMESTAMP: usize = 27;
const AT_MAX_TIMESTAMP: usize = 35;
const AT_PRODUCER: usize = 43;
const AT_PRODUCER_EPOCH: usize = 51;
const AT_SEQUENCE: usize = 53;
const AT_COUNT: usize = 57;

const CODEC_BITS: i16 = 0b111;
const TIMESTAMP_TYPE_BIT: i16 = 1 << 3;
pub(super) const TRANSACTIONAL_BIT: i16 = 1 << 4;
pub(super) const CONTROL_BIT: i16 = 1 << 5;
const DELETE_HORIZON_BIT: i16 = 1 << 6;

/// Why bytes are not a record batch. None of it can be mended by trying again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// The bytes end before the batch does.
    #[error("the batch ends early: {needed} bytes needed, {present} present")]
    Truncated {
        /// How many bytes the batch says it has (or the least any batch has).
        needed: usize,
        /// How many there are.
        present: usize,
    },
    /// The length field says less than any batch has, or is negative.
    #[error("impossible batch length {0}")]
    Length(i32),
    /// The format before magic 2: a message set, which nobody but very old clients writes.
    #[error("message format {0} is no longer supported")]
    OldMagic(i8),
    /// A magic byte that no version of the format has.
    #[error("unknown magic {0}")]
    UnknownMagic(i8),
    /// The checksum does not fit the bytes.
    #[error("checksum is {computed:08x}, the batch says {stored:08x}")]
    Checksum {
        /// What the batch says.
        stored: u32,
        /// What its bytes give.
        computed: u32,
    },
    /// A codec number that Kafka does not know.
    #[error("unknown compression codec {0}")]
    UnknownCodec(u8),
    /// The compressed records cannot be decompressed.
    #[error(transparent)]
    Compression(#[from] CompressionError),
    /// A record is not one.
    #[error("record {index} does not parse: {fault}")]
    Record {
        /// Which, counted from 0 in its batch.
        index: u32,
        /// What is wrong with it.
        fault: RecordFault,
    },
    /// There are fewer records than the header says.
    #[error("the batch says it has {declared} records, but ends after {present}")]
    RecordsMissing {
        /// What the header says.
        declared: i32,
        /// How many there are.
        present: u32,
    },
    /// Bytes are left after the last record.
    #[error("bytes are left after the {0} records of the batch")]
    BytesLeft(i32),
}

/// What a batch's timestamps mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer set them.
    #[default]
    CreateTime,
    /// The broker did: all records bear the batch's max timestamp.
    LogAppendTime,
}

/// The fields before the records. A plain value: reading it copies 61 bytes and borrows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// The offset of record 0.
    pub base_offset: Offset,
    /// The length field: what follows it, in bytes.
    pub length: i32,
    /// Which leadership wrote it.
    pub partition_leader_epoch: LeaderEpoch,
    /// The checksum of what follows it.
    pub crc: u32,
    /// Codec and flags; see the methods.
    pub attributes: i16,
    /// The last record's offset, from the base offset on.
    pub last_offset_delta: i32,
    /// What record timestamps count from. Where [`has_delete_horizon`](Self::has_delete_horizon): that horizon.
    pub base_timestamp: TimestampMs,
    /// The largest timestamp of its records.
    pub max_timestamp: TimestampMs,
    /// Who produced it, or [`ProducerId::NONE`].
    pub producer_id: ProducerId,
    /// The producer's incarnation.
    pub producer_epoch: ProducerEpoch,
    /// The sequence number of record 0, or -1.
    pub base_sequence: i32,
    /// How many records it says it has. From the wire: not to be trusted as a capacity.
    pub records_count: i32,
}

impl BatchHeader {
    /// Reads the header at the beginning of `bytes`, and that the length is possible and the magic is 2. Whether the
    /// batch is all there, and its checksum right, is for others to say.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        let Some(fields) = bytes.first_chunk::<BATCH_OVERHEAD>() else {
            return Err(Self::why_not(bytes));
        };
        let length = i32_at(fields, AT_LENGTH);
        if fields[AT_MAGIC] != 2 || length < (BATCH_OVERHEAD - LENGTH_PREFIX) as i32 {
            return Err(Self::why_not(bytes));
        }
        Ok(Self {
            base_offset: Offset(i64_at(fields, 0)),
            length,
            partition_leader_epoch: LeaderEpoch(i32_at(fields, AT_EPOCH)),
            crc: i32_at(fields, AT_CRC) as u32,
            attributes: i16_at(fields, AT_ATTRIBUTES),
            last_offset_delta: i32_at(fields, AT_LAST_DELTA),
            base_timestamp: TimestampMs(i64_at(fields, AT_BASE_TIMESTAMP)),
            max_timestamp: TimestampMs(i64_at(fields, AT_MAX_TIMESTAMP)),
            producer_id: ProducerId(i64_at(fields, AT_PRODUCER)),
            producer_epoch: ProducerEpoch(i16_at(fields, AT_PRODUCER_EPOCH)),
            base_sequence: i32_at(fields, AT_SEQUENCE),
            records_count: i32_at(fields, AT_COUNT),
        })
    }

    /// Tells apart what `parse` refuses: the magic stands at the same place in all versions.
    #[cold]
    fn why_not(bytes: &[u8]) -> BatchError {
        let present = bytes.len();
        if present >= LENGTH_PREFIX {
            let length = i32_at(bytes, AT_LENGTH);
            if length < LENGTH_MIN as i32 {
                return BatchError::Length(length);
            }
        }
        if present >= MAGIC_END {
            match bytes[AT_MAGIC] as i8 {
                magic @ (0 | 1) => return BatchError::OldMagic(magic),
                2 => {}
                magic => return BatchError::UnknownMagic(magic),
            }
            let length = i32_at(bytes, AT_LENGTH);
            if length < (BATCH_OVERHEAD - LENGTH_PREFIX) as i32 {
                return BatchError::Length(length);
            }
        }
        BatchError::Truncated { needed: BATCH_OVERHEAD, present }
    }

    /// The whole batch's length in bytes.
    #[inline]
    pub fn size(&self) -> usize {
        LENGTH_PREFIX + self.length as usize
    }

    /// The offset of the last record.
    #[inline]
    pub fn last_offset(&self) -> Offset {
        Offset(self.base_offset.0.wrapping_add(i64::from(self.last_offset_delta)))
    }

    /// The offset after the last record.
    #[inline]
    pub fn next_offset(&self) -> Offset {
        Offset(self.last_offset().0.wrapping_add(1))
    }

    /// How its records are compressed.
    #[inline]
    pub fn codec(&self) -> Result<Codec, BatchError> {
        let number = (self.attributes & CODEC_BITS) as u8;
        Codec::from_number(number).ok_or(BatchError::UnknownCodec(number))
    }

    /// What its timestamps mean.
    #[inline]
    pub fn timestamp_type(&self) -> TimestampType {
        match self.attributes & TIMESTAMP_TYPE_BIT {
            0 => TimestampType::CreateTime,
            _ => TimestampType::LogAppendTime,
        }
    }

    /// Whether it belongs to a transaction.
    #[inline]
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL_BIT != 0
    }

    /// Whether its one record is a marker of the broker (a transaction's end, a leader change).
    #[inline]
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL_BIT != 0
    }

    /// Whether the base timestamp is the moment from which compaction may drop its tombstones or markers.
    #[inline]
    pub fn has_delete_horizon(&self) -> bool {
        self.attributes & DELETE_HORIZON_BIT != 0
    }

    /// Whether a producer with an id wrote it.
    #[inline]
    pub fn has_producer(&self) -> bool {
        self.producer_id.0 >= 0
    }

    /// The sequence number of the last record: after 2³¹-1 comes 0.
    #[inline]
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence < 0 {
            return self.base_sequence;
        }
        let sum = i64::from(self.base_sequence) + i64::from(self.last_offset_delta);
        (sum & 0x7fff_ffff) as i32
    }

    /// The timestamp of a record `delta` from the base; adds as Kafka does, around the end.
    #[inline]
    pub(super) fn timestamp(&self, delta: i64) -> TimestampMs {
        match self.timestamp_type() {
            TimestampType::LogAppendTime => self.max_timestamp,
            TimestampType::CreateTime => TimestampMs(self.base_timestamp.0.wrapping_add(delta)),
        }
    }

    /// Compares the checksum with the batch's bytes, which must be exactly the batch.
    #[inline]
    pub fn check(&self, batch: &[u8]) -> Result<(), BatchError> {
        let computed = checksum(batch);
        if computed == self.crc { Ok(()) } else { Err(BatchError::Checksum { stored: self.crc, computed }) }
    }

    /// Writes the header as the first 61 bytes, with the CRC as it stands in the field.
    pub(super) fn write(&self, batch: &mut [u8]) {
        batch[..8].copy_from_slice(&self.base_offset.0.to_be_bytes());
        batch[AT_LENGTH..AT_EPOCH].copy_from_slice(&self.length.to_be_bytes());
        batch[AT_EPOCH..AT_MAGIC].copy_from_slice(&self.partition_leader_epoch.0.to_be_bytes());
        batch[AT_MAGIC] = 2;
        batch[AT_CRC..AT_ATTRIBUTES].copy_from_slice(&self.crc.to_be_bytes());
        batch[AT_ATTRIBUTES..AT_LAST_DELTA].copy_from_slice(&self.attributes.to_be_bytes());
        batch[AT_LAST_DELTA..AT_BASE_TIMESTAMP].copy_from_slice(&self.last_offset_delta.to_be_bytes());
        batch[AT_BASE_TIMESTAMP..AT_MAX_TIMESTAMP].copy_from_slice(&self.base_timestamp.0.to_be_bytes());
        batch[AT_MAX_TIMESTAMP..AT_PRODUCER].copy_from_slice(&self.max_timestamp.0.to_be_bytes());
        batch[AT_PRODUCER..AT_PRODUCER_EPOCH].copy_from_slice(&self.producer_id.0.to_be_bytes());
        batch[AT_PRODUCER_EPOCH..AT_SEQUENCE].copy_from_slice(&self.producer_epoch.0.to_be_bytes());
        batch[AT_SEQUENCE..AT_COUNT].copy_from_slice(&self.base_sequence.to_be_bytes());
        batch[AT_COUNT..BATCH_OVERHEAD].copy_from_slice(&self.records_count.to_be_bytes());
    }
}

/// The CRC-32C of a batch's bytes from the attributes on. `batch` is at least a header long.
#[inline]
pub fn checksum(batch: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(&batch[AT_ATTRIBUTES..])
}

/// Sets the base offset in place; the checksum does not cover it. `batch` is at least a header long.
#[inline]
pub fn patch_base_offset(batch: &mut [u8], offset: Offset) {
    batch[..8].copy_from_slice(&offset.0.to_be_bytes());
}

/// Sets the partition leader epoch in place; the checksum does not cover it. `batch` is at least a header long.
#[inline]
pub fn patch_partition_leader_epoch(batch: &mut [u8], epoch: LeaderEpoch) {
    batch[AT_EPOCH..AT_MAGIC].copy_from_slice(&epoch.0.to_be_bytes());
}

/// Sets the max timestamp and what timestamps mean in place, and the checksum anew. `batch` is exactly one batch.
pub fn patch_timestamps(batch: &mut [u8], timestamp_type: TimestampType, max: TimestampMs) {
    let attributes = i16_at(batch, AT_ATTRIBUTES);
    let attributes = match timestamp_type {
        TimestampType::CreateTime => attributes & !TIMESTAMP_TYPE_BIT,
        TimestampType::LogAppendTime => attributes | TIMESTAMP_TYPE_BIT,
    };
    batch[AT_ATTRIBUTES..AT_LAST_DELTA].copy_from_slice(&attributes.to_be_bytes());
    batch[AT_MAX_TIMESTAMP..AT_PRODUCER].copy_from_slice(&max.0.to_be_bytes());
    let crc = checksum(batch);
    batch[AT_CRC..AT_ATTRIBUTES].copy_from_slice(&crc.to_be_bytes());
}

/// The attributes of a batch to be written.
pub(super) fn attributes(
    codec: Codec,
    timestamp_type: TimestampType,
    transactional: bool,
    control: bool,
) -> i16 {
    let mut attributes = i16::from(codec.number());
    if timestamp_type == TimestampType::LogAppendTime {
        attributes |= TIMESTAMP_TYPE_BIT;
    }
    if transactional {
        attributes |= TRANSACTIONAL_BIT;
    }
    if control {
        attributes |= CONTROL_BIT;
    }
    attributes
}

#[inline]
fn i16_at(bytes: &[u8], at: usize) -> i16 {
    i16::from_be_bytes(bytes[at..at + 2].try_into().expect("two bytes"))
}

#[inline]
fn i32_at(bytes: &[u8], at: usize) -> i32 {
    i32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

#[inline]
fn i64_at(bytes: &[u8], at: usize) -> i64 {
    i64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}
