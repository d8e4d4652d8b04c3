//! Where groups write, and are read back from: a partition of the offsets topic, seen as a place that is reserved first
//! and used under the shard's lock. The broker implements it over the real partition, tests over a list.

use bytes::Bytes;
use thalweg_model::world::BoxFuture;
use thalweg_model::{Offset, PartitionIndex};
use thiserror::Error;

use super::{GroupError, Loading};
use crate::WalSeq;

/// A record of the offsets topic; without a value it forgets its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is about.
    pub key: Bytes,
    /// What holds for it now.
    pub value: Option<Bytes>,
}

/// Why the log gave no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LogRefused {
    /// Nothing can be written just now; try again.
    #[error("the offsets topic cannot be written just now")]
    Unavailable,
    /// More than the offsets topic takes at once.
    #[error("the records are larger than the offsets topic allows")]
    TooLarge,
}

/// Why a partition could not be read back.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct LoadFailed(pub String);

impl From<LogRefused> for GroupError {
    fn from(refused: LogRefused) -> Self {
        match refused {
            LogRefused::Unavailable => Self::Unavailable,
            LogRefused::TooLarge => Self::InvalidCommitSize,
        }
    }
}

/// Where records came to stand.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// What must be durable before anyone is told of them.
    pub seq: WalSeq,
    /// The offset after the last of them.
    pub next: Offset,
}

/// Reserved space: used once, or dropped.
pub struct Place(Box<dyn FnOnce(Vec<Record>) -> Placed + Send>);

impl Place {
    /// A place that `append` uses.
    pub fn new(append: impl FnOnce(Vec<Record>) -> Placed + Send + 'static) -> Self {
        Self(Box::new(append))
    }

    /// Appends the records as one batch; cannot fail any more.
    pub fn append(self, records: Vec<Record>) -> Placed {
        (self.0)(records)
    }
}

/// The offsets topic.
pub trait OffsetsLog: Send + Sync {
    /// Reserves space for about `bytes` in a partition (making the topic first if need be).
    fn reserve(&self, partition: PartitionIndex, bytes: usize) -> BoxFuture<'_, Result<Place, LogRefused>>;

    /// Gives all that is kept of a partition: the snapshot, then the records after it. Nothing is appended to it
    /// meanwhile. May be given up and begun anew.
    fn load<'a>(
        &'a self,
        partition: PartitionIndex,
        into: &'a mut Loading,
    ) -> BoxFuture<'a, Result<(), LoadFailed>>;

    /// The partition's state is taken over, and will be asked for from here on. May be told again.
    fn loaded(&self, partition: PartitionIndex);
}
