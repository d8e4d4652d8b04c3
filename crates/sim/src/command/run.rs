//! `thalweg-sim run`: runs seeds of the simulation, each alone or many in several processes; `cargo xtask sim` is its
//! entry.

use std::process::ExitCode;

use clap::Args;
use thalweg_model::law::Law;
use thalweg_sim::simulation::run;
use thalweg_sim::simulation::universe::Trace;

use super::coverage::{self, Coverage};
use super::many;

#[derive(Args)]
pub(crate) struct Flags {
    /// How many seeds to run
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Break this law, and see what comes of it
    #[arg(long, value_parser = law)]
    law: Option<Law>,
    /// Run them in so many processes; they say only what is wrong
    #[arg(long, default_value_t = 0)]
    jobs: usize,
    /// Tell after each seed what it met: for the process that gathers it
    #[arg(long, hide = true)]
    tell: bool,
    /// Print all that happens
    #[arg(long)]
    replay: bool,
    /// Print what the broker logs, too
    #[arg(long)]
    logs: bool,
}

pub(crate) fn run(flags: &Flags) -> anyhow::Result<ExitCode> {
    if flags.jobs > 0 {
        let many = many::Many { law: flags.law, seeds: flags.from..flags.from.saturating_add(flags.seeds) };
        return many.run(flags.jobs);
    }
    if flags.logs {
        tracing_subscriber::fmt()
            .without_time()
            .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
            .init();
    }
    if let Some(law) = flags.law {
        law.break_for_good();
    }
    let (mut failed, mut coverage) = (0, Coverage::default());
    for seed in flags.from..flags.from.saturating_add(flags.seeds) {
        let trace = if flags.replay { Trace::aloud() } else { Trace::quiet() };
        let before = coverage::processor_time();
        let report = run::run(seed, &trace);
        let cost = coverage::processor_time() - before;
        println!("{report}");
        if flags.tell {
            coverage::tell(&report, cost);
        }
        coverage.add(&report, cost);
        failed += u64::from(!report.wrong.is_empty());
    }
    if !flags.tell {
        println!("{coverage}");
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A law by its name.
fn law(name: &str) -> Result<Law, String> {
    Law::ALL.into_iter().find(|law| format!("{law:?}") == name).ok_or_else(|| {
        let names: Vec<_> = Law::ALL.iter().map(|law| format!("{law:?}")).collect();
        format!("the laws are {}", names.join(", "))
    })
}
