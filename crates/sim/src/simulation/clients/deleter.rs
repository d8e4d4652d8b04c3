//! A client that deletes records, and changes settings that must not lose any.

use thalweg_kafka::client::{
    Client, ClientError, ConfigOperation, ConfigResource, ConfigResourceKind, ConfigUpdate, Isolation,
    OffsetSpec, PartitionName,
};

use super::{Desk, place};
use crate::history::{Action, Outcome};

/// What it works on.
#[derive(Clone, Debug)]
pub struct Deleting {
    /// The partitions.
    pub partitions: Vec<PartitionName>,
}

impl Deleting {
    /// Deletes and changes until it is over.
    pub async fn run(self, desk: Desk) {
        while let Some(client) = desk.connected().await {
            for _ in 0..desk.chance.between(1, 20) {
                if desk.is_over() {
                    return;
                }
                let name = desk.chance.pick(&self.partitions);
                let done = match desk.chance.percent(60) {
                    true => self.delete(&desk, &client, name).await,
                    false => self.change(&desk, &client, name).await,
                };
                if done.is_err() {
                    desk.pause().await;
                }
                desk.universe.sleep(desk.chance.micros(1_000, 150_000)).await;
            }
        }
    }

    async fn delete(&self, desk: &Desk, client: &Client, name: &PartitionName) -> Result<(), ClientError> {
        let wanted = [(name.clone(), OffsetSpec::Earliest), (name.clone(), OffsetSpec::Latest)];
        let mut bounds = Vec::new();
        for one in wanted {
            for (_, listed) in client.list_offsets(&[one], Isolation::ReadUncommitted).await? {
                bounds.extend(listed.ok().map(|listed| listed.offset.max(0)));
            }
        }
        let [first, last] = bounds[..] else { return Ok(()) };
        // Most of the time not all of it.
        let reach = if desk.chance.percent(10) { last - first } else { (last - first) / 2 };
        let before = first + desk.chance.below(reach.cast_unsigned() + 1).cast_signed();
        let start = desk.ledger.moment();
        let deleted = client.delete_records(&[(name.clone(), before)]).await;
        let log_start = deleted.ok().and_then(|each| each.into_iter().next()?.1.ok());
        let outcome = log_start.map_or(Outcome::Unknown, Outcome::Ok);
        let action = Action::DeleteRecords { partition: place(name), before, outcome };
        desk.ledger.ended(desk.number, start, action);
        Ok(())
    }

    async fn change(&self, desk: &Desk, client: &Client, name: &PartitionName) -> Result<(), ClientError> {
        let chance = &desk.chance;
        let (setting, value) = match chance.below(4) {
            0 => ("segment.ms", chance.between(10, 1_000).to_string()),
            1 => ("compression.type", chance.pick(&["producer", "lz4", "uncompressed", "zstd"]).to_string()),
            2 => ("message.timestamp.type", chance.pick(&["CreateTime", "LogAppendTime"]).to_string()),
            _ => ("max.message.bytes", chance.between(20_000, 1_000_000).to_string()),
        };
        let resource = ConfigResource { kind: ConfigResourceKind::Topic, name: name.topic.to_string() };
        let operation = if chance.percent(80) { ConfigOperation::Set } else { ConfigOperation::Delete };
        let value = Some(value).filter(|_| operation == ConfigOperation::Set);
        let update = ConfigUpdate { name: setting.to_owned(), operation, value };
        client.alter_configs(&[(resource, vec![update])], false).await?;
        desk.universe.tally().count("clients: setting changed");
        Ok(())
    }
}
