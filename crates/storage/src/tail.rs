//! The tail: how much memory the newest batches take, and which block goes first when it is too much. The batches
//! themselves stand in their partitions, as the bytes that came off the socket.

use std::collections::VecDeque;

use crate::engine::WalSeq;
use crate::log::Log;

/// What a batch in the tail costs beside its bytes: its row in the partition and in its block.
pub(crate) const BATCH_OVERHEAD_BYTES: u64 = 128;

/// A sealed block, until it has left the tail and is covered.
pub(crate) struct Block {
    pub(crate) seq: WalSeq,
    /// What it takes of the tail.
    pub(crate) bytes: u64,
    pub(crate) partitions: Vec<Log>,
}

/// The sealed blocks that are in the tail, oldest first.
#[derive(Default)]
pub(crate) struct Tail {
    pub(crate) blocks: VecDeque<Block>,
    pub(crate) bytes: u64,
}
