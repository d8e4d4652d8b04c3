//! `thalweg completions SHELL`.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::printout::unless_gone;
use crate::cli::Cli;
use crate::exit::Failure;

pub(crate) fn run(shell: Shell) -> Result<(), Failure> {
    // Into memory first: the generator panics where its reader goes away early.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "thalweg", &mut script);
    let mut out = io::stdout().lock();
    unless_gone(out.write_all(&script).and_then(|()| out.flush())).map(drop)
}
