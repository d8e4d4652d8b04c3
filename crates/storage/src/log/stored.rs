//! A partition's side of checkpoints, merges and recovery: what the checkpointer takes from it and gives back.

use bytes::Bytes;

use super::state::WalRun;
use super::{BatchFacts, Log, State};
use crate::block::{Entry, EntryKind};
use crate::engine::SnapshotPart;
use crate::extent::{Extent, FileNumber};
use crate::kept::{Kept, Part, Stored};
use crate::manifest::PartitionImage;
use crate::manifest::record::PartitionRow;
use crate::run_file::Stretch;
use crate::wal::WalSeq;

/// What is to be written of a partition.
pub(crate) struct Dirty {
    pub(crate) sources: Vec<Source>,
    pub(crate) bytes: u64,
}

/// Batches to be written, from where they are.
pub(crate) enum Source {
    Memory(Stretch, Bytes),
    Wal(WalRun),
}

impl Source {
    pub(crate) fn stretch(&self) -> Stretch {
        match self {
            Self::Memory(stretch, _) => *stretch,
            Self::Wal(run) => Stretch { base: run.base, end: run.end, max_timestamp: run.max_timestamp },
        }
    }
}

impl Log {
    pub(crate) fn leave_tail(&self, seq: WalSeq, covered: WalSeq, position: u32, length: u32) {
        self.0.state.lock().leave_tail(seq, covered, position, length);
    }

    /// What lies above one place in the order, up to another, and is still wanted.
    pub(crate) fn dirty(&self, above: WalSeq, upto: WalSeq) -> Dirty {
        let state = self.0.state.lock();
        let mut dirty = Dirty { sources: Vec::new(), bytes: 0 };
        let wanted = |seq: WalSeq, end: i64| seq > above && seq <= upto && end > state.start;
        for run in state.wal_runs.iter().filter(|run| wanted(run.seq, run.end)) {
            dirty.bytes += u64::from(run.length);
            dirty.sources.push(Source::Wal(*run));
        }
        let from = state.recents.partition_point(|recent| recent.seq <= above);
        for recent in state.recents.range(from..).take_while(|recent| recent.seq <= upto) {
            if recent.end() > state.start {
                let (base, end, max_timestamp) = (recent.base, recent.end(), recent.max_timestamp);
                dirty.bytes += recent.bytes.len() as u64;
                dirty
                    .sources
                    .push(Source::Memory(Stretch { base, end, max_timestamp }, recent.bytes.clone()));
            }
        }
        dirty
    }

    /// What the manifest shall say of it, and what must be durable before; none where it was removed.
    pub(crate) fn row(&self, all: bool) -> Option<(PartitionRow, WalSeq)> {
        let state = self.0.state.lock();
        if state.removed {
            return None;
        }
        let (epoch, segment) = match all {
            true => (i32::MIN, i64::MIN),
            false => (state.persisted_epoch, state.persisted_segment),
        };
        let row = PartitionRow {
            partition: self.0.partition,
            start: state.start,
            end: state.end,
            epochs: state.epochs.iter().filter(|row| row.epoch >= epoch).copied().collect(),
            segments: state.segments.iter().filter(|row| row.base >= segment).copied().collect(),
        };
        Some((row, state.last_seq))
    }

    /// What the manifest has of the caller's state.
    pub(crate) fn kept(&self) -> Option<Kept> {
        self.0.state.lock().kept.as_deref().cloned()
    }

    /// Where the manifest has the caller's state in these files.
    pub(crate) fn kept_in(&self, files: &[FileNumber]) -> Vec<Stored> {
        let state = self.0.state.lock();
        let stored = state.kept.iter().flat_map(|kept| kept.stored());
        stored.filter(|stored| files.contains(&stored.file)).copied().collect()
    }

    /// The manifest has nothing of the caller's state any more.
    pub(crate) fn keeps_nothing(&self) {
        let kept = self.0.state.lock().kept.take();
        self.free_states(kept.iter().flat_map(|kept| kept.stored()));
    }

    /// The manifest has the caller's state up to this offset now, with this part added or in place of all.
    pub(crate) fn keeps(&self, offset: i64, how_much: SnapshotPart, added: Option<Part>) {
        let mut state = self.0.state.lock();
        if state.removed {
            drop(state);
            return self.free_states(added.iter().filter_map(Part::stored));
        }
        let before = match how_much {
            SnapshotPart::Whole => state.kept.take(),
            SnapshotPart::Changes => None,
        };
        let kept = state.kept.get_or_insert_with(|| Box::new(Kept { offset, parts: Vec::new() }));
        kept.offset = offset;
        kept.parts.extend(added);
        drop(state);
        self.free_states(before.iter().flat_map(|kept| kept.stored()));
    }

    /// The manifest has a part of the caller's state elsewhere now.
    pub(crate) fn kept_has_moved(&self, from: Stored, to: Stored) {
        let mut state = self.0.state.lock();
        let moved = state.kept.as_mut().is_some_and(|kept| kept.moved((from.file, from.position), to));
        drop(state);
        if !moved {
            // It was removed meanwhile.
            self.free_states([&to]);
        }
    }

    pub(crate) fn free_states<'a>(&self, states: impl IntoIterator<Item = &'a Stored>) {
        let freed: Vec<_> = states.into_iter().map(Stored::extent).collect();
        if !freed.is_empty() {
            self.0.shared.free(self.0.partition.topic, WalSeq::NONE, &freed);
        }
    }

    /// The manifest has what [`row`](Self::row) gave.
    pub(crate) fn row_is_durable(&self, row: &PartitionRow) {
        let mut state = self.0.state.lock();
        if let Some(last) = row.epochs.last() {
            state.persisted_epoch = last.epoch;
        }
        if let Some(last) = row.segments.last() {
            state.persisted_segment = last.base;
        }
    }

    /// What it has in files.
    pub(crate) fn extents(&self) -> Vec<Extent> {
        self.0.state.lock().extents.clone()
    }

    /// What it has in one of these files, in order.
    pub(crate) fn extents_in(&self, files: &[FileNumber]) -> Vec<Extent> {
        let state = self.0.state.lock();
        state.extents.iter().filter(|extent| files.contains(&extent.file)).cloned().collect()
    }

    /// Takes what was written by a checkpoint up to `target`.
    pub(crate) fn add_extents(&self, target: WalSeq, from: i64, to: i64, add: Vec<Extent>) {
        let mut state = self.0.state.lock();
        let freed = state.add_extents(target, from, to, add);
        let seq = if state.removed { WalSeq::NONE } else { state.last_seq };
        if !freed.is_empty() {
            self.0.shared.free(self.0.partition.topic, seq, &freed);
        }
        let is_first = state.extents.first().is_some_and(|extent| extent.base >= from);
        if is_first && state.begins_within_extent() {
            self.0.shared.begins_within(self.0.partition, seq, state.start);
        }
    }

    /// The extent within which the log begins.
    pub(crate) fn extent_begun_within(&self) -> Option<Extent> {
        let state = self.0.state.lock();
        state.begins_within_extent().then(|| state.extents.first().cloned()).flatten()
    }

    /// The manifest has `rest` in the place of the first extent; false where that one is not the first any more.
    pub(crate) fn keep_rest(&self, whole: &Extent, rest: Extent) -> bool {
        let mut state = self.0.state.lock();
        match state.extents.first_mut().filter(|first| *first == whole) {
            Some(first) => {
                *first = rest;
                true
            }
            None => false,
        }
    }

    /// Forgets what of the WAL is covered; for a partition of which nothing had to be written.
    pub(crate) fn is_covered(&self, target: WalSeq) {
        self.add_extents(target, 0, 0, Vec::new());
    }

    /// Where it goes on, if that lies behind its end.
    pub(crate) fn skip_to(&self) -> Option<i64> {
        let state = self.0.state.lock();
        (state.skip_to > state.end && !state.removed).then_some(state.skip_to)
    }

    pub(crate) fn end_and_removed(&self) -> (i64, bool) {
        let state = self.0.state.lock();
        (state.end, state.removed)
    }

    /// A snapshot that was found at start and not taken yet. It stays what is known of the caller's state.
    pub(crate) fn untaken(&self) -> Option<Option<Kept>> {
        let state = self.0.state.lock();
        state.untaken.then(|| state.kept.as_deref().cloned())
    }

    /// Whether its owner has not taken over yet what was found at start.
    pub(crate) fn is_untaken(&self) -> bool {
        self.0.state.lock().untaken
    }

    /// Whether there is something that its owner should have taken before it is lost.
    pub(crate) fn has_untaken_replay(&self) -> bool {
        let state = self.0.state.lock();
        state.untaken && state.found.as_ref().is_some_and(|found| !found.replay.is_empty())
    }
}

impl State {
    pub(crate) fn from_image(image: PartitionImage) -> Self {
        let PartitionImage { start, end, epochs, segments, mut extents, snapshot, skip_to } = image;
        extents.shrink_to_fit();
        let mut state = Self {
            start,
            end,
            skip_to,
            untaken: end > 0,
            extents,
            persisted_epoch: epochs.last().map_or(i32::MIN, |row| row.epoch),
            persisted_segment: segments.last().map_or(i64::MIN, |row| row.base),
            kept: snapshot.map(Box::new),
            epochs,
            segments,
            ..Self::new()
        };
        state.trim_accounts();
        state.epochs.shrink_to_fit();
        state.segments.shrink_to_fit();
        state
    }

    /// Takes an entry of a block that was found at start, in the order of the blocks. Gives files that it frees.
    pub(crate) fn replay(&mut self, seq: WalSeq, entry: &Entry, now: i64) -> Vec<Extent> {
        self.last_seq = seq;
        self.untaken = true;
        let base = entry.base_offset.0;
        match entry.kind {
            EntryKind::StartMoved if base > self.start => return self.move_start(base.min(self.end)),
            EntryKind::StartMoved => return Vec::new(),
            EntryKind::Data => {}
        }
        let facts = BatchFacts::of(entry);
        let end = facts.next_offset().0;
        // What comes before the row's end is in the accounts already.
        if base >= self.end {
            self.account(&facts, u64::from(entry.length), || thalweg_model::TimestampMs(now));
            self.end = end;
        }
        if self.kept.as_ref().is_none_or(|kept| base >= kept.offset) {
            self.found.get_or_insert_default().replay.push(facts);
        }
        if end > self.start {
            let max_timestamp = entry.max_timestamp.0;
            match self.wal_runs.last_mut() {
                Some(run) if run.seq == seq && run.position + run.length == entry.position => {
                    run.end = end;
                    run.length += entry.length;
                    run.max_timestamp = run.max_timestamp.max(max_timestamp);
                }
                _ => self.wal_runs.push(WalRun {
                    base,
                    end,
                    seq,
                    position: entry.position,
                    length: entry.length,
                    max_timestamp,
                }),
            }
        }
        Vec::new()
    }
}
