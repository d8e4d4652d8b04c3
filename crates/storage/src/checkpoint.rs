//! The checkpointer: copies what is durable in the WAL into segment files and packs, tells the manifest, and gives the
//! WAL its space back. One task; it alone edits the manifest after the start.
//!
//! ```text
//!   durable blocks above `covered`
//!     │ their partitions, each once; a large run gets a file of its own, all others share a pack
//!     ▼
//!   files, synced ──► snapshots and rows, once what they rest on is durable ──► manifest edit ──► covered ──► trim
//! ```
//!
//! It covers a prefix of the chain for every partition, so that nothing idle holds the WAL. A checkpoint that fails is
//! made again from the beginning, with other files; what it left is deleted.

mod copy;
mod rest;
mod space;
mod states;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use thalweg_model::NodeId;
use thalweg_model::law::Law;

use crate::blobs::Cached;
use crate::engine::{Shared, Snapshots};
use crate::extent::FileNumber;
use crate::facts::FactsError;
use crate::log::Log;
use crate::manifest::record::Record;
use crate::manifest::{ChainRow, Edit, FORMAT, FileRow, Manifest, OWN_FILE};
use crate::run_file::{RunFileWriter, Written, name_of};
use crate::wal::WalSeq;

use self::copy::by_partition;

/// How long after a failed checkpoint the next one is tried.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// The shortest rest between two looks, whatever the settings say.
const REST_MIN: Duration = Duration::from_millis(50);
/// How often a part of the WAL is read in vain before it is given up as damaged.
const READS_MAX: u32 = 3;
/// How often a snapshot is taken anew because an append came between.
const SNAPSHOTS_MAX: u32 = 3;

/// A file as the checkpointer sees it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FileState {
    pub(crate) row: FileRow,
    /// Bytes that partitions still have, in so many runs.
    pub(crate) live: u64,
    pub(crate) runs: u64,
    /// How long it stays after the last of it: the longest time of those who let something go.
    pub(crate) delay: Duration,
}

/// The task's state.
pub(crate) struct Checkpointer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) manifest: Manifest,
    pub(crate) node: NodeId,
    pub(crate) files: BTreeMap<FileNumber, FileState>,
    pub(crate) next_file: FileNumber,
    /// Chains that are not covered, the present one last.
    pub(crate) chains: Vec<ChainRow>,
    pub(crate) snapshots: Arc<dyn Snapshots>,
    /// Files that no manifest names, and when they may go.
    pub(crate) doomed: Vec<(Duration, FileNumber)>,
    /// The manifest has large snapshots in it, as older formats have: an image moves them into files.
    pub(crate) is_laden: bool,
    /// When it was first seen that something is not covered.
    pub(crate) dirty_since: Option<Duration>,
    /// How often in a row it failed.
    pub(crate) failures: u32,
    /// Files that could not be gathered because they cannot be read.
    pub(crate) unreadable: Vec<FileNumber>,
}

/// Why a checkpoint was not made.
#[derive(Debug)]
enum Failed {
    /// Try again later.
    Later(io::Error),
    /// Nobody knows what the manifest says.
    Fatal(FactsError),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Later(error)
    }
}

impl From<FactsError> for Failed {
    fn from(error: FactsError) -> Self {
        match error {
            FactsError::Full => Self::Later(io::ErrorKind::StorageFull.into()),
            error => Self::Fatal(error),
        }
    }
}

impl Checkpointer {
    pub(crate) async fn run(mut self) {
        self.show_figures();
        loop {
            if self.shared.failure.borrow().is_some() {
                return;
            }
            let closing = self.shared.closing.load(Ordering::Acquire);
            let wanted = self.shared.wanted_rounds.load(Ordering::Acquire);
            let first_file = self.next_file;
            let is_wanted = self.is_asked() || self.is_due();
            let result = if is_wanted { self.round(closing).await } else { Ok(()) };
            match result {
                Ok(()) => {
                    self.failures = 0;
                    if is_wanted && self.shared.disk_is_full.swap(false, Ordering::AcqRel) {
                        tracing::info!("the disk has room again");
                    }
                }
                Err(Failed::Later(error)) => {
                    self.failures += 1;
                    self.delete_unnamed(first_file).await;
                    self.tell_failure(&error);
                }
                Err(Failed::Fatal(error)) => {
                    self.shared.fail(&format!("the manifest cannot be written: {error}"));
                    return;
                }
            }
            if self.shared.failure.borrow().is_some() {
                return;
            }
            self.delete_what_is_due().await;
            self.shared.rounds.send_replace(wanted);
            if closing {
                return;
            }
            self.rest().await;
        }
    }

    /// Now and then: it is tried again every other second.
    fn tell_failure(&self, error: &io::Error) {
        let full = error.kind() == io::ErrorKind::StorageFull;
        if full && !self.shared.disk_is_full.swap(true, Ordering::AcqRel) {
            tracing::error!(
                "the disk is full: once the write-ahead log is full too, appends are refused; reading and deleting go on, \
                 and freeing space heals it"
            );
        } else if self.failures.is_power_of_two() {
            tracing::warn!(%error, failures = self.failures, "checkpoint failed, it will be tried again");
        }
    }

    async fn rest(&self) {
        let clock = &self.shared.world.clock;
        if self.failures > 0 {
            // The load rings all the time: only who asks, or an end, cuts the rest short.
            let mut failure = self.shared.failure.subscribe();
            let mut rested = clock.sleep(RETRY_AFTER);
            while !self.is_asked() {
                tokio::select! {
                    biased;
                    _ = failure.wait_for(Option::is_some) => break,
                    () = &mut rested => break,
                    () = self.shared.bell.notified() => {}
                }
            }
            return;
        }
        let options = &self.shared.options;
        let mut longest =
            (options.checkpoint_interval / 4).min(self.shared.delays.of_all().max(Duration::from_secs(1)));
        if self.shared.loose.lock().since.is_some() {
            longest = longest.min(options.release_interval);
        }
        if let Some(due) = self.doomed.iter().map(|(due, _)| *due).min() {
            longest = longest.min(due.saturating_sub(clock.elapsed()));
        }
        tokio::select! {
            biased;
            () = self.shared.bell.notified() => {}
            () = clock.sleep(longest.max(REST_MIN)) => {}
        }
    }

    fn is_asked(&self) -> bool {
        let wanted = self.shared.wanted_rounds.load(Ordering::Acquire);
        wanted > *self.shared.rounds.borrow() || self.shared.closing.load(Ordering::Acquire)
    }

    fn is_due(&mut self) -> bool {
        let now = self.shared.world.clock.elapsed();
        let options = &self.shared.options;
        let released =
            self.shared.loose.lock().since.is_some_and(|since| now >= since + options.release_interval);
        if self.shared.is_covered() {
            self.dirty_since = None;
            return released;
        }
        let since = *self.dirty_since.get_or_insert(now);
        released || now >= since + options.checkpoint_interval || self.shared.wants_checkpoint()
    }

    async fn round(&mut self, closing: bool) -> Result<(), Failed> {
        if self.owners_are_late() && !closing {
            return Ok(());
        }
        self.checkpoint(closing).await?;
        self.dirty_since = None;
        let is_relieved = self.is_laden && !self.shared.logs.read().values().any(Log::is_untaken);
        if is_relieved || self.manifest.wants_image() {
            self.write_image().await?;
            self.is_laden &= !is_relieved;
        }
        if !closing {
            self.make_space().await?;
        }
        self.show_figures();
        Ok(())
    }

    /// Whether what was found at start is still to be taken by its owners: a checkpoint before that would ask them for
    /// a state that they have not built. Once something is appended they have had their time.
    fn owners_are_late(&self) -> bool {
        let first = self.chains.last().map_or(WalSeq::NONE, |row| row.first);
        self.shared.durable() < first && self.shared.logs.read().values().any(Log::has_untaken_replay)
    }

    async fn checkpoint(&mut self, closing: bool) -> Result<(), Failed> {
        let shared = self.shared.clone();
        let (covered, target) = (shared.covered(), shared.durable());
        if closing && let Some(own) = self.chains.last_mut() {
            // Its writer has ended: after a clean end no chain has anything left, and the next start need not look.
            own.end = Some(target);
        }
        let mut edit = Edit::default();
        let gone = std::mem::take(&mut shared.loose.lock().gone);
        for partition in &gone {
            edit.push(&Record::PartitionGone(*partition));
        }
        let logs = shared.dirty(target);
        let files = async {
            let mut written = self.write_files(&logs, covered, target).await?;
            let states = self.states(&logs, &mut written).await?;
            Ok::<_, io::Error>((written, states))
        };
        let (written, states) = match files.await {
            Ok(files) => files,
            Err(error) => {
                shared.loose.lock().gone.extend(gone);
                if error.kind() == io::ErrorKind::StorageFull {
                    self.release(&logs, target).await?;
                }
                return Err(error.into());
            }
        };
        // Before the rows: what a row's start drops is not to come back.
        let rests = self.rests(target).await;
        for rest in &rests {
            edit.push(&rest.record());
        }
        let mut depends = WalSeq::NONE;
        for file in &written {
            edit.push(&file.record());
        }
        let extents = by_partition(&written);
        let mut rows = Vec::with_capacity(logs.len());
        for (log, said) in logs.iter().zip(states) {
            // In this order: the row's start applies to the extents before it.
            if let Some((from, to, add)) = extents.get(&log.partition()) {
                let (from, to, partition) = (*from, *to, log.partition());
                edit.push(&Record::Extents { partition, from, to, add: add.clone() });
            }
            let Some((row, seq)) = log.row(false) else {
                log.free_states(said.stored());
                continue;
            };
            depends = depends.max(seq).max(said.rests_on());
            said.edit(log.partition(), log.kept().is_some(), &mut edit);
            let record = Record::Partition(row);
            edit.push(&record);
            if let Record::Partition(row) = record {
                rows.push((log, row, said));
            }
        }
        if target > covered {
            edit.push(&Record::Covered(target));
        }
        let ended = |row: &ChainRow| row.end.is_some_and(|end| end <= target);
        for row in self.chains.iter().filter(|row| ended(row)) {
            edit.push(&Record::ChainForgotten(row.chain));
        }
        for file in &written {
            self.add_file(file);
        }
        let dead = self.settle_freed(target);
        for number in &dead {
            edit.push(&Record::FileGone(*number));
        }
        if edit.is_empty() {
            return Ok(());
        }
        if !self.until_durable(depends).await {
            self.take_back(rests);
            return Ok(());
        }
        if Law::ManifestBeforeDeletion.is_broken() {
            self.delete_now(&dead).await;
        }
        if Law::ManifestBeforeTrim.is_broken() {
            shared.chain().covered(target).await;
        }
        if let Err(error) = self.manifest.commit(edit).await {
            // Without the edit the files are nobody's; what was freed is found dead at the next look.
            for file in &written {
                self.doom(file.file.number);
            }
            shared.loose.lock().gone.extend(gone);
            self.take_back(rests);
            return Err(error.into());
        }

        // Nothing may come between the commit and the logs' hearing of it: what a log let go then would be counted wrong.
        self.keep_rests(rests);
        for (log, row, said) in rows {
            log.row_is_durable(&row);
            said.keep(log);
        }
        for log in &logs {
            match extents.get(&log.partition()) {
                Some((from, to, add)) => log.add_extents(target, *from, *to, add.clone()),
                None => log.is_covered(target),
            }
        }
        for number in dead {
            self.doom(number);
        }
        self.cover(covered, target).await;
        shared.figures.checkpoints.add(1);
        shared.figures.checkpoint_bytes.add(written.iter().map(|file| file.file.bytes).sum());
        Ok(())
    }

    /// Where there is no room for a checkpoint: lets go what nobody needs, so that there may be room for the next one.
    /// Needs only what the manifest has in reserve.
    async fn release(&mut self, logs: &[Log], target: WalSeq) -> Result<(), Failed> {
        let mut edit = Edit::default();
        let gone = std::mem::take(&mut self.shared.loose.lock().gone);
        for partition in &gone {
            edit.push(&Record::PartitionGone(*partition));
        }
        let mut depends = WalSeq::NONE;
        let mut rows = Vec::new();
        for log in logs {
            if let Some((row, seq)) = log.row(false) {
                depends = depends.max(seq);
                let record = Record::Partition(row);
                edit.push(&record);
                if let Record::Partition(row) = record {
                    rows.push((log, row));
                }
            }
        }
        let dead = self.settle_freed(target);
        if dead.is_empty() {
            self.shared.loose.lock().gone.extend(gone);
            return Ok(());
        }
        for number in &dead {
            edit.push(&Record::FileGone(*number));
        }
        if !self.until_durable(depends).await {
            return Ok(());
        }
        if let Err(error) = self.manifest.commit(edit).await {
            self.shared.loose.lock().gone.extend(gone);
            return Err(error.into());
        }
        for (log, row) in rows {
            log.row_is_durable(&row);
        }
        tracing::warn!(files = dead.len(), "the disk is full: what nobody needs is deleted without delay");
        for number in dead {
            self.files.remove(&number);
            self.doomed.push((Duration::ZERO, number));
        }
        Ok(())
    }

    /// The manifest says that everything up to `target` lies in files.
    async fn cover(&mut self, covered: WalSeq, target: WalSeq) {
        let shared = &self.shared;
        let length = shared.tail.lock().length_between(covered, target);
        shared.covered.store(target.0, Ordering::Release);
        shared.tail.lock().forget(target);
        shared.figures.uncovered_bytes.add(-length.cast_signed());
        for row in &self.chains {
            match row.end {
                Some(_) => shared.wal.trim(row.chain, target.next()).await,
                None => shared.chain().covered(target).await,
            }
        }
        self.chains.retain(|row| row.end.is_none_or(|end| end > target));
    }

    async fn write_files(
        &mut self,
        logs: &[Log],
        covered: WalSeq,
        target: WalSeq,
    ) -> io::Result<Vec<NewFile>> {
        let mut written = Vec::new();
        let mut pack: Option<RunFileWriter> = None;
        for log in logs {
            let dirty = log.dirty(covered, target);
            if dirty.bytes >= self.shared.options.own_file_bytes {
                let mut own = self.begin_file(Cached::Kept).await?;
                self.write_run(&mut own, log, dirty.sources).await?;
                written.push(NewFile { file: own.finish().await?, level: OWN_FILE });
            } else if dirty.bytes > 0 {
                let mut writer = match pack.take() {
                    Some(writer) => writer,
                    None => self.begin_file(Cached::Kept).await?,
                };
                self.write_run(&mut writer, log, dirty.sources).await?;
                pack = Some(writer);
            }
        }
        if let Some(pack) = pack {
            written.push(NewFile { file: pack.finish().await?, level: 0 });
        }
        for file in written.iter().map(|file| &file.file).filter(|file| file.is_checked) {
            self.shared.files.was_written(file.number, file.bytes).await;
        }
        Ok(written)
    }

    async fn begin_file(&mut self, cached: Cached) -> io::Result<RunFileWriter> {
        let number = self.next_file;
        self.next_file += 1;
        let blob = self.shared.files.blobs.create(&name_of(number), cached).await?;
        RunFileWriter::begin(number, blob).await
    }

    /// Waits until everything up to `seq` survives a power cut, whatever counts as durable for others: the manifest tells
    /// of it. False when that will never be.
    async fn until_durable(&self, seq: WalSeq) -> bool {
        if self.shared.durable() < seq {
            let mut failure = self.shared.failure.subscribe();
            tokio::select! {
                biased;
                () = self.shared.chain().wait(seq) => {}
                _ = failure.wait_for(Option::is_some) => return false,
            }
        }
        let own = self.chains.last().filter(|row| seq >= row.first);
        let Some(own) = own else { return true };
        match self.shared.wal.settle(own.chain).await {
            Ok(()) => true,
            Err(error) => {
                // What was to become durable never will, and no later sync says so.
                self.shared.fail(&format!("the write-ahead log cannot be synced: {error}"));
                false
            }
        }
    }

    /// Takes an image of all in place of the edits.
    async fn write_image(&mut self) -> Result<(), Failed> {
        let shared = self.shared.clone();
        let logs: Vec<Log> = shared.logs.read().values().cloned().collect();
        let mut written = Vec::new();
        let states = self.states_whole(&logs, &mut written).await?;
        let mut image = Edit::default();
        image.push(&Record::Format { version: FORMAT, node: self.node });
        for (partition, to) in logs.iter().filter_map(|log| Some((log.partition(), log.skip_to()?))) {
            image.push(&Record::Skip { partition, to });
        }
        image.push(&Record::ShardEpoch(shared.shard_epoch));
        for row in &self.chains {
            image.push(&Record::ChainBegun { chain: row.chain, first: row.first });
            if let Some(end) = row.end {
                image.push(&Record::ChainEnded { chain: row.chain, end });
            }
        }
        image.push(&Record::Covered(shared.covered()));
        image.push(&Record::NextFile(self.next_file));
        for (number, file) in &self.files {
            image.push(&Record::File { number: *number, row: file.row });
        }
        for file in &written {
            image.push(&file.record());
        }
        let mut depends = WalSeq::NONE;
        let mut kept = Vec::new();
        for (log, said) in logs.iter().zip(states) {
            let partition = log.partition();
            // The extents first: what the row's start drops is dropped when it is read.
            let add = log.extents();
            let Some((row, seq)) = log.row(true).filter(|(row, _)| row.end > 0) else {
                log.free_states(said.stored());
                continue;
            };
            depends = depends.max(seq).max(said.rests_on());
            if !add.is_empty() {
                image.push(&Record::Extents { partition, from: i64::MIN, to: i64::MAX, add });
            }
            image.push(&Record::Partition(row));
            said.image(partition, &mut image);
            kept.push((log, said));
        }
        if self.until_durable(depends).await {
            self.manifest.replace(image).await?;
            for file in &written {
                self.add_file(file);
            }
            for (log, said) in kept {
                said.keep(log);
            }
        }
        Ok(())
    }

    fn show_figures(&self) {
        let figures = &self.shared.figures;
        let live: u64 = self.files.values().map(|file| file.live).sum();
        let bytes: u64 = self.files.values().map(|file| file.row.bytes).sum();
        figures.segment_bytes.set(bytes.cast_signed());
        figures.live_bytes.set(live.cast_signed());
        figures.files.set(self.files.len().cast_signed() as i64);
    }
}

pub(crate) struct NewFile {
    pub(crate) file: Written,
    pub(crate) level: u8,
}

impl NewFile {
    fn record(&self) -> Record<'static> {
        let row = FileRow { bytes: self.file.bytes, level: self.level };
        Record::File { number: self.file.number, row }
    }
}

/// The checkpointer as a task.
pub(crate) async fn task(checkpointer: Checkpointer) {
    let shared = checkpointer.shared.clone();
    checkpointer.run().await;
    // Nobody waits for a checkpoint that does not come.
    shared.rounds.send_replace(u64::MAX);
}
