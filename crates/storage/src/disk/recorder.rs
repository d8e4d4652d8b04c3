//! A disk that writes down each call that changes something, before it begins and after it has ended: from that
//! journal a power cut at any moment can be played afterwards. For proofs; nobody serves with it.
//!
//! The journal is a row of entries. All numbers are little endian.
//!
//! ```text
//!   length u32 (of what follows)
//!   kind u8    0 begun   1 done   2 failed
//!   call u64   which call, counted from 0
//!   begun only: what u8, then
//!     0 open     file u64, flags u8 (bit 0 may make it), name
//!     1 write    file u64, position u64, durable u8, bytes
//!     2 zeros    file u64, position u64, durable u8, length u64   (a write of zeros)
//!     3 allocate file u64, position u64, length u64
//!     4 length   file u64, length u64
//!     5 sync     file u64
//!     6 folder   name
//!     7 rename   length of the first name u16, both names
//!     8 unlink   name
//!     9 sync of a folder   name
//! ```
//!
//! An entry is there as a whole before the call begins, and its end before anybody hears of it; so what a client was
//! told when the journal had some length was done by the entries before.

mod journal;

use std::fs;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use thalweg_model::region::RegionFile;

pub use self::journal::{Call, Entry, read_journal};

use super::{Create, Disk, File, Io, Open, Space};

/// A disk whose changes are written down.
pub struct Recorder {
    inner: Arc<dyn Disk>,
    journal: Arc<Journal>,
}

struct Journal {
    // held for one write, so that entries are whole and in order
    file: Mutex<fs::File>,
    calls: AtomicU64,
    files: AtomicU64,
}

impl Recorder {
    /// Writes down what happens to `inner`, in a new file.
    pub fn new(inner: Arc<dyn Disk>, journal: &Path) -> io::Result<Self> {
        let file = fs::OpenOptions::new().append(true).create_new(true).open(journal)?;
        let (calls, files) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { inner, journal: Arc::new(Journal { file: Mutex::new(file), calls, files }) })
    }
}

impl Journal {
    fn write(&self, entry: &Entry<'_>) -> io::Result<()> {
        io::Write::write_all(&mut *self.file.lock(), &journal::encode(entry))
    }

    /// Makes a call between its beginning and its end.
    fn around<'a, T: Unpin + Send + 'a>(
        self: &Arc<Self>,
        what: Call<'_>,
        call: impl FnOnce() -> Io<'a, T>,
    ) -> Io<'a, T> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.write(&Entry::Begun { call: number, what }) {
            return Io::done(Err(error));
        }
        let journal = self.clone();
        let ended = move |result: io::Result<T>| {
            let entry = match result {
                Ok(_) => Entry::Done { call: number },
                Err(_) => Entry::Failed { call: number },
            };
            journal.write(&entry).and(result)
        };
        match call() {
            Io::Done(Some(result)) => Io::done(ended(result)),
            Io::Done(None) => Io::Done(None),
            Io::Later(future) => Io::Later(Box::pin(async move { ended(future.await) })),
        }
    }
}

impl Disk for Recorder {
    fn open<'a>(&'a self, name: &'a str, how: Open) -> Io<'a, Arc<dyn File>> {
        let file = self.journal.files.fetch_add(1, Ordering::Relaxed);
        let what = Call::Open { file, may_make: how.create != Create::Existing, name };
        let journal = self.journal.clone();
        self.journal.around(what, || match self.inner.open(name, how) {
            Io::Done(opened) => {
                Io::Done(opened.map(|opened| opened.map(|inner| recorded(inner, file, journal))))
            }
            Io::Later(future) => {
                Io::Later(Box::pin(async move { future.await.map(|inner| recorded(inner, file, journal)) }))
            }
        })
    }

    fn create_dir<'a>(&'a self, name: &'a str) -> Io<'a, ()> {
        self.journal.around(Call::Folder { name }, || self.inner.create_dir(name))
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> Io<'a, ()> {
        self.journal.around(Call::Rename { from, to }, || self.inner.rename(from, to))
    }

    fn unlink<'a>(&'a self, name: &'a str) -> Io<'a, ()> {
        self.journal.around(Call::Unlink { name }, || self.inner.unlink(name))
    }

    fn list<'a>(&'a self, folder: &'a str) -> Io<'a, Vec<String>> {
        self.inner.list(folder)
    }

    fn sync_dir<'a>(&'a self, folder: &'a str) -> Io<'a, ()> {
        self.journal.around(Call::SyncFolder { name: folder }, || self.inner.sync_dir(folder))
    }

    fn space(&self) -> Io<'_, Space> {
        self.inner.space()
    }

    fn is_direct(&self) -> bool {
        self.inner.is_direct()
    }
}

fn recorded(inner: Arc<dyn File>, file: u64, journal: Arc<Journal>) -> Arc<dyn File> {
    Arc::new(RecordedFile { inner, file, journal })
}

struct RecordedFile {
    inner: Arc<dyn File>,
    file: u64,
    journal: Arc<Journal>,
}

impl RegionFile for RecordedFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.inner.read_at(buffer, position)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.inner.descriptor()
    }
}

impl File for RecordedFile {
    fn len(&self) -> Io<'_, u64> {
        self.inner.len()
    }

    fn set_len(&self, length: u64) -> Io<'_, ()> {
        self.journal.around(Call::SetLength { file: self.file, length }, || self.inner.set_len(length))
    }

    fn read_exact_at<'a>(&'a self, buffer: &'a mut [u8], position: u64) -> Io<'a, ()> {
        self.inner.read_exact_at(buffer, position)
    }

    fn begin_write_out(&self, position: u64, length: u64) {
        self.inner.begin_write_out(position, length);
    }

    fn read_cached(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.inner.read_cached(buffer, position)
    }

    fn read_nothing_ahead(&self) {
        self.inner.read_nothing_ahead();
    }

    fn write_all_at<'a>(&'a self, buffer: &'a [u8], position: u64) -> Io<'a, ()> {
        let (file, durable) = (self.file, self.inner.writes_are_durable());
        let what = if buffer.iter().all(|byte| *byte == 0) {
            Call::Zeros { file, position, durable, length: buffer.len() as u64 }
        } else {
            Call::Write { file, position, durable, bytes: buffer }
        };
        self.journal.around(what, || self.inner.write_all_at(buffer, position))
    }

    fn allocate(&self, position: u64, length: u64) -> Io<'_, ()> {
        let what = Call::Allocate { file: self.file, position, length };
        self.journal.around(what, || self.inner.allocate(position, length))
    }

    fn sync(&self) -> Io<'_, ()> {
        self.journal.around(Call::Sync { file: self.file }, || self.inner.sync())
    }

    fn writes_are_durable(&self) -> bool {
        self.inner.writes_are_durable()
    }
}

#[cfg(test)]
mod tests {
    use thalweg_model::world::block_on;

    use super::*;
    use crate::disk::{Access, Aligned, MemoryDisk};

    #[test]
    fn each_change_is_written_down_and_reads_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let disk = Recorder::new(Arc::new(MemoryDisk::new(true)), &path).expect("the folder is there");
        let act = async {
            disk.create_dir("a").await?;
            let durable = Open { access: Access::DirectDurable, create: Create::New };
            let file = disk.open("a/b", durable).await?;
            let mut page = Aligned::zeroed(4096);
            file.allocate(0, 8192).await?;
            file.write_all_at(&page, 0).await?;
            page[7] = 1;
            file.write_all_at(&page, 4096).await?;
            file.read_exact_at(&mut page, 0).await?;
            assert!(disk.unlink("c").await.is_err());
            disk.rename("a/b", "a/d").await?;
            disk.sync_dir("a").await?;
            file.set_len(4096).await?;
            file.sync().await
        };
        block_on(act).expect("memory does not fail");
        let bytes = std::fs::read(&path).expect("it was made");
        let entries: Vec<Entry<'_>> = read_journal(&bytes).map(|(_, entry)| entry).collect();
        let begun: Vec<&Call<'_>> = entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Begun { what, .. } => Some(what),
                _ => None,
            })
            .collect();
        let mut page = [0; 4096];
        page[7] = 1;
        assert_eq!(
            begun,
            [
                &Call::Folder { name: "a" },
                &Call::Open { file: 0, may_make: true, name: "a/b" },
                &Call::Allocate { file: 0, position: 0, length: 8192 },
                &Call::Zeros { file: 0, position: 0, durable: true, length: 4096 },
                &Call::Write { file: 0, position: 4096, durable: true, bytes: &page },
                &Call::Unlink { name: "c" },
                &Call::Rename { from: "a/b", to: "a/d" },
                &Call::SyncFolder { name: "a" },
                &Call::SetLength { file: 0, length: 4096 },
                &Call::Sync { file: 0 },
            ]
        );
        assert_eq!(entries.len(), 2 * begun.len(), "each has an end");
        assert_eq!(entries[11], Entry::Failed { call: 5 });
        assert_eq!(entries[13], Entry::Done { call: 6 });
        // what was being written when the process died is no entry
        assert_eq!(read_journal(&bytes[..bytes.len() - 1]).count(), entries.len() - 1);
        let last = read_journal(&bytes).last().map(|(end, _)| end);
        assert_eq!(last, Some(bytes.len()));
    }
}
