//! The write-ahead log in memory: blocks are kept as they came, without a copy, until they are trimmed. It survives
//! nothing but the end of a chain; a cap keeps it from eating the machine.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use thalweg_model::world::BoxFuture;
use tokio::sync::Notify;

use super::{Caps, ChainEnd, ChainId, Listed, Named, PutError, ReadError, Room, Wal, WalSeq, decide_end};
use crate::block::Header;

/// What a block should not exceed when it can be divided.
const BLOCK_BYTES_TARGET: usize = 1 << 20;

/// Blocks in memory; clones are the same log, so that a test can kill a writer and recover from what it wrote.
#[derive(Clone)]
pub struct MemoryWal(Arc<Shared>);

struct Shared {
    cap: u64,
    state: Mutex<State>,
    bell: Arc<Notify>,
}

#[derive(Default)]
struct State {
    blocks: BTreeMap<(ChainId, WalSeq), Vec<Bytes>>,
    bytes: u64,
    closed: Vec<ChainId>,
}

impl MemoryWal {
    /// An empty one that takes at most this many bytes.
    pub fn new(cap: u64) -> Self {
        Self(Arc::new(Shared { cap, state: Mutex::default(), bell: Arc::default() }))
    }
}

impl State {
    fn trim(&mut self, chain: ChainId, below: WalSeq) {
        let mut rest = self.blocks.split_off(&(chain, WalSeq::NONE));
        self.blocks.append(&mut rest.split_off(&(chain, below)));
        self.bytes -= rest.values().map(|pieces| length_of(pieces)).sum::<u64>();
    }
}

fn length_of(pieces: &[Bytes]) -> u64 {
    pieces.iter().map(|piece| piece.len() as u64).sum()
}

impl Wal for MemoryWal {
    fn caps(&self) -> Caps {
        Caps { puts_in_flight: 1, block_bytes_target: BLOCK_BYTES_TARGET, block_bytes_max: usize::MAX }
    }

    fn put<'a>(
        &'a self,
        chain: ChainId,
        seq: WalSeq,
        pieces: &'a [Bytes],
    ) -> BoxFuture<'a, Result<(), PutError>> {
        Box::pin(async move {
            let mut state = self.0.state.lock();
            if state.closed.contains(&chain) {
                return Err(PutError::Fenced);
            }
            state.bytes += length_of(pieces);
            let before = state.blocks.insert((chain, seq), pieces.to_vec());
            assert!(before.is_none(), "a block is put once");
            Ok(())
        })
    }

    fn close(&self, named: Named) -> BoxFuture<'_, Result<ChainEnd, ReadError>> {
        Box::pin(async move {
            let mut state = self.0.state.lock();
            if !state.closed.contains(&named.chain) {
                state.closed.push(named.chain);
            }
            drop(state);
            Ok(decide_end(named, &self.list(named.chain, named.from)))
        })
    }

    fn list(&self, chain: ChainId, from: WalSeq) -> Vec<Listed> {
        let state = self.0.state.lock();
        let blocks = state.blocks.range((chain, from)..=(chain, WalSeq(u64::MAX)));
        blocks
            .map(|((_, seq), pieces)| {
                let header = pieces.first().and_then(|piece| Header::decode(piece).ok());
                Listed {
                    seq: *seq,
                    length: length_of(pieces),
                    durable_below: header.map_or(WalSeq::NONE, |header| header.durable_below),
                    whole: header.is_some(),
                    unreadable: false,
                }
            })
            .collect()
    }

    fn read(
        &self,
        chain: ChainId,
        seq: WalSeq,
        range: Range<u64>,
    ) -> BoxFuture<'_, Result<Bytes, ReadError>> {
        Box::pin(async move {
            let state = self.0.state.lock();
            let pieces = state.blocks.get(&(chain, seq)).ok_or(ReadError::Gone(seq))?;
            slice(pieces, range).ok_or(ReadError::Gone(seq))
        })
    }

    fn trim(&self, chain: ChainId, below: WalSeq) -> BoxFuture<'_, ()> {
        self.0.state.lock().trim(chain, below);
        self.0.bell.notify_waiters();
        Box::pin(async {})
    }

    fn room(&self, _: u64) -> Room {
        match self.0.cap.saturating_sub(self.0.state.lock().bytes) {
            0 => Room::Full,
            bytes => Room::Bytes(bytes),
        }
    }

    fn room_bell(&self) -> Arc<Notify> {
        self.0.bell.clone()
    }

    fn allocate_alone(&self, bytes: u64) -> BoxFuture<'_, bool> {
        let fits = matches!(self.room(bytes), Room::Bytes(room) if room >= bytes);
        Box::pin(async move { fits })
    }

    fn release_alone(&self, _: u64) {}

    fn bytes_held(&self) -> u64 {
        self.0.state.lock().bytes
    }
}

/// A range of what the pieces are together; copied only where it touches more than one.
fn slice(pieces: &[Bytes], range: Range<u64>) -> Option<Bytes> {
    let (mut skip, end) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
    let mut missing = end.checked_sub(skip)?;
    let mut joined = BytesMut::new();
    for piece in pieces {
        if skip >= piece.len() && missing > 0 {
            skip -= piece.len();
            continue;
        }
        let count = missing.min(piece.len() - skip);
        if joined.is_empty() && count == missing {
            return Some(piece.slice(skip..skip + count));
        }
        joined.extend_from_slice(&piece[skip..skip + count]);
        (skip, missing) = (0, missing - count);
        if missing == 0 {
            return Some(joined.freeze());
        }
    }
    (missing == 0).then(|| joined.freeze())
}
