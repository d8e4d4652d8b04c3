//! The tail: how much memory the newest batches take, and which block goes first when it is too much. The batches
//! themselves stand in their partitions, as the bytes that came off the socket; here is what they cost, block by
//! block, and whose they are. A block that is not covered stays on the list after it has left the tail: the next
//! checkpoint learns from it whom it must visit.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::log::Log;
use crate::wal::WalSeq;

/// What a batch in the tail costs beside its bytes: its row in the partition and in its block.
const BATCH_OVERHEAD_BYTES: u64 = 128;
/// What a partition's run in a block costs.
const RUN_OVERHEAD_BYTES: u64 = 24;

/// A sealed block, until it has left the tail and is covered.
#[derive(Clone)]
pub(crate) struct Block {
    pub(crate) seq: WalSeq,
    /// Its length in the WAL.
    pub(crate) length: u64,
    /// What it takes of the tail; 0 once it has left.
    pub(crate) bytes: u64,
    pub(crate) runs: Arc<[BlockRun]>,
}

/// A partition's batches in a block; they lie together.
#[derive(Clone)]
pub(crate) struct BlockRun {
    pub(crate) log: Log,
    pub(crate) position: u32,
    pub(crate) length: u32,
}

impl Block {
    pub(crate) fn new(seq: WalSeq, length: u64, batches: usize, runs: Vec<BlockRun>) -> Self {
        let overhead = batches as u64 * BATCH_OVERHEAD_BYTES + runs.len() as u64 * RUN_OVERHEAD_BYTES;
        Self { seq, length, bytes: length + overhead, runs: runs.into() }
    }

    /// A block of an earlier life: it is in the WAL alone.
    pub(crate) fn recovered(seq: WalSeq, length: u64, runs: Vec<BlockRun>) -> Self {
        Self { seq, length, bytes: 0, runs: runs.into() }
    }
}

/// The sealed blocks that are in the tail or not covered, oldest first.
#[derive(Default)]
pub(crate) struct Tail {
    pub(crate) blocks: VecDeque<Block>,
    /// How many of the oldest have left.
    left: usize,
    /// What those that have not left take.
    pub(crate) bytes: u64,
}

impl Tail {
    pub(crate) fn push(&mut self, block: Block) {
        if block.bytes == 0 && self.left == self.blocks.len() {
            self.left += 1;
        }
        self.bytes += block.bytes;
        self.blocks.push_back(block);
    }

    pub(crate) fn block(&self, seq: WalSeq) -> Option<&Block> {
        let index = self.blocks.partition_point(|block| block.seq < seq);
        self.blocks.get(index).filter(|block| block.seq == seq)
    }

    /// Where the tail is over its bound: its oldest block, which leaves it. What is not durable stays: it can be read
    /// from nowhere else.
    pub(crate) fn take_oldest(&mut self, bytes_max: u64, covered: WalSeq, durable: WalSeq) -> Option<Block> {
        if self.bytes <= bytes_max {
            return None;
        }
        let oldest = self.blocks.get_mut(self.left).filter(|block| block.seq <= durable)?;
        self.bytes -= oldest.bytes;
        oldest.bytes = 0;
        let leaving = oldest.clone();
        self.left += 1;
        self.forget(covered);
        Some(leaving)
    }

    /// Drops from the list what has left the tail and is covered.
    pub(crate) fn forget(&mut self, covered: WalSeq) {
        while self.left > 0 && self.blocks.front().is_some_and(|block| block.seq <= covered) {
            self.blocks.pop_front();
            self.left -= 1;
        }
    }

    /// The bytes of blocks above one number, up to another.
    pub(crate) fn length_between(&self, above: WalSeq, upto: WalSeq) -> u64 {
        let between = self.blocks.iter().filter(|block| block.seq > above && block.seq <= upto);
        between.map(|block| block.length).sum()
    }
}
