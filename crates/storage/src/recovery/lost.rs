//! Blocks that were durable and whose index is lost: what they held, as far as it can be known, so that no offset that
//! may have been acknowledged is given to another record.
//!
//! Whose a batch is stands in the index alone. But a partition's next batch begins where its last one ended: where the
//! batches of the block can still be read, those partitions may have had one of them that end at its first offset, and
//! that have nothing in a later block, which would say where they went on.

use thalweg_model::TopicPartition;
use thalweg_model::batch::BatchHeader;
use thalweg_model::collections::HashMap;

use super::FoundBlock;
use crate::block::{EntryKind, HEADER_BYTES, Header};
use crate::log::State;
use crate::wal::{ChainId, Listed, Wal, WalSeq};

/// So many offsets are left out for a block of which nothing can be read: more than a batch can number.
const OFFSETS_LEFT_OUT: i64 = 1 << 32;

/// A block whose index is lost.
pub(crate) struct LostBlock {
    pub(crate) seq: WalSeq,
    /// The first offset of each of its batches and the one after its last; none where they cannot be read.
    pub(crate) batches: Option<Vec<(i64, i64)>>,
}

/// Offsets of a partition that a lost block may have held.
pub(crate) struct MayBeLost {
    pub(crate) partition: TopicPartition,
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// Whether the block was seen to have a batch that begins there.
    pub(crate) is_likely: bool,
}

impl LostBlock {
    /// Looks for its batches.
    pub(super) async fn read(wal: &dyn Wal, chain: ChainId, listed: &Listed) -> Self {
        let batches = match wal.read(chain, listed.seq, 0..listed.length).await {
            Ok(block) => batches_of(&block),
            Err(_) => None,
        };
        Self { seq: listed.seq, batches }
    }
}

fn batches_of(block: &[u8]) -> Option<Vec<(i64, i64)>> {
    let end = usize::try_from(Header::decode(block).ok()?.index_position()).ok()?;
    let mut rest = block.get(HEADER_BYTES..end)?;
    let mut batches = Vec::new();
    while !rest.is_empty() {
        let header = BatchHeader::parse(rest).ok()?;
        let (batch, after) = rest.split_at_checked(header.size())?;
        header.check(batch).ok()?;
        batches.push((header.base_offset.0, header.next_offset().0));
        rest = after;
    }
    Some(batches)
}

/// What each partition may have lost behind its end, given its state after all that was found. `all` are the partitions
/// that exist.
pub(crate) fn offsets_that_may_be_lost(
    lost: &[LostBlock],
    found: &[FoundBlock],
    all: &[TopicPartition],
    states: &HashMap<TopicPartition, State>,
) -> Vec<MayBeLost> {
    let mut last: HashMap<TopicPartition, WalSeq> = HashMap::default();
    for block in found {
        for entry in block.entries.iter().filter(|entry| entry.kind == EntryKind::Data) {
            last.insert(entry.partition, block.seq);
        }
    }
    let mut partitions: Vec<_> = states.keys().chain(all).copied().collect();
    partitions.sort_unstable();
    partitions.dedup();
    let mut may_be_lost = Vec::new();
    for partition in partitions {
        let last = last.get(&partition).copied().unwrap_or(WalSeq::NONE);
        let from = states.get(&partition).map_or(0, |state| state.end);
        let (mut to, mut is_likely) = (from, true);
        for block in lost.iter().filter(|block| block.seq > last) {
            let Some(batches) = &block.batches else {
                (to, is_likely) = (to + OFFSETS_LEFT_OUT, false);
                continue;
            };
            // a partition's batches lie one behind the other
            for (base, next) in batches {
                if *base == to {
                    to = *next;
                }
            }
        }
        if to > from {
            may_be_lost.push(MayBeLost { partition, from, to, is_likely });
        }
    }
    may_be_lost
}
