//! What Kafka checks of a batch that a client produces, and the rewriting that its rules require.
//!
//! [`one_batch`] looks at the bytes of one partition in a Produce request; [`validate`] walks every record once and
//! decides nothing that needs the partition's state (sequences, epochs, transactions). [`admit`] does both and
//! returns the batch as it shall be stored, but for base offset and leader epoch.
//!
//! Where Kafka trusts a plain (uncompressed) batch's inner offsets, this does not: a batch whose offsets are not
//! 0, 1, 2, … is rewritten, compressed or not.

use bytes::BytesMut;

use crate::TimestampMs;

use super::builder::{BatchBuilder, BatchOptions, ProducerStamp};
use super::compression::{Codec, DECOMPRESSED_BYTES_MAX};
use super::header::{BatchError, BatchHeader, TimestampType, patch_timestamps};
use super::records::Records;

/// How many refused records a refusal lists; the rest is counted.
pub const REFUSED_RECORDS_LISTED: usize = 1000;
/// The first Produce version in which zstd may come.
pub const ZSTD_PRODUCE_VERSION_MIN: i16 = 7;

/// What a topic's settings ask of a produced batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `max.message.bytes`, of the batch as it comes and as it is stored.
    pub batch_bytes_max: usize,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`.
    pub timestamp_after_max_ms: i64,
    /// Whether the topic is compacted, so that every record needs a key.
    pub compacted: bool,
    /// `compression.type`; none is `producer`: as it comes.
    pub compression: Option<(Codec, i32)>,
    /// Whether zstd may come (Produce 7 and later).
    pub zstd_allowed: bool,
    /// How much may come out of compressed records.
    pub decompressed_bytes_max: usize,
}

impl Default for Policy {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            batch_bytes_max: 1_048_588,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            compacted: false,
            compression: None,
            zstd_allowed: true,
            decompressed_bytes_max: DECOMPRESSED_BYTES_MAX,
        }
    }
}

/// Why a produced batch is refused. The producer must send another one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bytes are not a whole batch, or not what it says they are. [`BatchError`] tells corrupt bytes (checksum,
    /// impossible lengths, unknown magic) from invalid ones (old magic, records that do not parse).
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// No batch for a partition.
    #[error("there is no record batch for the partition")]
    NoBatch,
    /// More than one batch for a partition.
    #[error("there is more than one record batch for the partition")]
    SeveralBatches,
    /// zstd in a Produce version that is older than zstd.
    #[error("zstd needs Produce version {ZSTD_PRODUCE_VERSION_MIN} or later")]
    ZstdTooEarly,
    /// A base offset that is not 0.
    #[error("the base offset of a produced batch must be 0, but is {0}")]
    BaseOffset(i64),
    /// Larger than `max.message.bytes`.
    #[error("the record batch has {size} bytes, more than the maximum of {maximum}")]
    TooLarge {
        /// How large it is.
        size: usize,
        /// How large it may be.
        maximum: usize,
    },
    /// A count or a last offset that no batch has, or that do not fit each other.
    #[error("the batch has {count} records and a last offset delta of {last_offset_delta}")]
    Count {
        /// How many records it says.
        count: i32,
        /// The delta that it says.
        last_offset_delta: i32,
    },
    /// A control batch.
    #[error("clients must not write control records")]
    Control,
    /// A producer id without a sequence.
    #[error("invalid sequence number {sequence} in a batch of producer {producer}")]
    Sequence {
        /// Whose.
        producer: i64,
        /// Which.
        sequence: i32,
    },
    /// Records that are refused one by one.
    #[error("{}", summary(.0))]
    Records(RefusedRecords),
}

/// The records for which a batch is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusedRecords {
    /// The first of them ([`REFUSED_RECORDS_LISTED`]).
    pub listed: Vec<RefusedRecord>,
    /// How many there are.
    pub count: usize,
    /// Whether one is refused for its timestamp: then that is what the batch is refused for.
    pub any_timestamp: bool,
}

/// One record for which a batch is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct RefusedRecord {
    /// Which, counted from 0 in its batch.
    pub index: u32,
    /// Why.
    pub cause: RefusalCause,
}

/// Why a record is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusalCause {
    /// No key, and the topic is compacted.
    #[error("compacted topic cannot accept a record without a key")]
    KeyMissing,
    /// A timestamp too far from now.
    #[error("timestamp {timestamp} is out of range: it must be within [{earliest}, {latest}]")]
    Timestamp {
        /// The record's.
        timestamp: i64,
        /// The earliest that is accepted.
        earliest: i64,
        /// The latest that is accepted.
        latest: i64,
    },
    /// The batch says that the broker set its timestamps.
    #[error("a producer must not set the timestamp type to LogAppendTime")]
    LogAppendTime,
}

fn summary(refused: &RefusedRecords) -> String {
    if refused.any_timestamp {
        return "one or more records have been rejected due to invalid timestamp".into();
    }
    let mut text = format!("{} records have been rejected, the first of them:", refused.count);
    for record in refused.listed.iter().take(3) {
        text += &format!(" [{}] {}", record.index, record.cause);
    }
    text
}

/// How a valid batch must be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// As it came.
    AsItCame,
    /// With another max timestamp or timestamp type in its header.
    Patched,
    /// Written anew, record by record.
    Rewritten(RewriteReason),
}

/// Why a batch is written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RewriteReason {
    /// The topic's `compression.type` is another one.
    Compression,
    /// Its inner offsets are not 0, 1, 2, …
    Offsets,
}

/// What [`validate`] found out about a batch without fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What to do with it.
    pub store: Store,
    /// The max timestamp that it shall bear.
    pub max_timestamp: TimestampMs,
}

/// A batch that may be stored once it has its base offset and leader epoch.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Its bytes, no more and no less.
    pub bytes: BytesMut,
    /// Its header, as it now is.
    pub header: BatchHeader,
    /// Whether it is as it came.
    pub store: Store,
}

/// The one batch that the bytes of a partition in a Produce request must hold, by its header alone. Like Kafka, this
/// overlooks what follows it if that is too short for another batch.
pub fn one_batch(bytes: &[u8]) -> Result<BatchHeader, Refusal> {
    let header = match BatchHeader::parse(bytes) {
        Ok(header) if header.size() <= bytes.len() => header,
        Ok(_) | Err(BatchError::Truncated { .. }) => return Err(Refusal::NoBatch),
        Err(error) => return Err(error.into()),
    };
    match BatchHeader::parse(&bytes[header.size()..]) {
        Err(BatchError::Truncated { .. }) => Ok(header),
        Ok(second) if header.size() + second.size() > bytes.len() => Ok(header),
        Ok(_) => Err(Refusal::SeveralBatches),
        Err(error) => Err(error.into()),
    }
}

/// Checks everything about a batch that can be told without its partition. `batch` is exactly the batch of `header`.
pub fn validate(
    header: &BatchHeader,
    batch: &[u8],
    policy: &Policy,
    now: TimestampMs,
) -> Result<Verdict, Refusal> {
    let codec = header.codec()?;
    if codec == Codec::Zstd && !policy.zstd_allowed {
        return Err(Refusal::ZstdTooEarly);
    }
    if header.base_offset.0 != 0 {
        return Err(Refusal::BaseOffset(header.base_offset.0));
    }
    if batch.len() > policy.batch_bytes_max {
        return Err(Refusal::TooLarge { size: batch.len(), maximum: policy.batch_bytes_max });
    }
    header.check(batch)?;
    let count = header.records_count;
    if count <= 0 || header.last_offset_delta != count - 1 {
        return Err(Refusal::Count { count, last_offset_delta: header.last_offset_delta });
    }
    if header.is_control() {
        return Err(Refusal::Control);
    }
    if header.has_producer() && header.base_sequence < 0 {
        return Err(Refusal::Sequence { producer: header.producer_id.0, sequence: header.base_sequence });
    }
    let walk = walk(header, batch, policy, now)?;
    let max_timestamp = match policy.timestamp_type {
        TimestampType::CreateTime => walk.max_timestamp,
        TimestampType::LogAppendTime => now,
    };
    let store = match policy.compression {
        Some((target, _)) if target != codec => Store::Rewritten(RewriteReason::Compression),
        _ if !walk.consecutive => Store::Rewritten(RewriteReason::Offsets),
        _ if header.timestamp_type() == policy.timestamp_type && header.max_timestamp == max_timestamp => {
            Store::AsItCame
        }
        _ => Store::Patched,
    };
    Ok(Verdict { store, max_timestamp })
}

/// What all records together say.
struct Walk {
    max_timestamp: TimestampMs,
    consecutive: bool,
}

fn walk(header: &BatchHeader, batch: &[u8], policy: &Policy, now: TimestampMs) -> Result<Walk, Refusal> {
    let mut records = Records::with_limit(batch, policy.decompressed_bytes_max)?;
    let mut walk = Walk { max_timestamp: TimestampMs::NONE, consecutive: true };
    let mut refused = RefusedRecords::default();
    let mut index = 0u32;
    while let Some(passed) = records.next_skipping() {
        let passed = passed?;
        walk.consecutive &= i64::from(passed.offset_delta) == i64::from(index);
        let made = TimestampMs(header.base_timestamp.0.wrapping_add(passed.timestamp_delta));
        walk.max_timestamp = walk.max_timestamp.max(made);
        let cause = if policy.compacted && !passed.has_key {
            Some(RefusalCause::KeyMissing)
        } else {
            refused_timestamp(header, header.timestamp(passed.timestamp_delta), policy, now)
        };
        if let Some(cause) = cause {
            refused.add(RefusedRecord { index, cause });
        }
        index += 1;
    }
    if refused.count == 0 { Ok(walk) } else { Err(Refusal::Records(refused)) }
}

/// Kafka's rule, subtractions that run around the end included.
#[inline]
fn refused_timestamp(
    header: &BatchHeader,
    timestamp: TimestampMs,
    policy: &Policy,
    now: TimestampMs,
) -> Option<RefusalCause> {
    if policy.timestamp_type == TimestampType::CreateTime && timestamp != TimestampMs::NONE {
        let age = now.0.wrapping_sub(timestamp.0);
        let out_of_range =
            age > policy.timestamp_before_max_ms || age.wrapping_neg() > policy.timestamp_after_max_ms;
        return out_of_range.then(|| RefusalCause::Timestamp {
            timestamp: timestamp.0,
            earliest: now.0.saturating_sub(policy.timestamp_before_max_ms),
            latest: now.0.saturating_add(policy.timestamp_after_max_ms),
        });
    }
    (header.timestamp_type() == TimestampType::LogAppendTime).then_some(RefusalCause::LogAppendTime)
}

impl RefusedRecords {
    #[cold]
    fn add(&mut self, record: RefusedRecord) {
        self.count += 1;
        self.any_timestamp |= record.cause != RefusalCause::KeyMissing;
        if self.listed.len() < REFUSED_RECORDS_LISTED {
            self.listed.push(record);
        }
    }
}

/// Checks the bytes of a partition in a Produce request and makes of them the batch that shall be stored: the same
/// bytes wherever the rules allow it.
pub fn admit(mut bytes: BytesMut, policy: &Policy, now: TimestampMs) -> Result<Admitted, Refusal> {
    let mut header = one_batch(&bytes)?;
    bytes.truncate(header.size());
    let verdict = validate(&header, &bytes, policy, now)?;
    match verdict.store {
        Store::AsItCame => {}
        Store::Patched => {
            patch_timestamps(&mut bytes, policy.timestamp_type, verdict.max_timestamp);
            header = BatchHeader::parse(&bytes)?;
        }
        Store::Rewritten(_) => {
            bytes = rewrite(&header, &bytes, policy, now)?;
            header = BatchHeader::parse(&bytes)?;
            if bytes.len() > policy.batch_bytes_max {
                return Err(Refusal::TooLarge { size: bytes.len(), maximum: policy.batch_bytes_max });
            }
        }
    }
    Ok(Admitted { bytes, header, store: verdict.store })
}

/// The same records under offsets 0, 1, 2, … and in the topic's codec.
fn rewrite(
    header: &BatchHeader,
    batch: &[u8],
    policy: &Policy,
    now: TimestampMs,
) -> Result<BytesMut, BatchError> {
    let (codec, level) = match policy.compression {
        Some((codec, level)) => (codec, Some(level)),
        None => (header.codec()?, None),
    };
    let producer = header.has_producer().then_some(ProducerStamp {
        id: header.producer_id,
        epoch: header.producer_epoch,
        sequence: header.base_sequence,
    });
    let mut builder = BatchBuilder::new(BatchOptions {
        codec,
        level,
        base_offset: header.base_offset,
        partition_leader_epoch: header.partition_leader_epoch,
        log_append_time: (policy.timestamp_type == TimestampType::LogAppendTime).then_some(now),
        producer,
        transactional: header.is_transactional(),
        control: header.is_control(),
    });
    let mut records = Records::with_limit(batch, policy.decompressed_bytes_max)?;
    while let Some(record) = records.next() {
        builder.append_record(&record?);
    }
    Ok(builder.finish()?)
}
