//! A partition: data behind one short lock, no task, no channel. Under the lock a batch is compared with what its
//! producer wrote before, gets its offsets and goes into the log; nothing there costs by the byte.
//!
//! Lock order: this partition, then its log.

mod append;
mod offsets;
mod producers;
mod read;
mod snapshot;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;
use thalweg_model::{LeaderEpoch, Offset, PartitionIndex, TopicPartition};
use thalweg_storage::{Log, WalSeq};

use crate::engine_room::EngineRoom;
use crate::session::records::{ActiveProducer, PartitionError};
use crate::topic::Topic;

use self::producers::Producers;

pub use self::read::{EpochEnd, FetchError, Fetched, Isolation};

/// A partition in the hands of a reader; cheap to clone and to keep. It outlives its topic: then reads say so.
#[derive(Clone)]
pub struct Partition(Arc<Inner>);

struct Inner {
    topic: Arc<Topic>,
    index: PartitionIndex,
    /// The shard's epoch plus this is the partition's.
    epoch_base: i32,
    room: Arc<EngineRoom>,
    log: Log,
    /// What must be durable before anyone is told where the log starts,
    start_seq: AtomicU64,
    /// and what they are told until then.
    start_before: AtomicI64,
    // Guards the order of appends; never held while waiting.
    state: Mutex<State>,
}

/// What the lock guards.
#[derive(Default)]
struct State {
    // Made for the first idempotent producer: most partitions are idle.
    producers: Option<Box<Producers>>,
    // Then a snapshot may be kept, and an empty one has to take its place.
    had_producers: bool,
}

impl fmt::Debug for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0.topic.name, self.0.index)
    }
}

impl Partition {
    /// The partition over its log, with what recovery found of its producers.
    pub(crate) fn open(
        topic: Arc<Topic>,
        index: PartitionIndex,
        epoch_base: i32,
        room: Arc<EngineRoom>,
    ) -> Self {
        let log = room.engine.create(TopicPartition { topic: topic.id, partition: index });
        let state = Mutex::default();
        Self(Arc::new(Inner {
            topic,
            index,
            epoch_base,
            room,
            log,
            start_seq: AtomicU64::new(0),
            start_before: AtomicI64::new(0),
            state,
        }))
    }

    /// Which partition it is.
    pub fn id(&self) -> TopicPartition {
        self.0.log.partition()
    }

    /// The epoch of its present leadership.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        LeaderEpoch(self.0.epoch_base + self.0.room.engine.shard_epoch())
    }

    /// Compares the epoch that a client believes in with the present one; none is any.
    pub fn check_leader_epoch(&self, epoch: Option<LeaderEpoch>) -> Result<(), PartitionError> {
        let current = self.leader_epoch();
        match epoch {
            Some(given) if given < current => Err(PartitionError::FencedLeaderEpoch { given, current }),
            Some(given) if given > current => Err(PartitionError::UnknownLeaderEpoch { given, current }),
            _ => Ok(()),
        }
    }

    /// The first offset there is, as far as that is durable.
    pub fn log_start_offset(&self) -> Offset {
        self.durable_start(|| self.0.log.start())
    }

    /// The log's start where its last move is durable, else what held before that.
    fn durable_start(&self, log_start: impl FnOnce() -> Offset) -> Offset {
        if self.start_seq() <= self.0.room.engine.durable() {
            log_start()
        } else {
            Offset(self.0.start_before.load(Ordering::Acquire))
        }
    }

    /// The first offset that is not durable, so that readers may not see it.
    pub fn high_watermark(&self) -> Offset {
        self.0.log.high_watermark()
    }

    /// The first offset that a reader of committed records may not see yet. Without transactions nothing is open.
    pub fn last_stable_offset(&self) -> Offset {
        self.high_watermark()
    }

    pub(crate) fn topic(&self) -> &Arc<Topic> {
        &self.0.topic
    }

    pub(crate) fn index(&self) -> PartitionIndex {
        self.0.index
    }

    pub(crate) fn log(&self) -> &Log {
        &self.0.log
    }

    /// What the last move of the log's start waits for.
    fn start_seq(&self) -> WalSeq {
        WalSeq(self.0.start_seq.load(Ordering::Acquire))
    }

    /// Moves the log's start forward.
    pub(crate) fn move_start(&self, to: Offset) -> WalSeq {
        let _state = self.0.state.lock();
        if to <= self.0.log.start() {
            return self.start_seq();
        }
        // While an earlier move is not durable, what was before it holds.
        if self.start_seq() <= self.0.room.engine.durable() {
            self.0.start_before.store(self.0.log.start().0, Ordering::Release);
        }
        // Until the move has its place in the log, nobody takes it for durable.
        self.0.start_seq.store(u64::MAX, Ordering::Release);
        let seq = self.0.log.set_start(to);
        self.0.start_seq.store(seq.0, Ordering::Release);
        seq
    }

    /// Lets an append end that is under way: whoever comes after it sees that the topic ended.
    pub(crate) fn settle(&self) {
        drop(self.0.state.lock());
    }

    /// The producers that it remembers.
    pub(crate) fn active_producers(&self) -> (Vec<ActiveProducer>, WalSeq) {
        let state = self.0.state.lock();
        let active = state.producers.as_ref().map(|producers| producers.active()).unwrap_or_default();
        (active, self.0.log.seq_of_state())
    }

    /// Forgets producers that wrote nothing for so long.
    pub(crate) fn expire_producers(&self, expiration_ms: i64) {
        let now = self.0.room.world.clock.now();
        let mut state = self.0.state.lock();
        if let Some(producers) = &mut state.producers {
            producers.expire(now, expiration_ms);
            if producers.is_empty() {
                state.producers = None;
            }
        }
    }
}
