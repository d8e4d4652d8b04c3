//! What was found of the chains of earlier lives: the blocks above `covered`, by their indexes. Bodies are not read
//! here; they stay in the WAL until a checkpoint copies them.

use std::io;
use std::sync::Arc;

use crate::block::Entry;
use crate::manifest::ChainRow;
use crate::wal::{ReadError, Wal, WalSeq, read_entries};

/// A block of an earlier life.
pub(crate) struct FoundBlock {
    pub(crate) seq: WalSeq,
    pub(crate) length: u64,
    pub(crate) entries: Vec<Entry>,
}

/// What a chain had above `covered`.
pub(crate) struct FoundChain {
    pub(crate) row: ChainRow,
    pub(crate) blocks: Vec<FoundBlock>,
}

/// Decides where a chain ends (once and for all) and reads its blocks' indexes. What it gives is durable.
pub(crate) async fn read_chain(wal: &Arc<dyn Wal>, row: ChainRow, covered: WalSeq) -> io::Result<FoundChain> {
    let from = row.first.max(covered.next());
    let chain = row.chain;
    let found = wal.close(chain, from).await.map_err(read_failed)?;
    for seq in &found.damaged {
        tracing::error!(%chain, %seq, "a block of the write-ahead log is damaged: its records are lost");
    }
    if found.unreadable {
        tracing::error!(%chain, "a part of the write-ahead log cannot be read");
    }
    // An end that was written down earlier stands, whatever is found now.
    let end = row.end.unwrap_or(found.end);
    let mut blocks = Vec::new();
    for listed in wal.list(chain, from) {
        if listed.seq > end || found.damaged.contains(&listed.seq) {
            continue;
        }
        match read_entries(&**wal, chain, &listed).await {
            Ok((_, entries)) => blocks.push(FoundBlock { seq: listed.seq, length: listed.length, entries }),
            Err(error) => {
                tracing::error!(%chain, seq = %listed.seq, %error, "a block's index cannot be read: its records are lost");
            }
        }
    }
    Ok(FoundChain { row: ChainRow { end: Some(end), ..row }, blocks })
}

fn read_failed(error: ReadError) -> io::Error {
    match error {
        ReadError::Gone(_) => io::ErrorKind::NotFound.into(),
        ReadError::Failed(error) => error,
        error @ ReadError::Damaged(_) => io::Error::new(io::ErrorKind::InvalidData, error),
    }
}
