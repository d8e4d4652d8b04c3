//! What was found of the chains of earlier lives: the blocks above `covered`, by their indexes. Bodies stay in the WAL
//! until a checkpoint copies them; only those of damaged blocks are looked at, so that it can be told what is lost.

mod lost;

use std::io;
use std::sync::Arc;

use crate::block::{self, Entry};
use crate::manifest::ChainRow;
use crate::storage::OpenError;
use crate::wal::{ChainId, Listed, Named, ReadError, Wal, WalSeq, read_entries};

pub(crate) use self::lost::{LostBlock, MayBeLost, offsets_that_may_be_lost};

/// A block of an earlier life.
pub(crate) struct FoundBlock {
    pub(crate) seq: WalSeq,
    pub(crate) length: u64,
    pub(crate) entries: Vec<Entry>,
    /// Those whose batches are not what was written, and why. They keep their place in the log.
    pub(crate) damaged: Vec<(Entry, String)>,
}

/// What a chain had above `covered`.
pub(crate) struct FoundChain {
    pub(crate) row: ChainRow,
    pub(crate) blocks: Vec<FoundBlock>,
    /// Those of which nobody can say any more whose records they held.
    pub(crate) lost: Vec<LostBlock>,
}

/// How often a block's index is read before its records are given up.
const READS_MAX: u32 = 3;

impl ChainRow {
    /// The same for the write-ahead log.
    pub(crate) fn named(&self, covered: WalSeq) -> Named {
        Named { chain: self.chain, from: self.first.max(covered.next()), end: self.end }
    }
}

/// Decides where a chain ends (once and for all) and reads its blocks' indexes. What it gives is durable. Where the
/// newest block may lie in a place that cannot be read, nothing is decided: that is an error.
pub(crate) async fn read_chain(
    wal: &Arc<dyn Wal>,
    row: ChainRow,
    covered: WalSeq,
) -> Result<FoundChain, OpenError> {
    let named = row.named(covered);
    let (chain, from) = (named.chain, named.from);
    let found = wal.close(named).await.map_err(read_failed)?;
    if let Some(doubt) = found.doubt {
        return Err(OpenError::Unreadable { place: format!("{} at byte {}", doubt.file, doubt.position) });
    }
    // An end that was written down earlier stands, whatever is found now.
    let end = row.end.unwrap_or(found.end);
    let listed = wal.list(chain, from);
    let proven = listed.iter().map(|block| block.durable_below).max().unwrap_or_default();
    let (mut blocks, mut lost) = (Vec::new(), Vec::new());
    for listed in listed.iter().filter(|listed| listed.seq <= end) {
        let Listed { seq, length, .. } = *listed;
        // The index has a checksum of its own: where that holds, only what is bad in the body is lost.
        let mut entries = read_entries(&**wal, chain, listed).await;
        for _ in 1..READS_MAX {
            // What is given up here is given up for good.
            if entries.is_err() {
                entries = read_entries(&**wal, chain, listed).await;
            }
        }
        match entries {
            Ok((_, entries)) => {
                let damaged = match found.damaged.contains(&seq) {
                    true => damaged_entries(&**wal, chain, seq, &entries).await,
                    false => Vec::new(),
                };
                blocks.push(FoundBlock { seq, length, entries, damaged });
            }
            Err(_) if row.end.is_none() && listed.unreadable && seq >= proven => {
                return Err(OpenError::Unreadable { place: format!("block {seq} of the write-ahead log") });
            }
            Err(error) => {
                tracing::error!(%chain, %seq, %error, "the index of a block of the write-ahead log is lost");
                lost.push(LostBlock::read(&**wal, chain, listed).await);
            }
        }
    }
    for seq in found.damaged.iter().filter(|seq| **seq <= end) {
        if !listed.iter().any(|listed| listed.seq == *seq) {
            tracing::error!(%chain, %seq, "a block of the write-ahead log that was durable is not there any more");
            lost.push(LostBlock { seq: *seq, batches: None });
        }
    }
    lost.sort_by_key(|block| block.seq);
    Ok(FoundChain { row: ChainRow { end: Some(end), ..row }, blocks, lost })
}

async fn damaged_entries(
    wal: &dyn Wal,
    chain: ChainId,
    seq: WalSeq,
    entries: &[Entry],
) -> Vec<(Entry, String)> {
    let mut damaged = Vec::new();
    for entry in entries.iter().filter(|entry| entry.length > 0) {
        let (begin, length) = (u64::from(entry.position), u64::from(entry.length));
        let what = match wal.read(chain, seq, begin..begin + length).await {
            Err(error) => Some(error.to_string()),
            Ok(bytes) => block::check_batch(entry, &bytes).err(),
        };
        damaged.extend(what.map(|what| (*entry, what)));
    }
    damaged
}

fn read_failed(error: ReadError) -> io::Error {
    match error {
        ReadError::Gone(_) => io::ErrorKind::NotFound.into(),
        ReadError::Failed(error) => error,
        error @ ReadError::Damaged(_) => io::Error::new(io::ErrorKind::InvalidData, error),
    }
}
