//! A client that produces, plainly or idempotently; it tries again as its library does.

use std::time::Duration;

use thalweg_kafka::client::{Delivery, Message, PartitionName, Producer, ProducerOptions};
use thalweg_model::batch::Codec;

use super::{Desk, place, value_bytes};
use crate::history::{Action, Outcome, Partition};
use crate::simulation::universe::Chance;

/// How one produces.
#[derive(Clone, Debug)]
pub struct Producing {
    /// Where to.
    pub partitions: Vec<PartitionName>,
    /// Whether the broker shall drop what it has got already.
    pub idempotent: bool,
    /// How many records are sent in a row.
    pub burst_max: u64,
    /// How long its values are at most.
    pub value_bytes_max: u64,
    /// How long it rests between bursts at most.
    pub rest_max: Duration,
}

/// A record on its way.
struct Sent {
    start: u64,
    value: u64,
    partition: Partition,
    delivery: Delivery,
}

impl Producing {
    /// Somebody who produces to these partitions.
    pub fn new(partitions: Vec<PartitionName>, chance: &Chance) -> Self {
        Self {
            partitions,
            idempotent: chance.percent(60),
            burst_max: chance.between(1, 12),
            value_bytes_max: chance.between(20, 3_000),
            rest_max: chance.micros(100, 60_000),
        }
    }

    /// Produces until it is over.
    pub async fn run(self, desk: Desk) {
        while let Some(client) = desk.connected().await {
            let options = ProducerOptions {
                linger: desk.chance.micros(0, 3_000),
                batch_bytes: 4 << 10,
                request_bytes: 16 << 10,
                codec: *desk.chance.pick(&[Codec::None, Codec::None, Codec::None, Codec::Lz4]),
                idempotent: self.idempotent,
                delivery_timeout: desk.chance.micros(300_000, 3_000_000),
                buffer_bytes: 64 << 10,
                ..ProducerOptions::default()
            };
            match Producer::new(client, options).await {
                Ok(producer) => self.produce(&desk, producer).await,
                Err(_) => desk.pause().await,
            }
        }
    }

    /// Some bursts by one producer.
    async fn produce(&self, desk: &Desk, producer: Producer) {
        let chance = &desk.chance;
        for _ in 0..chance.between(1, 30) {
            if desk.is_over() {
                break;
            }
            let mut sent = Vec::new();
            for _ in 0..chance.between(1, self.burst_max) {
                sent.extend(self.send(desk, &producer).await);
            }
            for Sent { start, value, partition, delivery } in sent {
                let outcome = match delivery.wait().await {
                    // A duplicate that is told as an error bears no offset.
                    Ok(delivered) if delivered.offset >= 0 => Outcome::Ok(delivered.offset),
                    Ok(_) | Err(_) => Outcome::Unknown,
                };
                self.note(desk, start, value, partition, outcome);
            }
            desk.universe.sleep(chance.micros(0, self.rest_max.as_micros() as u64)).await;
        }
    }

    async fn send(&self, desk: &Desk, producer: &Producer) -> Option<Sent> {
        let chance = &desk.chance;
        let name = chance.pick(&self.partitions);
        let value = desk.ledger.value();
        let length = if chance.one_in(15) { self.value_bytes_max } else { self.value_bytes_max / 20 };
        let message = Message {
            partition: Some(name.partition),
            value: Some(value_bytes(value, chance.below(length) as usize)),
            ..Message::default()
        };
        let (start, partition) = (desk.ledger.moment(), place(name));
        match producer.send(&name.topic, message).await {
            Ok(delivery) => Some(Sent { start, value, partition, delivery }),
            Err(_) => {
                // The library has not taken it.
                self.note(desk, start, value, partition, Outcome::Failed);
                desk.pause().await;
                None
            }
        }
    }

    fn note(&self, desk: &Desk, start: u64, value: u64, partition: Partition, outcome: Outcome<i64>) {
        let idempotent = self.idempotent;
        let action = Action::Produce { partition, value, idempotent, transaction: None, outcome };
        desk.ledger.ended(desk.number, start, action);
    }
}
