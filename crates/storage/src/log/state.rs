//! What a partition's lock guards.
//!
//! ```text
//!   start                                                              high watermark      end
//!     │ extents (files) …………………………………│                                       │              │
//!     │                          │ wal runs (left the tail uncovered) │        │              │
//!     │                                     │ recents (the tail) ……………………………│ not durable  │
//! ```
//!
//! Extents and the tail may overlap: what is covered stays in the tail while there is room.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use thalweg_model::law::Law;
use thalweg_model::{Offset, Region, TimestampMs};

use super::accounts::{EpochRow, SegmentRow};
use super::{LogEnd, Piece, Read, Watcher};
use crate::extent::Extent;
use crate::kept::{Kept, Stored};
use crate::log::BatchFacts;
use crate::wal::WalSeq;

/// A batch in the tail.
#[derive(Clone)]
pub(crate) struct Recent {
    pub(crate) base: i64,
    pub(crate) last_delta: u32,
    pub(crate) seq: WalSeq,
    pub(crate) max_timestamp: i64,
    pub(crate) bytes: Bytes,
}

impl Recent {
    pub(crate) fn end(&self) -> i64 {
        self.base + i64::from(self.last_delta) + 1
    }
}

/// Batches of one block that left the tail before they were covered, or were found at start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WalRun {
    pub(crate) base: i64,
    pub(crate) end: i64,
    pub(crate) seq: WalSeq,
    /// In its block; what lies there may begin before `base`.
    pub(crate) position: u32,
    pub(crate) length: u32,
    pub(crate) max_timestamp: i64,
}

/// What was found of a partition at start, until its owner takes it.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) replay: Vec<BatchFacts>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Where it goes on if that lies behind the end: a block is lost that may have held what lies between.
    pub(crate) skip_to: i64,
    pub(crate) last_seq: WalSeq,
    pub(crate) removed: bool,
    /// Whether it was there at start and its owner has not asked yet.
    pub(crate) untaken: bool,
    pub(crate) recents: VecDeque<Recent>,
    pub(crate) wal_runs: Vec<WalRun>,
    pub(crate) extents: Vec<Extent>,
    pub(crate) epochs: Vec<EpochRow>,
    pub(crate) segments: Vec<SegmentRow>,
    /// The last rows that the manifest has: they and those after them may have changed.
    pub(crate) persisted_epoch: i32,
    pub(crate) persisted_segment: i64,
    /// What the manifest has of the caller's state.
    pub(crate) kept: Option<Box<Kept>>,
    pub(crate) watchers: Vec<(Arc<dyn Watcher>, u64)>,
    pub(crate) found: Option<Box<Found>>,
}

impl State {
    pub(crate) fn new() -> Self {
        Self { persisted_epoch: i32::MIN, persisted_segment: i64::MIN, ..Self::default() }
    }

    pub(super) fn log_end(&self) -> LogEnd {
        let active_segment = self.active_segment();
        LogEnd { start: Offset(self.start), offset: Offset(self.next()), active_segment }
    }

    /// The offset that the next batch gets.
    pub(super) fn next(&self) -> i64 {
        self.end.max(self.skip_to)
    }

    pub(super) fn append(&mut self, seq: WalSeq, piece: Piece, now: impl FnOnce() -> TimestampMs) {
        let Piece { bytes, facts } = piece;
        assert_eq!(facts.base_offset.0, self.next(), "a batch begins where the log goes on");
        self.account(&facts, bytes.len() as u64, now);
        self.end = facts.next_offset().0;
        let BatchFacts { base_offset, last_delta, max_timestamp, .. } = facts;
        let (base, max_timestamp) = (base_offset.0, max_timestamp.0);
        if self.recents.capacity() == 0 {
            // A partition that is written once keeps room for one.
            self.recents.reserve_exact(1);
        }
        self.recents.push_back(Recent { base, last_delta, seq, max_timestamp, bytes });
        self.last_seq = seq;
    }

    pub(super) fn high_watermark(&self, durable: WalSeq) -> i64 {
        if self.last_seq <= durable || Law::ReadersWait.is_broken() {
            return self.end;
        }
        let index = self.recents.partition_point(|recent| recent.seq <= durable);
        match self.recents.get(index) {
            // The first batch that is not durable begins where the durable ones end.
            Some(recent) => recent.base.max(self.start),
            None => self.end,
        }
    }

    /// Moves the start and gives what it leaves behind of files.
    pub(super) fn move_start(&mut self, to: i64) -> Vec<Extent> {
        self.start = to;
        self.trim_accounts();
        while self.recents.front().is_some_and(|recent| recent.end() <= to) {
            self.recents.pop_front();
        }
        self.shrink_recents();
        self.wal_runs.retain(|run| run.end > to);
        self.trim_extents()
    }

    fn trim_extents(&mut self) -> Vec<Extent> {
        let start = self.start;
        let dead = self.extents.partition_point(|extent| extent.end <= start);
        if dead == 0 {
            return Vec::new();
        }
        let freed = self.extents.drain(..dead).collect();
        self.extents.shrink_to_fit();
        freed
    }

    /// Whether the first extent has batches that lie before the start, as far as offsets tell.
    pub(crate) fn begins_within_extent(&self) -> bool {
        self.extents.first().is_some_and(|extent| extent.base < self.start)
    }

    fn shrink_recents(&mut self) {
        if self.recents.is_empty() {
            self.recents = VecDeque::new();
        } else if self.recents.capacity() > 64 && self.recents.len() * 4 < self.recents.capacity() {
            self.recents.shrink_to(self.recents.len() * 2);
        }
    }

    pub(super) fn read_tail(&self, durable: WalSeq, from: i64, upto: i64, max_bytes: usize) -> Option<Read> {
        let high_watermark = self.high_watermark(durable);
        if self.removed || from < self.start || from > high_watermark {
            return None;
        }
        let mut read = Read { next: Offset(from), ..Read::default() };
        let upto = upto.min(high_watermark);
        if from >= upto {
            return Some(read);
        }
        if self.recents.front().is_none_or(|first| first.base > from) {
            return None;
        }
        let index = self.recents.partition_point(|recent| recent.end() <= from);
        for recent in self.recents.range(index..) {
            let fits = read.bytes == 0 || read.bytes + recent.bytes.len() <= max_bytes;
            if recent.end() > upto || !fits {
                break;
            }
            read.bytes += recent.bytes.len();
            read.next = Offset(recent.end());
            read.regions.push(Region::Memory(recent.bytes.clone()));
        }
        Some(read)
    }

    /// The batches of a block leave the tail; where they are not covered, where they lie in the WAL stays known.
    pub(super) fn leave_tail(&mut self, seq: WalSeq, covered: WalSeq, position: u32, length: u32) {
        let mut run: Option<WalRun> = None;
        while let Some(recent) = self.recents.pop_front_if(|recent| recent.seq <= seq) {
            let (base, end) = (recent.base, recent.end());
            let run = run.get_or_insert(WalRun { base, end, seq, position, length, max_timestamp: -1 });
            run.end = end;
            run.max_timestamp = run.max_timestamp.max(recent.max_timestamp);
        }
        self.shrink_recents();
        // A checkpoint may just have taken it over without having told yet how far it came.
        let stored = self.extents.last().map_or(self.start, |extent| extent.end.max(self.start));
        self.wal_runs.extend(run.filter(|run| seq > covered && run.end > stored));
    }

    /// Adds what a checkpoint wrote, and gives what of it is wanted no more.
    pub(super) fn add_extents(
        &mut self,
        target: WalSeq,
        from: i64,
        to: i64,
        add: Vec<Extent>,
    ) -> Vec<Extent> {
        self.wal_runs.retain(|run| run.seq > target);
        if self.wal_runs.is_empty() {
            self.wal_runs = Vec::new();
        }
        if self.removed {
            return add;
        }
        crate::manifest::replace_extents(&mut self.extents, from, to, add);
        self.trim_extents()
    }

    /// Ends it, and gives what it had of files.
    pub(super) fn remove(&mut self) -> Vec<Extent> {
        self.removed = true;
        self.start = self.end;
        self.recents = VecDeque::new();
        self.wal_runs = Vec::new();
        self.epochs = Vec::new();
        self.segments = Vec::new();
        self.found = None;
        let mut freed = std::mem::take(&mut self.extents);
        freed.extend(self.kept.take().iter().flat_map(|kept| kept.stored()).map(Stored::extent));
        freed
    }
}
