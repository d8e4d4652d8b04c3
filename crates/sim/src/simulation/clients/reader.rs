//! A client that reads partitions that it names itself, and goes elsewhere at times.

use std::time::Duration;

use thalweg_kafka::client::{
    Consumer, ConsumerOptions, FetchedPartition, Isolation, OffsetSpec, PartitionName, ResetPolicy,
};

use super::{Desk, place, value_of};
use crate::history::{Action, Polled, Position};

/// What stands for a record that was never sent, as no producer's number does.
pub(super) const FOREIGN: u64 = u64::MAX;

/// How one reads.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What it reads.
    pub partitions: Vec<PartitionName>,
    /// How long it rests between polls at most.
    pub rest_max: Duration,
}

impl Reading {
    /// Reads until it is over.
    pub async fn run(self, desk: Desk) {
        while let Some(client) = desk.connected().await {
            let chance = &desk.chance;
            let options = ConsumerOptions {
                isolation: Isolation::ReadUncommitted,
                reset: ResetPolicy::Earliest,
                wait_max: chance.micros(1_000, 100_000),
                bytes_min: 1,
                bytes_max: 32 << 10,
                partition_bytes_max: 8 << 10,
            };
            let mut consumer = Consumer::new(client, options);
            let spec = *chance.pick(&[OffsetSpec::Earliest, OffsetSpec::Latest]);
            let wanted: Vec<_> = self.partitions.iter().map(|name| (name.clone(), spec)).collect();
            if consumer.assign_at(&wanted).await.is_err() {
                desk.pause().await;
                continue;
            }
            let position = |(name, offset): (PartitionName, i64)| Position {
                partition: place(&name),
                offset: Some(offset),
            };
            let partitions = consumer.positions().into_iter().map(position).collect();
            desk.ledger.now(desk.number, Action::Assign { partitions });
            for _ in 0..chance.between(10, 200) {
                if desk.is_over() {
                    return;
                }
                let start = desk.ledger.moment();
                match consumer.poll(Duration::from_millis(100)).await {
                    Ok(fetched) => note_poll(&desk, start, &fetched),
                    Err(_) => desk.pause().await,
                }
                if chance.one_in(25) {
                    self.seek(&desk, &mut consumer);
                }
                desk.universe.sleep(chance.micros(0, self.rest_max.as_micros() as u64)).await;
            }
        }
    }

    fn seek(&self, desk: &Desk, consumer: &mut Consumer) {
        let name = desk.chance.pick(&self.partitions);
        let positions = consumer.positions();
        let Some((_, at)) = positions.iter().find(|(found, _)| found == name) else { return };
        let offset = desk.chance.below((*at).max(0).cast_unsigned() + 1).cast_signed();
        consumer.seek(name, offset);
        desk.ledger.now(desk.number, Action::Seek(Position { partition: place(name), offset: Some(offset) }));
    }
}

/// Writes down what a poll brought.
pub(super) fn note_poll(desk: &Desk, start: u64, fetched: &[FetchedPartition]) {
    let records: Vec<_> = fetched
        .iter()
        .flat_map(|part| {
            let partition = place(&PartitionName::new(part.topic.clone(), part.partition));
            part.records.iter().map(move |record| Polled {
                partition: partition.clone(),
                offset: record.offset,
                value: value_of(record.value.as_ref()).unwrap_or(FOREIGN),
            })
        })
        .collect();
    if !records.is_empty() {
        desk.ledger.ended(desk.number, start, Action::Poll { records, committed: false });
    }
}
