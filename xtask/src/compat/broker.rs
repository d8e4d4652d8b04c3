//! One broker on this machine for one client: Thalweg's release binary, or Apache Kafka in KRaft mode on one node.
//! The data folder is fresh and goes when the broker is dropped; the log stays.

use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::Yard;
use crate::{apache, probe, process, root, scratch};

/// Names another binary of Thalweg than the release build of this repository.
const BINARY: &str = "COMPAT_BINARY";

const LIMIT_START: Duration = Duration::from_secs(60);
const LIMIT_STOP: Duration = Duration::from_secs(10);
const LIMIT_BUILD: Duration = Duration::from_secs(40 * 60);

/// What both brokers are told: scenarios wait less, and one node is enough.
const SETTINGS: &[(&str, &str)] = &[
    ("group.initial.rebalance.delay.ms", "0"),
    ("group.min.session.timeout.ms", "1000"),
    ("offsets.topic.replication.factor", "1"),
];

/// Which broker.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Thalweg,
    Kafka,
    /// One that runs already, by its address.
    Running(String),
}

impl Kind {
    pub(super) fn parse(word: &str) -> anyhow::Result<Self> {
        match word {
            "thalweg" => Ok(Self::Thalweg),
            "kafka" => Ok(Self::Kafka),
            address if address.contains(':') => Ok(Self::Running(address.to_owned())),
            _ => bail!("--broker wants thalweg, kafka or HOST:PORT, not {word}"),
        }
    }

    /// The name that scenarios are told: where Thalweg deliberately differs, they look at it.
    fn name(&self) -> &'static str {
        match self {
            Self::Thalweg => "thalweg",
            Self::Kafka => "kafka",
            Self::Running(_) => "another",
        }
    }

    /// Brings what is needed to start it.
    pub(super) fn prepare(&self, yard: &Yard) -> anyhow::Result<()> {
        match self {
            Self::Thalweg if std::env::var_os(BINARY).is_some() => Ok(()),
            Self::Thalweg => process::run_logged(
                Command::new(env!("CARGO")).current_dir(root()).args(["build", "--release"]),
                &yard.log("build-thalweg"),
                LIMIT_BUILD,
            ),
            Self::Kafka => apache::Jars::bring(yard).map(|_| ()),
            Self::Running(_) => Ok(()),
        }
    }
}

/// A broker that answers.
pub(super) struct Broker {
    address: String,
    kind: &'static str,
    folder: PathBuf,
    child: Option<Child>,
}

impl Broker {
    /// Starts one with a fresh data folder and waits until it answers.
    pub(super) fn start(kind: &Kind, purpose: &str, yard: &Yard) -> anyhow::Result<Self> {
        let [port] = probe::free_ports()?;
        Self::start_at(kind, purpose, yard, port, port)
    }

    /// The same on a given port, telling clients another one (where a recorder listens).
    pub(super) fn start_at(
        kind: &Kind,
        purpose: &str,
        yard: &Yard,
        port: u16,
        told: u16,
    ) -> anyhow::Result<Self> {
        let folder = yard.scratch("run").join(purpose);
        if let Kind::Running(address) = kind {
            std::fs::create_dir_all(&folder)?;
            return Ok(Self { address: address.clone(), kind: kind.name(), folder, child: None });
        }
        // only what an earlier run of the same purpose left
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)?;
        let log = File::create(folder.join("broker.log"))?;
        let mut command = match kind {
            Kind::Kafka => kafka(yard, &folder, port, told)?,
            _ => thalweg(&folder, port, told),
        };
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let mut broker =
            Self { address: format!("127.0.0.1:{told}"), kind: kind.name(), folder, child: Some(child) };
        broker.wait_until_ready(port)?;
        Ok(broker)
    }

    /// Where clients connect.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// `thalweg`, `kafka` or `another`.
    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    /// Where its log and its clients' logs lie.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether it still runs.
    pub(super) fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| matches!(child.try_wait(), Ok(None)))
    }

    fn wait_until_ready(&mut self, port: u16) -> anyhow::Result<()> {
        let deadline = Instant::now() + LIMIT_START;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        while !probe::answers(address) {
            let log = self.folder.join("broker.log");
            if !self.is_alive() {
                bail!("the broker ended at its start: {}", process::tail(&log, 5));
            }
            if Instant::now() > deadline {
                bail!(
                    "the broker did not answer within {} s: {}",
                    LIMIT_START.as_secs(),
                    process::tail(&log, 5)
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            process::signal(&child.id().to_string(), "TERM");
            if !matches!(process::wait_at_most(child, LIMIT_STOP), Ok(Some(_))) {
                process::end_group(child);
            }
            let _ = std::fs::remove_dir_all(self.folder.join("data"));
        }
    }
}

fn binary() -> PathBuf {
    std::env::var_os(BINARY).map_or_else(|| scratch().join("release/thalweg"), PathBuf::from)
}

fn thalweg(folder: &Path, port: u16, told: u16) -> Command {
    let mut command = Command::new(binary());
    command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--admin", "off"]);
    command.arg("--data").arg(folder.join("data"));
    if told != port {
        command.args(["--advertise", &format!("127.0.0.1:{told}")]);
    }
    for (name, value) in SETTINGS {
        command.args(["--set", &format!("{name}={value}")]);
    }
    command
}

fn kafka(yard: &Yard, folder: &Path, port: u16, told: u16) -> anyhow::Result<Command> {
    let settings = SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    apache::command(&apache::Jars::bring(yard)?, folder, [port, told], settings)
}
