//! Many seeds in several processes: a run that aborts takes no other with it, and what a killed broker leaks is given
//! back with its process.

use std::collections::VecDeque;
use std::ops::Range;
use std::process::{Command, ExitCode, Output};

use anyhow::Context;
use parking_lot::Mutex;
use thalweg_model::law::Law;

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

/// A seed that is wrong, and what was said of it.
pub(crate) struct Wrong {
    pub(crate) seed: u64,
    pub(crate) words: String,
}

impl Many {
    /// Runs all of them and tells what is wrong.
    pub(crate) fn run(&self, jobs: usize) -> anyhow::Result<ExitCode> {
        let (ran, wrong) = self.find(jobs, usize::MAX)?;
        for wrong in wrong.iter().take(TOLD_MAX) {
            let Wrong { seed, words } = wrong;
            let law = self.law.map(|law| format!(" --law {law:?}")).unwrap_or_default();
            println!(
                "{}\n    again, with all that happens: cargo xtask sim --from {seed} --replay{law}",
                words.trim_end()
            );
        }
        println!("{ran} seeds from {}: {} wrong", self.seeds.start, wrong.len());
        Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Runs until so many are wrong; gives how many were run and those that are wrong, in their order.
    pub(crate) fn find(&self, jobs: usize, enough: usize) -> anyhow::Result<(u64, Vec<Wrong>)> {
        let starts = self.seeds.clone().step_by(CHUNK as usize);
        let chunks: VecDeque<_> = starts.map(|start| start..(start + CHUNK).min(self.seeds.end)).collect();
        let (chunks, found) = (Mutex::new(chunks), Mutex::new((0, Vec::new())));
        let work = || -> anyhow::Result<()> {
            loop {
                if found.lock().1.len() >= enough {
                    return Ok(());
                }
                let Some(chunk) = chunks.lock().pop_front() else { return Ok(()) };
                let (ran, mut wrong, rest) = self.chunk(chunk)?;
                let mut found = found.lock();
                found.0 += ran;
                found.1.append(&mut wrong);
                drop(found);
                chunks.lock().extend(rest);
            }
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
        })?;
        let (ran, mut wrong) = found.into_inner();
        wrong.sort_by_key(|wrong: &Wrong| wrong.seed);
        Ok((ran, wrong))
    }

    /// One process: how many seeds it ran, which are wrong, and what it did not come to.
    fn chunk(&self, seeds: Range<u64>) -> anyhow::Result<(u64, Vec<Wrong>, Option<Range<u64>>)> {
        let mut command = Command::new(std::env::current_exe().context("this program has no path")?);
        let (from, count) = (seeds.start.to_string(), (seeds.end - seeds.start).to_string());
        command.args(["run", "--from", &from, "--seeds", &count]);
        if let Some(law) = self.law {
            command.args(["--law", &format!("{law:?}")]);
        }
        let Output { status, stdout, stderr } = command.output().context("a process cannot be started")?;
        let text = String::from_utf8_lossy(&stdout);
        let mut wrong: Vec<Wrong> = Vec::new();
        let mut last: Option<(u64, String)> = None;
        let mut ran = 0;
        for line in text.lines().chain(["seed end"]) {
            if !line.starts_with("seed ") {
                if let Some((_, words)) = &mut last {
                    *words = format!("{words}\n{line}");
                }
                continue;
            }
            if let Some((seed, words)) = last.take() {
                ran += 1;
                if words.contains('\n') {
                    wrong.push(Wrong { seed, words });
                }
            }
            let seed = line["seed ".len()..].split(':').next().and_then(|seed| seed.parse().ok());
            last = seed.map(|seed| (seed, line.to_owned()));
        }
        let reached = seeds.start + ran;
        if reached == seeds.end {
            return Ok((ran, wrong, None));
        }
        // The next one took the process with it.
        let told = String::from_utf8_lossy(&stderr).lines().take(12).collect::<Vec<_>>().join("\n    ");
        let words = format!("seed {reached}: the process ended: {status}\n    {told}");
        wrong.push(Wrong { seed: reached, words });
        let rest = (reached + 1 < seeds.end).then_some(reached + 1..seeds.end);
        Ok((ran + 1, wrong, rest))
    }
}
