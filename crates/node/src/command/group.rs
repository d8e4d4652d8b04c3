//! `thalweg group`: groups are listed, described, moved elsewhere and deleted.

mod describe;
mod reset;

use clap::{Args, Subcommand};
use serde::Serialize;
use thalweg_kafka::client::Client;

use super::choice::{self, Choice};
use super::connection::{self, ConnectionFlags};
use super::place::{PLACE_HELP, Place};
use super::printout;
use crate::exit::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// List groups
    List(ListFlags),
    /// Show groups' members, committed offsets and lag
    Describe(DescribeFlags),
    /// Move a group's committed offsets; nobody may be in it
    Reset(ResetFlags),
    /// Delete groups, or what they have committed for topics
    Delete(DeleteFlags),
}

#[derive(Debug, Args)]
pub(crate) struct ListFlags {
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: ConnectionFlags,
}

#[derive(Debug, Args)]
pub(crate) struct DescribeFlags {
    /// Their names [default: all]
    #[arg(value_name = "GROUP")]
    groups: Vec<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: ConnectionFlags,
}

#[derive(Debug, Args)]
#[command(after_help = PLACE_HELP)]
pub(crate) struct ResetFlags {
    /// The group
    group: String,
    /// A topic, or some of its partitions; may be repeated [default: all that the group has committed for]
    #[arg(long, short, value_name = "TOPIC[:N,…]")]
    topic: Vec<Choice>,
    /// Where to
    #[arg(long, value_name = "PLACE", allow_hyphen_values = true, required_unless_present = "by")]
    to: Option<Place>,
    /// By how many records, from where the group is
    #[arg(long, value_name = "N", allow_hyphen_values = true, conflicts_with = "to")]
    by: Option<i64>,
    /// Only show what it would do
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
    #[arg(required = true, value_name = "GROUP")]
    groups: Vec<String>,
    /// Only forget what they have committed for this topic, or some of its partitions; may be repeated
    #[arg(long, short, value_name = "TOPIC[:N,…]")]
    topic: Vec<Choice>,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: ConnectionFlags,
}

pub(crate) fn run(command: GroupCommand) -> Result<(), Failure> {
    match command {
        GroupCommand::List(flags) => connection::run(&flags.connection, |client| list(client, &flags)),
        GroupCommand::Describe(flags) => {
            connection::run(&flags.connection, |client| describe::describe(client, &flags))
        }
        GroupCommand::Reset(flags) => {
            connection::run(&flags.connection, |client| reset::reset(client, &flags))
        }
        GroupCommand::Delete(flags) => connection::run(&flags.connection, |client| delete(client, &flags)),
    }
}

#[derive(Serialize)]
struct ListRow {
    group: String,
    state: String,
    kind: String,
    protocol_type: String,
}

async fn list(client: Client, flags: &ListFlags) -> Result<(), Failure> {
    let row = |group: thalweg_kafka::client::GroupListing| ListRow {
        group: group.group,
        state: group.state,
        kind: group.kind,
        protocol_type: group.protocol_type,
    };
    let rows: Vec<_> = client.list_groups().await?.into_iter().map(row).collect();
    printout::print(flags.json, &rows, || {
        let row = |row: &ListRow| {
            [row.group.clone(), row.state.clone(), row.kind.clone(), row.protocol_type.clone()]
        };
        printout::table(&["GROUP", "STATE", "TYPE", "PROTOCOL"], rows.iter().map(row))
    })
}

async fn delete(client: Client, flags: &DeleteFlags) -> Result<(), Failure> {
    if flags.topic.is_empty() {
        let names: Vec<_> = flags.groups.iter().map(String::as_str).collect();
        return printout::report("deleted", flags.json, client.delete_groups(&names).await?);
    }
    let names = choice::partitions(&client, &flags.topic).await?;
    let mut each = Vec::new();
    for group in &flags.groups {
        for (name, result) in client.delete_offsets(group, &names).await? {
            each.push((format!("{group}: {name}"), result));
        }
    }
    printout::report("deleted offsets of", flags.json, each)
}
