//! Apache Kafka, the reference: its jars, brought from Maven Central once, and one node of it in KRaft mode.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::compat::{Yard, jars};
use crate::{probe, process};

const LIMIT_FORMAT: Duration = Duration::from_secs(60);

/// Sixteen bytes in Kafka's writing of them: each node is a cluster of its own, so one name does for all.
const CLUSTER: &str = "dGhhbHdlZ3JlZmVyZW5jZQ";

/// One node that is broker and controller.
const SETTINGS: &[(&str, &str)] = &[
    ("process.roles", "broker,controller"),
    ("node.id", "1"),
    ("controller.listener.names", "CONTROLLER"),
    ("transaction.state.log.replication.factor", "1"),
    ("transaction.state.log.min.isr", "1"),
    ("share.coordinator.state.topic.replication.factor", "1"),
    ("share.coordinator.state.topic.min.isr", "1"),
];

/// The heap, and what Kafka's own start scripts tell the virtual machine.
const JVM_BROKER: &[&str] = &[
    "-Xms1g",
    "-Xmx1g",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-Djava.awt.headless=true",
];

/// The folder of jars, and the configuration of their log.
#[derive(Clone)]
pub(crate) struct Jars {
    folder: PathBuf,
    log4j: PathBuf,
}

impl Jars {
    /// The broker.
    pub(crate) fn bring(yard: &Yard) -> anyhow::Result<Self> {
        Self::of_profile(yard, "reference")
    }

    /// Its command-line tools, which measure too.
    pub(crate) fn bring_tools(yard: &Yard) -> anyhow::Result<Self> {
        Self::of_profile(yard, "tools")
    }

    fn of_profile(yard: &Yard, profile: &str) -> anyhow::Result<Self> {
        Ok(Self { folder: jars(yard, profile)?, log4j: yard.source("log4j2.properties") })
    }

    /// A virtual machine with these jars; the class and its arguments are still to be said.
    pub(crate) fn java(&self, options: &[&str]) -> Command {
        let mut command = Command::new("java");
        command.args(options);
        command.arg(format!("-Dlog4j2.configurationFile={}", self.log4j.display()));
        command.arg("-cp").arg(format!("{}/*", self.folder.display()));
        command
    }
}

/// The command that starts a node with its data in `folder`, listening on the first port and telling clients the
/// second. A folder without data is made one of Kafka's; one with data keeps its ports and settings.
pub(crate) fn command(
    jars: &Jars,
    folder: &Path,
    [port, told]: [u16; 2],
    settings: impl IntoIterator<Item = (String, String)>,
) -> anyhow::Result<Command> {
    let file = folder.join("server.properties");
    let data = folder.join("data");
    if !data.join("meta.properties").exists() {
        std::fs::write(&file, properties(&data, [port, told], settings)?)?;
        format(jars, folder, &file)?;
    }
    let mut command = jars.java(JVM_BROKER);
    command.arg("kafka.Kafka").arg(&file);
    Ok(command)
}

fn properties(
    data: &Path,
    [port, told]: [u16; 2],
    settings: impl IntoIterator<Item = (String, String)>,
) -> anyhow::Result<String> {
    let [controller] = probe::free_ports()?;
    let mut properties = format!(
        "listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{told}\n\
         controller.quorum.bootstrap.servers=127.0.0.1:{controller}\n\
         log.dirs={}\n",
        data.display()
    );
    let own = SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    for (name, value) in own.chain(settings) {
        writeln!(properties, "{name}={value}")?;
    }
    Ok(properties)
}

fn format(jars: &Jars, folder: &Path, properties: &Path) -> anyhow::Result<()> {
    let mut format = jars.java(&["-Xmx128m"]);
    format.args(["kafka.tools.StorageTool", "format", "--standalone", "-t", CLUSTER, "-c"]).arg(properties);
    process::run_logged(&mut format, &folder.join("format.log"), LIMIT_FORMAT)
}
