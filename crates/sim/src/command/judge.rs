//! `thalweg-sim judge`: judges histories that others wrote.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use thalweg_sim::history::{Rules, judge, read_lines};

#[derive(Args)]
pub(crate) struct Flags {
    /// Files of one history: each client may have written its own
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Offsets may have holes
    #[arg(long)]
    holes: bool,
    /// All was read at the end: what nobody saw is lost
    #[arg(long)]
    all_read: bool,
    /// A power cut may have taken the ends of partitions: what the last census did not reach is not missed
    #[arg(long)]
    ends_may_be_lost: bool,
}

pub(crate) fn run(flags: &Flags) -> anyhow::Result<ExitCode> {
    let mut operations = Vec::new();
    for path in &flags.files {
        let named = || path.display().to_string();
        let file = File::open(path).with_context(named)?;
        operations.extend(read_lines(BufReader::new(file)).with_context(named)?);
    }
    let rules =
        Rules { dense: !flags.holes, all_read: flags.all_read, ends_may_be_lost: flags.ends_may_be_lost };
    let verdict = judge(&operations, rules);
    println!("{verdict}");
    Ok(if verdict.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
