//! A data folder's contents, page by page, and how they become files again. Pages of zeros are holes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// The bytes of a page.
pub(super) const PAGE: u64 = 4096;

/// The bytes of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub(super) length: u64,
    pages: BTreeMap<u64, Arc<[u8; PAGE as usize]>>,
}

/// Everything that a data folder holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Folders, the outer before the inner.
    pub folders: Vec<String>,
    /// Files by name.
    pub files: BTreeMap<String, Contents>,
}

impl Contents {
    /// Writes bytes, and lengthens the file to hold them.
    pub(super) fn write(&mut self, position: u64, bytes: &[u8]) {
        let mut at = position;
        let mut rest = bytes;
        while !rest.is_empty() {
            let inside = (at % PAGE) as usize;
            let (now, later) = rest.split_at(rest.len().min(PAGE as usize - inside));
            let page = self.pages.entry(at / PAGE).or_insert_with(|| Arc::new([0; PAGE as usize]));
            Arc::make_mut(page)[inside..inside + now.len()].copy_from_slice(now);
            at += now.len() as u64;
            rest = later;
        }
        self.length = self.length.max(at);
    }

    /// Writes zeros, and lengthens the file to hold them.
    pub(super) fn write_zeros(&mut self, position: u64, length: u64) {
        let end = position + length;
        self.length = self.length.max(end);
        let whole = position.div_ceil(PAGE)..end / PAGE;
        let inner: Vec<u64> = if whole.is_empty() {
            Vec::new()
        } else {
            self.pages.range(whole.clone()).map(|(number, _)| *number).collect()
        };
        for number in inner {
            self.pages.remove(&number);
        }
        for edge in [position / PAGE, end / PAGE] {
            if !whole.contains(&edge)
                && let Some(page) = self.pages.get_mut(&edge)
            {
                let from = position.saturating_sub(edge * PAGE).min(PAGE) as usize;
                let to = end.saturating_sub(edge * PAGE).min(PAGE) as usize;
                Arc::make_mut(page)[from..to].fill(0);
            }
        }
    }

    /// Cuts or lengthens it.
    pub(super) fn set_length(&mut self, length: u64) {
        if length < self.length {
            let now = self.length;
            self.write_zeros(length, now - length);
        }
        self.length = length;
    }

    fn write_to(&self, path: &Path) -> std::io::Result<()> {
        let file = File::create(path)?;
        file.set_len(self.length)?;
        // neighbours in one write
        let mut run: (u64, Vec<u8>) = (0, Vec::new());
        for (number, page) in &self.pages {
            let position = number * PAGE;
            if position != run.0 + run.1.len() as u64 {
                file.write_all_at(&run.1, run.0)?;
                run = (position, Vec::new());
            }
            let inside = self.length.saturating_sub(position).min(PAGE) as usize;
            run.1.extend_from_slice(&page[..inside]);
        }
        file.write_all_at(&run.1, run.0)
    }
}

impl Image {
    /// Makes a new folder of it.
    pub fn write_to(&self, folder: &Path) -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        for name in &self.folders {
            fs::create_dir_all(folder.join(name))?;
        }
        for (name, contents) in &self.files {
            contents.write_to(&folder.join(name))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(contents: &Contents) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder");
        contents.write_to(&folder.path().join("file")).expect("it can be written");
        std::fs::read(folder.path().join("file")).expect("it was written")
    }

    #[test]
    fn contents_are_as_if_written_to_a_file() {
        let mut contents = Contents::default();
        let mut expect = vec![0; 20_000];
        for (position, length, byte) in [(0, 10_000, 1), (9_000, 9_000, 2), (4_095, 2, 3), (19_999, 1, 4)] {
            contents.write(position, &vec![byte; length]);
            expect[position as usize..position as usize + length].fill(byte);
        }
        assert!(bytes(&contents) == expect);
        for (position, length) in [(100, 50), (4_000, 9_000), (8_192, 4_096), (16_384, 3_616)] {
            contents.write_zeros(position, length);
            expect[position as usize..(position + length) as usize].fill(0);
            assert!(bytes(&contents) == expect, "{position} {length}");
        }
        contents.set_length(5_000);
        contents.set_length(9_000);
        expect.truncate(5_000);
        expect.resize(9_000, 0);
        assert!(bytes(&contents) == expect);
    }
}
