//! Our own clients in the kill loop: an idempotent producer, and a consumer that commits without being a member.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use thalweg_kafka::client::{
    Client, CommittedOffset, Consumer, ConsumerOptions, Message, PartitionName, Producer, ProducerOptions,
    ResetPolicy,
};

use super::{PARTITIONS, TOPIC};
use crate::history::{Action, Outcome, Partition, Polled, Position};
use crate::real::{Notes, record_of, value_of};

/// The group of the consumer.
const GROUP: &str = "killed-own";
/// How long the producer rests between two handfuls.
const REST: Duration = Duration::from_millis(10);
/// How long a poll waits.
const POLL: Duration = Duration::from_millis(100);
/// How many records may be on their way.
const ON_THEIR_WAY_MAX: usize = 500;

/// The clients, and where they note.
pub struct Own {
    /// A client of the broker.
    pub client: Client,
    /// Their history.
    pub notes: Arc<Notes>,
    /// When it is set, they come to their end.
    pub ended: AtomicBool,
}

impl Own {
    /// Sends records until the end, and waits for all of them.
    pub async fn produce(&self, me: u32) -> anyhow::Result<()> {
        let options = ProducerOptions { delivery_timeout: Duration::from_secs(300), ..Default::default() };
        let producer = Producer::new(self.client.clone(), options).await?;
        let random = self.client.world().random.clone();
        let mut value = u64::from(me) << 32;
        let mut sent = std::collections::VecDeque::new();
        while !self.ended.load(Ordering::Relaxed) {
            for _ in 0..1 + random.next() % 10 {
                value += 1;
                let partition = Partition::new(TOPIC, (random.next() % PARTITIONS as u64) as i32);
                let start = self.notes.now();
                let message = Message {
                    partition: Some(partition.index),
                    value: Some(record_of(value, 20 + (random.next() % 200) as usize)),
                    ..Message::default()
                };
                sent.push_back((start, partition, value, producer.send(TOPIC, message).await?));
            }
            while sent.len() > ON_THEIR_WAY_MAX || sent.front().is_some_and(|sent| sent.3.peek().is_some()) {
                let Some(oldest) = sent.pop_front() else { break };
                self.delivered(me, oldest).await?;
            }
            self.client.world().clock.sleep(REST).await;
        }
        for oldest in sent {
            self.delivered(me, oldest).await?;
        }
        Ok(())
    }

    async fn delivered(
        &self,
        me: u32,
        (start, partition, value, delivery): (u64, Partition, u64, thalweg_kafka::client::Delivery),
    ) -> anyhow::Result<()> {
        let delivered = delivery.wait().await;
        let outcome = delivered.as_ref().map_or(Outcome::Unknown, |delivered| Outcome::Ok(delivered.offset));
        let action = Action::Produce { partition, value, idempotent: true, transaction: None, outcome };
        match delivered {
            Ok(_) => self.notes.ended(me, start, action),
            Err(_) => self.notes.open(me, start, action),
        }
        delivered.map(drop).with_context(|| format!("value {value} was not delivered"))
    }

    /// Reads everything, and commits, until the end; then what is left.
    pub async fn consume(&self, me: u32) -> anyhow::Result<()> {
        let options = ConsumerOptions { reset: ResetPolicy::Fail, ..ConsumerOptions::default() };
        let mut consumer = Consumer::new(self.client.clone(), options);
        let names = || (0..PARTITIONS).map(|index| PartitionName::new(TOPIC, index));
        consumer.assign(names().map(|name| (name, 0)));
        let partition = |name: &PartitionName| Partition::new(TOPIC, name.partition);
        let position = |name| Position { partition: partition(&name), offset: Some(0) };
        let start = self.notes.now();
        self.notes.ended(me, start, Action::Assign { partitions: names().map(position).collect() });
        loop {
            let is_last = self.ended.load(Ordering::Relaxed);
            let start = self.notes.now();
            let fetched = match consumer.poll(POLL).await {
                Ok(fetched) => fetched,
                Err(error) if error.is_retriable() => {
                    self.client.world().clock.sleep(REST).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let mut records = Vec::new();
            for fetched in &fetched {
                for record in &fetched.records {
                    let partition = Partition::new(TOPIC, fetched.partition);
                    let value = value_of(record.value.as_ref())?;
                    records.push(Polled { partition, offset: record.offset, value });
                }
            }
            if records.is_empty() {
                if is_last {
                    return Ok(());
                }
                continue;
            }
            self.notes.ended(me, start, Action::Poll { records, committed: false });
            self.commit(me, &consumer.positions()).await;
        }
    }

    async fn commit(&self, me: u32, positions: &[(PartitionName, i64)]) {
        let committed: Vec<_> = positions
            .iter()
            .map(|(name, offset)| {
                (name.clone(), CommittedOffset { offset: *offset, leader_epoch: -1, ..Default::default() })
            })
            .collect();
        let start = self.notes.now();
        let done = self.client.commit(GROUP, &committed).await;
        let offsets = positions.iter().map(|(name, offset)| (Partition::new(TOPIC, name.partition), *offset));
        let (group, offsets) = (GROUP.into(), offsets.collect());
        if done.is_ok_and(|each| each.iter().all(|(_, result)| result.is_ok())) {
            self.notes.ended(me, start, Action::Commit { group, offsets, outcome: Outcome::Ok(()) });
        } else {
            self.notes.open(me, start, Action::Commit { group, offsets, outcome: Outcome::Unknown });
        }
    }
}
