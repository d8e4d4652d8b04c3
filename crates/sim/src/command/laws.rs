//! `thalweg-sim laws`: breaks each law in turn and wants that the simulation notices.

use std::process::ExitCode;

use clap::Args;
use thalweg_model::law::Law;

use super::many::Many;

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
        let many = Many { law: Some(law), seeds: flags.from..flags.from.saturating_add(flags.seeds) };
        let (ran, wrong) = many.find(flags.jobs, 1)?;
        match wrong.first() {
            Some(wrong) => {
                let words = wrong.words.lines().nth(1).unwrap_or_default().trim();
                println!("{law:?}: noticed by seed {} ({} of {ran}): {words}", wrong.seed, wrong.seed);
            }
            None => {
                println!("{law:?}: NOT NOTICED by {ran} seeds");
                unnoticed += 1;
            }
        }
    }
    println!("{} laws, {unnoticed} not noticed", Law::ALL.len());
    Ok(if unnoticed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
