//! `cargo xtask test`: everything, in stages with printed times.
//!
//! What Debian and the language registries give is installed on the way. A missing toolchain is a counted failure that
//! says how to mend it; `--without go` leaves its clients out, and says so.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::compat::{self, Selection};
use crate::tally::Tally;
use crate::{process, root, scratch, tidy};

const LIMIT_BUILD: Duration = Duration::from_secs(40 * 60);
const LIMIT_UNIT: Duration = Duration::from_secs(30 * 60);

/// Runs all stages; the last line is `N passed, N failed`.
pub(crate) fn run(arguments: Vec<String>) -> anyhow::Result<ExitCode> {
    let selection = Selection::parse(arguments)?;
    let mut tally = Tally::default();
    let logs = scratch().join("test-logs");
    tally.stage("build", |tally| {
        tally.count("release build", cargo(&["build", "--release"], &logs.join("release.log"), LIMIT_BUILD));
        let tests = ["test", "--workspace", "--no-run"];
        tally.count("build of the tests", cargo(&tests, &logs.join("tests.log"), LIMIT_BUILD));
    });
    tally.stage("tidy", tidy::check);
    tally.stage("unit and conformance", |tally| unit(tally, &logs.join("unit.log")));
    tally.stage("compat", |tally| tally.add(compat::run_selection(&selection)));
    Ok(tally.finish())
}

fn cargo(arguments: &[&str], log: &Path, limit: Duration) -> anyhow::Result<()> {
    process::run_logged(Command::new(env!("CARGO")).current_dir(root()).args(arguments), log, limit)
}

/// `cargo test`, each of its tests counted.
fn unit(tally: &mut Tally, log: &Path) {
    let result = cargo(&["test", "--workspace", "--no-fail-fast"], log, LIMIT_UNIT);
    let text = String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned();
    let mut failed = 0;
    for line in text.lines() {
        if line.starts_with("test result:") {
            tally.passed += number_before(line, " passed");
        } else if let Some(name) =
            line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            tally.fail(format!("test {name}"));
            failed += 1;
        }
    }
    // an abort or a compile error leaves no such line
    if let (Err(error), 0) = (result, failed) {
        tally.fail(format!("cargo test: {error:#}"));
    } else if failed > 0 {
        println!("{}\nthe whole output: {}", failures(&text), log.display());
    }
}

fn number_before(line: &str, word: &str) -> usize {
    let before = line.split(word).next().unwrap_or_default();
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The part of cargo's output in which failed tests tell why.
fn failures(text: &str) -> String {
    let lines = text.lines().skip_while(|line| *line != "failures:").take(200);
    lines.collect::<Vec<_>>().join("\n")
}
