//! A client that makes a topic, writes and reads there, deletes it, and makes it again under the same name: what the
//! old one held is never seen in the new one.

use std::sync::Arc;
use std::time::Duration;

use thalweg_kafka::Code;
use thalweg_kafka::client::{
    Client, ClientError, Consumer, ConsumerOptions, Message, NewTopic, Producer, ProducerOptions, ResetPolicy,
};

use super::reader::FOREIGN;
use super::{Desk, value_bytes, value_of};
use crate::history::{Action, Outcome, Partition, Polled, Position};

/// How long one waits for the end of what was sent.
const DELIVERY_MAX: Duration = Duration::from_secs(3);
/// How many names an age has.
const NAMES_OF_AN_AGE: u32 = 1_000_000;

/// What it does.
#[derive(Clone, Debug)]
pub struct Remaking {
    /// How many names were used up.
    names: u32,
    /// How often the present one was made.
    times: u32,
}

impl Remaking {
    /// Somebody who uses names of his own.
    pub fn of_age(age: u32) -> Self {
        Self { names: age * NAMES_OF_AN_AGE, times: 0 }
    }

    /// Makes and deletes until it is over.
    pub async fn run(mut self, desk: Desk) {
        while let Some(client) = desk.connected().await {
            self.times += 1;
            let name: Arc<str> = format!("x{}", self.names).into();
            let known: Arc<str> = format!("x{}#{}", self.names, self.times).into();
            let settled = match self.live(&desk, &client, &name, &known).await {
                Ok(settled) => settled,
                Err(_) => {
                    // Nobody looks at it any more.
                    let action = Action::DeleteTopic { topic: known, outcome: Outcome::Unknown };
                    desk.ledger.now(desk.number, action);
                    false
                }
            };
            if !settled {
                // What nobody knows the end of may still come: it must not meet another topic of this name.
                (self.names, self.times) = (self.names + 1, 0);
                desk.pause().await;
            }
        }
    }

    /// One life of a topic; whether all that was begun in it has surely ended.
    async fn live(
        &self,
        desk: &Desk,
        client: &Client,
        name: &Arc<str>,
        known: &Arc<str>,
    ) -> Result<bool, ClientError> {
        let chance = &desk.chance;
        let made =
            client.create_topics(&[NewTopic { partitions: 1, ..NewTopic::new(&**name) }], false).await?;
        if made.iter().any(|(_, result)| result.is_err()) {
            return Ok(false);
        }
        desk.universe.tally().count("clients: topic made");
        let partition = Partition::new(known.clone(), 0);
        let (linger, delivery_timeout) = (Duration::ZERO, DELIVERY_MAX);
        let options = ProducerOptions { linger, delivery_timeout, ..ProducerOptions::default() };
        let producer = Producer::new(client.clone(), options).await?;
        let mut settled = true;
        for _ in 0..chance.between(1, 8) {
            let (start, value, begun) = (desk.ledger.moment(), desk.ledger.value(), desk.universe.elapsed());
            let bytes = Some(value_bytes(value, chance.below(500) as usize));
            let message = Message { partition: Some(0), value: bytes, ..Message::default() };
            let outcome = match producer.send(name, message).await {
                Ok(delivery) => match delivery.wait().await {
                    Ok(delivered) if delivered.offset >= 0 => Outcome::Ok(delivered.offset),
                    Ok(_) | Err(_) => Outcome::Unknown,
                },
                Err(_) => Outcome::Failed,
            };
            // What was sent twice, because no answer came in time, may arrive twice: by name, in another topic.
            let in_time = desk.universe.elapsed() < begun + desk.options().request_timeout;
            settled &= outcome != Outcome::Unknown && in_time;
            let (partition, idempotent) = (partition.clone(), true);
            let action = Action::Produce { partition, value, idempotent, transaction: None, outcome };
            desk.ledger.ended(desk.number, start, action);
            if !settled {
                break;
            }
        }
        producer.close().await;
        self.look(desk, client, name, &partition).await?;
        let start = desk.ledger.moment();
        let deleted = client.delete_topics(&[&**name]).await;
        let outcome = match deleted.as_ref().ok().and_then(|each| each.first()) {
            Some((_, Ok(()))) => Outcome::Ok(()),
            Some((_, Err(refused))) if refused.code == Code::UnknownTopicOrPartition => Outcome::Ok(()),
            _ => Outcome::Unknown,
        };
        let action = Action::DeleteTopic { topic: known.clone(), outcome };
        desk.ledger.ended(desk.number, start, action);
        Ok(settled && outcome == Outcome::Ok(()))
    }

    /// Reads a while.
    async fn look(
        &self,
        desk: &Desk,
        client: &Client,
        name: &Arc<str>,
        partition: &Partition,
    ) -> Result<(), ClientError> {
        let options = ConsumerOptions {
            reset: ResetPolicy::Fail,
            wait_max: Duration::from_millis(5),
            ..ConsumerOptions::default()
        };
        let mut consumer = Consumer::new(client.clone(), options);
        consumer.assign([(thalweg_kafka::client::PartitionName::new(name.clone(), 0), 0)]);
        let position = Position { partition: partition.clone(), offset: Some(0) };
        desk.ledger.now(desk.number, Action::Assign { partitions: vec![position] });
        for _ in 0..desk.chance.between(1, 4) {
            let start = desk.ledger.moment();
            let records: Vec<_> = consumer
                .poll(Duration::from_millis(30))
                .await?
                .iter()
                .flat_map(|part| &part.records)
                .map(|record| Polled {
                    partition: partition.clone(),
                    offset: record.offset,
                    value: value_of(record.value.as_ref()).unwrap_or(FOREIGN),
                })
                .collect();
            if !records.is_empty() {
                desk.ledger.ended(desk.number, start, Action::Poll { records, committed: false });
            }
        }
        Ok(())
    }
}
