//! What was found of the chains of earlier lives: the blocks above `covered`, by their indexes. Bodies stay in the WAL
//! until a checkpoint copies them; only those of damaged blocks are looked at, so that it can be told what is lost.

use std::io;
use std::sync::Arc;

use crate::block::{self, Entry};
use crate::manifest::ChainRow;
use crate::wal::{ChainId, Listed, ReadError, Wal, WalSeq, read_entries};

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
}

/// How often a block's index is read before its records are given up.
const READS_MAX: u32 = 3;

/// Decides where a chain ends (once and for all) and reads its blocks' indexes. What it gives is durable.
pub(crate) async fn read_chain(wal: &Arc<dyn Wal>, row: ChainRow, covered: WalSeq) -> io::Result<FoundChain> {
    let from = row.first.max(covered.next());
    let chain = row.chain;
    let found = wal.close(chain, from).await.map_err(read_failed)?;
    if found.unreadable {
        tracing::error!(%chain, "a part of the write-ahead log cannot be read");
    }
    // An end that was written down earlier stands, whatever is found now.
    let end = row.end.unwrap_or(found.end);
    let mut blocks = Vec::new();
    for listed in wal.list(chain, from) {
        let Listed { seq, length, .. } = listed;
        if seq > end {
            continue;
        }
        // The index has a checksum of its own: where that holds, only what is bad in the body is lost.
        let mut entries = read_entries(&**wal, chain, &listed).await;
        for _ in 1..READS_MAX {
            // What is given up here is given up for good.
            if entries.is_err() {
                entries = read_entries(&**wal, chain, &listed).await;
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
            Err(error) => {
                tracing::error!(%chain, %seq, %error, "a block of the write-ahead log is lost with all its records");
            }
        }
    }
    for seq in
        found.damaged.iter().filter(|seq| **seq <= end && !blocks.iter().any(|block| block.seq == **seq))
    {
        tracing::error!(%chain, %seq, "a block of the write-ahead log that was durable is not there any more");
    }
    Ok(FoundChain { row: ChainRow { end: Some(end), ..row }, blocks })
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
