//! `cargo xtask test`: everything, in stages with printed times.
//!
//! What Debian and the language registries give is installed on the way. A missing toolchain is a counted failure that
//! says how to mend it; `--without go` leaves its clients out, and says so.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::compat::{self, Selection};
use crate::process::{self, Deadline};
use crate::tally::Tally;
use crate::{lint, proofs, scratch, tidy};

/// How long stages may take: half as long again as they should on two cores, since machines are shared. What goes
/// beyond is a counted failure.
const LIMIT_BUILD: Duration = Duration::from_secs(27 * 60);
const LIMIT_UNIT: Duration = Duration::from_secs(12 * 60);
const LIMIT_COMPAT: Duration = Duration::from_secs(27 * 60);

/// Runs all stages; the last line is `N passed, N failed`.
pub(crate) fn run(arguments: Vec<String>) -> anyhow::Result<ExitCode> {
    let selection = Selection::parse(arguments)?;
    let mut tally = Tally::default();
    let logs = scratch().join("test-logs");
    tally.stage("build", |tally| {
        let deadline = Deadline::after(LIMIT_BUILD);
        let mut build = |name: &str, arguments: &[&str], log: &str| {
            let limit = deadline.within(LIMIT_BUILD);
            tally.count(name, process::cargo(arguments, &logs.join(log), limit));
        };
        build("release build", &["build", "--release"], "release.log");
        build("build of the proofs", &proofs::BUILD, "proofs.log");
        build("build of the tests", &["test", "--workspace", "--no-run"], "tests.log");
    });
    tally.stage("tidy", |tally| {
        tidy::check(tally);
        lint::check(tally);
    });
    tally.stage("unit and conformance", |tally| unit(tally, &logs.join("unit.log")));
    tally
        .stage("compat", |tally| tally.add(compat::run_selection(&selection, Deadline::after(LIMIT_COMPAT))));
    tally.stage("simulation", |tally| proofs::simulate_all(tally, &logs));
    tally.stage("cuts and kills", |tally| proofs::cuts_and_kills(tally, &selection, &logs));
    tally.stage("fuzzing", |tally| proofs::fuzz_all(tally, &logs));
    Ok(tally.finish())
}

/// `cargo test`, each of its tests counted.
fn unit(tally: &mut Tally, log: &Path) {
    let result = process::cargo(&["test", "--workspace", "--no-fail-fast"], log, LIMIT_UNIT);
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
