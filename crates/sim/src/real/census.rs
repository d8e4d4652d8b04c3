//! Everything that a broker holds, read by a new client: records of all partitions, positions of groups.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use thalweg_kafka::client::{
    Client, Consumer, ConsumerOptions, Isolation, OffsetSpec, PartitionName, ResetPolicy,
};

use crate::history::{Action, Operation, Outcome, Partition};

/// How long reading a partition may stand still.
const STILL_MAX: Duration = Duration::from_secs(10);

/// What one found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Each partition.
    pub partitions: BTreeMap<Partition, Found>,
    /// Positions of the groups that were asked for.
    pub positions: BTreeMap<(String, Partition), i64>,
}

/// A partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Where it begins.
    pub log_start: i64,
    /// Where it ends.
    pub high_watermark: i64,
    /// The offset and the value of each record.
    pub records: Vec<(i64, u64)>,
}

/// What a history lets one look for: partitions that may be gone as a whole, and groups.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    partitions: Vec<Partition>,
    positions: Vec<(String, Partition)>,
}

impl Expected {
    /// What the operations name.
    pub fn of(operations: &[Operation]) -> Self {
        let mut expected = Self::default();
        let mut deleted = Vec::new();
        for operation in operations {
            match &operation.action {
                Action::Produce { partition, outcome: Outcome::Ok(_), .. } => {
                    expected.partitions.push(partition.clone());
                }
                Action::Poll { records, .. } => {
                    expected.partitions.extend(records.iter().map(|record| record.partition.clone()));
                }
                Action::Commit { group, offsets, .. } => {
                    let group = group.to_string();
                    expected
                        .positions
                        .extend(offsets.iter().map(|(partition, _)| (group.clone(), partition.clone())));
                }
                Action::DeleteTopic { topic, outcome } if *outcome != Outcome::Failed => deleted.push(topic),
                _ => {}
            }
        }
        expected.partitions.retain(|partition| !deleted.contains(&&partition.topic));
        expected.partitions.sort_unstable();
        expected.partitions.dedup();
        expected.positions.sort_unstable();
        expected.positions.dedup();
        expected
    }
}

impl Census {
    /// Reads everything, and the positions that are expected.
    pub async fn take(client: &Client, expected: &Expected) -> anyhow::Result<Self> {
        let mut census = Self::default();
        let mut names = Vec::new();
        for (name, topic) in client.topics(None).await? {
            let topic = topic.with_context(|| format!("topic {name}"))?;
            if !topic.internal {
                names.extend(topic.partitions.iter().map(|one| PartitionName::new(name.as_str(), one.index)));
            }
        }
        let at = |spec| names.iter().map(|name| (name.clone(), spec)).collect::<Vec<_>>();
        for (name, listed) in client.list_offsets(&at(OffsetSpec::Earliest), Isolation::default()).await? {
            let found = Found { log_start: listed?.offset, ..Found::default() };
            census.partitions.insert(partition(&name), found);
        }
        for (name, listed) in client.list_offsets(&at(OffsetSpec::Latest), Isolation::default()).await? {
            if let Some(found) = census.partitions.get_mut(&partition(&name)) {
                found.high_watermark = listed?.offset;
            }
        }
        census.read(client).await?;
        let mut groups: Vec<_> = expected.positions.iter().map(|(group, _)| group.clone()).collect();
        groups.dedup();
        for group in groups {
            for (name, found) in client.committed(&group, None).await? {
                census.positions.insert((group.clone(), partition(&name)), found?.offset);
            }
        }
        Ok(census)
    }

    async fn read(&mut self, client: &Client) -> anyhow::Result<()> {
        let options = ConsumerOptions { reset: ResetPolicy::Fail, ..ConsumerOptions::default() };
        let mut consumer = Consumer::new(client.clone(), options);
        let mut open: BTreeMap<Partition, i64> = self
            .partitions
            .iter()
            .filter(|(_, found)| found.log_start < found.high_watermark)
            .map(|(partition, found)| (partition.clone(), found.high_watermark))
            .collect();
        let starts = open.keys().map(|partition| {
            let name = PartitionName::new(partition.topic.clone(), partition.index);
            (name, self.partitions[partition].log_start)
        });
        consumer.assign(starts.collect::<Vec<_>>());
        while !open.is_empty() {
            let fetched = consumer.poll(STILL_MAX).await?;
            if fetched.is_empty() {
                bail!("nothing comes of {open:?} (partition and high watermark)");
            }
            for fetched in fetched {
                let partition = Partition::new(fetched.topic.clone(), fetched.partition);
                let found = self.partitions.get_mut(&partition).context("only what was asked for comes")?;
                for record in fetched.records {
                    let value = value_of(record.value.as_ref())
                        .with_context(|| format!("{partition} offset {}", record.offset))?;
                    found.records.push((record.offset, value));
                }
                if fetched.next_offset >= found.high_watermark {
                    open.remove(&partition);
                }
            }
        }
        Ok(())
    }

    /// It as operations of a history, by `client`, from `start` to `end`.
    pub fn operations(&self, expected: &Expected, client: u32, start: u64, end: u64) -> Vec<Operation> {
        let mut actions = Vec::new();
        let nothing = Found::default();
        let gone = expected.partitions.iter().filter(|partition| !self.partitions.contains_key(*partition));
        for (partition, found) in self.partitions.iter().chain(gone.map(|partition| (partition, &nothing))) {
            actions.push(Action::Census {
                partition: partition.clone(),
                log_start: found.log_start,
                high_watermark: found.high_watermark,
                records: found.records.clone(),
            });
        }
        for (group, partition) in &expected.positions {
            actions.push(Action::Committed {
                group: group.as_str().into(),
                partition: partition.clone(),
                offset: self.positions.get(&(group.clone(), partition.clone())).copied(),
            });
        }
        actions.into_iter().map(|action| Operation { client, start, end: Some(end), action }).collect()
    }
}

/// The bytes of a record that says this number: the number in decimal, a space, and what fills it up.
pub fn record_of(value: u64, length: usize) -> Bytes {
    let mut text = format!("{value} ").into_bytes();
    // something that does not compress to nothing, and that is another for each record
    let mut state = value;
    while text.len() < length {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push(b'a' + (state >> 59) as u8 % 26);
    }
    text.into()
}

/// What a record says.
pub fn value_of(record: Option<&Bytes>) -> anyhow::Result<u64> {
    let bytes = record.context("a record has no value")?;
    let text = std::str::from_utf8(bytes).context("a record is no text")?;
    let number = text.split(' ').next().unwrap_or_default();
    let value = number.parse().with_context(|| format!("a record begins with {number:?}"))?;
    anyhow::ensure!(
        record_of(value, text.len()) == bytes,
        "the record of {value} has other bytes than were sent"
    );
    Ok(value)
}

pub(crate) fn partition(name: &PartitionName) -> Partition {
    Partition::new(name.topic.clone(), name.partition)
}
