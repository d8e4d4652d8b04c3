//! Blobs in memory.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use thalweg_model::Region;
use thalweg_model::world::BoxFuture;

use super::{Blob, BlobWriter, Blobs, Cached};
use crate::disk::Space;

/// The store; clones are the same one.
#[derive(Clone, Default)]
pub struct MemoryBlobs(Arc<Mutex<BTreeMap<String, Bytes>>>);

impl Blobs for MemoryBlobs {
    fn create<'a>(&'a self, name: &'a str, _: Cached) -> BoxFuture<'a, io::Result<Box<dyn BlobWriter>>> {
        Box::pin(async move {
            if self.0.lock().contains_key(name) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let (store, name) = (self.clone(), name.to_owned());
            Ok(Box::new(Writer { store, name, bytes: BytesMut::new() }) as Box<dyn BlobWriter>)
        })
    }

    fn open<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Arc<dyn Blob>>> {
        Box::pin(async move {
            let bytes = self.0.lock().get(name).cloned().ok_or(io::ErrorKind::NotFound)?;
            Ok(Arc::new(MemoryBlob::new(bytes)) as Arc<dyn Blob>)
        })
    }

    fn list(&self) -> BoxFuture<'_, io::Result<Vec<String>>> {
        Box::pin(async move { Ok(self.0.lock().keys().cloned().collect()) })
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            self.0.lock().remove(name);
            Ok(())
        })
    }

    fn space(&self) -> BoxFuture<'_, io::Result<Option<Space>>> {
        Box::pin(async { Ok(None) })
    }
}

struct Writer {
    store: MemoryBlobs,
    name: String,
    bytes: BytesMut,
}

impl BlobWriter for Writer {
    fn push(&mut self, bytes: &[u8]) -> usize {
        self.bytes.extend_from_slice(bytes);
        bytes.len()
    }

    fn write_out(&mut self) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, io::Result<()>> {
        Box::pin(async move {
            // A copy of the right length: the buffer's spare room would stay for as long as the blob.
            let bytes = Bytes::copy_from_slice(&self.bytes);
            self.store.0.lock().insert(self.name, bytes);
            Ok(())
        })
    }
}

/// Bytes as a blob, or as the part of one that begins at a position.
pub(crate) struct MemoryBlob {
    position: u64,
    bytes: Bytes,
}

impl MemoryBlob {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self::part(0, bytes)
    }

    /// What lies before `position` is not here.
    pub(crate) fn part(position: u64, bytes: Bytes) -> Self {
        Self { position, bytes }
    }
}

impl Blob for MemoryBlob {
    fn len(&self) -> u64 {
        self.position + self.bytes.len() as u64
    }

    fn region(&self, position: u64, length: u32) -> Region {
        let from = (position - self.position) as usize;
        Region::Memory(self.bytes.slice(from..from + length as usize))
    }

    fn is_at_hand(&self, _: u64) -> bool {
        true
    }

    fn read(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        let found = self.slice(position, buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(found);
        Ok(())
    }

    fn slice(&self, position: u64, length: usize) -> Option<&[u8]> {
        let from = usize::try_from(position.checked_sub(self.position)?).ok()?;
        self.bytes.get(from..from.checked_add(length)?)
    }
}
