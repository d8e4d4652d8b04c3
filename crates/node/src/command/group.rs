//! `thalweg group`: groups are listed, described, moved elsewhere and deleted.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;
use thalweg_kafka::client::{
    Client, CommittedOffset, GroupDescription, Isolation, OffsetSpec, PartitionName,
};
use thalweg_model::collections::HashMap;

use super::connection::{self, ConnectionFlags};
use super::place::{self, PLACE_HELP, Place};
use super::printout;
use crate::exit::Failure;

/// How long partitions without a leader hold a description up.
const DESCRIBE_MAX: Duration = Duration::from_secs(5);

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
    /// Their names
    #[arg(required = true, value_name = "GROUP")]
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
    #[arg(long, short, value_name = "TOPIC[:N,…]", value_parser = topic_and_partitions)]
    topic: Vec<(String, Vec<i32>)>,
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
    #[arg(long, short, value_name = "TOPIC[:N,…]", value_parser = topic_and_partitions)]
    topic: Vec<(String, Vec<i32>)>,
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
            connection::run(&flags.connection, |client| describe(client, &flags))
        }
        GroupCommand::Reset(flags) => connection::run(&flags.connection, |client| reset(client, &flags)),
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

#[derive(Serialize)]
struct Page {
    group: String,
    state: String,
    protocol_type: String,
    protocol: String,
    lag: i64,
    members: Vec<Member>,
    offsets: Vec<Row>,
}

#[derive(Serialize)]
struct Member {
    member_id: String,
    instance_id: Option<String>,
    client_id: String,
    host: String,
    partitions: Vec<String>,
}

#[derive(Serialize)]
struct Row {
    topic: String,
    partition: i32,
    /// `None` where nothing was committed.
    committed_offset: Option<i64>,
    end_offset: Option<i64>,
    lag: Option<i64>,
    metadata: String,
    /// Which member has it.
    member_id: Option<String>,
}

async fn describe(client: Client, flags: &DescribeFlags) -> Result<(), Failure> {
    let mut pages = Vec::new();
    for group in &flags.groups {
        let described = client.describe_group(group).await?;
        let mut committed: HashMap<PartitionName, CommittedOffset> = HashMap::default();
        for (name, offset) in client.committed(group, None).await? {
            committed.insert(name.clone(), offset.map_err(|refused| anyhow::anyhow!("{name}: {refused}"))?);
        }
        if described.state == "Dead" && committed.is_empty() {
            return Err(anyhow::anyhow!("there is no group `{group}`").into());
        }
        pages.push(page(&client, group, described, &committed).await?);
    }
    printout::print(flags.json, &pages, || pages.iter().map(text).collect::<Vec<_>>().join("\n"))
}

async fn page(
    client: &Client,
    group: &str,
    described: GroupDescription,
    committed: &HashMap<PartitionName, CommittedOffset>,
) -> Result<Page, Failure> {
    let mut owners: HashMap<PartitionName, String> = HashMap::default();
    for member in &described.members {
        owners.extend(member.assignment.iter().map(|name| (name.clone(), member.member_id.clone())));
    }
    let mut names: Vec<_> = committed.keys().chain(owners.keys()).cloned().collect();
    names.sort();
    names.dedup();
    let ends = ends(client, &names).await?;
    let row = |name: &PartitionName| {
        let committed = committed.get(name);
        let end = ends.get(name).copied();
        Row {
            topic: name.topic.to_string(),
            partition: name.partition,
            committed_offset: committed.map(|committed| committed.offset),
            end_offset: end,
            lag: committed.zip(end).map(|(committed, end)| (end - committed.offset).max(0)),
            metadata: committed.map(|committed| committed.metadata.clone()).unwrap_or_default(),
            member_id: owners.get(name).cloned(),
        }
    };
    let offsets: Vec<_> = names.iter().map(row).collect();
    let member = |member: thalweg_kafka::client::GroupMember| Member {
        member_id: member.member_id,
        instance_id: member.instance_id,
        client_id: member.client_id,
        host: member.host,
        partitions: member.assignment.iter().map(ToString::to_string).collect(),
    };
    Ok(Page {
        group: group.to_owned(),
        state: described.state,
        protocol_type: described.protocol_type,
        protocol: described.protocol,
        lag: offsets.iter().filter_map(|row| row.lag).sum(),
        members: described.members.into_iter().map(member).collect(),
        offsets,
    })
}

/// Where partitions end, those that are still there.
async fn ends(client: &Client, names: &[PartitionName]) -> Result<HashMap<PartitionName, i64>, Failure> {
    let mut topics: Vec<&str> = names.iter().map(|name| &*name.topic).collect();
    topics.dedup();
    if topics.is_empty() {
        return Ok(HashMap::default());
    }
    let mut there: HashMap<PartitionName, ()> = HashMap::default();
    for topic in client.topics(Some(&topics)).await?.into_iter().filter_map(|(_, topic)| topic.ok()) {
        let led = topic.partitions.iter().filter(|partition| partition.leader.is_some());
        there.extend(led.map(|partition| (PartitionName::new(topic.name.clone(), partition.index), ())));
    }
    let led: Vec<_> = names.iter().filter(|name| there.contains_key(*name)).cloned().collect();
    tokio::select! {
        biased;
        ends = place::offsets(client, &led, OffsetSpec::Latest, Isolation::ReadUncommitted) => ends,
        () = client.world().clock.sleep(DESCRIBE_MAX) => Ok(HashMap::default()),
    }
}

fn text(page: &Page) -> String {
    let number = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let mut text = format!("group {}\nstate {}", page.group, page.state);
    if !page.protocol.is_empty() {
        text.push_str(&format!(" ({})", page.protocol));
    }
    text.push_str(&format!("\nlag {}\n", page.lag));
    if !page.members.is_empty() {
        let row = |member: &Member| {
            [
                member.member_id.clone(),
                member.instance_id.clone().unwrap_or_else(|| "-".to_owned()),
                member.client_id.clone(),
                member.host.clone(),
                member.partitions.len().to_string(),
            ]
        };
        let head = ["MEMBER", "STATIC NAME", "CLIENT", "HOST", "PARTITIONS"];
        text.push_str(&printout::table(&head, page.members.iter().map(row)));
        text.push_str("\n\n");
    }
    if !page.offsets.is_empty() {
        let row = |row: &Row| {
            [
                row.topic.clone(),
                row.partition.to_string(),
                number(row.committed_offset),
                number(row.end_offset),
                number(row.lag),
                row.member_id.clone().unwrap_or_else(|| "-".to_owned()),
            ]
        };
        let head = ["TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "MEMBER"];
        text.push_str(&printout::table(&head, page.offsets.iter().map(row)));
        text.push('\n');
    }
    text
}

#[derive(Serialize)]
struct Move {
    topic: String,
    partition: i32,
    from: Option<i64>,
    to: i64,
}

async fn reset(client: Client, flags: &ResetFlags) -> Result<(), Failure> {
    let mut committed: HashMap<PartitionName, i64> = HashMap::default();
    for (name, offset) in client.committed(&flags.group, None).await? {
        let offset = offset.map_err(|refused| anyhow::anyhow!("{name}: {refused}"))?;
        committed.insert(name, offset.offset);
    }
    let mut names: Vec<_> = if flags.topic.is_empty() {
        committed.keys().cloned().collect()
    } else {
        chosen(&client, &flags.topic).await?
    };
    names.sort();
    if names.is_empty() {
        let text = format!("group `{}` has committed nothing: name topics with --topic", flags.group);
        return Err(Failure::configuration(text));
    }
    let moves: Vec<(PartitionName, i64)> = match (flags.to, flags.by) {
        (Some(place), _) => place::resolve(&client, &names, place, Isolation::ReadUncommitted).await?,
        (None, by) => {
            let first = place::resolve(&client, &names, Place::Earliest, Isolation::ReadUncommitted).await?;
            let end = place::resolve(&client, &names, Place::Latest, Isolation::ReadUncommitted).await?;
            let mut moves = Vec::with_capacity(names.len());
            for ((name, first), (_, end)) in first.into_iter().zip(end) {
                let from = committed.get(&name).ok_or_else(|| {
                    anyhow::anyhow!("{name}: the group has committed nothing, so --by says nothing")
                })?;
                let to = from.saturating_add(by.unwrap_or_default()).clamp(first, end);
                moves.push((name, to));
            }
            moves
        }
    };
    if !flags.dry_run {
        let offset = |to: &i64| CommittedOffset { offset: *to, leader_epoch: -1, metadata: String::new() };
        let offsets: Vec<_> = moves.iter().map(|(name, to)| (name.clone(), offset(to))).collect();
        for (name, result) in client.commit(&flags.group, &offsets).await? {
            result.map_err(|refused| match refused.code.name() {
                "UNKNOWN_MEMBER_ID" => anyhow::anyhow!("{name}: the group has members: end them first"),
                _ => anyhow::anyhow!("{name}: {refused}"),
            })?;
        }
    }
    let rows: Vec<_> = moves
        .iter()
        .map(|(name, to)| Move {
            topic: name.topic.to_string(),
            partition: name.partition,
            from: committed.get(name).copied(),
            to: *to,
        })
        .collect();
    printout::print(flags.json, &rows, || {
        let row = |row: &Move| {
            let from = row.from.map_or_else(|| "-".to_owned(), |from| from.to_string());
            [row.topic.clone(), row.partition.to_string(), from, row.to.to_string()]
        };
        printout::table(&["TOPIC", "PARTITION", "FROM", "TO"], rows.iter().map(row))
    })
}

async fn chosen(client: &Client, topics: &[(String, Vec<i32>)]) -> Result<Vec<PartitionName>, Failure> {
    let mut names = Vec::new();
    for (topic, only) in topics {
        names.extend(place::partitions(client, std::slice::from_ref(topic), only).await?);
    }
    names.sort();
    names.dedup();
    Ok(names)
}

async fn delete(client: Client, flags: &DeleteFlags) -> Result<(), Failure> {
    if flags.topic.is_empty() {
        let names: Vec<_> = flags.groups.iter().map(String::as_str).collect();
        return printout::report("deleted", flags.json, client.delete_groups(&names).await?);
    }
    let names = chosen(&client, &flags.topic).await?;
    let mut each = Vec::new();
    for group in &flags.groups {
        for (name, result) in client.delete_offsets(group, &names).await? {
            each.push((format!("{group}: {name}"), result));
        }
    }
    printout::report("deleted offsets of", flags.json, each)
}

/// `orders`, or `orders:0,2`.
fn topic_and_partitions(text: &str) -> Result<(String, Vec<i32>), String> {
    let Some((topic, numbers)) = text.split_once(':') else { return Ok((text.to_owned(), Vec::new())) };
    let mut partitions = Vec::new();
    for number in numbers.split(',') {
        let number = number.parse().ok().filter(|number: &i32| *number >= 0);
        partitions.push(number.ok_or_else(|| format!("`{numbers}` are no partitions"))?);
    }
    Ok((topic.to_owned(), partitions))
}

#[cfg(test)]
mod tests {
    use super::topic_and_partitions;

    #[test]
    fn topics_may_name_partitions() {
        let check = |text: &str, expect: Option<(&str, &[i32])>| {
            let expect = expect.map(|(topic, numbers)| (topic.to_owned(), numbers.to_vec()));
            assert_eq!(topic_and_partitions(text).ok(), expect, "{text}");
        };
        check("orders", Some(("orders", &[])));
        check("orders:0,2", Some(("orders", &[0, 2])));
        check("orders:", None);
        check("orders:-1", None);
        check("orders:a", None);
    }
}
