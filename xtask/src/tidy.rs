//! The rules of the house that a compiler does not check: arrows between crates, who may name what, file heads,
//! dead files, whitespace, paths of somebody's machine. Style that needs judgement is not its business.

mod files;
mod floors;

use std::process::ExitCode;

use crate::tally::Tally;

/// `cargo xtask tidy`.
pub(crate) fn run(_arguments: Vec<String>) -> anyhow::Result<ExitCode> {
    let mut tally = Tally::default();
    check(&mut tally);
    files::report_lengths()?;
    Ok(tally.finish())
}

/// Every check, counted one by one.
pub(crate) fn check(tally: &mut Tally) {
    tally.count("arrows between crates", floors::arrows());
    tally.count("who may name a heavy crate", floors::heavy());
    tally.count("file heads", files::heads());
    tally.count("whitespace", files::whitespace());
    tally.count("dead files", files::dead());
    tally.count("paths of a machine", files::machine_paths());
    tally.count("generated code", generated());
}

fn generated() -> anyhow::Result<()> {
    let stale = crate::codegen::stale()?;
    anyhow::ensure!(stale.is_empty(), "`cargo xtask codegen` was forgotten: {}", stale.join(", "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_tidy() {
        let mut tally = Tally::default();
        check(&mut tally);
        assert!(tally.failed.is_empty(), "{:#?}", tally.failed);
    }
}
