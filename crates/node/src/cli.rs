//! The command line. What a flag of `serve` means as a setting stands beside it; the layers are in `settings`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::command;

#[derive(Debug, Parser)]
#[command(
    name = "thalweg",
    version,
    about = "A message broker that every Kafka client talks to",
    long_about = "A message broker that every Kafka client talks to.\n\nWithout a command it serves: port 9092 on both \
                  loopbacks, data in ./thalweg-data.",
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong command line or configuration, 3 broker not reached, \
                  4 data folder cannot be opened, 130 second Ctrl-C",
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: ServeFlags,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the broker (what `thalweg` alone does)
    Serve(ServeFlags),
    /// Print the settings in effect, where each comes from and what it means
    Config(ConfigFlags),
    /// Create, list, describe, change and delete topics
    #[command(subcommand)]
    Topic(command::topic::TopicCommand),
    /// Write records from files or standard input to a topic
    Produce(command::produce::ProduceFlags),
    /// Read records of topics to standard output or a file
    Consume(command::consume::ConsumeFlags),
    /// List, describe, reset and delete consumer groups
    #[command(subcommand)]
    Group(command::group::GroupCommand),
    /// Show the cluster and its brokers
    Cluster(command::cluster::ClusterFlags),
    /// Measure a broker from outside: produce, consume, end-to-end latency
    #[command(subcommand)]
    Bench(command::bench::BenchCommand),
    /// Verify a data folder that no broker uses: what is wrong, where, and what to do
    Check(command::check::CheckFlags),
    /// Show what is in files of a data folder
    Dump(command::dump::DumpFlags),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Settings come from defaults, then a file, then the environment, then flags; the later one wins.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ServeFlags {
    /// Where to listen; several times for several listeners [default: localhost:9092]
    #[arg(long, value_name = "[NAME://]ADDR")]
    pub(crate) listen: Vec<String>,
    /// Where clients are told to find a listener
    #[arg(long, value_name = "[NAME://]ADDR")]
    pub(crate) advertise: Vec<String>,
    /// Where health and metrics are served, or `off` [default: 127.0.0.1:9644]
    #[arg(long, value_name = "ADDR|off")]
    pub(crate) admin: Option<String>,
    /// The data folder, or `memory` [default: ./thalweg-data]
    #[arg(long, value_name = "DIR|memory")]
    pub(crate) data: Option<String>,
    /// This broker's number in its cluster [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) node_id: Option<i32>,
    /// A file of settings: TOML, or Kafka's server.properties
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One setting by its name; Kafka's names hold
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// Listen on other addresses than loopback although nobody is asked who they are
    #[arg(long)]
    pub(crate) allow_unauthenticated: bool,
    /// What is logged: error, warn, info, debug, trace, or a list like `warn,thalweg_kafka=debug` [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
    /// How log lines look [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
    /// For proofs alone: writes down every change of the disk in this new file
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) disk_journal: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigFlags {
    #[command(flatten)]
    pub(crate) serve: ServeFlags,
    /// Only settings whose name contains this
    #[arg(value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// As JSON
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,
    /// As the page docs/configuration.md: names, defaults and meaning, whatever is set
    #[arg(long)]
    pub(crate) markdown: bool,
}
