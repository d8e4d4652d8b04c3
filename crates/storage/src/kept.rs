//! What storage keeps of the caller's state of a partition: a snapshot and what changed after it, part by part. Small
//! parts lie in the manifest. Large ones lie in files of their own kind, so that a start reads none of them: they are
//! read when their owner asks.

use std::io;

use bytes::Bytes;

use crate::blobs::Blob;
use crate::extent::{Extent, FileNumber};
use crate::run_file::sum;

/// So many bytes of a partition's parts lie in the manifest; what is beyond goes into a file.
pub(crate) const HERE_BYTES_MAX: u64 = 4 << 10;
/// Of so many parts a state is put together at most; then it is asked for whole.
const PARTS_MAX: usize = 32;
/// How often a part is read before it is called damaged.
const READS_MAX: u32 = 3;

/// A part in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) file: FileNumber,
    pub(crate) position: u64,
    pub(crate) length: u32,
    pub(crate) sum: u32,
}

/// A part, wherever it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// In the manifest. The bytes are at hand from the start until the owner has taken over.
    Here { length: u32, bytes: Option<Bytes> },
    /// In a file.
    Stored(Stored),
}

/// A snapshot, and what changed after it, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// All of it reflects at least the batches before this offset.
    pub(crate) offset: i64,
    pub(crate) parts: Vec<Part>,
}

impl Stored {
    /// As a row of a file's directory, which knows such a part by its offsets: there are no batches.
    pub(crate) fn extent(&self) -> Extent {
        Extent {
            file: self.file,
            position: self.position,
            length: self.length,
            base: -1,
            end: -1,
            max_timestamp: i64::from(self.sum),
            marks: None,
        }
    }

    /// The part that a row of a directory speaks of; none where it speaks of batches.
    pub(crate) fn of(extent: &Extent) -> Option<Self> {
        let Extent { file, position, length, .. } = *extent;
        let is_state = extent.base == -1 && extent.end == -1 && extent.marks.is_none();
        let sum = u32::try_from(extent.max_timestamp).ok().filter(|_| is_state)?;
        Some(Self { file, position, length, sum })
    }

    /// Its bytes; [`io::ErrorKind::InvalidData`] where they are not what was written.
    pub(crate) fn read(&self, blob: &dyn Blob) -> io::Result<Bytes> {
        let end = self.position.checked_add(u64::from(self.length));
        if end.is_none_or(|end| end > blob.len()) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the file ends before a snapshot does"));
        }
        let mut bytes = vec![0; self.length as usize];
        // A device may read wrong once.
        for _ in 0..READS_MAX {
            blob.read(&mut bytes, self.position)?;
            if sum(&bytes) == self.sum {
                return Ok(bytes.into());
            }
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "a snapshot's checksum does not hold"))
    }
}

impl Part {
    fn length(&self) -> u64 {
        match self {
            Self::Here { length, .. } | Self::Stored(Stored { length, .. }) => u64::from(*length),
        }
    }

    pub(crate) fn stored(&self) -> Option<&Stored> {
        match self {
            Self::Here { .. } => None,
            Self::Stored(stored) => Some(stored),
        }
    }
}

impl Kept {
    /// The parts that lie in files.
    pub(crate) fn stored(&self) -> impl Iterator<Item = &Stored> {
        self.parts.iter().filter_map(Part::stored)
    }

    /// How much of it lies in the manifest.
    pub(crate) fn here_bytes(&self) -> u64 {
        self.parts.iter().filter(|part| part.stored().is_none()).map(Part::length).sum()
    }

    /// Whether the changes have outgrown what they change.
    pub(crate) fn wants_whole(&self) -> bool {
        let mut lengths = self.parts.iter().map(Part::length);
        let whole = lengths.next().unwrap_or(0);
        lengths.sum::<u64>() > whole.max(HERE_BYTES_MAX) || self.parts.len() > PARTS_MAX
    }

    /// Puts a part where another one lay; whether that was there.
    pub(crate) fn moved(&mut self, (file, position): (FileNumber, u64), to: Stored) -> bool {
        let from = |part: &&mut Part| {
            part.stored().is_some_and(|stored| (stored.file, stored.position) == (file, position))
        };
        let found = self.parts.iter_mut().find(from);
        found.map(|part| *part = Part::Stored(to)).is_some()
    }

    /// The owner has taken over: what it was given need not be at hand any more.
    pub(crate) fn let_go(&mut self) {
        for part in &mut self.parts {
            if let Part::Here { bytes, .. } = part {
                *bytes = None;
            }
        }
    }
}
