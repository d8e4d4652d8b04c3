//! Many seeds in several processes: a run that aborts takes no other with it, and what a killed broker leaks is given
//! back with its process.

use std::collections::VecDeque;
use std::ops::Range;
use std::process::{Command, ExitCode, Output};

use anyhow::Context;
use parking_lot::Mutex;
use thalweg_model::law::Law;

use super::coverage::Coverage;

/// How many seeds one process runs.
const CHUNK: u64 = 25;
/// So many wrong seeds are told; the others are counted.
const TOLD_MAX: usize = 10;

/// Seeds to run.
pub(crate) struct Many {
    /// The law that is broken.
    pub(crate) law: Option<Law>,
    /// The seeds.
    pub(crate) seeds: Range<u64>,
}

/// What came of some seeds.
#[derive(Default)]
pub(crate) struct Found {
    /// How many were run.
    pub(crate) ran: u64,
    /// Those that are wrong, in their order.
    pub(crate) wrong: Vec<Wrong>,
    /// What they met.
    coverage: Coverage,
}

/// A seed that is wrong, and what was said of it.
pub(crate) struct Wrong {
    pub(crate) seed: u64,
    pub(crate) words: String,
}

impl Many {
    /// Runs all of them and tells what is wrong.
    pub(crate) fn run(&self, jobs: usize) -> anyhow::Result<ExitCode> {
        let Found { ran, wrong, coverage } = self.find(jobs, usize::MAX)?;
        println!("{coverage}");
        for wrong in wrong.iter().take(TOLD_MAX) {
            let Wrong { seed, words } = wrong;
            let law = self.law.map(|law| format!(" --law {law:?}")).unwrap_or_default();
            println!(
                "{}\n    again, with all that happens: cargo xtask sim --from {seed} --replay{law}",
                words.trim_end()
            );
        }
        println!("{ran} seeds from {}: {} wrong", self.seeds.start, wrong.len());
        // A run that meets less than it says proves less. Where a law is broken it may end sooner.
        let missing = if self.law.is_none() { coverage.missing() } else { Vec::new() };
        for what in &missing {
            println!("never met, though it should be: {what}");
        }
        Ok(if wrong.is_empty() && missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Runs until so many are wrong.
    pub(crate) fn find(&self, jobs: usize, enough: usize) -> anyhow::Result<Found> {
        let starts = self.seeds.clone().step_by(CHUNK as usize);
        let chunks: VecDeque<_> = starts.map(|start| start..(start + CHUNK).min(self.seeds.end)).collect();
        let (chunks, found) = (Mutex::new(chunks), Mutex::new(Found::default()));
        let work = || -> anyhow::Result<()> {
            loop {
                if found.lock().wrong.len() >= enough {
                    return Ok(());
                }
                let Some(chunk) = chunks.lock().pop_front() else { return Ok(()) };
                let rest = self.chunk(chunk, &found)?;
                chunks.lock().extend(rest);
            }
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
        })?;
        let mut found = found.into_inner();
        found.wrong.sort_by_key(|wrong| wrong.seed);
        Ok(found)
    }

    /// One process; gives what it did not come to.
    fn chunk(&self, seeds: Range<u64>, found: &Mutex<Found>) -> anyhow::Result<Option<Range<u64>>> {
        let mut command = Command::new(std::env::current_exe().context("this program has no path")?);
        let (from, count) = (seeds.start.to_string(), (seeds.end - seeds.start).to_string());
        command.args(["run", "--tell", "--from", &from, "--seeds", &count]);
        if let Some(law) = self.law {
            command.args(["--law", &format!("{law:?}")]);
        }
        let Output { status, stdout, stderr } = command.output().context("a process cannot be started")?;
        let text = String::from_utf8_lossy(&stdout);
        let mut found = found.lock();
        let mut last: Option<(u64, String)> = None;
        let mut ran = 0;
        for line in text.lines().chain(["seed end"]) {
            if found.coverage.hear(line) {
                continue;
            }
            if !line.starts_with("seed ") {
                if let Some((_, words)) = &mut last {
                    *words = format!("{words}\n{line}");
                }
                continue;
            }
            if let Some((seed, words)) = last.take() {
                ran += 1;
                if words.contains('\n') {
                    found.wrong.push(Wrong { seed, words });
                }
            }
            let seed = line["seed ".len()..].split(':').next().and_then(|seed| seed.parse().ok());
            last = seed.map(|seed| (seed, line.to_owned()));
        }
        found.ran += ran;
        let reached = seeds.start + ran;
        if reached == seeds.end {
            return Ok(None);
        }
        // The next one took the process with it.
        let told = String::from_utf8_lossy(&stderr).lines().take(12).collect::<Vec<_>>().join("\n    ");
        let words = format!("seed {reached}: the process ended: {status}\n    {told}");
        found.wrong.push(Wrong { seed: reached, words });
        found.ran += 1;
        Ok((reached + 1 < seeds.end).then_some(reached + 1..seeds.end))
    }
}
