//! A partition: its batches in order, from whichever place they are in. Data behind one short lock.

mod accounts;
mod find;
mod read;
mod recovered;
mod state;
mod stored;
mod windowed;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use thalweg_model::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Region, TimestampMs, TopicPartition};
use thiserror::Error;

use crate::block::{Entry, EntryKind};
use crate::engine::{Reservation, Shared, WalSeq};

pub(crate) use self::accounts::{EpochRow, SegmentRow};
pub(crate) use self::read::wal_bytes;
pub use self::recovered::Recovered;
pub(crate) use self::state::{State, WalRun};
pub(crate) use self::stored::Source;

/// What storage keeps in view of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchFacts {
    /// The offset of its first record.
    pub base_offset: Offset,
    /// From the first offset to the last.
    pub last_delta: u32,
    /// Which leadership wrote it.
    pub leader_epoch: LeaderEpoch,
    /// Who produced it.
    pub producer_id: ProducerId,
    /// In which incarnation.
    pub producer_epoch: ProducerEpoch,
    /// The sequence number of its first record, or -1.
    pub base_sequence: i32,
    /// As in the batch.
    pub attributes: i16,
    /// As in the batch.
    pub max_timestamp: TimestampMs,
    /// Whether a new segment begins with it. The first batch of a log begins one in any case.
    pub starts_segment: bool,
}

impl BatchFacts {
    /// What stands where there is no batch.
    const NOTHING: Self = Self {
        base_offset: Offset(0),
        last_delta: 0,
        leader_epoch: LeaderEpoch(-1),
        producer_id: ProducerId::NONE,
        producer_epoch: ProducerEpoch(-1),
        base_sequence: -1,
        attributes: 0,
        max_timestamp: TimestampMs::NONE,
        starts_segment: false,
    };

    /// The offset after its last record.
    pub fn next_offset(&self) -> Offset {
        Offset(self.base_offset.0 + i64::from(self.last_delta) + 1)
    }

    pub(crate) fn of(entry: &Entry) -> Self {
        Self {
            base_offset: entry.base_offset,
            last_delta: entry.last_delta,
            leader_epoch: entry.leader_epoch,
            producer_id: entry.producer_id,
            producer_epoch: entry.producer_epoch,
            base_sequence: entry.base_sequence,
            attributes: entry.attributes,
            max_timestamp: entry.max_timestamp,
            starts_segment: entry.segment_first,
        }
    }

    fn entry(&self, partition: TopicPartition) -> Entry {
        Entry {
            kind: EntryKind::Data,
            partition,
            leader_epoch: self.leader_epoch,
            base_offset: self.base_offset,
            last_delta: self.last_delta,
            producer_id: self.producer_id,
            producer_epoch: self.producer_epoch,
            base_sequence: self.base_sequence,
            attributes: self.attributes,
            max_timestamp: self.max_timestamp,
            segment_first: self.starts_segment,
            position: 0,
            length: 0,
        }
    }
}

/// A batch on its way in: base offset and leader epoch are already in its bytes.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The whole batch.
    pub bytes: Bytes,
    /// What stands in its header.
    pub facts: BatchFacts,
}

/// Where a log stands when a batch is appended.
#[derive(Clone, Copy, Debug)]
pub struct LogEnd {
    /// The first offset that may be read.
    pub start: Offset,
    /// The offset that the batch gets.
    pub offset: Offset,
    /// The segment that it goes to unless it begins one; none where there is none.
    pub active_segment: Option<Segment>,
}

/// Whole batches, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// Where the bytes are.
    pub regions: Vec<Region>,
    /// How many there are.
    pub bytes: usize,
    /// The offset after the last batch; where nothing was read, the offset that was asked for.
    pub next: Offset,
}

/// Why a read gave nothing.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The offset lies before the log's start or after its durable end: ask for one between.
    #[error("offset {from} is not within {start}..={end}")]
    OutOfRange {
        /// What was asked for.
        from: Offset,
        /// The log's start.
        start: Offset,
        /// The high watermark.
        end: Offset,
    },
    /// The topic is gone: forget the log.
    #[error("the partition was removed")]
    Removed,
    /// What is stored is not what was written: restore it; other offsets can still be read.
    #[error("the stored records from offset {from} to before {to} are damaged: {what}")]
    Damaged {
        /// The first offset that cannot be read,
        from: Offset,
        /// and the first one after it that can.
        to: Offset,
        /// What is wrong.
        what: String,
    },
    /// The disk failed: try again, or mend it.
    #[error("the stored records cannot be read")]
    Io(#[from] std::io::Error),
}

/// A record that was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its offset.
    pub offset: Offset,
    /// Its timestamp.
    pub timestamp: TimestampMs,
    /// The epoch of its batch.
    pub leader_epoch: LeaderEpoch,
}

/// Where an epoch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochStart {
    /// The epoch.
    pub epoch: LeaderEpoch,
    /// Its first offset that is still in the log.
    pub start: Offset,
}

/// A segment as Kafka means it: a run of offsets, whatever the files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its first offset.
    pub base: Offset,
    /// The offset after its last.
    pub end: Offset,
    /// Its size.
    pub bytes: u64,
    /// The largest timestamp in it, or none where no batch has one.
    pub max_timestamp: TimestampMs,
    /// The largest timestamp of its first batch.
    pub first_timestamp: TimestampMs,
    /// When its first batch was appended (after a restart: read from the log), by the wall clock.
    pub created: TimestampMs,
    /// Whether appends go there.
    pub active: bool,
}

/// Wants to know when something of a partition moved.
pub trait Watcher: Send + Sync {
    /// The high watermark moved, or the partition is gone. Called from the writer's thread: it must not block, and
    /// take no lock that is held while calling storage.
    fn moved(&self, token: u64);
}

/// A partition. Clones are the same one.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

pub(crate) struct Inner {
    partition: TopicPartition,
    shared: Arc<Shared>,
    // Held for moments, by appends, reads and the writer's telling.
    state: Mutex<State>,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Log({})", self.0.partition)
    }
}

impl Log {
    pub(crate) fn new(partition: TopicPartition, shared: Arc<Shared>) -> Self {
        Self::with_state(partition, shared, State::new())
    }

    pub(crate) fn with_state(partition: TopicPartition, shared: Arc<Shared>, state: State) -> Self {
        Self(Arc::new(Inner { partition, shared, state: Mutex::new(state) }))
    }

    /// Whose it is.
    pub fn partition(&self) -> TopicPartition {
        self.0.partition
    }

    /// Appends a batch. `make` is told where the log ends, and gives the batch that begins there. The caller holds its
    /// lock of this partition, so that the order of its appends is the order of offsets.
    pub fn append(&self, reservation: Reservation, make: impl FnOnce(LogEnd) -> Piece) -> WalSeq {
        let shared = &self.0.shared;
        let mut state = self.0.state.lock();
        let piece = make(state.log_end());
        let entry = piece.facts.entry(self.0.partition);
        let seq = shared.chain().push(reservation, [(entry, piece.bytes.clone())]);
        state.append(seq, piece, || shared.world.clock.now());
        seq
    }

    pub(crate) fn append_all(
        shared: &Arc<Shared>,
        reservation: Reservation,
        mut parts: Vec<(&Self, Vec<Piece>)>,
    ) -> WalSeq {
        // One order for all, so that two such appends cannot wait for each other.
        parts.sort_by_key(|(log, _)| log.0.partition);
        let mut states: Vec<_> = parts.iter().map(|(log, _)| log.0.state.lock()).collect();
        let batches = parts.iter().flat_map(|(log, pieces)| {
            pieces.iter().map(|piece| (piece.facts.entry(log.0.partition), piece.bytes.clone()))
        });
        let seq = shared.chain().push(reservation, batches);
        for (state, (_, pieces)) in states.iter_mut().zip(parts) {
            for piece in pieces {
                state.append(seq, piece, || shared.world.clock.now());
            }
        }
        seq
    }

    /// The first offset that may be read.
    pub fn start(&self) -> Offset {
        Offset(self.0.state.lock().start)
    }

    /// The offset that the next batch gets.
    pub fn end(&self) -> Offset {
        Offset(self.0.state.lock().end)
    }

    /// The offset after the last durable record: what consumers may see.
    pub fn high_watermark(&self) -> Offset {
        let durable = self.durable();
        Offset(self.0.state.lock().high_watermark(durable))
    }

    /// Moves the start forward (never back, never past the end); [`start`](Self::start) shows it at once, an answer
    /// that says so waits for the sequence. Needs no space, so that it works when there is none.
    pub fn set_start(&self, to: Offset) -> WalSeq {
        let shared = &self.0.shared;
        let mut state = self.0.state.lock();
        let to = to.0.min(state.end);
        if to <= state.start || state.removed {
            return state.last_seq;
        }
        let mut entry = BatchFacts::NOTHING.entry(self.0.partition);
        entry.kind = EntryKind::StartMoved;
        entry.base_offset = Offset(to);
        let seq = shared.chain().push_control(entry);
        state.last_seq = seq;
        let freed = state.move_start(to);
        if !freed.is_empty() {
            shared.free(self.0.partition.topic, seq, &freed);
        }
        if state.begins_within_extent() {
            shared.begins_within(self.0.partition, seq, to);
        }
        seq
    }

    /// The last append (or move of the start) that the partition's present state rests on.
    pub fn seq_of_state(&self) -> WalSeq {
        self.0.state.lock().last_seq
    }

    /// As [`read`](Self::read), where all of it can be had from memory at once; none where it cannot, or where
    /// `read` would give an error.
    pub fn read_tail(&self, from: Offset, upto: Offset, max_bytes: usize) -> Option<Read> {
        let durable = self.durable();
        self.0.state.lock().read_tail(durable, from.0, upto.0, max_bytes)
    }

    /// Where each epoch that has records begins, in order.
    pub fn epochs(&self) -> Vec<EpochStart> {
        self.0.state.lock().epochs()
    }

    /// Its segments, in order; the last one is active. None where the log is empty.
    pub fn segments(&self) -> Vec<Segment> {
        self.0.state.lock().segments()
    }

    /// The active segment, without a list of all.
    pub fn active_segment(&self) -> Option<Segment> {
        self.0.state.lock().active_segment()
    }

    /// The bytes of all its segments.
    pub fn size(&self) -> u64 {
        self.0.state.lock().size()
    }

    /// From now on `watcher` is told, with this token, when the high watermark moves. Until
    /// [`unwatch`](Self::unwatch), or the log's end.
    pub fn watch(&self, watcher: Arc<dyn Watcher>, token: u64) {
        self.0.state.lock().watchers.push((watcher, token));
    }

    /// Ends what [`watch`](Self::watch) began. It may be told once more if a move is under way.
    pub fn unwatch(&self, watcher: &Arc<dyn Watcher>, token: u64) {
        let mut state = self.0.state.lock();
        let same = |other: &Arc<dyn Watcher>| std::ptr::addr_eq(Arc::as_ptr(other), Arc::as_ptr(watcher));
        state.watchers.retain(|(other, its)| !(same(other) && *its == token));
        if state.watchers.is_empty() {
            state.watchers = Vec::new();
        }
    }

    fn durable(&self) -> WalSeq {
        self.0.shared.durable()
    }

    #[cfg(test)]
    pub(crate) fn inner_bytes() -> usize {
        size_of::<Inner>()
    }

    pub(crate) fn tell_watchers(&self) {
        let watchers = {
            let state = self.0.state.lock();
            if state.watchers.is_empty() {
                return;
            }
            state.watchers.clone()
        };
        for (watcher, token) in watchers {
            watcher.moved(token);
        }
    }

    pub(crate) fn end_of_life(&self) {
        let shared = &self.0.shared;
        let mut state = self.0.state.lock();
        let freed = state.remove();
        shared.loose.lock().gone.push(self.0.partition);
        shared.free(self.0.partition.topic, WalSeq::NONE, &freed);
        drop(state);
        self.tell_watchers();
    }
}
