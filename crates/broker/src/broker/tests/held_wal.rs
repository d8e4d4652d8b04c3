//! A write-ahead log that takes nothing while it is held: a disk that stands still.

use std::ops::Range;

use bytes::Bytes;
use thalweg_model::world::BoxFuture;
use thalweg_storage::WalSeq;
use thalweg_storage::wal::{Caps, ChainEnd, ChainId, Listed, PutError, ReadError, Room, Wal};
use tokio::sync::{Notify, watch};

use super::Arc;

pub(super) struct HeldWal {
    pub(super) inner: Arc<dyn Wal>,
    pub(super) held: watch::Sender<bool>,
}

impl Wal for HeldWal {
    fn put<'a>(
        &'a self,
        chain: ChainId,
        seq: WalSeq,
        pieces: &'a [Bytes],
    ) -> BoxFuture<'a, Result<(), PutError>> {
        Box::pin(async move {
            let mut held = self.held.subscribe();
            held.wait_for(|held| !held).await.expect("its sender is here");
            self.inner.put(chain, seq, pieces).await
        })
    }

    fn caps(&self) -> Caps {
        self.inner.caps()
    }

    fn close(&self, chain: ChainId, from: WalSeq) -> BoxFuture<'_, Result<ChainEnd, ReadError>> {
        self.inner.close(chain, from)
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
