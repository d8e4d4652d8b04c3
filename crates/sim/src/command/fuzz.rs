//! `thalweg-sim fuzz`: feeds decoders with seeded lies; `cargo xtask fuzz` is its entry.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use thalweg_sim::fuzz::{self, Bound, TARGETS, Target};

#[derive(Args)]
pub(crate) struct Flags {
    /// A target; all of them unless some are named
    #[arg(long = "target", value_name = "NAME")]
    targets: Vec<String>,
    /// How long each is fed
    #[arg(long, default_value_t = 10, conflicts_with = "inputs")]
    seconds: u64,
    /// How many inputs each is fed with, in place of a time
    #[arg(long)]
    inputs: Option<u64>,
    /// The number of the first input
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Where an input that breaks something is left
    #[arg(long, default_value = ".")]
    findings: PathBuf,
    /// Write the seeds of each target into folders of this one, for `cargo fuzz`, and end
    #[arg(long, value_name = "FOLDER")]
    corpus: Option<PathBuf>,
}

pub(crate) fn run(flags: &Flags) -> anyhow::Result<ExitCode> {
    let targets = match &flags.targets[..] {
        [] => TARGETS.to_vec(),
        names => names.iter().map(|name| fuzz::target(name)).collect::<anyhow::Result<Vec<Target>>>()?,
    };
    if let Some(corpus) = &flags.corpus {
        for target in &targets {
            let folder = corpus.join(target.name);
            std::fs::create_dir_all(&folder)?;
            for (number, bytes) in (target.seeds)().iter().enumerate() {
                std::fs::write(folder.join(format!("seed-{number}")), bytes)?;
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    fuzz::tell_of_panics(&flags.findings);
    let bound = match flags.inputs {
        Some(count) => Bound::Inputs(count),
        None => Bound::Time(Duration::from_secs(flags.seconds)),
    };
    for target in targets {
        let outcome = fuzz::run(target, flags.from, bound);
        println!("{}: {} inputs in {:.1?}, nothing found", target.name, outcome.inputs, outcome.took);
    }
    Ok(ExitCode::SUCCESS)
}
