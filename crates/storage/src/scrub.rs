//! The scrub: reads all files once in a while, slowly, so that damage is known before a consumer asks for what is
//! damaged. It mends nothing but one thing: a block of the WAL that is bad on the disk and still in memory is copied
//! into files at once. Reads past the page cache where the disk can, and rests after each step as its budget says.
//!
//! Where it stands is not written down: each pass begins at a place of its own, taken by chance, and goes round. So a
//! broker that is started again before a pass is over reads every place sooner or later.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use thalweg_model::TopicPartition;

use crate::blobs::Blob;
use crate::block;
use crate::damage::Damage;
use crate::engine::Shared;
use crate::extent::{Extent, FileNumber};
use crate::kept::{Kept, Stored};
use crate::log::Log;
use crate::run_file::{FileFault, directory, name_of, path_of};
use crate::walk::{Damaged, Run, Walk, WalkError, Want, cut};

/// After so many bytes the scrub rests.
const STEP_BYTES: u64 = 1 << 20;
/// How long after the start the first pass begins: a start has enough to do.
const FIRST_AFTER: Duration = Duration::from_secs(60);
/// The shortest rest between two passes, whatever the settings say.
const REST_MIN: Duration = Duration::from_millis(100);

/// The scrub as a task.
pub(crate) async fn task(shared: Arc<Shared>) {
    let mut scrub = Scrub { shared, read: 0 };
    let interval = scrub.shared.options.scrub_interval;
    let mut rest = FIRST_AFTER.min(interval);
    while scrub.rested(rest).await {
        let began = scrub.shared.world.clock.elapsed();
        if !scrub.pass().await {
            return;
        }
        let took = scrub.shared.world.clock.elapsed().saturating_sub(began);
        rest = interval.saturating_sub(took).max(REST_MIN);
    }
}

/// Whether what was read wrong is right at a second look: a device may read wrong once.
fn reads_well(blob: &dyn Blob, extent: &Extent, log: &Log, damaged: &Damaged) -> bool {
    let run = Run::of(extent).at_mark(extent.position_before(damaged.from)).with_epochs(log.epoch_rows());
    let mut want = Want { from: damaged.from, upto: damaged.to, bytes_max: usize::MAX, first_anyway: true };
    // What is good before the next damage is given; that ends short of what is wanted.
    while want.from < damaged.to {
        match cut(Walk::checking(blob, run.clone()), want) {
            Ok(Some(cut)) => want.from = cut.next,
            Ok(None) | Err(_) => return false,
        }
    }
    true
}

/// Which runs of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    All,
    /// From the one that this number falls on, counted round,
    From(usize),
    /// and those before it.
    Before(usize),
}

impl Part {
    fn of<T>(self, mut runs: Vec<T>) -> Vec<T> {
        let count = runs.len().max(1);
        match self {
            Self::All => {}
            Self::From(chance) => drop(runs.drain(..chance % count)),
            Self::Before(chance) => runs.truncate(chance % count),
        }
        runs
    }
}

/// All files, from the middle of one round to its middle.
fn round_from(mut files: Vec<FileNumber>, chance: usize) -> Vec<(FileNumber, Part)> {
    if files.is_empty() {
        return Vec::new();
    }
    let (first, within) = (chance % files.len(), chance / files.len());
    files.rotate_left(first);
    let mut round: Vec<_> = files.into_iter().map(|number| (number, Part::All)).collect();
    let first = round[0].0;
    round[0].1 = Part::From(within);
    round.push((first, Part::Before(within)));
    round
}

struct Scrub {
    shared: Arc<Shared>,
    /// Bytes since the last rest.
    read: u64,
}

impl Scrub {
    /// Waits; false when the engine ends.
    async fn rested(&self, time: Duration) -> bool {
        if !self.is_over() {
            tokio::select! {
                biased;
                () = self.shared.scrub_bell.notified() => {}
                () = self.shared.world.clock.sleep(time) => {}
            }
        }
        !self.is_over()
    }

    fn is_over(&self) -> bool {
        self.shared.closing.load(Ordering::Acquire) || self.shared.failure.borrow().is_some()
    }

    /// Takes note of what was read, and rests where it is time; false when the engine ends.
    async fn pace(&mut self, bytes: u64) -> bool {
        self.shared.figures.scrubbed_bytes.add(bytes);
        self.read += bytes;
        if self.read < STEP_BYTES {
            return true;
        }
        let seconds = self.read as f64 / self.shared.options.scrub_bytes_per_second as f64;
        self.read = 0;
        self.rested(Duration::from_secs_f64(seconds)).await
    }

    /// Goes through everything once; false when the engine ends.
    async fn pass(&mut self) -> bool {
        if !self.wal().await {
            return false;
        }
        let logs: Vec<Log> = self.shared.logs.read().values().cloned().collect();
        let mut files: BTreeSet<FileNumber> =
            logs.iter().flat_map(Log::extents).map(|extent| extent.file).collect();
        let kept: Vec<_> = logs.iter().filter_map(Log::kept).collect();
        files.extend(kept.iter().flat_map(Kept::stored).map(|stored| stored.file));
        drop(logs);
        let chance = self.shared.world.random.next() as usize;
        for (number, part) in round_from(files.into_iter().collect(), chance) {
            match self.file(number, part).await {
                Ok(true) => {}
                Ok(false) => return false,
                // Gathered or deleted meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    self.shared.damage.found_beside_records(&path_of(number), &error.to_string());
                }
            }
        }
        self.shared.figures.scrubs.add(1);
        self.shared.forget_damage_that_is_gone();
        true
    }

    /// The blocks that lie in the WAL alone.
    async fn wal(&mut self) -> bool {
        let (wal, from) = (self.shared.wal.clone(), self.shared.covered().next());
        let chain = self.shared.chain_of(self.shared.durable());
        for listed in wal.list(chain, from) {
            if listed.seq > self.shared.durable() {
                break;
            }
            // It may be covered meanwhile: then it is nobody's.
            if let Ok(bytes) = wal.read(chain, listed.seq, 0..listed.length).await
                && let Err(error) = block::check(&bytes)
                && listed.seq > self.shared.covered()
            {
                let what = format!("block {}: {error}", listed.seq);
                self.shared.damage.found_beside_records("wal", &what);
                // What memory still has is written elsewhere; what it has not is told by who copies it.
                self.shared.wanted_rounds.fetch_add(1, Ordering::AcqRel);
                self.shared.bell.notify_one();
            }
            if !self.pace(listed.length).await {
                return false;
            }
        }
        true
    }

    async fn file(&mut self, number: FileNumber, part: Part) -> io::Result<bool> {
        let blob = self.shared.files.blobs.open_once(&name_of(number)).await?;
        let runs = match directory(&*blob) {
            Ok(found) if found.number == number => {
                if !self.pace(blob.len() - found.position).await {
                    return Ok(false);
                }
                found.runs
            }
            Ok(found) => {
                let what = format!("it says that it is {}", path_of(found.number));
                self.shared.damage.found_beside_records(&path_of(number), &what);
                self.known_runs(number)
            }
            Err(FileFault::Io(error)) => return Err(error),
            Err(fault) => {
                self.shared.damage.found_beside_records(&path_of(number), &fault.to_string());
                self.known_runs(number)
            }
        };
        for (partition, extent) in part.of(runs) {
            if !self.run(number, &*blob, partition, &extent).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The runs of a file as their partitions know them.
    fn known_runs(&self, number: FileNumber) -> Vec<(TopicPartition, Extent)> {
        let logs: Vec<Log> = self.shared.logs.read().values().cloned().collect();
        let of = |log: &Log| {
            let partition = log.partition();
            let states = log.kept_in(&[number]).into_iter().map(|stored| stored.extent());
            log.extents_in(&[number]).into_iter().chain(states).map(move |extent| (partition, extent))
        };
        logs.iter().flat_map(of).collect()
    }

    async fn state(
        &mut self,
        number: FileNumber,
        blob: &dyn Blob,
        partition: TopicPartition,
        stored: Stored,
    ) -> io::Result<bool> {
        let lives = |log: Log| log.kept_in(&[number]).contains(&stored);
        if !self.shared.log(partition).is_some_and(lives) {
            return Ok(true);
        }
        match stored.read(blob) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let what = format!("at byte {}, of {partition}: {error}", stored.position);
                self.shared.damage.found_beside_records(&path_of(number), &what);
            }
            read => drop(read?),
        }
        Ok(self.pace(u64::from(stored.length)).await)
    }

    async fn run(
        &mut self,
        number: FileNumber,
        blob: &dyn Blob,
        partition: TopicPartition,
        extent: &Extent,
    ) -> io::Result<bool> {
        if let Some(stored) = Stored::of(extent) {
            return self.state(number, blob, partition, stored).await;
        }
        // What nobody has any more may rot.
        let Some(log) = self.shared.log(partition).filter(|log| log.start().0 < extent.end) else {
            return Ok(true);
        };
        if extent.position + u64::from(extent.length) > blob.len() {
            let what = "the file is shorter than its runs".to_owned();
            let lost = Damaged { from: extent.base, to: extent.end, position: blob.len(), what };
            self.shared.damage.found(log.damage(&lost, path_of(number)));
            return Ok(true);
        }
        let mut walk = Walk::checking(blob, Run::of(extent).with_epochs(log.epoch_rows()));
        loop {
            let (checked, bytes) = match walk.next() {
                Ok(None) => return Ok(true),
                Ok(Some(step)) => (walk.check(&step), step.header.size() as u64),
                Err(error) => (Err(error), 0),
            };
            match checked {
                Ok(()) => {}
                Err(WalkError::Io(error)) => return Err(error),
                Err(WalkError::Damaged(damaged)) => {
                    let damage: Damage = log.damage(&damaged, path_of(number));
                    let lives = log.start() < damage.to
                        && log
                            .extents_in(&[number])
                            .iter()
                            .any(|own| own.base < damaged.to && damaged.from < own.end);
                    if lives && !reads_well(blob, extent, &log, &damaged) {
                        self.shared.damage.found(damage);
                    }
                }
            }
            if !self.pace(bytes).await {
                return Ok(false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_meets_every_run_once_wherever_it_begins() {
        let runs_of = |number: FileNumber| (0..number as usize).map(|run| (number, run)).collect::<Vec<_>>();
        let all: Vec<_> = [1, 2, 5].into_iter().flat_map(runs_of).collect();
        let mut firsts = BTreeSet::new();
        for chance in 0..60 {
            let round = round_from(vec![1, 2, 5], chance);
            let mut met: Vec<_> =
                round.into_iter().flat_map(|(number, part)| part.of(runs_of(number))).collect();
            firsts.insert(met[0]);
            met.sort_unstable();
            assert_eq!(met, all, "{chance}");
        }
        assert_eq!(firsts.len(), all.len(), "it begins anywhere");
        assert_eq!(round_from(Vec::new(), 7), []);
    }
}
