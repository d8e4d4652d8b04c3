//! A partition in the hands of a reader: what it holds, reading from it, and being told when there is more.
//! Who waits how long for how much is the head's affair.

use std::sync::Arc;

use thalweg_model::{LeaderEpoch, Offset, Region, TopicPartition};
use thiserror::Error;

use super::records::PartitionError;

/// What a reader may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Isolation {
    /// Everything that is durable.
    #[default]
    ReadUncommitted,
    /// What no open transaction can take back.
    ReadCommitted,
}

/// A partition that a peer may read; cheap to clone and to keep. It outlives its topic: then reads say so.
#[derive(Clone)]
pub struct Partition {
    inner: Arc<()>,
}

/// Wants to know when there is more to read.
pub trait Watcher: Send + Sync {
    /// The high watermark of a watched partition moved, or the partition is gone. Called from the thread that makes
    /// records durable: it must not block.
    fn moved(&self, token: u64);
}

/// What was read.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Whole batches, as they are stored; the first one may begin below the offset asked for.
    pub regions: Vec<Region>,
    /// How many bytes these are.
    pub bytes: usize,
    /// The first offset that readers may not see yet.
    pub high_watermark: Offset,
    /// The first offset that a reader of committed records may not see yet.
    pub last_stable_offset: Offset,
    /// The first offset there is.
    pub log_start_offset: Offset,
}

/// The last epoch not above the one asked for, and where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEnd {
    /// The epoch; none if there is none so early.
    pub epoch: Option<LeaderEpoch>,
    /// The first offset after it; none if there is no such epoch.
    pub end_offset: Option<Offset>,
}

/// Why nothing was read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FetchError {
    /// The offset is below the log's start or above its end: the reader has to find its place again.
    #[error("offset {offset} lies outside of {start}..{end}")]
    OutOfRange {
        /// The offset asked for.
        offset: Offset,
        /// The first offset there is.
        start: Offset,
        /// The first offset there is not.
        end: Offset,
    },
    /// The partition cannot be read by this peer now.
    #[error(transparent)]
    Partition(#[from] PartitionError),
    /// The disk failed, or what it gave back is damaged.
    #[error("the log could not be read: {0}")]
    Storage(String),
}

impl Partition {
    /// Which partition it is.
    pub fn id(&self) -> TopicPartition {
        let _ = &self.inner;
        unimplemented!("follows with the partition")
    }

    /// The epoch of its present leadership.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        unimplemented!("follows with the partition")
    }

    /// Compares the epoch that a client believes in with the present one; none is any.
    pub fn check_leader_epoch(&self, epoch: Option<LeaderEpoch>) -> Result<(), PartitionError> {
        let _ = epoch;
        unimplemented!("follows with the partition")
    }

    /// The first offset there is.
    pub fn log_start_offset(&self) -> Offset {
        unimplemented!("follows with the partition")
    }

    /// The first offset that is not durable, so that readers may not see it.
    pub fn high_watermark(&self) -> Offset {
        unimplemented!("follows with the partition")
    }

    /// The first offset that a reader of committed records may not see yet.
    pub fn last_stable_offset(&self) -> Offset {
        unimplemented!("follows with the partition")
    }

    /// Where the reader's log and this one part, if the last epoch that the reader fetched does not reach up to
    /// `fetch_offset` here.
    pub fn diverging_epoch(&self, last_fetched: LeaderEpoch, fetch_offset: Offset) -> Option<EpochEnd> {
        let _ = (last_fetched, fetch_offset);
        unimplemented!("follows with the partition")
    }

    /// Reads what is in memory. `None`: it is not, and [`read`](Self::read) has to fetch it. An empty result means
    /// that the reader stands at the end.
    pub fn read_tail(
        &self,
        from: Offset,
        isolation: Isolation,
        max_bytes: usize,
    ) -> Result<Option<Fetched>, FetchError> {
        let _ = (from, isolation, max_bytes);
        unimplemented!("follows with the partition")
    }

    /// Reads whole batches from `from` on, the first one even if it is larger than `max_bytes`.
    pub async fn read(
        &self,
        from: Offset,
        isolation: Isolation,
        max_bytes: usize,
    ) -> Result<Fetched, FetchError> {
        let _ = (from, isolation, max_bytes);
        unimplemented!("follows with the partition")
    }

    /// From now on `watcher` is told, with this token, when there may be more to read; until
    /// [`unwatch`](Self::unwatch).
    pub fn watch(&self, watcher: Arc<dyn Watcher>, token: u64) {
        let _ = (watcher, token);
        unimplemented!("follows with the partition")
    }

    /// Ends what [`watch`](Self::watch) began. The watcher may be told once more if a move is under way.
    pub fn unwatch(&self, watcher: &Arc<dyn Watcher>, token: u64) {
        let _ = (watcher, token);
        unimplemented!("follows with the partition")
    }
}
