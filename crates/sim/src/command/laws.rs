//! `thalweg-sim laws`: breaks each law in turn and wants that the simulation notices.

use std::process::ExitCode;

use clap::Args;
use thalweg_model::law::Law;

use super::many::{Found, Many, Wrong};

#[derive(Args)]
pub(crate) struct Flags {
    /// How many seeds may pass before a broken law is noticed
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Run them in so many processes
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

pub(crate) fn run(flags: &Flags) -> anyhow::Result<ExitCode> {
    let mut unnoticed = 0;
    for law in Law::ALL {
        match noticed(law, flags)? {
            Ok(words) => println!("{law:?}: noticed by {words}"),
            Err(why) => {
                println!("{law:?}: NOT NOTICED: {why}");
                unnoticed += 1;
            }
        }
    }
    println!("{} laws tried, {unnoticed} not noticed", Law::ALL.len());
    Ok(if unnoticed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Which seed notices that the law is broken, and what it says; or why none counts.
fn noticed(law: Law, flags: &Flags) -> anyhow::Result<Result<String, String>> {
    let many = Many { law: Some(law), seeds: flags.from..flags.from.saturating_add(flags.seeds) };
    let Found { ran, wrong, .. } = many.find(flags.jobs, 1)?;
    let Some(Wrong { seed, words }) = wrong.first() else { return Ok(Err(format!("by {ran} seeds"))) };
    // A seed that is wrong anyway has noticed something else.
    let anyway = Many { law: None, seeds: *seed..seed + 1 }.find(1, 1)?;
    if !anyway.wrong.is_empty() {
        return Ok(Err(format!("seed {seed} is wrong with the law as well")));
    }
    let words = words.lines().nth(1).unwrap_or_default().trim();
    Ok(Ok(format!("seed {seed}: {words}")))
}
