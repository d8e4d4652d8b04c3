//! A write-ahead log before whose puts something happens: they wait, or fail. Tests make a disk of it that stands still
//! or breaks; the broker itself has no use for it.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use thalweg_model::world::BoxFuture;
use tokio::sync::Notify;

use super::{Caps, ChainEnd, ChainId, Listed, Named, PutError, ReadError, Room, Wal, WalSeq};

/// A log whose puts pass a guard first.
pub struct Guarded<G> {
    inner: Arc<dyn Wal>,
    guard: G,
}

impl<G> Guarded<G>
where
    G: Fn() -> BoxFuture<'static, Result<(), PutError>> + Send + Sync,
{
    /// Over another log.
    pub fn new(inner: Arc<dyn Wal>, guard: G) -> Self {
        Self { inner, guard }
    }
}

impl<G> Wal for Guarded<G>
where
    G: Fn() -> BoxFuture<'static, Result<(), PutError>> + Send + Sync,
{
    fn caps(&self) -> Caps {
        self.inner.caps()
    }

    fn put<'a>(
        &'a self,
        chain: ChainId,
        seq: WalSeq,
        pieces: &'a [Bytes],
    ) -> BoxFuture<'a, Result<(), PutError>> {
        Box::pin(async move {
            (self.guard)().await?;
            self.inner.put(chain, seq, pieces).await
        })
    }

    fn settle(&self, chain: ChainId) -> BoxFuture<'_, std::io::Result<()>> {
        self.inner.settle(chain)
    }

    fn close(&self, named: Named) -> BoxFuture<'_, Result<ChainEnd, ReadError>> {
        self.inner.close(named)
    }

    fn list(&self, chain: ChainId, from: WalSeq) -> Vec<Listed> {
        self.inner.list(chain, from)
    }

    fn read(
        &self,
        chain: ChainId,
        seq: WalSeq,
        range: Range<u64>,
    ) -> BoxFuture<'_, Result<Bytes, ReadError>> {
        self.inner.read(chain, seq, range)
    }

    fn trim(&self, chain: ChainId, below: WalSeq) -> BoxFuture<'_, ()> {
        self.inner.trim(chain, below)
    }

    fn room(&self, wanted: u64) -> Room {
        self.inner.room(wanted)
    }

    fn room_bell(&self) -> Arc<Notify> {
        self.inner.room_bell()
    }

    fn allocate_alone(&self, bytes: u64) -> BoxFuture<'_, bool> {
        self.inner.allocate_alone(bytes)
    }

    fn release_alone(&self, bytes: u64) {
        self.inner.release_alone(bytes);
    }

    fn bytes_held(&self) -> u64 {
        self.inner.bytes_held()
    }
}
