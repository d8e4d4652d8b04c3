//! The write-ahead log as a seam: numbered blocks of named chains go in, are durable when their put returns, and are
//! read back by recovery alone (and for what had to leave the tail early). What a block holds is [`crate::block`]'s
//! business, who fills it is [`crate::writer`]'s.

mod end;
mod guarded;
mod memory;
mod ring;

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use thalweg_model::Uuid;
use thalweg_model::world::BoxFuture;
use tokio::sync::Notify;

use crate::block::{Entry, HEADER_BYTES, Header, decode_index};

pub use self::end::decide as decide_end;
pub use self::guarded::Guarded;
pub use self::memory::MemoryWal;
pub(crate) use self::ring::{FOLDER as RING_FOLDER, Older, find_newer, first, is_of_ring, survey};
pub use self::ring::{Ring, RingOptions};

/// Blocks up to this length are read in one go for their entries.
const ENTRIES_READ_BYTES: u64 = 64 << 10;

/// A block's number. Numbers begin at 1 and go on through all chains of a data folder; 0 is "nothing to wait for".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WalSeq(pub u64);

impl WalSeq {
    /// Nothing to wait for.
    pub const NONE: Self = Self(0);

    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for WalSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A chain's name: new for each life of a broker, written down in facts before the chain's first block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainId(pub Uuid);

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a backend can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// How many puts may be under way at once.
    pub puts_in_flight: usize,
    /// What a block should not exceed when it can be divided; a single append may be larger.
    pub block_bytes_target: usize,
    /// An append that makes a larger block than this needs space of its own: [`Wal::allocate_alone`].
    pub block_bytes_max: usize,
}

/// How much more a backend takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// This many bytes, headers and margins counted.
    Bytes(u64),
    /// Nothing more, because the disk is full or a cap is reached.
    Full,
}

/// Why a put failed.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// Another holds the chain: stop to acknowledge and end.
    #[error("the chain was closed by another")]
    Fenced,
    /// Nobody knows whether the block is durable: end the process, the next start recovers.
    #[error("a block could not be made durable")]
    Failed(#[source] io::Error),
}

/// Why a block cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It was trimmed, or never there: look in the segments.
    #[error("block {0} is not in the write-ahead log")]
    Gone(WalSeq),
    /// It is not what was written: serve around it and tell the operator.
    #[error("block {0} of the write-ahead log is damaged")]
    Damaged(WalSeq),
    /// The device failed: serve around it and tell the operator.
    #[error("the write-ahead log cannot be read")]
    Failed(#[source] io::Error),
}

/// A block that a backend holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its number.
    pub seq: WalSeq,
    /// Its length in bytes.
    pub length: u64,
    /// What it says of earlier blocks: all below this are durable.
    pub durable_below: WalSeq,
    /// Whether its checksums hold.
    pub whole: bool,
    /// Whether a part of it cannot be read: what is there was perhaps acknowledged.
    pub unreadable: bool,
}

/// Where a chain ends, and what is missing before that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainEnd {
    /// The last block that counts; below the first one asked for when there is none.
    pub end: WalSeq,
    /// Blocks up to the end that are lost: they were durable, or may have been, and cannot be read now. Serve around
    /// them.
    pub damaged: Vec<WalSeq>,
    /// A place that cannot be read and may hold the block after the end.
    pub doubt: Option<Doubt>,
}

/// A place that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The file, as it is called in the data folder.
    pub file: String,
    /// Where in the file.
    pub position: u64,
}

/// A chain of an earlier life that may have blocks which no file has yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub chain: ChainId,
    /// Its first block that is not covered.
    pub from: WalSeq,
    /// Its last block, where that was written down.
    pub end: Option<WalSeq>,
}

/// Reads the header and the entries of a block without its batches.
pub async fn read_entries(
    wal: &dyn Wal,
    chain: ChainId,
    block: &Listed,
) -> Result<(Header, Vec<Entry>), ReadError> {
    let damaged = |_| ReadError::Damaged(block.seq);
    // small blocks in one read
    let first = match wal.read(chain, block.seq, 0..block.length.min(ENTRIES_READ_BYTES)).await {
        // what fails may be the batches between
        Err(ReadError::Failed(_)) => wal.read(chain, block.seq, 0..HEADER_BYTES as u64).await?,
        read => read?,
    };
    let header = Header::decode(&first).map_err(damaged)?;
    if (header.chain, header.seq) != (chain, block.seq) {
        // The device went astray, and brought another block.
        return Err(ReadError::Damaged(block.seq));
    }
    let position = header.index_position();
    let index = match usize::try_from(position).ok().and_then(|position| first.get(position..)) {
        Some(index) if first.len() as u64 == block.length => first.slice_ref(index),
        _ => wal.read(chain, block.seq, position..block.length).await?,
    };
    let entries = decode_index(&header, &index).map_err(damaged)?;
    Ok((header, entries))
}

/// A write-ahead log.
///
/// Laws:
/// - **Order**: puts of a chain begin in the order of their numbers without gaps; `put(n + 1)` may begin before
///   `put(n)` has ended, as far as [`Caps::puts_in_flight`] allows. The caller acknowledges prefixes only.
/// - **Durability**: when `put` returns `Ok`, the block survives a power cut (or what the backend's durability says).
///   A block whose put failed or never ended may be found later or not.
/// - **Settling**: where the backend's durability lets a power cut take what was put, `settle` makes it durable; what
///   others write down about blocks rests on that.
/// - **Failure**: after an error no further put succeeds. Nothing is tried again.
/// - **Space**: a put within the room that [`Wal::room`] told before is not refused for lack of it.
/// - **Close**: `close` decides a dead chain's end, once and for all: what it found is durable when it returns, and it
///   says the same when asked again, before any trim. Its caller writes the end down and serves no block beyond it.
///   A put to a closed chain is fenced where another could still be writing.
/// - **Trim** is idempotent and forgets blocks below a number; its caller has made them durable elsewhere. A block that
///   is being read stays until it has been read.
pub trait Wal: Send + Sync {
    /// What it can do.
    fn caps(&self) -> Caps;

    /// Makes a block durable: the pieces one after another are the block.
    fn put<'a>(
        &'a self,
        chain: ChainId,
        seq: WalSeq,
        pieces: &'a [Bytes],
    ) -> BoxFuture<'a, Result<(), PutError>>;

    /// Makes what was put into a chain survive a power cut, where a put alone does not.
    fn settle(&self, _: ChainId) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Decides where a chain that nobody writes any more ends. An end that was written down stands, whatever is found.
    fn close(&self, named: Named) -> BoxFuture<'_, Result<ChainEnd, ReadError>>;

    /// The blocks of a chain from a number on, in order.
    fn list(&self, chain: ChainId, from: WalSeq) -> Vec<Listed>;

    /// Bytes of a block, counted from its beginning.
    fn read(&self, chain: ChainId, seq: WalSeq, range: Range<u64>)
    -> BoxFuture<'_, Result<Bytes, ReadError>>;

    /// Forgets the blocks of a chain below a number.
    fn trim(&self, chain: ChainId, below: WalSeq) -> BoxFuture<'_, ()>;

    /// How much more it takes now; where that is less than what is wanted, it begins to make more if it can.
    fn room(&self, wanted: u64) -> Room;

    /// Rung when the room may have grown.
    fn room_bell(&self) -> Arc<Notify>;

    /// Takes space for one block larger than [`Caps::block_bytes_max`]; false where there is none.
    fn allocate_alone(&self, bytes: u64) -> BoxFuture<'_, bool>;

    /// Gives back what [`Wal::allocate_alone`] took, when no block comes.
    fn release_alone(&self, bytes: u64);

    /// How many bytes are held for blocks, used or not.
    fn bytes_held(&self) -> u64;
}
