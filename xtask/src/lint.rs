//! What rustfmt and clippy say of the whole workspace; a warning is a failure.

use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Context;

use crate::tally::Tally;
use crate::{process, root, scratch};

/// Clippy checks all crates that were built already once more, in its own way.
const LIMIT_LINT: Duration = Duration::from_secs(8 * 60);

/// `cargo xtask lint`.
pub(crate) fn run(_arguments: Vec<String>) -> anyhow::Result<ExitCode> {
    let mut tally = Tally::default();
    check(&mut tally);
    Ok(tally.finish())
}

/// Both, counted.
pub(crate) fn check(tally: &mut Tally) {
    tally.count("rustfmt", component("fmt", "rustfmt", &["--all", "--check"]));
    let clippy = ["--workspace", "--all-targets", "--", "-D", "warnings"];
    tally.count("clippy", component("clippy", "clippy", &clippy));
}

fn component(command: &str, name: &str, arguments: &[&str]) -> anyhow::Result<()> {
    process::output(Command::new(env!("CARGO")).current_dir(root()).args([command, "--version"]))
        .with_context(|| format!("mend it: rustup component add {name}"))?;
    let log = scratch().join("test-logs").join(format!("{name}.log"));
    process::cargo(&[&[command], arguments].concat(), &log, LIMIT_LINT)
}
