//! Walking through the batches of a run by their headers, and comparing the checksums of those that are wanted. Knows
//! blobs and batches, and no partition.
//!
//! A batch's checksum leaves out its first 17 bytes (base offset, length, leader epoch, magic, the checksum itself), so
//! these are held against what is known from elsewhere: batches of a run follow each other without gaps, begin and end
//! where the run does, and bear the epoch that the partition had. Behind a damaged batch the walk finds its way again.

use std::io;
use std::sync::Arc;

use thalweg_model::batch::{BATCH_OVERHEAD, BatchHeader};

use crate::blobs::Blob;
use crate::extent::{Extent, Mark};
use crate::log::EpochRow;

/// How much is read at once where batches are small.
const STEP_BYTES: usize = 16 << 10;
/// The same where all is read.
const STEP_BYTES_CHECKED: usize = 256 << 10;

/// Where a batch says which version of the format it has, and what it says there.
const AT_MAGIC: usize = 16;
const MAGIC: u8 = 2;

/// Why a run cannot be walked.
#[derive(Debug)]
pub(crate) enum WalkError {
    Io(io::Error),
    Damaged(Damaged),
}

/// What is there is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damaged {
    /// The first offset that is lost,
    pub(crate) from: i64,
    /// and the first one after it that is not.
    pub(crate) to: i64,
    /// Where in the blob.
    pub(crate) position: u64,
    pub(crate) what: String,
}

impl From<io::Error> for WalkError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A run of batches, and what is known of it from elsewhere than its own bytes.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Where its first batch begins in the blob, and where its last one ends.
    pub(crate) position: u64,
    pub(crate) end_position: u64,
    /// The offset where it begins. (Where the log start moved before it was copied, its first batch may begin below.)
    pub(crate) base: i64,
    /// The offset after its last batch.
    pub(crate) end: i64,
    /// Marks, which count from `marks_from`.
    pub(crate) marks: Option<Arc<[Mark]>>,
    pub(crate) marks_from: u64,
    /// The epochs of these offsets, in order; none where they are not known.
    pub(crate) epochs: Vec<EpochRow>,
}

impl Run {
    /// All of an extent.
    pub(crate) fn of(extent: &Extent) -> Self {
        Self {
            position: extent.position,
            end_position: extent.position + u64::from(extent.length),
            base: extent.base,
            end: extent.end,
            marks: extent.marks.clone(),
            marks_from: extent.position,
            epochs: Vec::new(),
        }
    }

    /// A whole blob.
    pub(crate) fn whole(length: u64, base: i64, end: i64) -> Self {
        let (marks, epochs) = (None, Vec::new());
        Self { position: 0, end_position: length, base, end, marks, marks_from: 0, epochs }
    }

    /// The same from a mark on: `position` counts as the marks do.
    pub(crate) fn at_mark(mut self, position: u32) -> Self {
        let mark = self.marks.as_deref().unwrap_or_default().iter().find(|mark| mark.position == position);
        if let Some(mark) = mark {
            (self.position, self.base) = (self.marks_from + u64::from(position), mark.offset);
        }
        self
    }

    /// The part of an extent in which an offset is, from one mark to the next.
    pub(crate) fn window(extent: &Extent, offset: i64) -> Self {
        let marks = extent.marks();
        let after = marks.partition_point(|mark| mark.offset <= offset);
        let mut run = Self::of(extent);
        // A manifest that was written wrong may have marks that lie beyond the extent.
        let position = |mark: &Mark| extent.position.saturating_add(u64::from(mark.position));
        if let Some(mark) = after.checked_sub(1).map(|before| marks[before]) {
            (run.position, run.base) = (position(&mark), mark.offset);
        }
        if let Some(mark) = marks.get(after) {
            (run.end_position, run.end) = (position(mark).min(run.end_position), mark.offset);
        }
        run
    }

    pub(crate) fn with_epochs(mut self, epochs: Vec<EpochRow>) -> Self {
        self.epochs = epochs;
        self
    }

    fn epoch_at(&self, offset: i64) -> Option<i32> {
        let after = self.epochs.partition_point(|row| row.start <= offset);
        Some(self.epochs[after.checked_sub(1)?].epoch)
    }

    fn is_mark(&self, position: u64, offset: i64) -> bool {
        let marks = self.marks.as_deref().unwrap_or_default();
        marks
            .iter()
            .any(|mark| mark.offset == offset && self.marks_from + u64::from(mark.position) == position)
    }
}

/// Goes through the batches of a run.
pub(crate) struct Walk<'a> {
    blob: &'a dyn Blob,
    run: Run,
    position: u64,
    /// Where the next batch has to begin.
    expected: i64,
    /// The batch before, and whether its checksum was compared.
    last: Option<Step>,
    last_checked: bool,
    /// Whether the next one is the run's first.
    is_first: bool,
    checks: bool,
    /// Whether most of the run is looked at, or only headers and here and there a batch.
    reads_all: bool,
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
    /// By headers alone.
    pub(crate) fn new(blob: &'a dyn Blob, run: Run) -> Self {
        Self {
            position: run.position,
            expected: run.base,
            last: None,
            last_checked: false,
            is_first: true,
            checks: false,
            reads_all: false,
            buffer: Vec::new(),
            buffer_at: 0,
            step: STEP_BYTES,
            blob,
            run,
        }
    }

    /// With [`check`](Self::check), which most batches will see.
    pub(crate) fn checking(blob: &'a dyn Blob, run: Run) -> Self {
        Self { checks: true, reads_all: true, step: STEP_BYTES_CHECKED, ..Self::new(blob, run) }
    }

    /// With [`check`](Self::check), which few batches will see.
    pub(crate) fn checking_some(blob: &'a dyn Blob, run: Run) -> Self {
        Self { checks: true, ..Self::new(blob, run) }
    }

    /// The next batch; none at the end. After damage it stands where the run goes on.
    pub(crate) fn next(&mut self) -> Result<Option<Step>, WalkError> {
        if self.position >= self.run.end_position {
            return Ok(None);
        }
        let position = self.position;
        let step = match self.header_at(position)? {
            Ok(step) => step,
            Err(what) => return Err(self.lost(what)),
        };
        if let Err(what) = self.fits(&step)? {
            return Err(self.lost(what));
        }
        // Long batches are jumped over: of the next one the header alone is wanted.
        self.step = match self.reads_all {
            true => STEP_BYTES_CHECKED,
            false if step.header.size() > STEP_BYTES => BATCH_OVERHEAD,
            false => STEP_BYTES,
        };
        self.pass(&step);
        Ok(Some(step))
    }

    /// Compares a batch's checksum, where the walk is one that checks. After damage the walk stands where the run goes
    /// on.
    pub(crate) fn check(&mut self, step: &Step) -> Result<(), WalkError> {
        if !self.checks {
            return Ok(());
        }
        let ahead = if self.reads_all { STEP_BYTES_CHECKED } else { step.header.size() };
        let batch = self.bytes(step.position, step.header.size(), ahead)?;
        match step.header.check(batch) {
            Ok(()) => {
                self.last_checked = true;
                Ok(())
            }
            Err(error) => Err(self.bad_batch(step, error.to_string())),
        }
    }

    /// All bytes of a batch.
    pub(crate) fn batch(&mut self, step: &Step) -> Result<&[u8], WalkError> {
        Ok(self.bytes(step.position, step.header.size(), step.header.size())?)
    }

    fn pass(&mut self, step: &Step) {
        (self.last, self.last_checked, self.is_first) = (Some(*step), false, false);
        self.expected = step.next();
        self.position = step.end_position();
    }

    /// The batch at a position, if there can be one by its header alone.
    fn header_at(&mut self, position: u64) -> io::Result<Result<Step, String>> {
        if self.run.end_position - position < BATCH_OVERHEAD as u64 {
            return Ok(Err("a batch is cut short".into()));
        }
        let bytes = self.bytes(position, BATCH_OVERHEAD, self.step)?;
        let header = match BatchHeader::parse(bytes) {
            Ok(header) => header,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let step = Step { header, position };
        Ok(if step.end_position() > self.run.end_position {
            Err("a batch is longer than its run".into())
        } else if step.next() <= step.base() || step.next() > self.run.end {
            Err(format!("a batch has offsets {}..{}", step.base(), step.next()))
        } else {
            self.right_epoch(&step).map(|()| step)
        })
    }

    fn right_epoch(&self, step: &Step) -> Result<(), String> {
        let (found, known) = (step.header.partition_leader_epoch.0, self.run.epoch_at(step.base()));
        match known.filter(|known| *known != found) {
            Some(known) => Err(format!("a batch has leader epoch {found}, not {known}")),
            None => Ok(()),
        }
    }

    /// Whether a batch stands at its place in the run.
    fn fits(&mut self, step: &Step) -> io::Result<Result<(), String>> {
        let base = step.base();
        let good = match base == self.expected {
            true => true,
            // The first one may begin below, if the next one agrees.
            false => base < self.expected && self.is_first && self.is_followed(step)?,
        };
        let what = || format!("a batch has offset {base}, not {}", self.expected);
        Ok(if good { Ok(()) } else { Err(what()) })
    }

    /// Whether what comes after a batch begins where it ends.
    fn is_followed(&mut self, step: &Step) -> io::Result<bool> {
        if step.end_position() == self.run.end_position {
            return Ok(step.next() == self.run.end);
        }
        let next = self.header_at(step.end_position())?;
        Ok(next.is_ok_and(|next| next.base() == step.next()))
    }

    /// The walk cannot go on at its place. Where the batch before was passed by unchecked, it may have lied about its end.
    fn lost(&mut self, what: String) -> WalkError {
        if let Some(last) = self.last.filter(|_| !self.last_checked) {
            let batch = self.bytes(last.position, last.header.size(), STEP_BYTES_CHECKED);
            match batch.map(|batch| last.header.check(batch)) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return self.bad_batch(&last, error.to_string()),
                Err(error) => return error.into(),
            }
        }
        let (position, from) = (self.position, self.expected);
        // Where the checksum holds, only what it leaves out is wrong, and the next batch stands where it should.
        let likely = match BatchHeader::parse(
            self.bytes(position, BATCH_OVERHEAD, STEP_BYTES_CHECKED).unwrap_or_default(),
        ) {
            Ok(header) => (
                position + header.size() as u64,
                from.saturating_add(i64::from(header.last_offset_delta)).saturating_add(1),
            ),
            Err(_) => (position, from),
        };
        self.damaged(from, position, likely, what)
    }

    /// A batch that stands at its place is not what was written.
    fn bad_batch(&mut self, step: &Step, what: String) -> WalkError {
        self.damaged(step.base(), step.position, (step.end_position(), step.next()), what)
    }

    /// Finds where the run goes on behind damage, stands there, and tells what lies between.
    fn damaged(&mut self, from: i64, position: u64, likely: (u64, i64), what: String) -> WalkError {
        self.last = None;
        match self.resume(from, position, likely) {
            Ok(to) => WalkError::Damaged(Damaged { from, to, position, what }),
            Err(error) => error.into(),
        }
    }

    fn resume(&mut self, from: i64, position: u64, likely: (u64, i64)) -> io::Result<i64> {
        self.step = STEP_BYTES_CHECKED;
        self.is_first = false;
        if likely.0 > position
            && let Some(to) = self.begins_again(likely.0, from, Some(likely.1))?
        {
            return Ok(to);
        }
        let mut at = position + 1;
        while self.run.end_position.saturating_sub(at) >= BATCH_OVERHEAD as u64 {
            let may_be = self.bytes(at, BATCH_OVERHEAD, STEP_BYTES_CHECKED)?[AT_MAGIC] == MAGIC;
            if may_be && let Some(to) = self.begins_again(at, from, None)? {
                return Ok(to);
            }
            at += 1;
        }
        (self.position, self.expected) = (self.run.end_position, self.run.end);
        Ok(self.run.end)
    }

    /// Whether a good batch begins at a position: its checksum holds, and what is around it agrees.
    fn begins_again(&mut self, at: u64, above: i64, expected: Option<i64>) -> io::Result<Option<i64>> {
        if at >= self.run.end_position {
            let is_end = at == self.run.end_position && expected == Some(self.run.end);
            if is_end {
                (self.position, self.expected) = (at, self.run.end);
            }
            return Ok(is_end.then_some(self.run.end));
        }
        let Ok(step) = self.header_at(at)? else { return Ok(None) };
        let base = step.base();
        if base <= above {
            return Ok(None);
        }
        let batch = self.bytes(at, step.header.size(), STEP_BYTES_CHECKED)?;
        if step.header.check(batch).is_err() {
            return Ok(None);
        }
        if Some(base) != expected && !self.run.is_mark(at, base) && !self.is_followed(&step)? {
            return Ok(None);
        }
        (self.position, self.expected) = (at, base);
        Ok(Some(base))
    }

    fn bytes(&mut self, position: u64, length: usize, ahead: usize) -> io::Result<&[u8]> {
        if self.run.end_position.saturating_sub(position) < length as u64 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let blob = self.blob;
        if let Some(bytes) = blob.slice(position, length) {
            return Ok(bytes);
        }
        let there = position >= self.buffer_at
            && position + length as u64 <= self.buffer_at + self.buffer.len() as u64;
        if !there {
            let most = usize::try_from(self.run.end_position - position).unwrap_or(usize::MAX);
            self.buffer.resize(ahead.max(length).min(most), 0);
            self.buffer_at = position;
            if let Err(error) = self.blob.read(&mut self.buffer, position) {
                self.buffer.clear();
                return Err(error);
            }
        }
        let at = (position - self.buffer_at) as usize;
        Ok(&self.buffer[at..at + length])
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

/// Finds the batches that are wanted. Those before them are passed by, whatever is wrong with them; what comes before a
/// damaged one is given, and the damage told when it is asked for.
pub(crate) fn cut(mut walk: Walk<'_>, want: Want) -> Result<Option<Cut>, WalkError> {
    let mut cut: Option<Cut> = None;
    loop {
        let step = match walk.next() {
            Ok(Some(step)) => step,
            Err(WalkError::Damaged(damaged)) if damaged.to <= want.from => continue,
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
            Err(WalkError::Damaged(damaged)) if damaged.to <= want.from => continue,
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

#[cfg(test)]
mod tests;
