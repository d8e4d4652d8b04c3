//! `cargo xtask bench`: what a release broker costs, workload by workload: its start, its memory, a partition, a start
//! after `kill -9`, bytes on disk, readers of old data. It fails for no figure: times and sizes depend on the machine. `--against kafka`
//! sets it beside Apache Kafka instead, under clients that are not ours.

mod against;
mod broker;
mod checkpoints;
mod cold_readers;
mod commits;
mod figures;
mod killed;
mod partitions;
mod start;
mod wire;
mod written;

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::fs::{FlockOperation, flock};
use serde_json::{Map, json};

use self::broker::{Broker, Software};
use self::figures::Figures;
use crate::{process, root, scratch};

const LIMIT_BUILD: Duration = Duration::from_secs(40 * 60);
/// How long a broker is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(2);

/// Something that is measured alone or with the others, in this order.
struct Workload {
    name: &'static str,
    purpose: &'static str,
    run: fn(&Yard) -> anyhow::Result<Figures>,
}

const WORKLOADS: &[Workload] = &[
    Workload { name: "start", purpose: "the start on an empty folder, idle memory", run: start::run },
    Workload {
        name: "partitions",
        purpose: "many partitions created, written, read, restarted: what each costs",
        run: partitions::run,
    },
    Workload {
        name: "killed",
        purpose: "the start after kill -9 under load; with --full 10 GB and 5,000 partitions are kept",
        run: killed::run,
    },
    Workload { name: "written", purpose: "bytes that reach the disk per byte produced", run: written::run },
    Workload {
        name: "cold-readers",
        purpose: "how long a Produce takes beside four readers of old data, and without",
        run: cold_readers::run,
    },
    Workload {
        name: "commits",
        purpose: "the start with millions of commits in __consumer_offsets",
        run: commits::run,
    },
    Workload {
        name: "checkpoints",
        purpose: "what a checkpoint writes where ten of many partitions are dirty",
        run: checkpoints::run,
    },
];

/// What is asked for.
struct Options {
    workloads: Vec<&'static Workload>,
    partitions: usize,
    records: u64,
    commits: u64,
    groups: u64,
    full: bool,
    json: bool,
    binary: Option<PathBuf>,
}

/// What every workload is given.
struct Yard {
    folder: PathBuf,
    options: Options,
    binary: PathBuf,
}

impl Yard {
    /// A broker of ours with default settings on an empty folder of this name.
    fn broker(&self, name: &str) -> anyhow::Result<Broker> {
        Broker::start(&Software::thalweg(&self.binary), &self.folder.join(name))
    }
}

/// Runs what was asked for and prints tables, or JSON.
pub(crate) fn run(arguments: Vec<String>) -> anyhow::Result<ExitCode> {
    if arguments.iter().any(|argument| argument == "--against") {
        return against::run(arguments);
    }
    let options = options(arguments)?;
    let binary = binary(options.binary.clone())?;
    let (folder, _lock) = folder()?;
    let yard = Yard { folder, options, binary };
    let mut page = Map::new();
    for workload in &yard.options.workloads {
        say(&format!("{}: {}", workload.name, workload.purpose));
        let began = Instant::now();
        let figures = (workload.run)(&yard).with_context(|| workload.name)?;
        say(&format!("{} took {:.0} s", workload.name, began.elapsed().as_secs_f64()));
        if yard.options.json {
            page.insert(workload.name.to_owned(), figures.json());
        } else {
            figures.print(workload.name);
        }
    }
    if yard.options.json {
        println!("{}", serde_json::to_string_pretty(&json!(page))?);
    }
    Ok(ExitCode::SUCCESS)
}

fn options(arguments: Vec<String>) -> anyhow::Result<Options> {
    let mut options = Options {
        workloads: Vec::new(),
        partitions: 100_000,
        records: 1_000_000,
        commits: 10_000_000,
        groups: 100,
        full: false,
        json: false,
        binary: None,
    };
    let mut arguments = arguments.into_iter();
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{name} wants a value"));
        match name.as_str() {
            "--partitions" => options.partitions = value()?.parse()?,
            "--records" => options.records = value()?.parse()?,
            "--commits" => options.commits = value()?.parse()?,
            "--groups" => options.groups = value()?.parse()?,
            "--binary" => options.binary = Some(value()?.into()),
            "--full" => options.full = true,
            "--json" => options.json = true,
            _ => match WORKLOADS.iter().find(|workload| workload.name == name) {
                Some(workload) => options.workloads.push(workload),
                None => bail!("neither an option nor a workload: {name}; workloads: {}", names()),
            },
        }
    }
    if options.workloads.is_empty() {
        options.workloads = WORKLOADS.iter().collect();
    }
    Ok(options)
}

fn names() -> String {
    WORKLOADS.iter().map(|workload| workload.name).collect::<Vec<_>>().join(" ")
}

/// The binary that was named, or the release build of this repository.
fn binary(named: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    match named {
        Some(binary) => Ok(binary),
        None => build(&[]),
    }
}

/// A release build that counts its allocations, beside the one that does not.
fn counting_binary() -> anyhow::Result<PathBuf> {
    let built = build(&["--features", "count-allocations"])?;
    let kept = built.with_file_name("thalweg-counting");
    std::fs::copy(built, &kept)?;
    Ok(kept)
}

fn build(how: &[&str]) -> anyhow::Result<PathBuf> {
    let mut build = Command::new(env!("CARGO"));
    build.current_dir(root()).args(["build", "--release", "-p", "thalweg-node"]).args(how);
    process::run_logged(&mut build, &scratch().join("bench-build.log"), LIMIT_BUILD)?;
    Ok(scratch().join("release/thalweg"))
}

/// Where brokers run, and the lock that keeps a second bench out: it would disturb, and clear the same folders.
fn folder() -> anyhow::Result<(PathBuf, File)> {
    let folder = scratch().join("bench");
    std::fs::create_dir_all(&folder)?;
    let lock = File::create(folder.join("lock"))?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive).context("another bench runs")?;
    Ok((folder, lock))
}

/// Says on stderr what is measured now.
fn say(text: &str) {
    eprintln!("bench: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workloads_are_found_by_name() {
        let chosen = options(vec!["commits".into(), "--commits".into(), "7".into(), "start".into()]);
        let chosen = chosen.expect("two workloads and an option");
        assert_eq!(chosen.workloads.iter().map(|it| it.name).collect::<Vec<_>>(), ["commits", "start"]);
        assert_eq!(chosen.commits, 7);
        assert_eq!(options(Vec::new()).expect("nothing is all").workloads.len(), WORKLOADS.len());
        assert!(options(vec!["nothing-of-this-name".into()]).is_err());
    }
}
