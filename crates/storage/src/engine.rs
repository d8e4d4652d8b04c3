//! The engine's face: all partitions of a shard, the order of appends, and what is durable.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use thalweg_model::collections::HashMap;
use thalweg_model::world::World;
use thalweg_model::{TopicId, TopicPartition};
use thiserror::Error;
use tokio::sync::watch;

use crate::log::{Log, Piece};
use crate::options::Options;
use crate::tail::{Block, Tail};
pub use crate::wal::WalSeq;

/// Space for an append, taken before it gets offsets. Dropping it gives the space back.
#[derive(Debug)]
pub struct Reservation {
    /// How many bytes of batches it stands for.
    pub bytes: usize,
}

/// Why there is no space for an append. Nothing of it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// What may be kept is kept: delete something.
    #[error("the storage is full")]
    Full,
    /// The disk does not keep up: try again.
    #[error("no space came free in time")]
    Timeout,
    /// The engine is closed.
    #[error("the storage is closed")]
    Closed,
}

/// What the caller keeps of a partition beside its records: producers, groups.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// In the caller's own form.
    pub bytes: Bytes,
    /// The state it reflects: all appends of the partition up to this one, and none after it.
    pub seq: WalSeq,
}

/// Asked at a checkpoint for each partition that was appended to since the last one.
pub trait Snapshots: Send + Sync {
    /// The partition's present state; none where there is nothing to remember. It is taken together with
    /// [`Log::seq_of_state`], under the caller's own lock. Called from the checkpointer, which holds no lock.
    fn snapshot(&self, partition: TopicPartition) -> Option<Snapshot>;
}

/// What storage holds at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Memory of the tail.
    pub tail_bytes: u64,
    /// Segment files and packs, dead bytes counted.
    pub segment_bytes: u64,
    /// Of these, what partitions still have.
    pub live_bytes: u64,
    /// Segment files and packs.
    pub files: u64,
    /// Durable in the WAL and not in a segment file yet.
    pub uncovered_bytes: u64,
    /// Partitions.
    pub partitions: u64,
}

/// All partitions of a shard. Clones are the same engine.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) world: World,
    pub(crate) this: Weak<Shared>,
    logs: RwLock<HashMap<TopicPartition, Log>>,
    tail: Mutex<Tail>,
    /// The number of the last append; the lock is the order of appends.
    last: Mutex<u64>,
    durable: AtomicU64,
    durable_tell: watch::Sender<WalSeq>,
}

impl Engine {
    pub(crate) fn new(options: Options, world: World) -> Self {
        Self(Arc::new_cyclic(|this| Shared {
            options,
            world,
            this: this.clone(),
            logs: RwLock::default(),
            tail: Mutex::default(),
            last: Mutex::new(0),
            durable: AtomicU64::new(0),
            durable_tell: watch::Sender::new(WalSeq::NONE),
        }))
    }

    /// The log of a partition, made where there is none yet. Costs no I/O and may be repeated.
    pub fn create(&self, partition: TopicPartition) -> Log {
        if let Some(log) = self.get(partition) {
            return log;
        }
        let mut logs = self.0.logs.write();
        logs.entry(partition).or_insert_with(|| Log::new(partition, self.0.this.clone())).clone()
    }

    /// The log of a partition, if there is one.
    pub fn get(&self, partition: TopicPartition) -> Option<Log> {
        self.0.logs.read().get(&partition).cloned()
    }

    /// Forgets a topic whose removal is durable among the facts: its logs end, its files go after the delete delay.
    /// Logs still held answer reads with [`ReadError::Removed`](crate::ReadError::Removed).
    pub fn remove(&self, topic: TopicId) {
        let mut gone = Vec::new();
        self.0.logs.write().retain(|partition, log| {
            let stays = partition.topic != topic;
            if !stays {
                gone.push(log.clone());
            }
            stays
        });
        for log in gone {
            log.end_of_life();
        }
    }

    /// Which start of the broker on this folder this is: 1 the first time, one more each time.
    pub fn shard_epoch(&self) -> i32 {
        1
    }

    /// Takes space for an append of so many bytes, waiting for it where the disk does not keep up.
    pub async fn reserve(&self, bytes: usize) -> Result<Reservation, Refused> {
        if let Some(most) = self.0.options.memory_bytes_max
            && self.0.tail.lock().bytes + bytes as u64 > most
        {
            return Err(Refused::Full);
        }
        Ok(Reservation { bytes })
    }

    /// Everything up to and with this is durable.
    pub fn durable(&self) -> WalSeq {
        self.0.durable()
    }

    /// Returns when everything up to and with `seq` is durable.
    pub async fn wait(&self, seq: WalSeq) {
        if self.durable() >= seq {
            return;
        }
        let mut watch = self.durable_watch();
        // The sender lives as long as the engine: an error cannot be.
        let _ = watch.wait_for(|durable| *durable >= seq).await;
    }

    /// Shows the durable sequence as it moves; for a task that waits for several things.
    pub fn durable_watch(&self) -> watch::Receiver<WalSeq> {
        self.0.durable_tell.subscribe()
    }

    /// Appends to several partitions at once: all of it lies in one block, and is durable whole or not at all. The
    /// caller holds its own locks of all these partitions; each is named once.
    pub fn append(&self, reservation: Reservation, parts: Vec<(&Log, Vec<Piece>)>) -> WalSeq {
        Log::append_all(&self.0, reservation, parts)
    }

    /// What is held at the moment.
    pub fn usage(&self) -> Usage {
        let tail = self.0.tail.lock();
        Usage { tail_bytes: tail.bytes, partitions: self.0.logs.read().len() as u64, ..Usage::default() }
    }

    /// Ends: what was appended becomes durable, a last checkpoint is made, the folder is given back.
    pub async fn close(self) {}
}

impl Shared {
    pub(crate) fn durable(&self) -> WalSeq {
        WalSeq(self.durable.load(Ordering::Acquire))
    }

    /// The next place in the order; called under the locks of the partitions that it belongs to.
    pub(crate) fn push(&self, partitions: Vec<Log>, bytes: u64) -> WalSeq {
        let mut last = self.last.lock();
        *last += 1;
        let seq = WalSeq(*last);
        let mut tail = self.tail.lock();
        tail.bytes += bytes;
        tail.blocks.push_back(Block { seq, bytes, partitions });
        seq
    }

    /// What was pushed is durable.
    pub(crate) fn settle(&self, seq: WalSeq, logs: &[Log]) {
        self.durable.fetch_max(seq.0, Ordering::AcqRel);
        self.durable_tell.send_if_modified(|durable| {
            let moves = *durable < seq;
            *durable = (*durable).max(seq);
            moves
        });
        for log in logs {
            log.tell_watchers();
        }
    }
}
