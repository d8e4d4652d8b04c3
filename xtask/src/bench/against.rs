//! `cargo xtask bench --against kafka`: the same workloads under the same clients, on Apache Kafka and on Thalweg, each with
//! both durabilities, in turn. Every run has a fresh broker and is warmed up; a workload's sides follow each other before
//! the next workload comes, so that a machine that changes does so for all of them.

mod clients;
mod load;
mod measure;
mod metric;
mod report;
mod rows;
mod side;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};

use self::clients::Clients;
use self::measure::{Stage, measure};
use self::report::{About, Report};
use self::rows::{QUICK, ROWS, Row};
use self::side::Side;
use super::say;
use crate::compat::Yard;
use crate::{apache, root};

/// How often a full comparison repeats everything.
const ROUNDS_FULL: usize = 3;
/// The latest comparison, for people.
const PAGE: &str = "bench/README.md";
/// The same for programs.
const DATA: &str = "bench/latest.json";
/// What comes below this line of the page is written anew.
const MARK: &str = "<!-- below this line `cargo xtask bench --against kafka --record` writes -->\n";

pub(super) struct Options {
    rows: Vec<&'static Row>,
    /// Those that the form has, where none are named.
    sides: Vec<Side>,
    rounds: Option<usize>,
    full: bool,
    json: bool,
    record: bool,
    /// Ours is built so that it counts its allocations.
    allocations: bool,
    binary: Option<PathBuf>,
    /// From which commit the named binary was built.
    commit: Option<String>,
}

pub(super) fn run(arguments: Vec<String>) -> anyhow::Result<ExitCode> {
    let options = Options::parse(arguments)?;
    let rounds = options.rounds.unwrap_or(if options.full { ROUNDS_FULL } else { 1 });
    let mut about = About::here(if options.full { "full" } else { "quick" }, rounds);
    if options.binary.is_some() {
        about.commit = options.commit.clone().unwrap_or_else(|| "unknown".to_owned());
    }
    if options.allocations {
        about.commit += ", counting its allocations";
    }
    let yard = Yard::new();
    let (folder, _lock) = super::folder()?;
    let stage = Stage {
        binary: match options.allocations {
            true => super::counting_binary()?,
            false => super::binary(options.binary.clone())?,
        },
        jars: apache::Jars::bring(&yard)?,
        clients: Clients::bring(&yard)?,
        folder,
        full: options.full,
    };
    let mut report = Report::default();
    let mut failed = 0;
    let left = stage.folder.join("against.json");
    let began = Instant::now();
    for round in 0..rounds {
        for row in &options.rows {
            for side in options.sides_of(row) {
                let at = began.elapsed().as_secs();
                say(&format!("{at} s: round {}, {}, {}", round + 1, row.name, side.name()));
                // One that fails is told and left out: hours of others are not lost for it.
                match measure(&stage, row, side) {
                    Ok(sample) => report.add(row, side, round, sample),
                    Err(error) => {
                        say(&format!("{} on {} failed: {error:#}", row.name, side.name()));
                        failed += 1;
                    }
                }
                let data = serde_json::to_string_pretty(&report.json(&about))?;
                std::fs::write(&left, &data)?;
                // It takes hours: who ends it sooner has what was found until then.
                if options.record {
                    record(&format!("{}\n\n{}", about.text(), report.table()), &data)?;
                }
            }
        }
    }
    match options.json {
        true => println!("{}", serde_json::to_string_pretty(&report.json(&about))?),
        false => println!("{}\n\n{}", about.text(), report.table()),
    }
    if failed > 0 {
        bail!("{failed} runs failed and are left out");
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts the newest comparison where people look for it.
fn record(text: &str, data: &str) -> anyhow::Result<()> {
    let file = root().join(PAGE);
    let page = std::fs::read_to_string(&file)?;
    let (head, _) = page.split_once(MARK).with_context(|| format!("{PAGE} has no mark"))?;
    std::fs::write(file, format!("{head}{MARK}\n{text}"))?;
    Ok(std::fs::write(root().join(DATA), format!("{data}\n"))?)
}

impl Options {
    fn parse(arguments: Vec<String>) -> anyhow::Result<Self> {
        let mut options = Self {
            rows: Vec::new(),
            sides: Vec::new(),
            rounds: None,
            full: false,
            json: false,
            record: false,
            allocations: false,
            binary: None,
            commit: None,
        };
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{name} wants a value"));
            match name.as_str() {
                "--against" => match value()?.as_str() {
                    "kafka" => {}
                    other => bail!("--against wants kafka, not {other}"),
                },
                "--sides" => {
                    for word in value()?.split(',') {
                        let side = Side::ALL.into_iter().find(|side| side.name() == word);
                        options.sides.push(side.with_context(|| format!("--sides knows no {word}"))?);
                    }
                }
                "--rounds" => options.rounds = Some(value()?.parse()?),
                "--binary" => options.binary = Some(value()?.into()),
                "--commit" => options.commit = Some(value()?),
                "--full" => options.full = true,
                "--json" => options.json = true,
                "--record" => options.record = true,
                "--allocations" => options.allocations = true,
                _ => match ROWS.iter().find(|row| row.name == name) {
                    Some(row) => options.rows.push(row),
                    None => bail!("neither an option nor a workload: {name}; workloads: {}", names()),
                },
            }
        }
        if options.allocations && options.binary.is_some() {
            bail!("--allocations builds a binary of its own");
        }
        if options.rounds == Some(0) {
            bail!("--rounds wants one at least");
        }
        if options.rows.is_empty() {
            let wanted = |row: &&Row| options.full || QUICK.contains(&row.name);
            options.rows = ROWS.iter().filter(wanted).collect();
        }
        Ok(options)
    }

    fn sides_of(&self, row: &Row) -> Vec<Side> {
        match (self.sides.is_empty(), self.full) {
            (false, _) => self.sides.clone(),
            (true, true) => row.sides(),
            (true, false) => row.sides_quick(),
        }
    }
}

fn names() -> String {
    ROWS.iter().map(|row| row.name).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_chosen_by_form_or_name() {
        let parse = |words: &[&str]| Options::parse(words.iter().map(|word| (*word).to_owned()).collect());
        assert_eq!(parse(&["--against", "kafka"]).expect("quick").rows.len(), QUICK.len());
        assert_eq!(parse(&["--full", "--against", "kafka"]).expect("full").rows.len(), ROWS.len());
        let chosen = parse(&["rd-1p-1k", "--rounds", "5"]).expect("one row");
        assert_eq!((chosen.rows.len(), chosen.rounds), (1, Some(5)));
        let sides = |words: &[&str]| parse(words).expect("a choice").sides_of(&ROWS[1]);
        assert_eq!(sides(&[]), [Side::Kafka, Side::Thalweg]);
        assert_eq!(sides(&["--full"]), Side::ALL);
        assert_eq!(sides(&["--full", "--sides", "thalweg-os"]), [Side::ThalwegOs]);
        assert!(parse(&["--sides", "another"]).is_err());
        assert!(parse(&["--against", "another"]).is_err());
        assert!(parse(&["--rounds", "0"]).is_err());
        assert!(parse(&["--allocations"]).expect("a build of its own").allocations);
        assert!(parse(&["--allocations", "--binary", "another"]).is_err());
    }
}
