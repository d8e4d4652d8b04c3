//! The settings of one topic: what was set for it, and the values that follow from that and from the broker's.

use std::sync::Arc;

use thalweg_model::batch::{Codec, TimestampType};

use super::broker::{BrokerConfig, default_of};
use super::definition::Definition;
use super::value::{self, Value};
use super::{Overrides, topic_setting};

/// What frees old records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Age and size.
    pub delete: bool,
    /// A newer record of the same key.
    pub compact: bool,
}

/// In which codec batches are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoredCompression {
    /// The producer's.
    #[default]
    Producer,
    /// This one, at this level.
    Codec(Codec, i32),
}

/// The values that hold for a topic; never changes, a change makes a new one.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicConfig {
    /// `cleanup.policy`.
    pub cleanup_policy: CleanupPolicy,
    /// `compression.type` and its level.
    pub compression: StoredCompression,
    /// `retention.ms`; -1 is for ever.
    pub retention_ms: i64,
    /// `retention.bytes`; -1 is no bound.
    pub retention_bytes: i64,
    /// `segment.bytes`.
    pub segment_bytes: i32,
    /// `segment.ms`.
    pub segment_ms: i64,
    /// `segment.jitter.ms`.
    pub segment_jitter_ms: i64,
    /// `file.delete.delay.ms`.
    pub file_delete_delay_ms: i64,
    /// `max.message.bytes`.
    pub max_message_bytes: i32,
    /// `max.decompressed.message.bytes`.
    pub max_decompressed_message_bytes: i32,
    /// `message.timestamp.type`.
    pub message_timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`.
    pub message_timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`.
    pub message_timestamp_after_max_ms: i64,
    /// `min.insync.replicas`.
    pub min_insync_replicas: i32,
    /// `delete.retention.ms`.
    pub delete_retention_ms: i64,
    /// `min.compaction.lag.ms`.
    pub min_compaction_lag_ms: i64,
    /// `max.compaction.lag.ms`.
    pub max_compaction_lag_ms: i64,
}

impl TopicConfig {
    /// What holds for a topic with these values set; one that cannot be read is passed over.
    pub fn new(broker: &BrokerConfig, overrides: &Overrides) -> Arc<Self> {
        let value = |name| effective(broker, overrides, name);
        let long = |name| if let Some(Value::Number(number)) = value(name) { number } else { 0 };
        let int = |name| i32::try_from(long(name)).expect("the value is of kind INT");
        let words = if let Some(Value::List(words)) = value("cleanup.policy") { words } else { Vec::new() };
        let has = |word: &str| words.iter().any(|found| found == word);
        let text = |name| if let Some(Value::Text(text)) = value(name) { text } else { String::new() };
        let compression = match Codec::from_name(&text("compression.type")) {
            None => StoredCompression::Producer,
            Some(codec) => {
                let level = match codec {
                    Codec::None | Codec::Snappy => codec.level_default(),
                    Codec::Gzip => int("compression.gzip.level"),
                    Codec::Lz4 => int("compression.lz4.level"),
                    Codec::Zstd => int("compression.zstd.level"),
                };
                StoredCompression::Codec(codec, level)
            }
        };
        Arc::new(Self {
            cleanup_policy: CleanupPolicy { delete: has("delete"), compact: has("compact") },
            compression,
            retention_ms: long("retention.ms"),
            retention_bytes: long("retention.bytes"),
            segment_bytes: int("segment.bytes"),
            segment_ms: long("segment.ms"),
            segment_jitter_ms: long("segment.jitter.ms"),
            file_delete_delay_ms: long("file.delete.delay.ms"),
            max_message_bytes: int("max.message.bytes"),
            max_decompressed_message_bytes: int("max.decompressed.message.bytes"),
            message_timestamp_type: match text("message.timestamp.type").as_str() {
                "LogAppendTime" => TimestampType::LogAppendTime,
                _ => TimestampType::CreateTime,
            },
            message_timestamp_before_max_ms: long("message.timestamp.before.max.ms"),
            message_timestamp_after_max_ms: long("message.timestamp.after.max.ms"),
            min_insync_replicas: int("min.insync.replicas"),
            delete_retention_ms: long("delete.retention.ms"),
            min_compaction_lag_ms: long("min.compaction.lag.ms"),
            max_compaction_lag_ms: long("max.compaction.lag.ms"),
        })
    }
}

/// The value that holds for a topic.
pub(super) fn effective(broker: &BrokerConfig, overrides: &Overrides, name: &str) -> Option<Value> {
    let row = topic_setting(name)?;
    let set = overrides.get(name).and_then(|text| value::parse(row, text).ok());
    set.or_else(|| inherited(broker, row))
}

/// The value that holds where the topic says nothing: of the broker's settings behind it the first that has one.
pub(super) fn inherited(broker: &BrokerConfig, row: &Definition) -> Option<Value> {
    let behind = row.brokers.iter().find_map(|name| {
        let value = broker.value(name)?;
        let Value::Number(number) = value else { return Some(value) };
        let unit = match name.rsplit('.').next() {
            Some("hours") => 3_600_000,
            Some("minutes") => 60_000,
            _ => 1,
        };
        Some(Value::Number(number.saturating_mul(unit)))
    });
    match behind {
        Some(Value::Number(number)) if row.name == "retention.ms" && number < 0 => Some(Value::Number(-1)),
        Some(value) => Some(value),
        None => default_of(row),
    }
}
