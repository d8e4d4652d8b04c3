//! What passed, what failed, what was left out, and how long each stage took.

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The count of a run. Failures, flaky ones and what was left out keep their names: they are what a reader looks for.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: Vec<String>,
    pub(crate) flaky: Vec<String>,
    pub(crate) left_out: Vec<String>,
    stages: Vec<(String, Duration)>,
}

impl Tally {
    /// Counts one check.
    pub(crate) fn count(&mut self, name: &str, result: anyhow::Result<()>) {
        match result {
            Ok(()) => self.passed += 1,
            Err(error) => self.fail(format!("{name}: {error:#}")),
        }
    }

    /// Counts one failure and tells it at once.
    pub(crate) fn fail(&mut self, what: String) {
        println!("FAILED {what}");
        self.failed.push(what);
    }

    /// Runs one stage and prints its time.
    pub(crate) fn stage(&mut self, name: &str, work: impl FnOnce(&mut Self)) {
        println!("== {name}");
        let start = Instant::now();
        work(self);
        let took = start.elapsed();
        println!("== {name}: {} s", took.as_secs());
        self.stages.push((name.to_owned(), took));
    }

    /// Takes in what another tally counted.
    pub(crate) fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
        self.flaky.extend(other.flaky);
        self.left_out.extend(other.left_out);
        self.stages.extend(other.stages);
    }

    /// Prints the summary; its last line is exactly `N passed, N failed`.
    pub(crate) fn finish(self) -> ExitCode {
        println!();
        for (name, took) in &self.stages {
            println!("stage {name}: {} s", took.as_secs());
        }
        for (label, names) in [("left out", &self.left_out), ("flaky", &self.flaky), ("failed", &self.failed)]
        {
            for name in names {
                println!("{label}: {name}");
            }
        }
        println!("{} passed, {} failed", self.passed, self.failed.len());
        if self.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
