//! What is dead becomes free: files that nobody has any more are deleted, files that are mostly dead are gathered, and
//! small packs are merged, so that neither their number nor that of a partition's extents grows without end.

use std::collections::BTreeMap;
use std::io;

use thalweg_model::law::Law;

use super::{Checkpointer, Failed, FileState, NewFile};
use crate::blobs::Cached;
use crate::extent::{Extent, FileNumber};
use crate::log::Log;
use crate::manifest::record::Record;
use crate::manifest::{Edit, FileRow, STATE_FILE};
use crate::run_file::{RunFileWriter, Stretch, Written, name_of, path_of};
use crate::wal::WalSeq;

/// How many packs are merged at once.
const MERGE_FILES: usize = 16;
/// Packs above this are not merged,
const MERGE_BYTES_MAX: u64 = 1 << 30;
/// nor packs whose runs are this long on average: reading them is no trouble.
const MERGE_RUN_BYTES_MAX: u64 = 64 << 10;
/// Of so many files of snapshots the smallest are merged: each may hold what never changes again.
const STATE_FILES_MAX: usize = 64;
/// How many bytes one round gathers at most, so that the next checkpoint does not wait long.
const GATHER_BYTES_MAX: u64 = 256 << 20;

impl Checkpointer {
    pub(super) fn add_file(&mut self, new: &NewFile) {
        let Written { number, bytes, extents, states, is_checked: _ } = &new.file;
        let batches: u64 = extents.iter().map(|(_, extent)| u64::from(extent.length)).sum();
        let live = batches + states.iter().map(|(_, stored)| u64::from(stored.length)).sum::<u64>();
        let runs = (extents.len() + states.len()) as u64;
        let row = FileRow { bytes: *bytes, level: new.level };
        self.files.insert(*number, FileState { row, live, runs, ..FileState::default() });
    }

    /// Takes note of what was freed up to `target`, and gives the files that have nothing left.
    pub(super) fn settle_freed(&mut self, target: WalSeq) -> Vec<FileNumber> {
        let mut loose = self.shared.loose.lock();
        let files = &mut self.files;
        loose.freed.retain(|freed| {
            if freed.seq > target {
                return true;
            }
            // A file that is not there any more was gathered meanwhile.
            if let Some(file) = files.get_mut(&freed.file) {
                file.live = file.live.saturating_sub(freed.bytes);
                file.runs = file.runs.saturating_sub(1);
                file.delay = file.delay.max(freed.delay);
            }
            false
        });
        let is_settled = loose.freed.is_empty() && loose.begun_within.is_empty();
        loose.since = (!is_settled).then(|| self.shared.world.clock.elapsed());
        drop(loose);
        self.files.iter().filter(|(_, file)| file.runs == 0).map(|(number, _)| *number).collect()
    }

    /// The manifest names the file no more: it goes after the delay of those who had something in it.
    pub(super) fn doom(&mut self, number: FileNumber) {
        let delay = match self.files.remove(&number) {
            Some(file) if file.runs == 0 => file.delay,
            // What was still wanted of it lies elsewhere now.
            Some(file) => file.delay.max(self.shared.delays.of_all()),
            None => self.shared.delays.of_all(),
        };
        self.doomed.push((self.shared.world.clock.elapsed() + delay, number));
    }

    /// Deletes before the manifest says so, as nobody may.
    pub(super) async fn delete_now(&self, numbers: &[FileNumber]) {
        for number in numbers {
            let _ = self.shared.files.blobs.delete(&name_of(*number)).await;
        }
    }

    pub(super) async fn delete_what_is_due(&mut self) {
        let now = self.shared.world.clock.elapsed();
        let (due, later): (Vec<_>, Vec<_>) = self.doomed.drain(..).partition(|(due, _)| *due <= now);
        self.doomed = later;
        for (_, number) in due {
            self.shared.files.forget(number);
            self.shared.windows.forget(number);
            if let Err(error) = self.shared.files.blobs.delete(&name_of(number)).await {
                tracing::warn!(file = name_of(number), %error, "failed to delete a file; the next start does");
            }
        }
    }

    /// Deletes what was begun and came to nothing: on a full disk it would be in the way.
    pub(super) async fn delete_unnamed(&mut self, first: FileNumber) {
        for number in first..self.next_file {
            if !self.files.contains_key(&number) {
                self.doomed.retain(|(_, doomed)| *doomed != number);
                // Who holds it open holds its space.
                self.shared.files.forget(number);
                // Where even this fails the next start does it.
                let _ = self.shared.files.blobs.delete(&name_of(number)).await;
            }
        }
    }

    /// Gathers what is mostly dead, and merges what is small.
    pub(super) async fn make_space(&mut self) -> Result<(), Failed> {
        let mut gathered = 0;
        let mostly_dead: Vec<_> = self
            .files
            .iter()
            .filter(|(_, file)| file.live * 2 < file.row.bytes)
            .map(|(number, file)| (*number, *file))
            .collect();
        for (number, file) in mostly_dead {
            if gathered + file.live > GATHER_BYTES_MAX && gathered > 0 {
                break;
            }
            // The header and the directory of a tiny file can be half of it: writing it anew gains nothing.
            if file.row.bytes - file.live < 4096 + 256 * file.runs || self.unreadable.contains(&number) {
                continue;
            }
            gathered += file.live;
            self.gather(&[number], file.row.level).await?;
        }
        let mut levels: BTreeMap<u8, Vec<FileNumber>> = BTreeMap::new();
        for (number, file) in &self.files {
            let small_runs = file.live < MERGE_RUN_BYTES_MAX * file.runs.max(1);
            if file.row.level < STATE_FILE - 1
                && file.row.bytes < MERGE_BYTES_MAX
                && small_runs
                && !self.unreadable.contains(number)
            {
                levels.entry(file.row.level).or_default().push(*number);
            }
        }
        let mut states: Vec<_> = self
            .files
            .iter()
            .filter(|(number, file)| file.row.level == STATE_FILE && !self.unreadable.contains(number))
            .map(|(number, file)| (file.live, *number))
            .collect();
        if states.len() > STATE_FILES_MAX {
            states.sort_unstable();
            let smallest: Vec<_> = states[..MERGE_FILES].iter().map(|(_, number)| *number).collect();
            self.gather(&smallest, STATE_FILE).await?;
        }
        for (level, numbers) in levels {
            if let Some(oldest) = numbers.get(..MERGE_FILES) {
                self.gather(oldest, level + 1).await?;
            }
        }
        Ok(())
    }

    /// Rewrites; where the disk has room and it fails all the same, what cannot be read is left in peace.
    async fn gather(&mut self, numbers: &[FileNumber], level: u8) -> Result<(), Failed> {
        match self.rewrite(numbers, level).await {
            Err(Failed::Later(error)) if error.kind() != io::ErrorKind::StorageFull => {
                tracing::error!(files = ?numbers, %error, "files cannot be gathered, they stay as they are");
                self.unreadable.extend(numbers);
                Ok(())
            }
            result => result,
        }
    }

    /// Writes what is alive in some files into one new file, and lets them go.
    async fn rewrite(&mut self, numbers: &[FileNumber], level: u8) -> Result<(), Failed> {
        let shared = self.shared.clone();
        let mut logs: Vec<Log> = shared.logs.read().values().cloned().collect();
        logs.sort_by_key(Log::partition);
        let mut writer: Option<RunFileWriter> = None;
        let mut moved = Vec::new();
        for log in &logs {
            for from in log.kept_in(numbers) {
                let mut into = match writer.take() {
                    Some(writer) => writer,
                    None => self.begin_file(Cached::Passed).await?,
                };
                let file = self.shared.files.get(from.file).await?;
                let to = into.push_state(log.partition(), &from.read(&*file.blob)?).await?;
                moved.push((log, from, to));
                writer = Some(into);
            }
            for extent in log.extents_in(numbers) {
                let mut into = match writer.take() {
                    Some(writer) => writer,
                    None => self.begin_file(Cached::Passed).await?,
                };
                self.copy(&mut into, log, &extent).await?;
                writer = Some(into);
            }
        }
        let mut edit = Edit::default();
        let new = match writer {
            Some(writer) => Some(NewFile { file: writer.finish().await?, level }),
            None => None,
        };
        if let Some(new) = &new {
            edit.push(&new.record());
            for (partition, extent) in &new.file.extents {
                let (from, to) = (extent.base, extent.end);
                edit.push(&Record::Extents { partition: *partition, from, to, add: vec![extent.clone()] });
            }
        }
        for (log, from, to) in &moved {
            let (partition, file, position) = (log.partition(), from.file, from.position);
            edit.push(&Record::SnapshotMoved { partition, file, position, to: *to });
        }
        for number in numbers {
            edit.push(&Record::FileGone(*number));
        }
        if Law::ManifestBeforeDeletion.is_broken() {
            self.delete_now(numbers).await;
        }
        self.manifest.commit(edit).await?;
        if let Some(new) = new {
            self.add_file(&new);
            shared.figures.merged_bytes.add(new.file.bytes);
            for (partition, extent) in new.file.extents {
                match shared.log(partition) {
                    Some(log) => log.add_extents(WalSeq::NONE, extent.base, extent.end, vec![extent]),
                    // Removed while it was copied.
                    None => shared.free(partition.topic, WalSeq::NONE, &[extent]),
                }
            }
        }
        for (log, from, to) in moved {
            log.kept_has_moved(from, to);
        }
        for number in numbers {
            self.doom(*number);
        }
        Ok(())
    }

    /// Copies an extent, mark by mark.
    async fn copy(&self, writer: &mut RunFileWriter, log: &Log, extent: &Extent) -> Result<(), Failed> {
        let file = self.shared.files.get(extent.file).await?;
        let marks = extent.marks();
        for index in 0..=marks.len() {
            let (base, begin) = match index.checked_sub(1) {
                Some(before) => (marks[before].offset, marks[before].position),
                None => (extent.base, 0),
            };
            let (end, until, max_timestamp) = match marks.get(index) {
                Some(mark) => (mark.offset, mark.position, mark.max_before),
                None => (extent.end, extent.length, extent.max_timestamp),
            };
            // A bad read must not become what is kept.
            let read = || {
                let mut buffer = vec![0; (until - begin) as usize];
                file.blob.read(&mut buffer, extent.position + u64::from(begin))?;
                Ok(buffer.into())
            };
            let bytes = self.checked_extent_bytes(writer, log, (base, end), &path_of(extent.file), read)?;
            writer.push(log.partition(), Stretch { base, end, max_timestamp }, &bytes).await?;
        }
        Ok(())
    }
}
