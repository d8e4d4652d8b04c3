//! A client's program: asked for its scenarios, run with a limit for each of them, its lines read.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::Yard;
use super::broker::Broker;
use super::clients::Client;
use crate::process::{self, Deadline};

/// No scenario of a client takes longer than this, on a slow machine.
const LIMIT_SCENARIO: Duration = Duration::from_secs(180);

/// A client made ready: how to start it.
pub(super) struct Program {
    pub(super) words: Vec<String>,
    pub(super) folder: PathBuf,
    pub(super) environment: Vec<(&'static str, String)>,
}

/// How a scenario ended.
pub(super) enum Outcome {
    Ok,
    Skipped(String),
    Failed(String),
}

impl Outcome {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
        }
    }

    /// Reads `ok NAME`, `skipped NAME: why`, `failed NAME: why`; anything else is the client's own talk.
    fn read(line: &str) -> Option<(String, Self)> {
        let (word, rest) = line.split_once(' ')?;
        let (name, why) = rest.split_once(": ").unwrap_or((rest, ""));
        let outcome = match word {
            "ok" => Self::Ok,
            "skipped" => Self::Skipped(why.to_owned()),
            "failed" => Self::Failed(why.to_owned()),
            _ => return None,
        };
        Some((name.to_owned(), outcome))
    }
}

impl Program {
    /// Installs and builds what the client needs.
    pub(super) fn prepare(client: &Client, yard: &Yard) -> anyhow::Result<Self> {
        let start = Instant::now();
        let program = (client.prepare)(yard).with_context(|| format!("cannot prepare {}", client.name))?;
        if start.elapsed() > Duration::from_secs(5) {
            println!("prepared {} in {} s", client.name, start.elapsed().as_secs());
        }
        Ok(program)
    }

    /// The names of its scenarios.
    pub(super) fn list(&self) -> anyhow::Result<Vec<String>> {
        let text = process::output(self.command().arg("list"))?;
        Ok(text.split_whitespace().map(str::to_owned).collect())
    }

    /// Runs scenarios and reports each. One that hangs, or ends the program, fails; the rest goes on in a new process,
    /// until the deadline.
    pub(super) fn run(
        &self,
        broker: &Broker,
        scenarios: &[String],
        deadline: Deadline,
        mut report: impl FnMut(&str, Outcome, Duration),
    ) -> anyhow::Result<()> {
        let mut left: VecDeque<String> = scenarios.iter().cloned().collect();
        while !left.is_empty() {
            if deadline.is_over() {
                let late = |name: String| report(&name, Outcome::Failed(deadline.missed()), Duration::ZERO);
                left.drain(..).for_each(late);
                break;
            }
            let log = broker.folder().join("client.log");
            let mut child = self
                .command()
                .arg("run")
                .arg(broker.address())
                .args(&left)
                .env("COMPAT_BROKER", broker.kind())
                .env("COMPAT_SCRATCH", broker.folder())
                .stdout(Stdio::piped())
                .stderr(File::options().create(true).append(true).open(&log)?)
                .process_group(0)
                .spawn()?;
            let lines = BufReader::new(child.stdout.take().expect("stdout was asked to be a pipe"));
            let (sender, receiver) = mpsc::channel();
            std::thread::spawn(move || {
                for line in lines.lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            });
            let mut since = Instant::now();
            let why = loop {
                match receiver.recv_timeout(deadline.within(LIMIT_SCENARIO.saturating_sub(since.elapsed()))) {
                    Ok(line) => {
                        let Some((name, outcome)) = Outcome::read(&line) else {
                            continue;
                        };
                        if left.front() == Some(&name) {
                            left.pop_front();
                            report(&name, outcome, since.elapsed());
                            since = Instant::now();
                        }
                    }
                    Err(mpsc::RecvTimeoutError::Timeout) => {
                        break format!("no end within {} s", since.elapsed().as_secs());
                    }
                    Err(mpsc::RecvTimeoutError::Disconnected) => {
                        break "the client's process ended".to_owned();
                    }
                }
            };
            process::end_group(&mut child);
            if let Some(name) = left.pop_front() {
                let talk = process::tail(&log, 3);
                report(&name, Outcome::Failed(format!("{why}; {talk}")), since.elapsed());
            }
        }
        Ok(())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.words[0]);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.args(&self.words[1..]).current_dir(&self.folder).stdin(Stdio::null());
        command
    }
}
