//! What the engine does when the writer tells of a block: sealed, it joins the tail; durable, watchers are told; then
//! the tail is kept within its bound and the checkpointer is woken. On the writer's thread: nothing here waits.

use std::sync::Arc;

use super::Shared;
use crate::recovery::FoundBlock;
use crate::tail::{Block, BlockRun};
use crate::wal::{PutError, Room, WalSeq};
use crate::writer::{Audience, Sealed};

impl Audience for Shared {
    fn sealed(&self, sealed: &Arc<Sealed>) {
        let mut runs: Vec<BlockRun> = Vec::new();
        let mut last = None;
        let logs = self.logs.read();
        for (entry, _) in &sealed.batches {
            if last == Some(entry.partition)
                && let Some(run) = runs.last_mut()
            {
                run.length += entry.length;
                continue;
            }
            // A partition that was removed meanwhile has no log; what of it follows in the block goes with it.
            last = None;
            if let Some(log) = logs.get(&entry.partition) {
                last = Some(entry.partition);
                runs.push(BlockRun { log: log.clone(), position: entry.position, length: entry.length });
            }
        }
        drop(logs);
        let block = Block::new(sealed.seq, sealed.length, sealed.batches.len(), runs);
        self.figures.uncovered_bytes.add(block.length.cast_signed());
        self.tail.lock().push(block);
    }

    fn durable(&self, sealed: &Arc<Sealed>) {
        let runs = self.tail.lock().block(sealed.seq).map(|block| block.runs.clone());
        for run in runs.iter().flat_map(|runs| runs.iter()) {
            run.log.tell_watchers();
        }
    }

    fn settled(&self) {
        self.trim_tail();
        if self.wants_checkpoint() {
            self.bell.notify_one();
        }
    }

    fn failed(&self, error: &PutError) {
        let mut why = error.to_string();
        if let PutError::Failed(cause) = error {
            why = format!("{why}: {cause}");
        }
        self.fail(&why);
    }
}

impl Shared {
    /// Puts blocks of earlier lives on the list.
    pub(crate) fn find_blocks(&self, blocks: Vec<FoundBlock>) {
        let logs = self.logs.read();
        let mut tail = self.tail.lock();
        for block in blocks {
            let mut runs: Vec<BlockRun> = Vec::new();
            for log in block.entries.iter().filter_map(|entry| logs.get(&entry.partition)) {
                if runs.last().is_none_or(|run| run.log.partition() != log.partition()) {
                    runs.push(BlockRun { log: log.clone(), position: 0, length: 0 });
                }
            }
            self.figures.uncovered_bytes.add(block.length.cast_signed());
            tail.push(Block::recovered(block.seq, block.length, runs));
        }
    }

    /// Lets the oldest durable blocks go until the tail is within its bound.
    pub(crate) fn trim_tail(&self) {
        let (covered, durable) = (self.covered(), self.durable());
        loop {
            let leaving = self.tail.lock().take_oldest(self.options.tail_bytes, covered, durable);
            let Some(leaving) = leaving else {
                break;
            };
            for run in leaving.runs.iter() {
                run.log.leave_tail(leaving.seq, covered, run.position, run.length);
            }
        }
        self.figures.tail_bytes.set(self.tail.lock().bytes.cast_signed());
    }

    /// Whether enough is durable and uncovered for a checkpoint.
    pub(crate) fn wants_checkpoint(&self) -> bool {
        let uncovered = self.figures.uncovered_bytes.get().unsigned_abs();
        // A small ring must not be full before the first checkpoint begins.
        let half_full = || match self.wal.room(0) {
            Room::Bytes(bytes) => uncovered > 0 && bytes < uncovered,
            Room::Full => uncovered > 0,
        };
        uncovered >= self.options.checkpoint_bytes || half_full()
    }

    /// Whether anything is durable and uncovered.
    pub(crate) fn is_covered(&self) -> bool {
        self.covered() >= self.durable()
    }

    /// What is not covered and lies at or before `target`: its partitions, each once.
    pub(crate) fn dirty(&self, target: WalSeq) -> Vec<crate::Log> {
        let covered = self.covered();
        let tail = self.tail.lock();
        let blocks = tail.blocks.iter().filter(|block| block.seq > covered && block.seq <= target);
        let mut logs: Vec<_> =
            blocks.flat_map(|block| block.runs.iter().map(|run| run.log.clone())).collect();
        drop(tail);
        logs.sort_by_key(crate::Log::partition);
        logs.dedup_by_key(|log| log.partition());
        logs
    }
}
