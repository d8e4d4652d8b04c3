//! The disk as storage sees it: files of one data folder behind two narrow traits, so that a simulation can be slow,
//! fail, or be cut at each call. Knows nothing of what the files mean; takes no locks.

mod aligned;
mod memory;
mod past;
mod real;
mod recorder;

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use thalweg_model::region::RegionFile;
use thalweg_model::world::BoxFuture;

pub use self::aligned::{ALIGNMENT, Aligned, align_up};
pub use self::memory::{Counts, Fault, MemoryDisk};
pub use self::real::RealDisk;
pub use self::recorder::{Call, Entry, Recorder, read_journal};

/// What a disk call gives: a result, or the promise of one. The real disk blocks inside the call, on threads that may
/// block, and gives the result; a simulated one may take its time. Await it at once: whether anything happens before
/// that is not said.
#[must_use = "a disk call is awaited"]
pub enum Io<'a, T> {
    /// It has happened. (`None` after it was awaited.)
    Done(Option<io::Result<T>>),
    /// It happens when it is awaited.
    Later(BoxFuture<'a, io::Result<T>>),
}

impl<T> Io<'_, T> {
    /// What has happened already.
    pub fn done(result: io::Result<T>) -> Self {
        Self::Done(Some(result))
    }
}

impl<T: Unpin> Future for Io<'_, T> {
    type Output = io::Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Done(result) => Poll::Ready(result.take().expect("a disk call is awaited once")),
            Self::Later(future) => future.as_mut().poll(context),
        }
    }
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// How its bytes travel.
    pub access: Access,
    /// Whether it is there already.
    pub create: Create,
}

/// How a file's bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Through the page cache; durable after [`File::sync`].
    Buffered,
    /// Past the page cache where the disk can ([`Disk::is_direct`]), else buffered; durable after [`File::sync`].
    /// Positions, lengths and buffers must be multiples of [`ALIGNMENT`].
    Direct,
    /// As `Direct`, and each write is durable when it returns.
    DirectDurable,
}

/// Whether a file that is opened is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Create {
    /// It must be there.
    Existing,
    /// It must not be there.
    New,
    /// It is made if it is not there.
    IfMissing,
}

/// How much a disk holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Bytes in all.
    pub total: u64,
    /// Bytes that this process may still use.
    pub free: u64,
}

/// The files of one data folder.
///
/// Laws:
/// - Names are relative to the folder, parts divided by `/`.
/// - A file's name (made, renamed, unlinked) is durable after [`Disk::sync_dir`] of the folder that it is in; a power
///   cut before that may keep the old state or the new one, never a mixture.
/// - A rename replaces what bears the new name, in one step.
/// - An open file can be read and written after its name is gone.
/// - Errors are the operating system's; a full disk is [`io::ErrorKind::StorageFull`].
pub trait Disk: Send + Sync {
    /// Opens a file for reading and writing.
    fn open<'a>(&'a self, name: &'a str, how: Open) -> Io<'a, Arc<dyn File>>;
    /// Makes a folder and those above it; it may be there. It is a name of the folder above it, as a file is.
    fn create_dir<'a>(&'a self, name: &'a str) -> Io<'a, ()>;
    /// Gives a file another name.
    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> Io<'a, ()>;
    /// Takes a file's name away; [`io::ErrorKind::NotFound`] where there is none.
    fn unlink<'a>(&'a self, name: &'a str) -> Io<'a, ()>;
    /// The names of the files of a folder, without the folder's own name, sorted.
    fn list<'a>(&'a self, folder: &'a str) -> Io<'a, Vec<String>>;
    /// Makes a folder's names durable.
    fn sync_dir<'a>(&'a self, folder: &'a str) -> Io<'a, ()>;
    /// How much room there is.
    fn space(&self) -> Io<'_, Space>;
    /// Whether files can be written past the page cache; found out once, by trying.
    fn is_direct(&self) -> bool;
}

/// Makes the folder in which a part of storage keeps its files, where it is missing. Its name is durable then, and so is
/// every name in it: a process that was killed may have left some that were not, and what is written into a file whose
/// name goes is lost with it.
pub(crate) async fn settle_folder(disk: &dyn Disk, name: &str) -> io::Result<()> {
    disk.create_dir(name).await?;
    disk.sync_dir("").await?;
    disk.sync_dir(name).await
}

/// An open file; it closes when the last handle is dropped.
///
/// Laws:
/// - A write that returned is seen by every later read.
/// - A power cut keeps what was durable; of a write that was not, each aligned piece of [`ALIGNMENT`] bytes may be
///   there or not.
/// - After a failed [`File::sync`], or a failed write of a [`Access::DirectDurable`] file, nobody knows what is
///   durable: it must not be tried again (except where a write failed because the disk is full).
#[allow(
    clippy::len_without_is_empty,
    reason = "a file's length is a disk call, and nobody asks whether it is 0"
)]
pub trait File: RegionFile {
    /// How long it is.
    fn len(&self) -> Io<'_, u64>;
    /// Cuts it, or lengthens it by a hole of zeros.
    fn set_len(&self, length: u64) -> Io<'_, ()>;
    /// Fills the buffer; an end of file before it is full is an error.
    fn read_exact_at<'a>(&'a self, buffer: &'a mut [u8], position: u64) -> Io<'a, ()>;
    /// Reads what is in memory already and never waits for the device: how many bytes came, 0 where the first one is
    /// not there (or the file ends).
    fn read_cached(&self, buffer: &mut [u8], position: u64) -> io::Result<usize>;
    /// From now on the system reads no more of it than what is asked for, where it would read ahead.
    fn read_nothing_ahead(&self) {}
    /// Writes all of the buffer.
    fn write_all_at<'a>(&'a self, buffer: &'a [u8], position: u64) -> Io<'a, ()>;
    /// Lets the system begin to write these bytes to the device, where it would wait with that; nobody waits for it.
    fn begin_write_out(&self, _position: u64, _length: u64) {}
    /// Takes the space for these bytes now and lengthens the file to hold them; they read as zeros.
    fn allocate(&self, position: u64, length: u64) -> Io<'_, ()>;
    /// Makes what was written durable, and the length.
    fn sync(&self) -> Io<'_, ()>;
    /// Whether a write that returned is durable without a sync.
    fn writes_are_durable(&self) -> bool;
}
