//! The proofs that no record is lost: commands of the program `thalweg-sim`, which is built in release as the broker is.
//! What they do is known there; here is when they run, and for how long.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::compat::{self, Selection};
use crate::tally::Tally;
use crate::{process, root, scratch};

/// How long each decoder is fed in `cargo xtask test`.
const FUZZ_SECONDS: u64 = 15;
/// All of them together, with what they take to begin.
const LIMIT_FUZZ: Duration = Duration::from_secs(6 * 60);

/// How many seeds of the simulation run in `cargo xtask test`.
const SEEDS: &str = "1000";
/// How many processes run seeds side by side.
const JOBS: &str = "2";
/// The seeds; and as long again for the laws that are broken.
const LIMIT_SEEDS: Duration = Duration::from_secs(8 * 60);

/// How many power cuts there are in `cargo xtask test`, how many kills that are followed by cuts, and how many kills
/// under clients who go on. Half of the time that they take with two cores to themselves is left.
const CUTS: [&str; 6] = ["--cuts", "200", "--kills", "16", "--cuts-after-kill", "5"];
const KILLS: [&str; 2] = ["--kills", "120"];
const LIMIT_CUTS: Duration = Duration::from_secs(5 * 60);
const LIMIT_KILLS: Duration = Duration::from_secs(5 * 60);

/// What cargo builds the program by.
pub(crate) const BUILD: [&str; 4] = ["build", "--release", "-p", "thalweg-sim"];

/// `cargo xtask fuzz`
pub(crate) fn fuzz(arguments: Vec<String>) -> anyhow::Result<ExitCode> {
    by_hand("fuzz", arguments)
}

/// `cargo xtask cut`
pub(crate) fn cut(arguments: Vec<String>) -> anyhow::Result<ExitCode> {
    release_build()?;
    by_hand("cut", [on_release("cut"), arguments].concat())
}

/// `cargo xtask kill`
pub(crate) fn kill(arguments: Vec<String>) -> anyhow::Result<ExitCode> {
    release_build()?;
    let python = vec!["--python".to_owned(), compat::confluent_python()?.display().to_string()];
    by_hand("kill", [on_release("kill"), python, arguments].concat())
}

fn release_build() -> anyhow::Result<()> {
    let built =
        Command::new(env!("CARGO")).current_dir(root()).args(["build", "--release", "--quiet"]).status()?;
    anyhow::ensure!(built.success(), "the broker cannot be built");
    Ok(())
}

/// The stage "cuts and kills".
pub(crate) fn cuts_and_kills(tally: &mut Tally, selection: &Selection, logs: &Path) {
    let mut command = program();
    command.arg("cut").args(on_release("cut")).args(CUTS);
    tally.count("power cuts", run_and_show(&mut command, &logs.join("cut.log"), LIMIT_CUTS));
    let mut command = program();
    command.arg("kill").args(on_release("kill")).args(KILLS);
    if selection.leaves_out("python") {
        tally.left_out.push("kills under librdkafka (--without)".to_owned());
    } else {
        match compat::confluent_python() {
            Ok(python) => drop(command.arg("--python").arg(python)),
            Err(error) => tally.fail(format!("kills under librdkafka: {error:#}")),
        }
    }
    tally.count("kills", run_and_show(&mut command, &logs.join("kill.log"), LIMIT_KILLS));
}

/// The release binary, and a folder for the run. It is on the disk that the build is on: memory has no power cuts.
fn on_release(name: &str) -> Vec<String> {
    let (binary, folder) = (scratch().join("release/thalweg"), scratch().join("proofs").join(name));
    ["--binary", &binary.display().to_string(), "--folder", &folder.display().to_string()]
        .map(str::to_owned)
        .to_vec()
}

/// Runs a proof, and shows what it counted.
fn run_and_show(command: &mut Command, log: &Path, limit: Duration) -> anyhow::Result<()> {
    let done = process::run_logged(command, log, limit);
    if done.is_ok() {
        println!("{}", process::tail(log, 10));
    }
    done
}

/// The stage "fuzzing".
pub(crate) fn fuzz_all(tally: &mut Tally, logs: &Path) {
    let seconds = FUZZ_SECONDS.to_string();
    let mut command = program();
    command.args(["fuzz", "--seconds", &seconds, "--findings"]).arg(logs);
    tally.count("hostile bytes", process::run_logged(&mut command, &logs.join("fuzz.log"), LIMIT_FUZZ));
}

/// `cargo xtask sim`: many seeds side by side, or one that is told in full.
pub(crate) fn sim(mut arguments: Vec<String>) -> anyhow::Result<ExitCode> {
    let alone = |argument: &String| argument == "--replay" || argument.starts_with("--jobs");
    if !arguments.iter().any(alone) {
        arguments.extend(["--jobs", JOBS].map(Into::into));
    }
    by_hand("run", arguments)
}

/// The stage "simulation": seeds in which nothing goes wrong, and broken laws that are noticed.
pub(crate) fn simulate_all(tally: &mut Tally, logs: &Path) {
    let mut count = |name: &str, arguments: &[&str], log: &str| {
        let mut command = program();
        command.args(arguments);
        tally.count(name, process::run_logged(&mut command, &logs.join(log), LIMIT_SEEDS));
    };
    count("seeds of the simulation", &["run", "--seeds", SEEDS, "--jobs", JOBS], "simulation.log");
    count("broken laws", &["laws", "--jobs", JOBS], "laws.log");
}

/// Builds the program and runs one of its commands before somebody's eyes.
fn by_hand(name: &str, arguments: Vec<String>) -> anyhow::Result<ExitCode> {
    let built = Command::new(env!("CARGO")).current_dir(root()).args(BUILD).arg("--quiet").status()?;
    anyhow::ensure!(built.success(), "thalweg-sim cannot be built");
    let status = program().arg(name).args(arguments).status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn program() -> Command {
    let path: PathBuf = scratch().join("release/thalweg-sim");
    let mut command = Command::new(path);
    command.current_dir(root());
    command
}
