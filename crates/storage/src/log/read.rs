//! Reading a partition from whichever place the offset is in: the tail, a file, or the WAL.

use std::io;

use bytes::Bytes;
use thalweg_model::world::block_on;
use thalweg_model::{Offset, Region};

use super::windowed::{LOST, UNCACHED, Windowed};
use super::{EpochRow, Log, Read, ReadError, WalRun};
use crate::blobs::{Blob, MemoryBlob};
use crate::damage::Damage;
use crate::engine::Shared;
use crate::extent::Extent;
use crate::run_file::path_of;
use crate::walk::{Cut, Damaged, Run, Walk, WalkError, Want, cut};

/// How much is looked at, and read at once where it is not in memory.
const WINDOW_BYTES: u64 = 1 << 20;
/// How many places one read puts together.
const PLACES_MAX: usize = 32;
/// How often a read looks again when the file it was sent to is gone.
const LOOKS_MAX: usize = 8;
/// How often what looks damaged is read.
const READS_MAX: usize = 2;

/// Where the next batches are.
enum Place {
    /// In the tail: here they are.
    Tail(Read),
    Extent(Extent),
    Wal(WalRun),
    Nowhere,
}

impl Log {
    /// Reads whole batches from the one that contains `from`, those that end at `upto` or before (never beyond the
    /// high watermark), up to `max_bytes`; the first one even if it is larger. The first batch may begin before
    /// `from`. Reading at the end gives nothing and is no error.
    pub async fn read(&self, from: Offset, upto: Offset, max_bytes: usize) -> Result<Read, ReadError> {
        if let Some(read) = self.read_tail(from, upto, max_bytes) {
            return Ok(read);
        }
        let mut read = Read { next: from, ..Read::default() };
        for _ in 0..PLACES_MAX {
            match self.read_place(&read, upto, max_bytes).await {
                Ok(Some(part)) if part.bytes > 0 => {
                    read.bytes += part.bytes;
                    read.next = part.next;
                    read.regions.extend(part.regions);
                }
                Ok(_) => break,
                // What was read before the bad place is good.
                Err(_) if read.bytes > 0 => break,
                Err(error) => return Err(error),
            }
            if read.bytes >= max_bytes || read.next >= upto {
                break;
            }
        }
        Ok(read)
    }

    /// What follows on what was read, from one place; none where it is better asked for separately.
    async fn read_place(
        &self,
        so_far: &Read,
        upto: Offset,
        max_bytes: usize,
    ) -> Result<Option<Read>, ReadError> {
        let shared = &self.0.shared;
        let first_anyway = so_far.bytes == 0;
        let want = Want {
            from: so_far.next.0,
            upto: upto.0,
            bytes_max: max_bytes - so_far.bytes.min(max_bytes),
            first_anyway,
        };
        let mut looks = 0;
        loop {
            let (result, file) = match self.place(want)? {
                Place::Tail(read) => return Ok(Some(read)),
                Place::Nowhere => return Ok(None),
                Place::Wal(_) if !first_anyway => return Ok(None),
                Place::Wal(run) => (self.read_wal(run, want).await, None),
                Place::Extent(extent) => (self.read_extent(&extent, want).await, Some(extent.file)),
            };
            looks += 1;
            match result {
                Ok(read) => return Ok(read),
                // The file or block was let go between the look and the read: its batches are elsewhere now.
                Err(WalkError::Io(error)) if error.kind() == io::ErrorKind::NotFound && looks < LOOKS_MAX => {
                }
                Err(WalkError::Io(error)) => return Err(error.into()),
                // A device may read wrong once.
                Err(WalkError::Damaged(_)) if looks < READS_MAX => {}
                Err(WalkError::Damaged(damaged)) => {
                    shared.damage.found(self.damage(&damaged, file.map_or("wal".into(), path_of)));
                    let Damaged { from, to, what, .. } = damaged;
                    return Err(ReadError::Damaged { from: Offset(from), to: Offset(to), what });
                }
            }
        }
    }

    fn place(&self, want: Want) -> Result<Place, ReadError> {
        let durable = self.durable();
        let state = self.0.state.lock();
        if state.removed {
            return Err(ReadError::Removed);
        }
        let high_watermark = state.high_watermark(durable);
        let Want { from, bytes_max, first_anyway, .. } = want;
        if from < state.start || from > high_watermark {
            let (start, end) = (Offset(state.start), Offset(high_watermark));
            return Err(ReadError::OutOfRange { from: Offset(from), start, end });
        }
        let upto = want.upto.min(high_watermark);
        if from >= upto {
            return Ok(Place::Nowhere);
        }
        let mut tail_from = from;
        if state.recents.front().is_none_or(|first| first.base > from) {
            let extent = state.extents.get(state.extents.partition_point(|extent| extent.end <= from));
            let run = state.wal_runs.iter().find(|run| run.end > from);
            match (extent, run) {
                (Some(extent), _) if extent.base < upto => return Ok(Place::Extent(extent.clone())),
                (None, Some(run)) if run.base < upto => return Ok(Place::Wal(*run)),
                (None, None) => {}
                _ => return Ok(Place::Nowhere),
            }
            // A gap that nothing fills: go on behind it.
            match state.recents.front() {
                Some(first) if first.base < upto => tail_from = first.base,
                _ => return Ok(Place::Nowhere),
            }
        }
        let read = state.read_tail(durable, tail_from, upto, bytes_max);
        // The tail gives the first batch whatever its size: where something was read before, that is not wanted.
        let read = read.filter(|read| first_anyway || read.bytes <= bytes_max);
        Ok(read.map_or(Place::Nowhere, Place::Tail))
    }

    async fn read_extent(&self, extent: &Extent, want: Want) -> Result<Option<Read>, WalkError> {
        let shared = &self.0.shared;
        let file = shared.files.get(extent.file).await?;
        match self.read_window(&file, extent, want, UNCACHED).await? {
            Windowed::Has(read) => return Ok(read),
            Windowed::Later => return Ok(None),
            Windowed::Never => {}
        }
        let run = Run::of(extent).at_mark(extent.position_before(want.from));
        let at_hand = is_at_hand(&*file.blob, run.position, run.end_position);
        if at_hand
            && let Ok(cut) = cut(Walk::new(&*file.blob, run.clone()), want)
            && cut.is_none_or(|cut| file.is_checked(cut.position, cut.length))
        {
            return Ok(cut.map(|cut| region_of(&*file.blob, cut)));
        }
        // One place at a time has the disk waited for.
        if !want.first_anyway {
            return Ok(None);
        }
        if !at_hand {
            if let Windowed::Has(read) = self.read_window(&file, extent, want, LOST).await? {
                return Ok(read);
            }
            shared.figures.cold_reads.add(1);
        }
        let want = Want { bytes_max: want.bytes_max.min(WINDOW_BYTES as usize), ..want };
        let (run, for_job) = (run.with_epochs(self.epoch_rows()), file.clone());
        let job = move || cut(Walk::checking(&*for_job.blob, run), want);
        let cut = shared.cold.run(job).await?;
        if let Some(cut) = cut {
            file.was_checked(cut.position, cut.length);
        }
        Ok(cut.map(|cut| region_of(&*file.blob, cut)))
    }

    async fn read_wal(&self, run: WalRun, want: Want) -> Result<Option<Read>, WalkError> {
        let (shared, epochs) = (self.0.shared.clone(), self.epoch_rows());
        let job = move || {
            let blob = MemoryBlob::new(block_on(wal_bytes(&shared, run))?);
            let walk = Walk::checking(&blob, Run::whole(blob.len(), run.base, run.end).with_epochs(epochs));
            Ok(cut(walk, want)?.map(|cut| region_of(&blob, cut)))
        };
        self.0.shared.cold.run(job).await
    }

    /// The epochs that its batches bear.
    pub(crate) fn epoch_rows(&self) -> Vec<EpochRow> {
        self.0.state.lock().epochs.clone()
    }

    pub(crate) fn damage(&self, damaged: &Damaged, file: String) -> Damage {
        Damage {
            partition: self.partition(),
            from: Offset(damaged.from),
            to: Offset(damaged.to),
            position: file.contains('.').then_some(damaged.position),
            file,
            what: damaged.what.clone(),
        }
    }
}

/// A run's bytes, from the WAL.
pub(crate) async fn wal_bytes(shared: &Shared, run: WalRun) -> io::Result<Bytes> {
    let range = u64::from(run.position)..u64::from(run.position) + u64::from(run.length);
    match shared.wal.read(shared.chain_of(run.seq), run.seq, range).await {
        Ok(bytes) => Ok(bytes),
        Err(crate::wal::ReadError::Gone(_)) => Err(io::ErrorKind::NotFound.into()),
        Err(crate::wal::ReadError::Failed(error)) => Err(error),
        Err(error @ crate::wal::ReadError::Damaged(_)) => {
            Err(io::Error::new(io::ErrorKind::InvalidData, error))
        }
    }
}

/// Looks at the first window, at its first, middle and last page.
pub(super) fn is_at_hand(blob: &dyn Blob, position: u64, end: u64) -> bool {
    let last = end.min(position + WINDOW_BYTES) - 1;
    let middle = position + (last - position) / 2;
    [position, middle, last].iter().all(|position| blob.is_at_hand(*position))
}

pub(super) fn region_of(blob: &dyn Blob, cut: Cut) -> Read {
    let region: Region = blob.region(cut.position, cut.length);
    Read { bytes: region.len(), regions: vec![region], next: Offset(cut.next) }
}
