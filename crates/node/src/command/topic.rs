//! `thalweg topic`: topics are made, listed, described, changed and deleted, with their records or these alone.

mod delete_records;
mod describe;

use clap::{Args, Subcommand};
use serde::Serialize;
use thalweg_kafka::client::{
    Client, ConfigOperation, ConfigResource, ConfigResourceKind, ConfigUpdate, NewTopic, Topic,
};

use super::choice::Choice;
use super::connection::{self, ConnectionFlags};
use super::place::{PLACE_HELP, Place};
use super::printout;
use crate::exit::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum TopicCommand {
    /// Make topics
    Create(CreateFlags),
    /// List topics
    List(ListFlags),
    /// Show a topic's partitions, their offsets and its settings
    Describe(DescribeFlags),
    /// Give topics more partitions or other settings
    Alter(AlterFlags),
    /// Delete topics and all that is in them
    Delete(DeleteFlags),
    /// Delete the oldest records of topics; the offsets of the others stay
    DeleteRecords(DeleteRecordsFlags),
}

#[derive(Debug, Args)]
pub(crate) struct CreateFlags {
    /// Their names
    #[arg(required = true, value_name = "TOPIC")]
    topics: Vec<String>,
    /// How many partitions each gets [default: the broker's]
    #[arg(long, short = 'p', value_name = "N")]
    partitions: Option<i32>,
    /// On how many brokers each partition is kept [default: the broker's]
    #[arg(long, short = 'r', value_name = "N")]
    replication_factor: Option<i16>,
    /// A setting, such as `retention.ms=3600000`; may be repeated
    #[arg(long, short = 'c', visible_alias = "set", value_name = "NAME=VALUE", value_parser = name_and_value)]
    config: Vec<(String, String)>,
    /// That a topic is there already is no failure
    #[arg(long)]
    if_not_exists: bool,
    /// Only ask whether it could be done
    #[arg(long)]
    dry_run: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: ConnectionFlags,
}

#[derive(Debug, Args)]
pub(crate) struct ListFlags {
    /// The cluster's own topics too
    #[arg(long)]
    internal: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: ConnectionFlags,
}

#[derive(Debug, Args)]
pub(crate) struct DescribeFlags {
    /// Their names [default: all but the cluster's own]
    #[arg(value_name = "TOPIC")]
    topics: Vec<String>,
    /// All settings, those at their defaults too
    #[arg(long)]
    all_configs: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: ConnectionFlags,
}

#[derive(Debug, Args)]
pub(crate) struct AlterFlags {
    /// Their names
    #[arg(required = true, value_name = "TOPIC")]
    topics: Vec<String>,
    /// How many partitions each shall have
    #[arg(long, short = 'p', value_name = "N")]
    partitions: Option<i32>,
    /// A setting's new value; may be repeated
    #[arg(long, short = 'c', visible_alias = "set", value_name = "NAME=VALUE", value_parser = name_and_value)]
    config: Vec<(String, String)>,
    /// A setting that goes back to its default; may be repeated
    #[arg(long, value_name = "NAME")]
    unset: Vec<String>,
    /// Only ask whether it could be done
    #[arg(long)]
    dry_run: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: ConnectionFlags,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteFlags {
    /// Their names
    #[arg(required = true, value_name = "TOPIC")]
    topics: Vec<String>,
    /// That a topic is not there is no failure
    #[arg(long)]
    if_exists: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: ConnectionFlags,
}

#[derive(Debug, Args)]
#[command(after_help = PLACE_HELP)]
pub(crate) struct DeleteRecordsFlags {
    /// Topics, or some of their partitions
    #[arg(required = true, value_name = "TOPIC[:N,…]")]
    topics: Vec<Choice>,
    /// The first place that is kept; `latest` keeps nothing
    #[arg(long, value_name = "PLACE", allow_hyphen_values = true)]
    before: Place,
    /// Only show what it would do
    #[arg(long)]
    dry_run: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: ConnectionFlags,
}

pub(crate) fn run(command: TopicCommand) -> Result<(), Failure> {
    match command {
        TopicCommand::Create(flags) => connection::run(&flags.connection, |client| create(client, &flags)),
        TopicCommand::List(flags) => connection::run(&flags.connection, |client| list(client, &flags)),
        TopicCommand::Describe(flags) => {
            connection::run(&flags.connection, |client| describe::describe(client, &flags))
        }
        TopicCommand::Alter(flags) => connection::run(&flags.connection, |client| alter(client, &flags)),
        TopicCommand::Delete(flags) => connection::run(&flags.connection, |client| delete(client, &flags)),
        TopicCommand::DeleteRecords(flags) => {
            connection::run(&flags.connection, |client| delete_records::delete_records(client, &flags))
        }
    }
}

async fn create(client: Client, flags: &CreateFlags) -> Result<(), Failure> {
    let topic = |name: &String| NewTopic {
        partitions: flags.partitions.unwrap_or(-1),
        replication_factor: flags.replication_factor.unwrap_or(-1),
        configs: flags.config.clone(),
        ..NewTopic::new(name)
    };
    let topics: Vec<_> = flags.topics.iter().map(topic).collect();
    let mut each = client.create_topics(&topics, flags.dry_run).await?;
    if flags.if_not_exists {
        each.retain(
            |(_, result)| !matches!(result, Err(refused) if refused.code.name() == "TOPIC_ALREADY_EXISTS"),
        );
    }
    printout::report(if flags.dry_run { "could create" } else { "created" }, flags.json, each)
}

#[derive(Serialize)]
struct ListRow {
    name: String,
    id: String,
    partitions: usize,
    replication_factor: usize,
    internal: bool,
}

async fn list(client: Client, flags: &ListFlags) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for (name, topic) in client.topics(None).await? {
        let topic = topic.map_err(|refused| anyhow::anyhow!("{name}: {refused}"))?;
        if topic.internal && !flags.internal {
            continue;
        }
        rows.push(ListRow {
            name,
            id: printout::topic_id(topic.id),
            partitions: topic.partitions.len(),
            replication_factor: replication_factor(&topic),
            internal: topic.internal,
        });
    }
    printout::print(flags.json, &rows, || {
        let row = |row: &ListRow| {
            [row.name.clone(), row.partitions.to_string(), row.replication_factor.to_string(), row.id.clone()]
        };
        printout::table(&["TOPIC", "PARTITIONS", "REPLICAS", "ID"], rows.iter().map(row))
    })
}

fn replication_factor(topic: &Topic) -> usize {
    topic.partitions.iter().map(|partition| partition.replicas.len()).max().unwrap_or_default()
}

async fn alter(client: Client, flags: &AlterFlags) -> Result<(), Failure> {
    if flags.partitions.is_none() && flags.config.is_empty() && flags.unset.is_empty() {
        return Err(Failure::configuration("name what is to change: --partitions, --config or --unset"));
    }
    if let Some(count) = flags.partitions {
        let counts: Vec<_> = flags.topics.iter().map(|topic| (topic.as_str(), count)).collect();
        let each = client.create_partitions(&counts, flags.dry_run).await?;
        printout::report("changed partitions of", flags.json, each)?;
    }
    let update = |name: &str, operation, value: Option<&str>| ConfigUpdate {
        name: name.to_owned(),
        operation,
        value: value.map(str::to_owned),
    };
    let mut updates: Vec<_> =
        flags.config.iter().map(|(name, value)| update(name, ConfigOperation::Set, Some(value))).collect();
    updates.extend(flags.unset.iter().map(|name| update(name, ConfigOperation::Delete, None)));
    if updates.is_empty() {
        return Ok(());
    }
    let resource = |topic: &String| ConfigResource { kind: ConfigResourceKind::Topic, name: topic.clone() };
    let all: Vec<_> = flags.topics.iter().map(|topic| (resource(topic), updates.clone())).collect();
    let each = client.alter_configs(&all, flags.dry_run).await?;
    printout::report("changed settings of", flags.json, each)
}

async fn delete(client: Client, flags: &DeleteFlags) -> Result<(), Failure> {
    let names: Vec<_> = flags.topics.iter().map(String::as_str).collect();
    let mut each = client.delete_topics(&names).await?;
    if flags.if_exists {
        each.retain(|(_, result)| {
            !matches!(result, Err(refused) if refused.code.name() == "UNKNOWN_TOPIC_OR_PARTITION")
        });
    }
    printout::report("deleted", flags.json, each)
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    if name.is_empty() { Err("there is no name".to_owned()) } else { Ok((name.to_owned(), value.to_owned())) }
}
