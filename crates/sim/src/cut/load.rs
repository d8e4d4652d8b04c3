//! What clients do while the disk is recorded: a bit of everything that changes it. Every client ends with its task,
//! which is ended from outside when the broker is killed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thalweg_kafka::client::{
    Client, ClientError, CommittedOffset, Consumer, ConsumerOptions, FetchedPartition, GroupConsumer,
    GroupOptions, Message, NewTopic, PartitionName, Producer, ProducerOptions, ResetPolicy,
};
use thalweg_model::collections::HashMap;
use thalweg_model::world::World;

use crate::history::{Action, Outcome, Partition, Polled, Position};
use crate::real::{self, Notes, record_of, value_of};

/// Topics that live as long as the run, with their partitions.
const TOPICS: [(&str, i32); 2] = [("steady", 3), ("large", 1)];
/// How long clients rest between two acts.
const REST: Duration = Duration::from_millis(3);
/// How long a reader waits.
const POLL: Duration = Duration::from_millis(100);
/// The group that commits without members, and the one with a member.
const GROUPS: [&str; 2] = ["nobody", "members"];

/// The clients of one life.
pub(super) struct Load {
    client: Client,
    notes: Arc<Notes>,
    world: World,
    /// No two clients, lives included, have one number.
    first_client: u32,
    /// No two records have one value.
    next_value: Arc<AtomicU64>,
    /// Records that are on their way: where to, and when they were sent.
    sent: Mutex<HashMap<u64, (u32, Partition, u64)>>,
}

impl Load {
    pub(super) async fn new(
        port: u16,
        notes: Arc<Notes>,
        seed: u64,
        first_client: u32,
        next_value: Arc<AtomicU64>,
    ) -> anyhow::Result<Arc<Self>> {
        let world = real::real(seed);
        let client = real::client(port, &world).await?;
        let topics: Vec<_> = TOPICS
            .iter()
            .map(|(name, partitions)| NewTopic { partitions: *partitions, ..NewTopic::new(*name) })
            .collect();
        // in a second life they are there
        client.create_topics(&topics, false).await?;
        Ok(Arc::new(Self { client, notes, world, first_client, next_value, sent: Mutex::default() }))
    }

    /// Starts all clients as tasks of this runtime.
    pub(super) fn start(self: &Arc<Self>) {
        let mut number = self.first_client;
        let mut next = || {
            number += 1;
            number
        };
        for _ in 0..2 {
            self.spawn(next(), |load, me| async move { load.produce(me, "steady", 20..400).await });
        }
        self.spawn(next(), |load, me| async move { load.produce(me, "large", 20_000..200_000).await });
        self.spawn(next(), |load, me| async move { load.consume(me).await });
        self.spawn(next(), |load, me| async move { load.consume_in_group(me).await });
        self.spawn(next(), |load, me| async move { load.delete_records(me).await });
        self.spawn(next(), |load, me| async move { load.make_topics(me).await });
    }

    /// Notes what was on its way when the end came. The tasks have ended.
    pub(super) fn finish(&self) {
        let sent = std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner));
        for (value, (client, partition, start)) in sent {
            self.notes.open(client, start, produced(partition, value, Outcome::Unknown));
        }
    }

    fn spawn<F: Future<Output = Result<(), ClientError>> + Send + 'static>(
        self: &Arc<Self>,
        me: u32,
        act: impl FnOnce(Arc<Self>, u32) -> F,
    ) {
        let acting = act(self.clone(), me);
        // an error is the broker's end, which is what the run is for
        drop(self.world.spawner.spawn("load", Box::pin(async move { drop(acting.await) })));
    }

    fn below(&self, bound: u64) -> u64 {
        self.world.random.next() % bound
    }

    async fn rest(&self, times: u64) {
        self.world.clock.sleep(REST * (1 + self.below(times.max(1)) as u32)).await;
    }

    async fn produce(
        self: Arc<Self>,
        me: u32,
        topic: &str,
        lengths: std::ops::Range<u64>,
    ) -> Result<(), ClientError> {
        let options = ProducerOptions { linger: Duration::from_millis(1), ..ProducerOptions::default() };
        let producer = Producer::new(self.client.clone(), options).await?;
        let partitions = TOPICS.iter().find(|(name, _)| *name == topic).map_or(1, |(_, count)| *count as u64);
        loop {
            for _ in 0..1 + self.below(6) {
                let length = lengths.start + self.below(lengths.end - lengths.start);
                let partition = Partition::new(topic, self.below(partitions) as i32);
                self.send(me, &producer, partition, length as usize).await?;
            }
            self.rest(if lengths.end > 100_000 { 40 } else { 4 }).await;
        }
    }

    /// Sends a record; its end is noted when it comes.
    async fn send(
        self: &Arc<Self>,
        me: u32,
        producer: &Producer,
        partition: Partition,
        length: usize,
    ) -> Result<(), ClientError> {
        let value = self.next_value.fetch_add(1, Ordering::Relaxed);
        let start = self.notes.now();
        let sent = (me, partition.clone(), start);
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).insert(value, sent);
        let message = Message {
            partition: Some(partition.index),
            value: Some(record_of(value, length)),
            ..Message::default()
        };
        let delivery = producer.send(&partition.topic, message).await?;
        let load = self.clone();
        let ended = async move {
            let Ok(delivered) = delivery.wait().await else { return };
            let gone = load.sent.lock().unwrap_or_else(PoisonError::into_inner).remove(&value);
            if gone.is_some() {
                load.notes.ended(me, start, produced(partition, value, Outcome::Ok(delivered.offset)));
            }
        };
        drop(self.world.spawner.spawn("delivery", Box::pin(ended)));
        Ok(())
    }

    fn names(&self) -> Vec<PartitionName> {
        let each = |(name, count): &(&'static str, i32)| {
            let name = *name;
            (0..*count).map(move |index| PartitionName::new(name, index)).collect::<Vec<_>>()
        };
        TOPICS.iter().flat_map(each).collect()
    }

    /// Reads everything from the beginning and commits without being a member.
    async fn consume(self: Arc<Self>, me: u32) -> Result<(), ClientError> {
        let options = ConsumerOptions { reset: ResetPolicy::Earliest, ..ConsumerOptions::default() };
        let mut consumer = Consumer::new(self.client.clone(), options);
        consumer.assign(self.names().into_iter().map(|name| (name, 0)));
        let positions = self.names().into_iter().map(|name| position(&name, Some(0))).collect();
        self.notes.ended(me, self.notes.now(), Action::Assign { partitions: positions });
        loop {
            let start = self.notes.now();
            let fetched = consumer.poll(POLL).await?;
            self.polled(me, start, &fetched);
            let offsets: Vec<_> = consumer.positions();
            let committed: Vec<_> = offsets
                .iter()
                .map(|(name, offset)| {
                    let committed =
                        CommittedOffset { offset: *offset, leader_epoch: -1, ..Default::default() };
                    (name.clone(), committed)
                })
                .collect();
            let start = self.notes.now();
            let done = self.client.commit(GROUPS[0], &committed).await;
            let done = done.is_ok_and(|each| each.iter().all(|(_, result)| result.is_ok()));
            self.committed(me, start, GROUPS[0], &offsets, done);
            self.rest(10).await;
        }
    }

    async fn consume_in_group(self: Arc<Self>, me: u32) -> Result<(), ClientError> {
        let topics = TOPICS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let mut member = GroupConsumer::new(self.client.clone(), GroupOptions::new(GROUPS[1], topics));
        let start = self.notes.now();
        self.notes.ended(me, start, Action::Assign { partitions: Vec::new() });
        loop {
            let start = self.notes.now();
            let fetched = member.poll(POLL).await?;
            self.polled(me, start, &fetched);
            let offsets = member.positions();
            let start = self.notes.now();
            let done = member.commit().await.is_ok();
            self.committed(me, start, GROUPS[1], &offsets, done);
            self.rest(10).await;
        }
    }

    fn polled(&self, me: u32, start: u64, fetched: &[FetchedPartition]) {
        let mut records = Vec::new();
        for fetched in fetched {
            let partition = Partition::new(fetched.topic.clone(), fetched.partition);
            for record in &fetched.records {
                // one that says nothing of ours is told as a value that nobody sent
                let value = value_of(record.value.as_ref()).unwrap_or(u64::MAX);
                records.push(Polled { partition: partition.clone(), offset: record.offset, value });
            }
        }
        if !records.is_empty() {
            self.notes.ended(me, start, Action::Poll { records, committed: false });
        }
    }

    fn committed(&self, me: u32, start: u64, group: &str, offsets: &[(PartitionName, i64)], done: bool) {
        let offsets = offsets
            .iter()
            .map(|(name, offset)| (Partition::new(name.topic.clone(), name.partition), *offset));
        let (group, offsets) = (group.into(), offsets.collect());
        if done {
            self.notes.ended(me, start, Action::Commit { group, offsets, outcome: Outcome::Ok(()) });
        } else {
            self.notes.open(me, start, Action::Commit { group, offsets, outcome: Outcome::Unknown });
        }
    }

    async fn delete_records(self: Arc<Self>, me: u32) -> Result<(), ClientError> {
        loop {
            self.rest(200).await;
            let names = self.names();
            let name = names[self.below(names.len() as u64) as usize].clone();
            let latest = [(name.clone(), thalweg_kafka::client::OffsetSpec::Latest)];
            let listed = self.client.list_offsets(&latest, Default::default()).await?;
            let Some((_, Ok(end))) = listed.first() else { continue };
            let before = (end.offset - self.below(60) as i64).max(0);
            let partition = Partition::new(name.topic.clone(), name.partition);
            let start = self.notes.now();
            let done = self.client.delete_records(&[(name, before)]).await;
            let done = done.ok().and_then(|mut each| each.pop()).and_then(|(_, result)| result.ok());
            match done {
                Some(to) => {
                    let outcome = Outcome::Ok(to);
                    self.notes.ended(me, start, Action::DeleteRecords { partition, before, outcome });
                }
                None => {
                    let outcome = Outcome::Unknown;
                    self.notes.open(me, start, Action::DeleteRecords { partition, before, outcome });
                }
            }
        }
    }

    /// Topics that come, get some records, and sometimes go.
    async fn make_topics(self: Arc<Self>, me: u32) -> Result<(), ClientError> {
        let options = ProducerOptions { linger: Duration::ZERO, ..ProducerOptions::default() };
        let producer = Producer::new(self.client.clone(), options).await?;
        for number in 0.. {
            self.rest(100).await;
            let name = format!("brief-{me}-{number}");
            let topic = NewTopic { partitions: 2, ..NewTopic::new(name.as_str()) };
            self.client.create_topics(&[topic], false).await?;
            for record in 0..4 {
                self.send(me, &producer, Partition::new(name.as_str(), record % 2), 100).await?;
            }
            producer.flush().await;
            if self.below(3) == 0 {
                let start = self.notes.now();
                let done = self.client.delete_topics(&[&name]).await;
                let done = done.is_ok_and(|each| each.iter().all(|(_, result)| result.is_ok()));
                let topic = name.as_str().into();
                if done {
                    self.notes.ended(me, start, Action::DeleteTopic { topic, outcome: Outcome::Ok(()) });
                } else {
                    self.notes.open(me, start, Action::DeleteTopic { topic, outcome: Outcome::Unknown });
                }
            }
        }
        Ok(())
    }
}

fn produced(partition: Partition, value: u64, outcome: Outcome<i64>) -> Action {
    Action::Produce { partition, value, idempotent: true, transaction: None, outcome }
}

fn position(name: &PartitionName, offset: Option<i64>) -> Position {
    Position { partition: Partition::new(name.topic.clone(), name.partition), offset }
}
