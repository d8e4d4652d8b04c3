//! The binary `thalweg`: the broker, and the commands that speak to any Kafka broker. Here stand the command line,
//! the settings, the real world (clock, chance, threads) and the composition of all parts; no rule of the domain does.

mod allocator;
mod cli;
mod command;
mod exit;
mod logging;
mod machine;
mod serve;
mod settings;
mod world;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::exit::Failure;

// Only a simulation breaks laws; a broker that is shipped cannot.
#[cfg(not(debug_assertions))]
const _: () = assert!(!thalweg_model::law::CAN_BE_BROKEN, "a release build of the broker has no broken laws");

fn main() -> ExitCode {
    allocator::prepare();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are asked for and go to stdout; the rest is a wrong command line.
            let _ = error.print();
            return if error.use_stderr() { exit::WRONG_CONFIGURATION.into() } else { ExitCode::SUCCESS };
        }
    };
    let done = match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(flags) => serve::run(&flags),
        Command::Config(flags) => command::config::run(&flags),
        Command::Topic(command) => command::topic::run(command),
        Command::Produce(flags) => command::produce::run(flags),
        Command::Consume(flags) => command::consume::run(flags),
        Command::Group(command) => command::group::run(command),
        Command::Cluster(flags) => command::cluster::run(&flags),
        Command::Bench(command) => command::bench::run(command),
        Command::Check(flags) => command::check::run(&flags),
        Command::Dump(flags) => command::dump::run(&flags),
        Command::Completions { shell } => command::completions::run(shell),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, error }) => {
            // Nobody may be there to read it; the code tells it all the same.
            let _ = writeln!(io::stderr(), "thalweg: {error:#}");
            code.into()
        }
    }
}
