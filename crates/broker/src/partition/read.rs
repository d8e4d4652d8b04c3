//! Reading from a partition, and being told when there is more. Who waits how long for how much is the head's affair.

use std::sync::Arc;

use thalweg_model::{LeaderEpoch, Offset, Region};
use thalweg_storage::{Read, ReadError, Watcher};
use thiserror::Error;

use crate::session::records::PartitionError;

use super::Partition;

/// What a reader may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Isolation {
    /// Everything that is durable.
    #[default]
    ReadUncommitted,
    /// What no open transaction can take back.
    ReadCommitted,
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
    /// What is stored is not what was written: other offsets can be read.
    #[error("{0}")]
    Damaged(String),
    /// The disk failed: try again.
    #[error("the log could not be read: {0}")]
    Storage(String),
}

impl Partition {
    /// Where the reader's log and this one part, if the last epoch that the reader fetched does not reach up to
    /// `fetch_offset` here.
    pub fn diverging_epoch(
        &self,
        last_fetched: LeaderEpoch,
        fetch_offset: Offset,
    ) -> Result<Option<EpochEnd>, FetchError> {
        let end = self.epoch_end(last_fetched);
        let (Some(epoch), Some(end_offset)) = (end.epoch, end.end_offset) else {
            return Err(self.out_of_range(fetch_offset));
        };
        Ok((epoch < last_fetched || end_offset < fetch_offset).then_some(end))
    }

    /// Reads what is in memory. `None`: it is not, and [`read`](Self::read) has to fetch it. An empty result means
    /// that the reader stands at the end.
    pub fn read_tail(
        &self,
        from: Offset,
        isolation: Isolation,
        max_bytes: usize,
    ) -> Result<Option<Fetched>, FetchError> {
        let upto = self.upto(isolation);
        if from >= upto {
            return self.check_end(from).map(|()| Some(self.fetched(from, Read::default())));
        }
        let log = &self.0.log;
        match log.read_tail(from, upto, max_bytes) {
            Some(read) => Ok(Some(self.fetched(from, read))),
            None if from < self.log_start_offset() => Err(self.out_of_range(from)),
            None => Ok(None),
        }
    }

    /// Reads whole batches from `from` on, the first one even if it is larger than `max_bytes`.
    pub async fn read(
        &self,
        from: Offset,
        isolation: Isolation,
        max_bytes: usize,
    ) -> Result<Fetched, FetchError> {
        let upto = self.upto(isolation);
        if from >= upto {
            return self.check_end(from).map(|()| self.fetched(from, Read::default()));
        }
        match self.0.log.read(from, upto, max_bytes).await {
            Ok(read) => Ok(self.fetched(from, read)),
            Err(error) => {
                // Who is told that the start has moved goes where it was moved to: it must not move back.
                if matches!(error, ReadError::OutOfRange { .. }) {
                    self.0.room.engine.wait(self.start_seq()).await;
                }
                Err(self.explain(from, &error))
            }
        }
    }

    /// From now on `watcher` is told, with this token, when there may be more to read; until
    /// [`unwatch`](Self::unwatch).
    pub fn watch(&self, watcher: Arc<dyn Watcher>, token: u64) {
        self.0.log.watch(watcher, token);
    }

    /// Ends what [`watch`](Self::watch) began. The watcher may be told once more if a move is under way.
    pub fn unwatch(&self, watcher: &Arc<dyn Watcher>, token: u64) {
        self.0.log.unwatch(watcher, token);
    }

    /// The first offset that a reader may not see yet.
    pub(super) fn upto(&self, isolation: Isolation) -> Offset {
        match isolation {
            Isolation::ReadUncommitted => self.high_watermark(),
            Isolation::ReadCommitted => self.last_stable_offset(),
        }
    }

    /// Who reads between what is durable and what is written waits; beyond that there is nothing to wait for.
    fn check_end(&self, from: Offset) -> Result<(), FetchError> {
        if self.0.topic.has_ended() {
            return Err(PartitionError::Unknown.into());
        }
        let log = &self.0.log;
        if from < log.start() || from > log.end() { Err(self.out_of_range(from)) } else { Ok(()) }
    }

    fn out_of_range(&self, offset: Offset) -> FetchError {
        FetchError::OutOfRange { offset, start: self.0.log.start(), end: self.0.log.end() }
    }

    fn explain(&self, from: Offset, error: &ReadError) -> FetchError {
        match error {
            ReadError::OutOfRange { .. } => self.out_of_range(from),
            ReadError::Removed => PartitionError::Unknown.into(),
            // Logged when it was found first, and told by the broker's figures.
            ReadError::Damaged { .. } => FetchError::Damaged(error.to_string()),
            ReadError::Io(cause) => {
                tracing::error!(partition = ?self, offset = from.0, error = %cause, "records cannot be read");
                FetchError::Storage(error.to_string())
            }
        }
    }

    fn fetched(&self, from: Offset, read: Read) -> Fetched {
        if read.bytes > 0 {
            let meters = self.0.topic.meters(&*self.0.room.world.meter);
            meters.bytes_out.add(read.bytes as u64);
            // What a first batch has below the offset asked for leaves too, and its reader passes over it.
            meters.records_out.add(u64::try_from(read.next.0 - from.0).unwrap_or(0));
        }
        Fetched {
            regions: read.regions,
            bytes: read.bytes,
            high_watermark: self.high_watermark(),
            last_stable_offset: self.last_stable_offset(),
            log_start_offset: self.log_start_offset(),
        }
    }
}
