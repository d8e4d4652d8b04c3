//! `thalweg topic describe`: partitions, offsets, settings.

use serde::Serialize;
use thalweg_kafka::client::{
    Client, ConfigEntry, ConfigResource, ConfigResourceKind, Isolation, OffsetSpec, PartitionName, Topic,
};

use super::DescribeFlags;
use crate::command::place;
use crate::command::printout::{self, or_dash};
use crate::exit::Failure;

/// Where a setting of a topic comes from, by Kafka's numbers.
const SOURCE_TOPIC: i8 = 1;

#[derive(Serialize)]
struct Page {
    name: String,
    id: String,
    internal: bool,
    partitions: Vec<Row>,
    configs: Vec<Config>,
}

#[derive(Serialize)]
struct Row {
    partition: i32,
    leader: Option<i32>,
    leader_epoch: i32,
    replicas: Vec<i32>,
    in_sync: Vec<i32>,
    offline: Vec<i32>,
    /// `None` where nobody leads it.
    log_start_offset: Option<i64>,
    end_offset: Option<i64>,
}

#[derive(Serialize)]
struct Config {
    name: String,
    value: Option<String>,
    default: bool,
}

pub(super) async fn describe(client: Client, flags: &DescribeFlags) -> Result<(), Failure> {
    let names: Vec<_> = flags.topics.iter().map(String::as_str).collect();
    let mut pages = Vec::new();
    let mut missing = Vec::new();
    let named = (!names.is_empty()).then_some(names.as_slice());
    for (name, topic) in client.topics(named).await? {
        match topic {
            Ok(topic) if named.is_none() && topic.internal => {}
            Ok(topic) => pages.push(page(&client, &topic, flags.all_configs).await?),
            Err(refused) => missing.push(format!("{name}: {refused}")),
        }
    }
    printout::print(flags.json, &pages, || pages.iter().map(text).collect::<Vec<_>>().join("\n"))?;
    if missing.is_empty() { Ok(()) } else { Err(anyhow::anyhow!(missing.join("; ")).into()) }
}

async fn page(client: &Client, topic: &Topic, all_configs: bool) -> Result<Page, Failure> {
    let led: Vec<_> = topic
        .partitions
        .iter()
        .filter(|partition| partition.leader.is_some())
        .map(|partition| PartitionName::new(topic.name.clone(), partition.index))
        .collect();
    let first = place::offsets(client, &led, OffsetSpec::Earliest, Isolation::ReadUncommitted).await?;
    let end = place::offsets(client, &led, OffsetSpec::Latest, Isolation::ReadUncommitted).await?;
    let row = |partition: &thalweg_kafka::client::Partition| {
        let name = PartitionName::new(topic.name.clone(), partition.index);
        Row {
            partition: partition.index,
            leader: partition.leader,
            leader_epoch: partition.leader_epoch,
            replicas: partition.replicas.clone(),
            in_sync: partition.in_sync.clone(),
            offline: partition.offline.clone(),
            log_start_offset: first.get(&name).copied(),
            end_offset: end.get(&name).copied(),
        }
    };
    let resource = ConfigResource { kind: ConfigResourceKind::Topic, name: topic.name.to_string() };
    let mut configs = Vec::new();
    for (name, entries) in client.describe_configs(&[resource], None, false).await? {
        let entries = entries.map_err(|refused| anyhow::anyhow!("{name}: {refused}"))?;
        let wanted = |entry: &ConfigEntry| all_configs || entry.source == SOURCE_TOPIC;
        configs.extend(entries.into_iter().filter(wanted).map(|entry| Config {
            default: entry.source != SOURCE_TOPIC,
            name: entry.name,
            value: entry.value,
        }));
    }
    configs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Page {
        name: topic.name.to_string(),
        id: printout::topic_id(topic.id),
        internal: topic.internal,
        partitions: topic.partitions.iter().map(row).collect(),
        configs,
    })
}

fn text(page: &Page) -> String {
    let rows = page.partitions.iter().map(|row| {
        [
            row.partition.to_string(),
            or_dash(row.leader),
            row.leader_epoch.to_string(),
            printout::joined(&row.replicas),
            printout::joined(&row.in_sync),
            or_dash(row.log_start_offset),
            or_dash(row.end_offset),
        ]
    });
    let head = ["PARTITION", "LEADER", "EPOCH", "REPLICAS", "IN SYNC", "START", "END"];
    let mut text = format!("topic {}\nid {}\n", page.name, page.id);
    for config in &page.configs {
        let default = if config.default { " (default)" } else { "" };
        text.push_str(&format!(
            "{} = {}{default}\n",
            config.name,
            config.value.as_deref().unwrap_or("(none)")
        ));
    }
    text.push_str(&printout::table(&head, rows));
    text.push('\n');
    text
}
