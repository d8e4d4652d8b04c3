//! `thalweg-sim cut`: power cuts of the real binary, single and after a kill; and the same on a disk that drops syncs,
//! which must fail.
//!
//! ```text
//!   FOLDER/first/          journal, history, data of the first life
//!   FOLDER/second-N/       the same of the second one, which began on what a kill in the first left; `kill`: where
//!   FOLDER/lane-N/         where recoveries happen
//!   FOLDER/failed-N/       what a failed recovery left
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use clap::Args;
use thalweg_model::world::{Random, SeededRandom};
use thalweg_sim::cut::{
    Faults, Image, Judged, Life, Platter, Point, Recovery, cut_points, kill_points, record, recorded, until,
};
use thalweg_sim::history::Operation;
use thalweg_sim::real::fresh_folder;
use thalweg_storage::disk::read_journal;

#[derive(Args)]
pub(crate) struct Flags {
    /// The binary of the broker
    #[arg(long, value_name = "FILE")]
    binary: PathBuf,
    /// Where all of the run lies; it is made anew
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// What decides where the power is cut, and what is left
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many cuts of the first life
    #[arg(long, default_value_t = 300)]
    cuts: usize,
    /// How many kills after which the binary serves again, and is cut then
    #[arg(long, default_value_t = 20)]
    kills: usize,
    /// How many cuts after each kill
    #[arg(long, default_value_t = 5)]
    cuts_after_kill: usize,
    /// How long the first life is, in milliseconds
    #[arg(long, default_value_t = 6000)]
    load_ms: u64,
    /// How long each second life is, in milliseconds
    #[arg(long, default_value_t = 400)]
    second_load_ms: u64,
    /// Plays one cut again: the folder of the life that was cut, in the folder of the run
    #[arg(long, value_name = "LIFE", requires = "at")]
    replay: Option<String>,
    /// Where the cut is
    #[arg(long)]
    at: Option<u64>,
}

/// How many recoveries go on at once.
const LANES: usize = 2;
/// One in so many is recovered twice from the same image.
const TWICE: u64 = 6;
/// How many cuts a disk that drops syncs gets.
const CUTS_WITHOUT_SYNCS: usize = 16;
/// A life that did less to its disk says nothing.
const ENTRIES_MIN: usize = 500;
/// How many failures are told in full.
const TOLD_MAX: usize = 5;
const FIRST: &str = "first";

/// A cut made ready: what is on the disk, and what was seen until then.
struct Cut {
    life: String,
    point: Point,
    image: Image,
    seen: Vec<Operation>,
}

pub(crate) fn run(flags: &Flags) -> anyhow::Result<ExitCode> {
    let bench =
        Bench { flags, failed: Mutex::default(), recovered: AtomicUsize::new(0), twice: AtomicUsize::new(0) };
    if let (Some(life), Some(at)) = (&flags.replay, flags.at) {
        return bench.replay(life, Point { at, seed: flags.seed });
    }
    fresh_folder(flags.folder.clone())?;
    let chance = SeededRandom::new(flags.seed);
    let folder = fresh_folder(flags.folder.join(FIRST))?;
    let length = Duration::from_millis(flags.load_ms);
    let first = record(&flags.binary, &folder, flags.seed, 0, &[], length).context("the first life")?;
    let entries = read_journal(&first.journal).count();
    println!(
        "first life: {} operations, {entries} entries, {} KiB of journal",
        first.operations.len(),
        first.journal.len() >> 10
    );
    ensure!(entries > ENTRIES_MIN, "a load that hardly writes proves nothing");

    let points = cut_points(&first.journal, flags.cuts, &chance);
    bench.judge_all(|put| cuts(&Platter::new(Faults::default()), FIRST, &first, 0, &points, &[], put))?;
    println!("{} cuts of the first life", flags.cuts);
    bench.judge_all(|put| bench.double_faults(&first, &chance, put))?;
    println!("{} kills with {} cuts after each", flags.kills, flags.cuts_after_kill);
    let failed = bench.failed.lock().unwrap_or_else(PoisonError::into_inner).len();
    println!(
        "{} recoveries, {} of them twice from one image, {failed} failed",
        bench.recovered.load(Ordering::Relaxed),
        bench.twice.load(Ordering::Relaxed)
    );

    let without =
        Bench { flags, failed: Mutex::default(), recovered: AtomicUsize::new(0), twice: AtomicUsize::new(0) };
    let points = cut_points(&first.journal, CUTS_WITHOUT_SYNCS, &chance);
    let liar = Faults { syncs_dropped: true };
    without.judge_quietly(|put| cuts(&Platter::new(liar), FIRST, &first, 0, &points, &[], put))?;
    let noticed = without.failed.lock().unwrap_or_else(PoisonError::into_inner).len();
    println!("on a disk that drops syncs: {noticed} of {CUTS_WITHOUT_SYNCS} cuts were found wrong");
    ensure!(
        2 * noticed >= CUTS_WITHOUT_SYNCS,
        "a disk that drops syncs is hardly noticed: this proves nothing"
    );
    if failed == 0 {
        // what a failure would need
        std::fs::remove_dir_all(&flags.folder)?;
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Plays a life on a disk and hands over each cut.
fn cuts<'j>(
    disk: &Platter<'j>,
    name: &str,
    life: &'j Life,
    clock: u64,
    points: &[Point],
    earlier: &[Operation],
    put: &mut dyn FnMut(Cut) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut disk = disk.clone();
    let mut points = points.iter().peekable();
    for (end, entry) in read_journal(&life.journal) {
        disk.play(&entry);
        while let Some(point) = points.next_if(|point| point.at <= end as u64) {
            let image = disk.cut(&SeededRandom::new(point.seed));
            let mut seen = earlier.to_vec();
            seen.extend(until(&life.operations, clock + point.at));
            put(Cut { life: name.to_owned(), point: *point, image, seen })?;
        }
    }
    Ok(())
}

/// The disk of the first life at a kill, and what was seen until then.
fn killed<'j>(first: &'j Life, at: Point) -> (Platter<'j>, Vec<Operation>) {
    let mut disk = Platter::new(Faults::default());
    for (end, entry) in read_journal(&first.journal) {
        if end as u64 > at.at {
            break;
        }
        disk.play(&entry);
    }
    disk.kill(&SeededRandom::new(at.seed));
    (disk, until(&first.operations, at.at))
}

struct Bench<'f> {
    flags: &'f Flags,
    failed: Mutex<Vec<String>>,
    recovered: AtomicUsize,
    twice: AtomicUsize,
}

type Put<'p> = &'p mut dyn FnMut(Cut) -> anyhow::Result<()>;

impl Bench<'_> {
    /// Kills in the first life, each with a second life on what it left, and cuts in that.
    fn double_faults(&self, first: &Life, chance: &dyn Random, put: Put<'_>) -> anyhow::Result<()> {
        let flags = self.flags;
        for (number, kill) in kill_points(&first.journal, flags.kills, chance).into_iter().enumerate() {
            let (disk, earlier) = killed(first, kill);
            let name = format!("second-{number}");
            let folder = fresh_folder(flags.folder.join(&name))?;
            std::fs::write(folder.join("kill"), format!("{} {}", kill.at, kill.seed))?;
            disk.visible().write_to(&folder.join("data"))?;
            let clock = first.journal.len() as u64;
            let length = Duration::from_millis(flags.second_load_ms);
            let second = record(&flags.binary, &folder, kill.seed, clock, &earlier, length);
            let second = match second {
                Ok(second) => second,
                Err(error) => {
                    self.fail(format!("{name}, killed at {} (seed {}): {error:#}", kill.at, kill.seed));
                    continue;
                }
            };
            let points = cut_points(&second.journal, flags.cuts_after_kill, chance);
            cuts(&disk, &name, &second, clock, &points, &earlier, put)?;
            // the next ones need the room; journal and history stay for a replay
            std::fs::remove_dir_all(folder.join("data"))?;
        }
        Ok(())
    }

    fn judge_all(&self, make: impl FnOnce(Put<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
        self.judge_lanes(make, true)
    }

    /// Without a word and without keeping anything: failures are expected.
    fn judge_quietly(&self, make: impl FnOnce(Put<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
        self.judge_lanes(make, false)
    }

    fn judge_lanes(
        &self,
        make: impl FnOnce(Put<'_>) -> anyhow::Result<()>,
        tell: bool,
    ) -> anyhow::Result<()> {
        let (sender, receiver) = sync_channel::<Cut>(LANES);
        // the lanes' alone: when the last of them is gone, sending fails
        let receiver = Arc::new(Mutex::new(receiver));
        std::thread::scope(|scope| {
            for lane in 0..LANES {
                let receiver = receiver.clone();
                scope.spawn(move || {
                    let folder = self.flags.folder.join(format!("lane-{lane}"));
                    loop {
                        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
                        let Ok(cut) = next else { break };
                        self.judge_one(&cut, &folder, tell);
                    }
                });
            }
            drop(receiver);
            let made = make(&mut |cut| sender.send(cut).map_err(|_| anyhow!("no lane is left")));
            drop(sender);
            made
        })
    }

    fn judge_one(&self, cut: &Cut, folder: &Path, tell: bool) {
        let judged = fresh_folder(folder.to_path_buf()).and_then(|folder| {
            let recovery = Recovery { binary: self.flags.binary.clone(), folder };
            recovery.judge(&cut.image, &cut.seen, cut.point.seed.is_multiple_of(TWICE))
        });
        self.recovered.fetch_add(1, Ordering::Relaxed);
        match judged {
            Ok(Judged::Once) => {}
            Ok(Judged::Twice) => drop(self.twice.fetch_add(1, Ordering::Relaxed)),
            Err(error) if tell => {
                let Cut { life, point, .. } = cut;
                let number = self.fail(format!(
                    "{life} cut at {}: {error:#}\n  replay: thalweg-sim cut --binary {} --folder {} --replay {life} --at {} --seed {}",
                    point.at,
                    self.flags.binary.display(),
                    self.flags.folder.display(),
                    point.at,
                    point.seed,
                ));
                if number <= TOLD_MAX {
                    // kept for who looks; a replay makes it again
                    let _ = std::fs::rename(folder, self.flags.folder.join(format!("failed-{number}")));
                }
            }
            Err(_) => self.failed.lock().unwrap_or_else(PoisonError::into_inner).push(String::new()),
        }
    }

    /// Tells a failure, and says which one it is.
    fn fail(&self, words: String) -> usize {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.len() < TOLD_MAX {
            println!("FAILED {words}");
        }
        failed.push(words);
        failed.len()
    }

    fn replay(&self, name: &str, point: Point) -> anyhow::Result<ExitCode> {
        let first = recorded(&self.flags.folder.join(FIRST))?;
        let folder = fresh_folder(self.flags.folder.join("replay"))?;
        let recovery = Recovery { binary: self.flags.binary.clone(), folder };
        let mut judge = |cut: Cut| {
            let judged = recovery.judge(&cut.image, &cut.seen, true)?;
            println!("nothing is wrong: {judged:?}");
            Ok(())
        };
        if name == FIRST {
            cuts(&Platter::new(Faults::default()), name, &first, 0, &[point], &[], &mut judge)?;
        } else {
            let folder = self.flags.folder.join(name);
            let kill = std::fs::read_to_string(folder.join("kill"))?;
            let (at, seed) = kill.split_once(' ').context("a kill has a place and a seed")?;
            let second = recorded(&folder)?;
            let (disk, earlier) = killed(&first, Point { at: at.parse()?, seed: seed.parse()? });
            let clock = first.journal.len() as u64;
            cuts(&disk, name, &second, clock, &[point], &earlier, &mut judge)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
