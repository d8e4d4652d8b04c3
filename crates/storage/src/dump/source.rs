//! The file that is shown, read piece by piece: how long it is costs no memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest};
use thalweg_model::Region;

use crate::blobs::Blob;

/// How much is read at once.
const WINDOW_BYTES: usize = 256 << 10;

/// An open file.
pub(super) struct Source {
    file: File,
    length: u64,
}

impl Source {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }

    /// The CRC-32C of a part.
    pub(super) fn checksum(&self, mut from: u64, to: u64) -> io::Result<u32> {
        let mut digest = Digest::new(CrcAlgorithm::Crc32Iscsi);
        let mut buffer = vec![0; WINDOW_BYTES.min(usize::try_from(to - from).unwrap_or(WINDOW_BYTES))];
        while from < to {
            let count = buffer.len().min(usize::try_from(to - from).unwrap_or(usize::MAX));
            self.file.read_exact_at(&mut buffer[..count], from)?;
            digest.update(&buffer[..count]);
            from += count as u64;
        }
        Ok(u32::try_from(digest.finalize()).expect("a 32-bit checksum has 32 bits"))
    }
}

impl Blob for Source {
    fn len(&self) -> u64 {
        self.length
    }

    fn region(&self, position: u64, length: u32) -> Region {
        let mut bytes = vec![0; length as usize];
        Region::Memory(match self.read(&mut bytes, position) {
            Ok(()) => bytes.into(),
            Err(_) => Bytes::new(),
        })
    }

    fn is_at_hand(&self, _: u64) -> bool {
        false
    }

    fn read(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, position)
    }
}

/// A part of a file in memory, for who goes through it from the front.
pub(super) struct Window<'a> {
    source: &'a Source,
    buffer: Vec<u8>,
    start: u64,
}

impl<'a> Window<'a> {
    pub(super) fn over(source: &'a Source) -> Self {
        Self { source, buffer: Vec::new(), start: 0 }
    }

    /// Bytes of the file: fewer where it ends.
    pub(super) fn part(&mut self, position: u64, length: usize) -> io::Result<&[u8]> {
        let rest = usize::try_from(self.source.length.saturating_sub(position)).unwrap_or(usize::MAX);
        let length = length.min(rest);
        let end = self.start + self.buffer.len() as u64;
        if position < self.start || position + length as u64 > end {
            self.buffer.clear();
            self.buffer.resize(length.max(WINDOW_BYTES).min(rest), 0);
            self.buffer.shrink_to(WINDOW_BYTES);
            self.start = position;
            self.source.read(&mut self.buffer, position)?;
        }
        let from = usize::try_from(position - self.start).expect("a window fits in memory");
        Ok(&self.buffer[from..from + length])
    }
}
