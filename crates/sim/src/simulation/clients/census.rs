//! Reads all that a partition holds, once nothing happens any more.

use std::time::Duration;

use thalweg_kafka::client::{
    Client, ClientError, Consumer, ConsumerOptions, Isolation, OffsetSpec, PartitionName, ResetPolicy,
};

use thalweg_model::TopicId;

use super::reader::FOREIGN;
use super::{Desk, place, value_of};
use crate::history::Action;

/// After so long without news, what is not there does not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Counts all records of these partitions, and gives the epoch under which the broker leads the first of them. What
/// could not be counted is told. `begins` hears where each partition begins, `damages` says which of its records are
/// known to be damaged: those are passed over.
pub async fn census(
    desk: &Desk,
    partitions: &[PartitionName],
    begins: impl Fn(&PartitionName, i64),
    damages: impl Fn(TopicId, i32) -> Vec<(i64, i64)>,
) -> Result<i32, String> {
    let client = desk.connected().await.ok_or("the broker is not there")?;
    for name in partitions {
        let begun = desk.universe.elapsed();
        while let Err(error) = count(desk, &client, name, &begins, &damages).await {
            if desk.universe.elapsed() > begun + PATIENCE {
                return Err(format!("{name} cannot be read: {error}"));
            }
            desk.pause().await;
        }
    }
    let first = partitions.first().ok_or("there is nothing to count")?;
    let topics = client.topics(Some(&[&*first.topic])).await.map_err(|error| error.to_string())?;
    let topic = topics.into_iter().next().and_then(|(_, topic)| topic.ok());
    let partition = topic.and_then(|topic| topic.partitions.first().cloned());
    partition.map(|partition| partition.leader_epoch).ok_or_else(|| format!("{first} has no leader"))
}

async fn count(
    desk: &Desk,
    client: &Client,
    name: &PartitionName,
    begins: &impl Fn(&PartitionName, i64),
    damages: &impl Fn(TopicId, i32) -> Vec<(i64, i64)>,
) -> Result<(), ClientError> {
    let log_start = offset(client, name, OffsetSpec::Earliest).await?;
    begins(name, log_start);
    let start = desk.ledger.moment();
    let high_watermark = offset(client, name, OffsetSpec::Latest).await?;
    let options = ConsumerOptions {
        isolation: Isolation::ReadUncommitted,
        reset: ResetPolicy::Fail,
        wait_max: Duration::from_millis(20),
        bytes_min: 1,
        bytes_max: 200 << 10,
        partition_bytes_max: 100 << 10,
    };
    let mut consumer = Consumer::new(client.clone(), options);
    consumer.assign([(name.clone(), log_start)]);
    let (mut records, mut next, begun) = (Vec::new(), log_start, desk.universe.elapsed());
    while next < high_watermark {
        if desk.universe.elapsed() > begun + PATIENCE {
            desk.universe
                .say(format_args!("census: {name} gives nothing more at {next} of {high_watermark}"));
            break;
        }
        let polled = match consumer.poll(Duration::from_millis(100)).await {
            Ok(polled) => polled,
            Err(error) => {
                next = behind_damage(desk, client, name, next, damages).await?.ok_or(error)?;
                consumer.seek(name, next);
                continue;
            }
        };
        for part in polled {
            next = part.next_offset;
            let value = |bytes| value_of(bytes).unwrap_or(FOREIGN);
            records.extend(part.records.iter().map(|record| (record.offset, value(record.value.as_ref()))));
        }
    }
    // What came meanwhile is nobody's question.
    records.retain(|(offset, _)| *offset < high_watermark);
    let action = Action::Census { partition: place(name), log_start, high_watermark, records };
    desk.ledger.ended(desk.number, start, action);
    Ok(())
}

/// Where one goes on behind records that cannot be read, where they are known to be damaged.
async fn behind_damage(
    desk: &Desk,
    client: &Client,
    name: &PartitionName,
    next: i64,
    damages: &impl Fn(TopicId, i32) -> Vec<(i64, i64)>,
) -> Result<Option<i64>, ClientError> {
    let topics = client.topics(Some(&[&*name.topic])).await?;
    let Some(topic) = topics.into_iter().find_map(|(_, topic)| topic.ok()) else { return Ok(None) };
    let known = damages(topic.id, name.partition);
    let Some((from, to)) = known.into_iter().find(|(from, to)| (*from..*to).contains(&next)) else {
        return Ok(None);
    };
    desk.ledger.now(desk.number, Action::Damaged { partition: place(name), from, to });
    Ok(Some(to))
}

async fn offset(client: &Client, name: &PartitionName, spec: OffsetSpec) -> Result<i64, ClientError> {
    let wanted = [(name.clone(), spec)];
    let listed = client.list_offsets(&wanted, Isolation::ReadUncommitted).await?;
    let missing = || ClientError::NoPartition { topic: name.topic.to_string(), partition: name.partition };
    let (_, listed) = listed.into_iter().next().ok_or_else(missing)?;
    let offset = listed.map_err(|refused| ClientError::Refused { api: "ListOffsets", refused })?.offset;
    // An empty partition has neither: it begins where it ends.
    Ok(offset.max(0))
}
