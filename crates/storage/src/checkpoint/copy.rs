//! Copying one partition's batches into a file: from memory, or from the WAL what memory has no longer. What is damaged
//! there is told, and costs no neighbour its place.

use std::collections::BTreeMap;
use std::io;

use bytes::{Bytes, BytesMut};
use thalweg_model::TopicPartition;

use super::{Checkpointer, NewFile, READS_MAX};
use crate::blobs::MemoryBlob;
use crate::disk::ALIGNMENT;
use crate::extent::Extent;
use crate::log::{Log, Source, WalRun, wal_bytes};
use crate::run_file::RunFileWriter;
use crate::walk::{Damaged, Run, Walk, WalkError};

impl Checkpointer {
    pub(super) async fn write_run(
        &self,
        writer: &mut RunFileWriter,
        log: &Log,
        sources: Vec<Source>,
    ) -> io::Result<()> {
        for source in sources {
            let stretch = source.stretch();
            let bytes = match source {
                Source::Memory(_, bytes) => bytes,
                Source::Wal(run) => match self.checked_wal_bytes(writer, log, run).await {
                    Ok(bytes) => bytes,
                    Err(error) if self.failures < READS_MAX => return Err(error),
                    Err(_) => self.readable_wal_bytes(writer, log, run).await?,
                },
            };
            writer.push(log.partition(), stretch, &bytes).await?;
        }
        Ok(())
    }

    /// What a run of the WAL holds, as [`damaged_in`] finds it: read again where it is wrong, because a device may read
    /// wrong once. What stays wrong is told and given as it is, so that what lies around keeps its place: who reads the
    /// bad place is told.
    async fn checked_wal_bytes(
        &self,
        writer: &mut RunFileWriter,
        log: &Log,
        run: WalRun,
    ) -> io::Result<Bytes> {
        let mut readings = Readings::default();
        loop {
            let bytes = wal_bytes(&self.shared, run).await?;
            let damaged = damaged_in(log, &bytes, (run.base, run.end))?;
            if let Some((damaged, bytes)) = readings.best_with(damaged, bytes) {
                self.tell(writer, log, &damaged, "wal");
                return Ok(bytes);
            }
        }
    }

    /// The same with zeros for what stays unreadable, page by page: it costs its neighbours nothing.
    async fn readable_wal_bytes(
        &self,
        writer: &mut RunFileWriter,
        log: &Log,
        run: WalRun,
    ) -> io::Result<Bytes> {
        let mut bytes = BytesMut::zeroed(run.length as usize);
        let (begin, end) = (u64::from(run.position), u64::from(run.position) + u64::from(run.length));
        let mut from = begin;
        while from < end {
            let to = end.min((from + 1).next_multiple_of(ALIGNMENT as u64));
            let part = WalRun { position: from as u32, length: (to - from) as u32, ..run };
            if let Ok(found) = wal_bytes(&self.shared, part).await {
                bytes[(from - begin) as usize..(to - begin) as usize].copy_from_slice(&found);
            }
            from = to;
        }
        let bytes = bytes.freeze();
        self.tell(writer, log, &damaged_in(log, &bytes, (run.base, run.end))?, "wal");
        Ok(bytes)
    }

    /// As [`checked_wal_bytes`](Self::checked_wal_bytes), for a part of an extent. `read` fills the buffer.
    pub(super) fn checked_extent_bytes(
        &self,
        writer: &mut RunFileWriter,
        log: &Log,
        offsets: (i64, i64),
        file: &str,
        read: impl Fn() -> io::Result<Bytes>,
    ) -> io::Result<Bytes> {
        let mut readings = Readings::default();
        loop {
            let bytes = read()?;
            let damaged = damaged_in(log, &bytes, offsets)?;
            if let Some((damaged, bytes)) = readings.best_with(damaged, bytes) {
                self.tell(writer, log, &damaged, file);
                return Ok(bytes);
            }
        }
    }

    fn tell(&self, writer: &mut RunFileWriter, log: &Log, damaged: &[Damaged], file: &str) {
        if !damaged.is_empty() {
            writer.doubt();
        }
        for damaged in damaged {
            self.shared.damage.found(log.damage(damaged, file.into()));
        }
    }
}

/// What was read of one place, again and again: what rots is wrong in each, and beside it a device may read wrong once.
#[derive(Default)]
struct Readings {
    count: u32,
    best: Option<(Vec<Damaged>, Bytes)>,
}

impl Readings {
    /// Takes one in. Gives the one with the least damage when that is none, or when there were enough.
    fn best_with(&mut self, damaged: Vec<Damaged>, bytes: Bytes) -> Option<(Vec<Damaged>, Bytes)> {
        self.count += 1;
        let is_sound = damaged.is_empty();
        if self.best.as_ref().is_none_or(|(known, _)| damaged.len() < known.len()) {
            self.best = Some((damaged, bytes));
        }
        if is_sound || self.count >= READS_MAX { self.best.take() } else { None }
    }
}

/// What is damaged of batches that should be those of these offsets.
fn damaged_in(log: &Log, bytes: &Bytes, (base, end): (i64, i64)) -> io::Result<Vec<Damaged>> {
    let blob = MemoryBlob::new(bytes.clone());
    let expected = Run::whole(bytes.len() as u64, base, end).with_epochs(log.epoch_rows());
    let mut walk = Walk::checking(&blob, expected);
    let mut found = Vec::new();
    loop {
        let checked = match walk.next() {
            Ok(None) => return Ok(found),
            Ok(Some(step)) => walk.check(&step),
            Err(error) => Err(error),
        };
        match checked {
            Ok(()) => {}
            Err(WalkError::Io(error)) => return Err(error),
            Err(WalkError::Damaged(damaged)) => found.push(damaged),
        }
    }
}

pub(super) type Added = (i64, i64, Vec<Extent>);

/// What was written of each partition: a checkpoint writes one stretch of it.
pub(super) fn by_partition(written: &[NewFile]) -> BTreeMap<TopicPartition, Added> {
    let mut extents: BTreeMap<TopicPartition, Added> = BTreeMap::new();
    for (partition, extent) in written.iter().flat_map(|file| &file.file.extents) {
        let (from, to, add) = extents.entry(*partition).or_insert((extent.base, extent.end, Vec::new()));
        (*from, *to) = ((*from).min(extent.base), (*to).max(extent.end));
        add.push(extent.clone());
    }
    extents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn damaged(count: i64) -> Vec<Damaged> {
        let damaged = |at| Damaged { from: at, to: at + 1, position: 0, what: "a test".into() };
        (0..count).map(damaged).collect()
    }

    /// What comes of readings with so many damaged places each, and after how many.
    fn best_of(readings: &[i64]) -> Option<(usize, usize, Bytes)> {
        let mut all = Readings::default();
        for (index, count) in readings.iter().enumerate() {
            if let Some((damaged, bytes)) = all.best_with(damaged(*count), Bytes::from(format!("{index}"))) {
                return Some((index + 1, damaged.len(), bytes));
            }
        }
        None
    }

    #[test]
    fn a_sound_reading_ends_it_and_else_the_least_damaged_counts() {
        let found = |readings, damaged, bytes: &'static str| Some((readings, damaged, Bytes::from(bytes)));
        assert_eq!(best_of(&[0, 1, 1]), found(1, 0, "0"));
        assert_eq!(best_of(&[2, 0]), found(2, 0, "1"));
        assert_eq!(best_of(&[1, 1]), None);
        assert_eq!(best_of(&[2, 1, 3]), found(3, 1, "1"));
        assert_eq!(best_of(&[1, 2, 1]), found(3, 1, "0"));
    }
}
