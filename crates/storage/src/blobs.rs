//! Files that are written once and only ever deleted after that: where segment files and packs lie. What is in them
//! is [`crate::run_file`]'s business. Not for anything that changes.

mod local;
mod memory;

use std::io;
use std::sync::Arc;

use thalweg_model::Region;
use thalweg_model::world::BoxFuture;

use crate::disk::Space;

pub use self::local::LocalBlobs;
pub(crate) use self::memory::MemoryBlob;
pub use self::memory::MemoryBlobs;

/// A store of blobs.
///
/// Laws:
/// - **Durability**: a blob and its name survive a power cut when [`BlobWriter::finish`] returns `Ok`. One that was
///   not finished may be listed later, cut anywhere; its owner deletes it.
/// - **Immutability**: a finished blob never changes. Opening gives the same bytes until it is deleted, and who holds
///   it open can read it after that.
/// - **Names** are given once: creating a name that is there is an error. Deleting one that is not there is none.
pub trait Blobs: Send + Sync {
    /// Begins a new blob.
    fn create<'a>(&'a self, name: &'a str, cached: Cached) -> BoxFuture<'a, io::Result<Box<dyn BlobWriter>>>;
    /// Opens a finished one; [`io::ErrorKind::NotFound`] where there is none.
    fn open<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Arc<dyn Blob>>>;
    /// The same, for who reads through all of it once: what is read takes no place in memory from what others read
    /// again and again, where the store can tell.
    fn open_once<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Arc<dyn Blob>>> {
        self.open(name)
    }
    /// The names of all, finished or not.
    fn list(&self) -> BoxFuture<'_, io::Result<Vec<String>>>;
    /// Deletes one. Whether its name may come back after a power cut is not said.
    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<()>>;
    /// How much room there is where they lie; none where that has no bound of its own.
    fn space(&self) -> BoxFuture<'_, io::Result<Option<Space>>>;
}

/// Whether what is written shall stay in memory, where the store can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cached {
    /// As long as there is room: it is new, and most of what is read is new.
    Kept,
    /// It takes no place from what others read.
    Passed,
}

/// A blob that is being written, in steps of its own size.
pub trait BlobWriter: Send {
    /// Takes as many of the bytes as there is room for in the step; 0 means that the step is full.
    fn push(&mut self, bytes: &[u8]) -> usize;
    /// Writes the full step, so that there is room again.
    fn write_out(&mut self) -> BoxFuture<'_, io::Result<()>>;
    /// Writes all of the bytes as they are, behind what was pushed; none where they are to be pushed.
    fn write<'a>(&'a mut self, _bytes: &'a [u8]) -> Option<BoxFuture<'a, io::Result<()>>> {
        None
    }
    /// Writes what is left and makes all of it durable, its name too.
    fn finish(self: Box<Self>) -> BoxFuture<'static, io::Result<()>>;
}

/// An open blob.
pub trait Blob: Send + Sync {
    /// How long it is.
    fn len(&self) -> u64;
    /// Whether there is nothing in it.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// A run of it, for the way out. The range must lie in the blob.
    fn region(&self, position: u64, length: u32) -> Region;
    /// Whether the byte at `position` is at hand, so that reading it does not wait for a device.
    fn is_at_hand(&self, position: u64) -> bool;
    /// Fills the buffer; waits for the device where it must.
    fn read(&self, buffer: &mut [u8], position: u64) -> io::Result<()>;
    /// Whether [`Blob::read_aside`] is another way than [`Blob::read`].
    fn reads_aside(&self) -> bool {
        false
    }
    /// The same, for what is read once: it takes no place in memory from what others read again and again. Position and
    /// buffer are aligned as direct I/O wants it; the length is too, but at the blob's end.
    fn read_aside(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.read(buffer, position)
    }
    /// A run of it where it is in memory already.
    fn slice(&self, _position: u64, _length: usize) -> Option<&[u8]> {
        None
    }
}

/// Pushes or writes all of the bytes.
pub(crate) async fn write_all(writer: &mut dyn BlobWriter, mut bytes: &[u8]) -> io::Result<()> {
    if let Some(written) = writer.write(bytes) {
        return written.await;
    }
    loop {
        let taken = writer.push(bytes);
        bytes = &bytes[taken..];
        if bytes.is_empty() {
            return Ok(());
        }
        writer.write_out().await?;
    }
}

#[cfg(test)]
mod tests;
