//! The segment files and packs that are open, so that a read need not open one, and which parts of them were found
//! good. A bound keeps descriptors few; who still sends from a file that was let go holds it open himself.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::io::Errno;
use thalweg_model::collections::HashMap;

use crate::blobs::{Blob, Blobs};
use crate::extent::FileNumber;
use crate::run_file::name_of;

/// How many files are kept open at most.
const OPEN_MAX: usize = 512;
/// How many separate parts of a file are remembered as read; beyond that all are forgotten, and checked anew.
const PARTS_MAX: usize = 256;

pub(crate) struct Files {
    pub(crate) blobs: Arc<dyn Blobs>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    files: HashMap<FileNumber, (Arc<OpenFile>, u64)>,
    uses: u64,
}

/// An open file.
pub(crate) struct OpenFile {
    pub(crate) blob: Arc<dyn Blob>,
    /// Where checksums were compared of what lies in the page cache, or lay there then. What is at hand may have come
    /// into memory beside what was asked for, and counts as good only where somebody looked.
    checked: Mutex<Parts>,
    /// What was read past the page cache.
    aside: Mutex<Parts>,
}

impl OpenFile {
    fn new(blob: Arc<dyn Blob>) -> Self {
        Self { blob, checked: Mutex::default(), aside: Mutex::default() }
    }

    /// Whether all of a part was found good.
    pub(crate) fn is_checked(&self, position: u64, length: u32) -> bool {
        self.checked.lock().have(position, length)
    }

    /// A part was found good.
    pub(crate) fn was_checked(&self, position: u64, length: u32) {
        self.checked.lock().add(position, length);
    }

    /// Whether all of a part was read past the page cache.
    pub(crate) fn was_read_aside(&self, position: u64, length: u32) -> bool {
        self.aside.lock().have(position, length)
    }

    /// A part is read past the page cache.
    pub(crate) fn reads_aside(&self, position: u64, length: u32) {
        self.aside.lock().add(position, length);
    }
}

/// Parts of a file, as begin and end; they do not touch.
#[derive(Default)]
struct Parts(BTreeMap<u64, u64>);

impl Parts {
    fn have(&self, position: u64, length: u32) -> bool {
        let part = self.0.range(..=position).next_back();
        part.is_some_and(|(_, end)| position + u64::from(length) <= *end)
    }

    fn add(&mut self, position: u64, length: u32) {
        let (mut begin, mut end) = (position, position + u64::from(length));
        while let Some((other, other_end)) = self.0.range(..=end).next_back().map(|(a, b)| (*a, *b)) {
            if other_end < begin {
                break;
            }
            self.0.remove(&other);
            (begin, end) = (begin.min(other), end.max(other_end));
        }
        if self.0.len() >= PARTS_MAX {
            self.0.clear();
        }
        self.0.insert(begin, end);
    }
}

impl Files {
    pub(crate) fn new(blobs: Arc<dyn Blobs>) -> Self {
        Self { blobs, open: Mutex::default() }
    }

    pub(crate) async fn get(&self, number: FileNumber) -> io::Result<Arc<OpenFile>> {
        if let Some(file) = self.open.lock().used(number) {
            return Ok(file);
        }
        let name = name_of(number);
        let opened = match self.blobs.open(&name).await {
            // Those that are kept open beyond need are given up for the one that is needed.
            Err(error) if is_out_of_descriptors(&error) => {
                self.open.lock().close_the_half_used_longest_ago();
                self.blobs.open(&name).await
            }
            result => result,
        };
        let file = Arc::new(OpenFile::new(opened?));
        let mut open = self.open.lock();
        if open.files.len() >= OPEN_MAX {
            open.close_the_half_used_longest_ago();
        }
        let uses = open.uses;
        open.files.insert(number, (file.clone(), uses));
        Ok(file)
    }

    /// A file was written just now, of bytes that were found good: as far as the page cache has it, it is.
    pub(crate) async fn was_written(&self, number: FileNumber, bytes: u64) {
        // One that cannot be opened now is checked when it is read.
        if let (Ok(file), Ok(length)) = (self.get(number).await, u32::try_from(bytes)) {
            file.was_checked(0, length);
        }
    }

    /// The file will be deleted.
    pub(crate) fn forget(&self, number: FileNumber) {
        self.open.lock().files.remove(&number);
    }
}

impl Open {
    fn used(&mut self, number: FileNumber) -> Option<Arc<OpenFile>> {
        self.uses += 1;
        let (file, used) = self.files.get_mut(&number)?;
        *used = self.uses;
        Some(file.clone())
    }

    fn close_the_half_used_longest_ago(&mut self) {
        let mut uses: Vec<u64> = self.files.values().map(|(_, used)| *used).collect();
        if uses.is_empty() {
            return;
        }
        uses.sort_unstable();
        let middle = uses[uses.len() / 2];
        self.files.retain(|_, (_, used)| *used > middle);
    }
}

/// Whether a call failed because the process, or the system, has as many files open as it may.
pub(crate) fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_touch_are_one_and_gaps_stay() {
        let mut parts = Parts::default();
        for (position, length) in [(100, 50), (200, 50), (150, 25), (90, 5)] {
            parts.add(position, length);
        }
        for (position, length, good) in [
            (100, 75, true),
            (100, 76, false),
            (99, 1, false),
            (200, 50, true),
            (175, 25, false),
            (90, 5, true),
        ] {
            assert_eq!(parts.have(position, length), good, "{position} {length}");
        }
        parts.add(0, 1000);
        assert!(parts.have(0, 1000));
        assert_eq!(parts.0.len(), 1);
        for part in 0..2 * PARTS_MAX as u64 {
            parts.add(2000 + part * 10, 5);
        }
        assert!(parts.0.len() <= PARTS_MAX);
    }
}
