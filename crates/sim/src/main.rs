//! `thalweg-sim`: the proofs of durability, each a command. `cargo xtask test` runs them with bounds; by hand they run
//! as long as one likes.

mod command;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "thalweg-sim", about = "Proofs that no record is lost")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Cut the power of the real binary at hundreds of moments
    Cut(command::cut::Flags),
    /// Feed decoders with hostile bytes
    Fuzz(command::fuzz::Flags),
    /// Judge a history of lines of JSON
    Judge(command::judge::Flags),
    /// Kill the real binary again and again under clients who go on
    Kill(command::kill::Flags),
    /// Run seeds of the simulation
    Run(command::run::Flags),
    /// Break each law in turn, and see that the simulation notices
    Laws(command::laws::Flags),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Cut(flags) => command::cut::run(&flags),
        Command::Fuzz(flags) => command::fuzz::run(&flags),
        Command::Judge(flags) => command::judge::run(&flags),
        Command::Kill(flags) => command::kill::run(&flags),
        Command::Run(flags) => command::run::run(&flags),
        Command::Laws(flags) => command::laws::run(&flags),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("thalweg-sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}
