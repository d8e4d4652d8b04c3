//! The records of the facts "cluster". Numbers are big-endian; a text is a `u16` length and UTF-8.
//!
//! ```text
//!   record    = version u8 (1) | kind u8 | body
//!   1 cluster = id text
//!   2 topic   = topic id 16 bytes | name text | runs u16 | each: partitions u32, epoch base i32 | settings
//!   3 removed = topic id 16 bytes
//!   4 broker  = node text (empty: all) | settings
//!   5 ids     = end i64                          producer ids below it may have been given out
//!   6 named   = kind u8 (16 clients' metrics, 32 group) | name text | settings
//!   settings  = count u16 | each: name text, value long text (u32 length)
//! ```
//!
//! A topic's record stands for all of the topic: a later one with the same id takes the place of an earlier one. A
//! run is the partitions that were made at one time: their leader epoch is its base plus the shard's epoch.

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use thalweg_model::{TopicId, TopicName, Uuid};

use crate::config::{NamedKind, Overrides};

pub(crate) const VERSION: u8 = 1;
const CLUSTER: u8 = 1;
const TOPIC: u8 = 2;
const REMOVED: u8 = 3;
const BROKER: u8 = 4;
const PRODUCER_IDS: u8 = 5;
const NAMED: u8 = 6;

const SHORT: &str = "it ends early";

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// The cluster's id.
    Cluster(Arc<str>),
    /// A topic as it now is.
    Topic(TopicRecord),
    /// A topic that is no more.
    Removed(TopicId),
    /// What was set for a broker while it ran; the empty name is all brokers.
    Broker {
        /// The broker's number, as text.
        node: Arc<str>,
        /// All that is set.
        overrides: Arc<Overrides>,
    },
    /// Producer ids below `end` may have been given out.
    ProducerIds {
        /// The first that was not.
        end: i64,
    },
    /// What was set for a group or for a subscription to clients' metrics.
    Named {
        /// Which of both.
        kind: NamedKind,
        /// Its name.
        name: Arc<str>,
        /// All that is set.
        overrides: Arc<Overrides>,
    },
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicRecord {
    pub(crate) id: TopicId,
    pub(crate) name: TopicName,
    pub(crate) runs: Vec<PartitionRun>,
    pub(crate) overrides: Arc<Overrides>,
}

/// Partitions that were made at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartitionRun {
    pub(crate) count: u32,
    pub(crate) epoch_base: i32,
}

impl TopicRecord {
    /// The epoch base of each partition.
    pub(crate) fn epoch_bases(&self) -> impl Iterator<Item = i32> {
        self.runs.iter().flat_map(|run| std::iter::repeat_n(run.epoch_base, run.count as usize))
    }

    pub(crate) fn partitions(&self) -> usize {
        self.runs.iter().map(|run| run.count as usize).sum()
    }
}

impl Record {
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        out.put_u8(VERSION);
        match self {
            Self::Cluster(id) => {
                out.put_u8(CLUSTER);
                put_text(&mut out, id);
            }
            Self::Topic(topic) => {
                out.put_u8(TOPIC);
                out.put_slice(topic.id.0.as_bytes());
                put_text(&mut out, topic.name.as_str());
                out.put_u16(u16::try_from(topic.runs.len()).expect("a topic is not widened so often"));
                for run in &topic.runs {
                    out.put_u32(run.count);
                    out.put_i32(run.epoch_base);
                }
                put_overrides(&mut out, &topic.overrides);
            }
            Self::Removed(id) => {
                out.put_u8(REMOVED);
                out.put_slice(id.0.as_bytes());
            }
            Self::Broker { node, overrides } => {
                out.put_u8(BROKER);
                put_text(&mut out, node);
                put_overrides(&mut out, overrides);
            }
            Self::ProducerIds { end } => {
                out.put_u8(PRODUCER_IDS);
                out.put_i64(*end);
            }
            Self::Named { kind, name, overrides } => {
                out.put_u8(NAMED);
                out.put_u8(match kind {
                    NamedKind::ClientMetrics => 16,
                    NamedKind::Group => 32,
                });
                put_text(&mut out, name);
                put_overrides(&mut out, overrides);
            }
        }
        out.freeze()
    }

    pub(crate) fn decode(mut bytes: Bytes) -> Result<Self, &'static str> {
        let short = |_| SHORT;
        if bytes.try_get_u8().map_err(short)? != VERSION {
            return Err("its version is newer than this program");
        }
        let record = match bytes.try_get_u8().map_err(short)? {
            CLUSTER => Self::Cluster(get_text(&mut bytes)?),
            TOPIC => {
                let id = get_id(&mut bytes)?;
                let name = TopicName(get_text(&mut bytes)?);
                let count = usize::from(bytes.try_get_u16().map_err(short)?);
                if count > bytes.remaining() / 8 {
                    return Err(SHORT);
                }
                let mut runs = Vec::with_capacity(count);
                for _ in 0..count {
                    let count = bytes.try_get_u32().map_err(short)?;
                    runs.push(PartitionRun { count, epoch_base: bytes.try_get_i32().map_err(short)? });
                }
                Self::Topic(TopicRecord { id, name, runs, overrides: get_overrides(&mut bytes)? })
            }
            REMOVED => Self::Removed(get_id(&mut bytes)?),
            BROKER => Self::Broker { node: get_text(&mut bytes)?, overrides: get_overrides(&mut bytes)? },
            NAMED => {
                let kind = match bytes.try_get_u8().map_err(short)? {
                    16 => NamedKind::ClientMetrics,
                    32 => NamedKind::Group,
                    _ => return Err("it is for something that is not known"),
                };
                Self::Named { kind, name: get_text(&mut bytes)?, overrides: get_overrides(&mut bytes)? }
            }
            PRODUCER_IDS => Self::ProducerIds { end: bytes.try_get_i64().map_err(short)? },
            _ => return Err("its kind is not known"),
        };
        if bytes.has_remaining() {
            return Err("there is something behind its end");
        }
        Ok(record)
    }
}

fn put_text(out: &mut BytesMut, text: &str) {
    out.put_u16(u16::try_from(text.len()).expect("names are short"));
    out.put_slice(text.as_bytes());
}

fn put_overrides(out: &mut BytesMut, overrides: &Overrides) {
    out.put_u16(u16::try_from(overrides.len()).expect("there are fewer settings than that"));
    for (name, value) in overrides {
        put_text(out, name);
        out.put_u32(u32::try_from(value.len()).expect("a value came in one frame"));
        out.put_slice(value.as_bytes());
    }
}

fn get_id(bytes: &mut Bytes) -> Result<TopicId, &'static str> {
    let mut id = [0; 16];
    bytes.try_copy_to_slice(&mut id).map_err(|_| SHORT)?;
    Ok(TopicId(Uuid::from_bytes(id)))
}

fn get_text(bytes: &mut Bytes) -> Result<Arc<str>, &'static str> {
    let length = usize::from(bytes.try_get_u16().map_err(|_| SHORT)?);
    get_chars(bytes, length)
}

fn get_chars(bytes: &mut Bytes, length: usize) -> Result<Arc<str>, &'static str> {
    if length > bytes.remaining() {
        return Err(SHORT);
    }
    let text = bytes.split_to(length);
    Ok(std::str::from_utf8(&text).map_err(|_| "a text is not UTF-8")?.into())
}

fn get_overrides(bytes: &mut Bytes) -> Result<Arc<Overrides>, &'static str> {
    let count = bytes.try_get_u16().map_err(|_| SHORT)?;
    let mut overrides = Overrides::default();
    for _ in 0..count {
        let name = get_text(bytes)?;
        let length = bytes.try_get_u32().map_err(|_| SHORT)? as usize;
        overrides.insert(name, get_chars(bytes, length)?);
    }
    Ok(Arc::new(overrides))
}
