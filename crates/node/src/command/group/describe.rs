//! `thalweg group describe`: members, committed offsets, lag.

use std::time::Duration;

use serde::Serialize;
use thalweg_kafka::client::{
    Client, CommittedOffset, GroupDescription, Isolation, OffsetSpec, PartitionName,
};
use thalweg_model::collections::HashMap;

use super::DescribeFlags;
use crate::command::place;
use crate::command::printout::{self, or_dash};
use crate::exit::Failure;

/// How long partitions without a leader hold a description up.
const DESCRIBE_MAX: Duration = Duration::from_secs(5);

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

pub(super) async fn describe(client: Client, flags: &DescribeFlags) -> Result<(), Failure> {
    let groups = match flags.groups.as_slice() {
        [] => {
            // Those of other kinds have questions of their own; an old broker tells no kind.
            let mut listed = client.list_groups().await?;
            listed.retain(|group| matches!(group.kind.as_str(), "" | "classic"));
            listed.into_iter().map(|group| group.group).collect()
        }
        named => named.to_vec(),
    };
    let mut pages = Vec::new();
    for group in &groups {
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
    let mut text = format!("group {}\nstate {}", page.group, page.state);
    if !page.protocol.is_empty() {
        text.push_str(&format!(" ({})", page.protocol));
    }
    text.push_str(&format!("\nlag {}\n", page.lag));
    if !page.members.is_empty() {
        let row = |member: &Member| {
            [
                member.member_id.clone(),
                or_dash(member.instance_id.as_ref()),
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
                or_dash(row.committed_offset),
                or_dash(row.end_offset),
                or_dash(row.lag),
                or_dash(row.member_id.as_ref()),
            ]
        };
        let head = ["TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "MEMBER"];
        text.push_str(&printout::table(&head, page.offsets.iter().map(row)));
        text.push('\n');
    }
    text
}
