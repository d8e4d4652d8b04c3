//! `thalweg-sim run`: runs seeds of the simulation; `cargo xtask sim` is its entry.

use std::process::ExitCode;

use clap::Args;
use thalweg_sim::simulation::run;
use thalweg_sim::simulation::universe::Trace;

#[derive(Args)]
pub(crate) struct Flags {
    /// How many seeds to run
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Print all that happens
    #[arg(long)]
    replay: bool,
}

pub(crate) fn run(flags: &Flags) -> anyhow::Result<ExitCode> {
    let mut failed = 0;
    for seed in flags.from..flags.from.saturating_add(flags.seeds) {
        let trace = if flags.replay { Trace::aloud() } else { Trace::quiet() };
        let report = run::run(seed, &trace);
        let took = report.elapsed;
        println!(
            "seed {seed}: {:016x} {} steps {took:?} {} operations {} lives",
            report.hash, report.steps, report.operations, report.lives
        );
        for wrong in &report.wrong {
            println!("    {wrong}");
        }
        failed += u64::from(!report.wrong.is_empty());
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
