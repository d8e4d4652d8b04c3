//! What was found of the chains of earlier lives: the blocks above `covered`, by their indexes. Bodies are not read
//! here; they stay in the WAL until a checkpoint copies them.

use std::io;
use std::sync::Arc;

use crate::block::{Entry, HEADER_BYTES, Header, decode_index};
use crate::manifest::ChainRow;
use crate::wal::{ChainId, ReadError, Wal, WalSeq};

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
        match read_entries(wal, chain, listed.seq, listed.length).await {
            Ok(entries) => blocks.push(FoundBlock { seq: listed.seq, length: listed.length, entries }),
            Err(error) => {
                tracing::error!(%chain, seq = %listed.seq, %error, "a block's index cannot be read: its records are lost");
            }
        }
    }
    Ok(FoundChain { row: ChainRow { end: Some(end), ..row }, blocks })
}

async fn read_entries(
    wal: &Arc<dyn Wal>,
    chain: ChainId,
    seq: WalSeq,
    length: u64,
) -> io::Result<Vec<Entry>> {
    let damaged = |error: crate::block::BlockError| io::Error::new(io::ErrorKind::InvalidData, error);
    let head = wal.read(chain, seq, 0..HEADER_BYTES as u64).await.map_err(read_failed)?;
    let header = Header::decode(&head).map_err(damaged)?;
    if header.length() > length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let end = wal.read(chain, seq, header.index_position()..header.length()).await.map_err(read_failed)?;
    decode_index(&header, &end).map_err(damaged)
}

fn read_failed(error: ReadError) -> io::Error {
    match error {
        ReadError::Gone(_) => io::ErrorKind::NotFound.into(),
        ReadError::Failed(error) => error,
    }
}
