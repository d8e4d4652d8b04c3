//! Walking through the batches of a run by their headers, and comparing the checksums of those that are wanted. Knows blobs and
//! batches, and no partition.

use std::io;

use thalweg_model::batch::{BATCH_OVERHEAD, BatchHeader};

use crate::blobs::Blob;

/// How much is read at once where batches are small.
const STEP_BYTES: usize = 16 << 10;
/// The same where all is read.
const STEP_BYTES_CHECKED: usize = 256 << 10;

/// Why a run cannot be walked.
#[derive(Debug)]
pub(crate) enum WalkError {
    Io(io::Error),
    /// What is there is not what was written.
    Damaged {
        at: i64,
        what: String,
    },
}

impl WalkError {
    pub(crate) fn into_io(self) -> io::Error {
        match self {
            Self::Io(error) => error,
            Self::Damaged { at, what } => {
                io::Error::new(io::ErrorKind::InvalidData, format!("damaged after offset {at}: {what}"))
            }
        }
    }
}

impl From<io::Error> for WalkError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Goes through the batches between two positions of a blob.
pub(crate) struct Walk<'a> {
    blob: &'a dyn Blob,
    position: u64,
    end: u64,
    /// No batch may begin before this offset.
    next_offset: i64,
    checks: bool,
    buffer: Vec<u8>,
    buffer_at: u64,
    step: usize,
}

/// A batch on the way.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) header: BatchHeader,
    pub(crate) position: u64,
}

impl Step {
    pub(crate) fn base(&self) -> i64 {
        self.header.base_offset.0
    }

    /// The offset after it.
    pub(crate) fn next(&self) -> i64 {
        self.header.next_offset().0
    }

    pub(crate) fn end_position(&self) -> u64 {
        self.position + self.header.size() as u64
    }
}

impl<'a> Walk<'a> {
    /// Begins at a position where a batch begins.
    pub(crate) fn new(blob: &'a dyn Blob, position: u64, end: u64, checks: bool) -> Self {
        let step = if checks { STEP_BYTES_CHECKED } else { STEP_BYTES };
        Self { blob, position, end, next_offset: 0, checks, buffer: Vec::new(), buffer_at: 0, step }
    }

    /// The next batch; none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Step>, WalkError> {
        if self.position >= self.end {
            return Ok(None);
        }
        let position = self.position;
        let bytes = self.bytes(position, BATCH_OVERHEAD, self.step)?;
        let header = BatchHeader::parse(bytes).map_err(|error| self.damaged(error.to_string()))?;
        let step = Step { header, position };
        if step.end_position() > self.end {
            return Err(self.damaged("a batch is longer than its run".into()));
        }
        if step.base() < self.next_offset || step.next() <= step.base() {
            return Err(self.damaged(format!("a batch has offset {}", step.base())));
        }
        // Long batches are jumped over: of the next one the header alone is wanted.
        self.step = match self.checks {
            true => STEP_BYTES_CHECKED,
            false if header.size() > STEP_BYTES => BATCH_OVERHEAD,
            false => STEP_BYTES,
        };
        self.next_offset = step.next();
        self.position = step.end_position();
        Ok(Some(step))
    }

    /// Compares a batch's checksum, where the walk is one that checks.
    pub(crate) fn check(&mut self, step: &Step) -> Result<(), WalkError> {
        if !self.checks {
            return Ok(());
        }
        let batch = self.bytes(step.position, step.header.size(), STEP_BYTES_CHECKED)?;
        step.header
            .check(batch)
            .map_err(|error| WalkError::Damaged { at: step.base(), what: error.to_string() })
    }

    /// All bytes of a batch.
    pub(crate) fn batch(&mut self, step: &Step) -> Result<&[u8], WalkError> {
        self.bytes(step.position, step.header.size(), step.header.size())
    }

    fn bytes(&mut self, position: u64, length: usize, ahead: usize) -> Result<&[u8], WalkError> {
        let there = position >= self.buffer_at
            && position + length as u64 <= self.buffer_at + self.buffer.len() as u64;
        if !there {
            let most = usize::try_from(self.end - position).unwrap_or(usize::MAX);
            if length > most {
                return Err(self.damaged("a batch is cut short".into()));
            }
            self.buffer.resize(ahead.max(length).min(most), 0);
            self.buffer_at = position;
            self.blob.read(&mut self.buffer, position)?;
        }
        let at = (position - self.buffer_at) as usize;
        Ok(&self.buffer[at..at + length])
    }

    fn damaged(&self, what: String) -> WalkError {
        WalkError::Damaged { at: self.next_offset, what }
    }
}

/// Some whole batches of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) position: u64,
    pub(crate) length: u32,
    pub(crate) next: i64,
}

/// What is wanted of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Want {
    pub(crate) from: i64,
    pub(crate) upto: i64,
    pub(crate) bytes_max: usize,
    /// Whether the first batch comes even when it is larger.
    pub(crate) first_anyway: bool,
}

/// Finds the batches that are wanted. Those before them are passed by, whatever is wrong with their records; what comes
/// before a damaged one is given, and the damage told when it is asked for.
pub(crate) fn cut(mut walk: Walk<'_>, want: Want) -> Result<Option<Cut>, WalkError> {
    let mut cut: Option<Cut> = None;
    loop {
        let step = match walk.next() {
            Ok(Some(step)) => step,
            Err(error) if cut.is_none() => return Err(error),
            Ok(None) | Err(_) => break,
        };
        if step.next() <= want.from {
            continue;
        }
        let size = step.header.size();
        let so_far = cut.map_or(0, |cut| cut.length as usize);
        let fits = so_far + size <= want.bytes_max || (so_far == 0 && want.first_anyway);
        if step.next() > want.upto || !fits {
            break;
        }
        match walk.check(&step) {
            Ok(()) => {}
            Err(error) if cut.is_none() => return Err(error),
            Err(_) => break,
        }
        let cut = cut.get_or_insert(Cut { position: step.position, length: 0, next: 0 });
        cut.length += size as u32;
        cut.next = step.next();
        if cut.length as usize >= want.bytes_max {
            break;
        }
    }
    Ok(cut)
}
