//! What a partition's lock guards.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use thalweg_model::{Offset, Region, TimestampMs};

use super::accounts::{EpochRow, SegmentRow};
use super::{BatchFacts, Piece, Read, Recovered, Watcher};
use crate::engine::WalSeq;

/// A batch in the tail.
pub(super) struct Recent {
    pub(super) base: i64,
    pub(super) last_delta: u32,
    pub(super) seq: WalSeq,
    pub(super) max_timestamp: i64,
    pub(super) bytes: Bytes,
}

impl Recent {
    pub(super) fn end(&self) -> i64 {
        self.base + i64::from(self.last_delta) + 1
    }
}

#[derive(Default)]
pub(crate) struct State {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) last_seq: WalSeq,
    pub(super) removed: bool,
    pub(super) recents: VecDeque<Recent>,
    pub(super) epochs: Vec<EpochRow>,
    pub(super) segments: Vec<SegmentRow>,
    pub(super) watchers: Vec<(Arc<dyn Watcher>, u64)>,
    pub(super) recovered: Option<Box<Recovered>>,
}

impl State {
    pub(super) fn append(&mut self, seq: WalSeq, pieces: Vec<Piece>, now: TimestampMs) {
        for Piece { bytes, facts } in pieces {
            assert_eq!(facts.base_offset.0, self.end, "a batch begins where the log ends");
            self.account(&facts, bytes.len() as u64, now);
            self.end = facts.next_offset().0;
            let BatchFacts { base_offset, last_delta, max_timestamp, .. } = facts;
            let (base, max_timestamp) = (base_offset.0, max_timestamp.0);
            self.recents.push_back(Recent { base, last_delta, seq, max_timestamp, bytes });
        }
        self.last_seq = seq;
    }

    pub(super) fn high_watermark(&self, durable: WalSeq) -> i64 {
        if self.last_seq <= durable {
            return self.end;
        }
        let index = self.recents.partition_point(|recent| recent.seq <= durable);
        match self.recents.get(index) {
            // A first batch that is not durable begins where the durable ones end.
            Some(recent) => recent.base.max(self.start),
            None => self.end,
        }
    }

    pub(super) fn set_start(&mut self, seq: WalSeq, to: i64) {
        self.last_seq = seq;
        self.move_start(to);
    }

    pub(super) fn move_start(&mut self, to: i64) {
        self.start = to;
        self.trim_accounts();
        while self.recents.front().is_some_and(|recent| recent.end() <= to) {
            self.recents.pop_front();
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

    pub(super) fn remove(&mut self) {
        self.removed = true;
        self.recents = VecDeque::new();
        self.epochs = Vec::new();
        self.segments = Vec::new();
        self.recovered = None;
        self.start = self.end;
    }
}
