//! A partition's epochs and Kafka's segments: borders in the offsets, kept as batches come and as the start moves.

use thalweg_model::{LeaderEpoch, Offset, TimestampMs};

use super::state::State;
use super::{BatchFacts, EpochStart, Segment};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EpochRow {
    pub(crate) start: i64,
    pub(crate) epoch: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentRow {
    pub(crate) base: i64,
    pub(crate) bytes: u64,
    pub(crate) max_timestamp: i64,
    pub(crate) first_timestamp: i64,
    pub(crate) created: i64,
}

impl State {
    /// Takes a batch into account. Time is asked for where a segment begins.
    pub(super) fn account(&mut self, facts: &BatchFacts, bytes: u64, now: impl FnOnce() -> TimestampMs) {
        let epoch = facts.leader_epoch.0;
        if self.epochs.last().is_none_or(|last| last.epoch < epoch) {
            push_tight(&mut self.epochs, EpochRow { start: facts.base_offset.0, epoch });
        }
        if self.segments.is_empty() || facts.starts_segment {
            let row = SegmentRow {
                base: facts.base_offset.0,
                bytes: 0,
                max_timestamp: -1,
                first_timestamp: facts.max_timestamp.0,
                created: now().0,
            };
            push_tight(&mut self.segments, row);
        }
        let active = self.segments.last_mut().expect("one was made just now where there was none");
        active.bytes += bytes;
        active.max_timestamp = active.max_timestamp.max(facts.max_timestamp.0);
    }

    /// Forgets what lies wholly before the start.
    pub(super) fn trim_accounts(&mut self) {
        let dead = self.epochs.windows(2).take_while(|pair| pair[1].start <= self.start).count();
        self.epochs.drain(..dead);
        // The last epoch stays even where it has no record left: the next leader's answers rest on it.
        if let Some(first) = self.epochs.first_mut() {
            first.start = first.start.max(self.start);
        }
        let dead = self.segments.windows(2).take_while(|pair| pair[1].base <= self.start).count();
        self.segments.drain(..dead);
        if self.start == self.end {
            self.segments = Vec::new();
        }
    }

    pub(super) fn epochs(&self) -> Vec<EpochStart> {
        let row = |row: &EpochRow| EpochStart { epoch: LeaderEpoch(row.epoch), start: Offset(row.start) };
        self.epochs.iter().map(row).collect()
    }

    pub(super) fn segments(&self) -> Vec<Segment> {
        (0..self.segments.len()).map(|index| self.segment(index)).collect()
    }

    pub(super) fn active_segment(&self) -> Option<Segment> {
        self.segments.len().checked_sub(1).map(|index| self.segment(index))
    }

    pub(super) fn size(&self) -> u64 {
        self.segments.iter().map(|row| row.bytes).sum()
    }

    fn segment(&self, index: usize) -> Segment {
        let row = &self.segments[index];
        let next = self.segments.get(index + 1);
        Segment {
            base: Offset(row.base),
            end: Offset(next.map_or(self.end, |next| next.base)),
            bytes: row.bytes,
            max_timestamp: TimestampMs(row.max_timestamp),
            first_timestamp: TimestampMs(row.first_timestamp),
            created: TimestampMs(row.created),
            active: next.is_none(),
        }
    }
}

/// Most partitions have one row of each kind: a vector that makes room for four would cost more than all else.
pub(super) fn push_tight<T>(rows: &mut Vec<T>, row: T) {
    if rows.len() == rows.capacity() {
        rows.reserve_exact(rows.len() / 2 + 1);
    }
    rows.push(row);
}
