//! Runs the scenarios of `compat/` with real clients, each client on a fresh broker: Thalweg, or Apache Kafka for reference.
//!
//! A client is a program: `PROGRAM list` prints its scenarios, `PROGRAM run BOOTSTRAP NAME...` runs them and prints one
//! line for each: `ok NAME`, `skipped NAME: why`, `failed NAME: why`. A scenario that fails is run once more, alone on a
//! fresh broker; one that then passes is named flaky and fails nothing.

mod broker;
mod clients;
mod golden;
mod program;
mod toolchain;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::process::Deadline;
use crate::tally::Tally;
use crate::{root, scratch};
use broker::{Broker, Kind};
pub(crate) use clients::jars;
use clients::{CLIENTS, Client};
use program::{Outcome, Program};

/// How long it may take where no stage bounds it.
const LIMIT_BY_HAND: Duration = Duration::from_secs(3 * 60 * 60);

/// How many clients run at the same time: scenarios of groups mostly wait.
const LANES: usize = 2;

/// What to run, and against what.
pub(crate) struct Selection {
    clients: Vec<&'static Client>,
    left_out: Vec<String>,
    without: Vec<String>,
    broker: Kind,
    only: Option<String>,
    list: bool,
}

impl Selection {
    /// Reads the options that `test` and `compat` share.
    pub(crate) fn parse(arguments: Vec<String>) -> anyhow::Result<Self> {
        let (mut named, mut without, mut only, mut broker, mut list) =
            (Vec::new(), Vec::new(), None, Kind::Thalweg, false);
        let mut rest = arguments.into_iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().with_context(|| format!("{argument} wants a value"));
            match argument.as_str() {
                "--without" => without.extend(value()?.split(',').map(str::to_owned)),
                "--only" => only = Some(value()?),
                "--broker" => broker = Kind::parse(&value()?)?,
                "--list" => list = true,
                name if CLIENTS.iter().any(|client| client.name == name) => named.push(name.to_owned()),
                name => bail!(
                    "neither an option nor a client: {name}; clients: {}",
                    names(CLIENTS.iter()).join(" ")
                ),
            }
        }
        let known = |word: &str| {
            CLIENTS.iter().any(|client| client.name == word || client.toolchains.contains(&word))
        };
        if let Some(unknown) = without.iter().find(|word| !known(word)) {
            bail!("--without {unknown}: neither a toolchain nor a client");
        }
        let wanted =
            CLIENTS.iter().filter(|client| named.is_empty() || named.iter().any(|name| name == client.name));
        let left = |client: &&Client| {
            without.iter().any(|word| client.name == word || client.toolchains.contains(&word.as_str()))
        };
        let (out, clients): (Vec<_>, Vec<_>) = wanted.partition(left);
        let left_out = out.iter().map(|client| format!("compat {} (--without)", client.name)).collect();
        Ok(Self { clients, left_out, without, broker, only, list })
    }
}

impl Selection {
    /// Whether a toolchain is left out by `--without`.
    pub(crate) fn leaves_out(&self, toolchain: &str) -> bool {
        self.without.iter().any(|word| word == toolchain)
    }
}

/// The Python that has confluent-kafka, made ready for who has another program for it.
pub(crate) fn confluent_python() -> anyhow::Result<PathBuf> {
    toolchain::check(&["python"])?;
    clients::python_environment(&Yard::new())
}

/// `cargo xtask compat`.
pub(crate) fn run(arguments: Vec<String>) -> anyhow::Result<ExitCode> {
    let selection = Selection::parse(arguments)?;
    if selection.list {
        for client in &selection.clients {
            println!("{}: {}", client.name, Program::prepare(client, &Yard::new())?.list()?.join(" "));
        }
        return Ok(ExitCode::SUCCESS);
    }
    Ok(run_selection(&selection, Deadline::after(LIMIT_BY_HAND)).finish())
}

/// `cargo xtask golden`: the clients run against Apache Kafka through a recorder.
pub(crate) fn run_golden(arguments: Vec<String>) -> anyhow::Result<ExitCode> {
    let selection = Selection::parse(arguments)?;
    golden::record(&selection.clients, selection.only.as_deref(), &Yard::new())
}

/// Runs what was selected and counts each scenario.
pub(crate) fn run_selection(selection: &Selection, deadline: Deadline) -> Tally {
    let yard = Yard { deadline, ..Yard::new() };
    let mut tally = Tally::default();
    tally.left_out.extend(selection.left_out.iter().cloned());
    if let Err(error) = selection.broker.prepare(&yard) {
        tally.fail(format!("compat: the broker: {error:#}"));
        return tally;
    }
    let queue = Mutex::new(selection.clients.iter());
    let total = Mutex::new(tally);
    std::thread::scope(|scope| {
        for _ in 0..LANES.min(selection.clients.len()) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("no lane panics with the queue in hand").next();
                    let Some(client) = next else { break };
                    let counted = run_client(client, selection, &yard);
                    total.lock().expect("no lane panics while it counts").add(counted);
                }
            });
        }
    });
    total.into_inner().expect("no lane panics while it counts")
}

fn run_client(client: &'static Client, selection: &Selection, yard: &Yard) -> Tally {
    let mut tally = Tally::default();
    if let Err(error) = try_run_client(client, selection, yard, &mut tally) {
        tally.fail(format!("compat {}: {error:#}", client.name));
    }
    tally
}

fn try_run_client(
    client: &Client,
    selection: &Selection,
    yard: &Yard,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    if yard.deadline.is_over() {
        bail!("not begun: {}", yard.deadline.missed());
    }
    toolchain::check(client.toolchains)?;
    let program = Program::prepare(client, yard)?;
    let wanted: Vec<String> = program
        .list()?
        .into_iter()
        .filter(|name| selection.only.as_deref().is_none_or(|pattern| matches(pattern, name)))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut failed = Vec::new();
    let broker = Broker::start(&selection.broker, client.name, yard)?;
    program.run(&broker, &wanted, yard.deadline, |name, outcome, took| {
        println!("{} {}/{name} {:.1} s", outcome.word(), client.name, took.as_secs_f32());
        match outcome {
            Outcome::Ok => tally.passed += 1,
            Outcome::Skipped(why) => tally.left_out.push(format!("compat {}/{name}: {why}", client.name)),
            Outcome::Failed(why) => {
                println!("    {why}");
                failed.push((name.to_owned(), why));
            }
        }
    })?;
    drop(broker);
    for (name, why) in failed {
        if yard.deadline.is_over() {
            tally.fail(format!("compat {}/{name}: {why}", client.name));
            continue;
        }
        let broker = Broker::start(&selection.broker, &format!("{}-{name}", client.name), yard)?;
        let mut again = None;
        program.run(&broker, std::slice::from_ref(&name), yard.deadline, |_, outcome, _| {
            again = Some(outcome)
        })?;
        match again {
            Some(Outcome::Ok) => {
                tally.passed += 1;
                tally.flaky.push(format!("compat {}/{name}: {why}", client.name));
            }
            Some(Outcome::Failed(why)) => {
                tally.fail(format!(
                    "compat {}/{name}: {why} (logs: {})",
                    client.name,
                    broker.folder().display()
                ));
            }
            Some(Outcome::Skipped(_)) | None => tally.fail(format!("compat {}/{name}: {why}", client.name)),
        }
    }
    Ok(())
}

/// The folders of a run: sources, and scratch below cargo's target folder.
pub(crate) struct Yard {
    sources: PathBuf,
    scratch: PathBuf,
    deadline: Deadline,
}

impl Yard {
    pub(crate) fn new() -> Self {
        let deadline = Deadline::after(LIMIT_BY_HAND);
        Self { sources: root().join("compat"), scratch: scratch().join("compat"), deadline }
    }

    pub(crate) fn source(&self, path: &str) -> PathBuf {
        self.sources.join(path)
    }

    pub(crate) fn scratch(&self, path: &str) -> PathBuf {
        self.scratch.join(path)
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.scratch.join("logs").join(format!("{name}.log"))
    }

    /// Does `work` unless it was done before with the same inputs: their text stands in the stamp.
    pub(crate) fn once(
        &self,
        stamp: &Path,
        inputs: &[PathBuf],
        work: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut text = String::new();
        for input in inputs {
            text += &std::fs::read_to_string(input)
                .with_context(|| format!("cannot read {}", input.display()))?;
        }
        if std::fs::read_to_string(stamp).is_ok_and(|done| done == text) {
            return Ok(());
        }
        work()?;
        Ok(std::fs::write(stamp, text)?)
    }
}

fn names<'a>(clients: impl Iterator<Item = &'a Client>) -> Vec<&'static str> {
    clients.map(|client| client.name).collect()
}

/// `a|b.*c`: alternatives, each a text with `.*` for anything, found anywhere in the name. All that `--only` needs.
fn matches(pattern: &str, name: &str) -> bool {
    pattern.split('|').any(|alternative| {
        let (start, rest) = match alternative.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, alternative),
        };
        let (end, rest) = match rest.strip_suffix('$') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let mut left = name;
        for (index, piece) in rest.split(".*").enumerate() {
            match left.find(piece) {
                Some(at) if index > 0 || !start || at == 0 => left = &left[at + piece.len()..],
                _ => return false,
            }
        }
        !end || left.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_find_names() {
        let check = |pattern, name, expect| assert_eq!(matches(pattern, name), expect, "{pattern} in {name}");
        check("codec", "codec-zstd", true);
        check("zstd|lz4", "codec-lz4", true);
        check("^zstd", "codec-zstd", false);
        check("^codec.*4$", "codec-lz4", true);
        check("codec$", "codec-lz4", false);
    }

    #[test]
    fn unknown_words_are_refused() {
        assert!(Selection::parse(vec!["--without".into(), "cobol".into()]).is_err());
        assert!(Selection::parse(vec!["--only".into()]).is_err());
        let selection = Selection::parse(vec!["--without".into(), "go".into()]).expect("go is a toolchain");
        assert!(selection.clients.iter().all(|client| !client.toolchains.contains(&"go")));
        assert!(!selection.left_out.is_empty());
    }
}
