//! One thing that a client did, and what it knows of it.
//!
//! As JSON, one line each: `{"client":3,"start":17,"end":20,"produce":{"partition":"t-0","value":5,"outcome":{"ok":9}}}`.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A history is a list of these, in any order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Who did it. One that begins anew (a process that was started again) is another client.
    pub client: u32,
    /// When it began, by one clock that all clients share and that never goes back; its unit is nobody's business.
    pub start: u64,
    /// When its outcome was known; none where it never was.
    pub end: Option<u64>,
    /// What it was.
    #[serde(flatten)]
    pub action: Action,
}

/// What a client did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// One record sent; the outcome is its offset.
    Produce {
        /// Where to.
        partition: Partition,
        /// What it says: each record of a history another number. (The record's value on the wire is up to who runs.)
        value: u64,
        /// Whether the producer promises that it is there once at most.
        #[serde(default = "yes")]
        idempotent: bool,
        /// The transaction that it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        transaction: Option<u64>,
        /// At which offset it was acknowledged.
        outcome: Outcome<i64>,
    },
    /// Records that a consumer was handed, in their order. Only such as came; a poll without any need not be noted.
    Poll {
        /// The records.
        records: Vec<Polled>,
        /// Whether records of open and aborted transactions are left out.
        #[serde(default)]
        committed: bool,
    },
    /// All that a partition holds, read by somebody new from its start to its high watermark, both asked for first:
    /// nothing between them may be missing.
    Census {
        /// Which partition.
        partition: Partition,
        /// Where it began.
        log_start: i64,
        /// Where it ended.
        high_watermark: i64,
        /// The offset and the value of each record.
        records: Vec<(i64, u64)>,
    },
    /// The partitions that a consumer has from now on, all of them: what it saw before binds it no more.
    Assign {
        /// Where it goes on, where that is known.
        partitions: Vec<Position>,
    },
    /// A consumer goes elsewhere.
    Seek(Position),
    /// A group's positions written.
    Commit {
        /// The group.
        group: Arc<str>,
        /// Where it goes on.
        offsets: Vec<(Partition, i64)>,
        /// Whether it was.
        outcome: Outcome<()>,
    },
    /// A group's position read; none where it has none.
    Committed {
        /// The group.
        group: Arc<str>,
        /// Of which partition.
        partition: Partition,
        /// What was found.
        offset: Option<i64>,
    },
    /// Records before an offset deleted; the outcome is the new log start. Also noted where retention is seen to have
    /// moved it.
    DeleteRecords {
        /// Of which partition.
        partition: Partition,
        /// Before which offset.
        before: i64,
        /// Where the partition begins now.
        outcome: Outcome<i64>,
    },
    /// Records told to be damaged: they are not there any more, and those around them are.
    Damaged {
        /// Of which partition.
        partition: Partition,
        /// The first of them.
        from: i64,
        /// The first one after them.
        to: i64,
    },
    /// A topic deleted. One that is made again has another name in the history (`t#2`).
    DeleteTopic {
        /// The topic.
        topic: Arc<str>,
        /// Whether it was.
        outcome: Outcome<()>,
    },
    /// A transaction ended.
    EndTransaction {
        /// Which one.
        transaction: u64,
        /// Whether it was to be committed, not aborted.
        commit: bool,
        /// Whether it was.
        outcome: Outcome<()>,
    },
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome<T> {
    /// It was done.
    Ok(T),
    /// It was surely not done, and will not be.
    Failed,
    /// Nobody knows: it may have been done, or may be yet.
    Unknown,
}

impl<T> Outcome<T> {
    /// What it gave, where it was done.
    pub fn ok(self) -> Option<T> {
        match self {
            Self::Ok(value) => Some(value),
            Self::Failed | Self::Unknown => None,
        }
    }
}

/// A record as a consumer saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Polled {
    /// Where it came from.
    pub partition: Partition,
    /// At which offset.
    pub offset: i64,
    /// What it says.
    pub value: u64,
}

/// Where a consumer stands in a partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Which partition.
    pub partition: Partition,
    /// The offset that it wants next; none where it is not known (the group knows it, or "at the end").
    pub offset: Option<i64>,
}

/// A partition; as text `topic-index`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    /// The topic's name in the history.
    pub topic: Arc<str>,
    /// Its number in the topic.
    pub index: i32,
}

impl Partition {
    /// A partition of a topic.
    pub fn new(topic: impl Into<Arc<str>>, index: i32) -> Self {
        Self { topic: topic.into(), index }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.index)
    }
}

impl Serialize for Partition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Partition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = text.rsplit_once('-').and_then(|(topic, index)| Some((topic, index.parse().ok()?)));
        let (topic, index) = parts.ok_or_else(|| de::Error::custom(format!("{text}: not TOPIC-INDEX")))?;
        Ok(Self::new(topic, index))
    }
}

fn yes() -> bool {
    true
}
