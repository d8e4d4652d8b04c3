//! `kill -9` under load: what was acknowledged is there after the next start, each record once and where it was said
//! to be; groups go on where they were, without a rebalance.

#![allow(clippy::disallowed_methods, reason = "the test speaks to another process, in real time")]

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use thalweg_broker::records::GroupMetadataValue;
use thalweg_kafka::client::{
    Client, ClientOptions, Consumer, ConsumerOptions, Delivery, FetchedRecord, GroupConsumer, GroupOptions,
    Isolation, Message, NewTopic, OffsetSpec, PartitionName, Producer, ProducerOptions,
};
use thalweg_model::codec::Reader;
use thalweg_model::world::{NoMeter, World};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::process::{Broker, DEADLINE};
use crate::world;

const TOPIC: &str = "numbers";
const PARTITIONS: i32 = 4;
const KILLS: u32 = 3;
/// How many acknowledgements a kill waits for.
const ACKNOWLEDGED: u64 = 300;
const GROUP: &str = "readers";
/// The version of the keys in `__consumer_offsets` that stand for a group's members.
const GROUP_METADATA_KEY: [u8; 2] = [0, 2];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_records_outlive_kills_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut broker = House::start(folder.path(), None);
    let client = broker.client().await;
    create_topic(&client).await;
    // A small buffer: the sender waits for acknowledgements, and a few hundred records are on their way at a kill.
    let options = ProducerOptions {
        linger: Duration::from_millis(1),
        batch_bytes: 2 << 10,
        buffer_bytes: 32 << 10,
        ..ProducerOptions::default()
    };
    let producer = within("a producer", Producer::new(client.clone(), options)).await.unwrap();
    let (tell, mut sent) = mpsc::unbounded_channel();
    let sending = tokio::spawn(send(producer, tell));
    let mut expected = Expected::default();
    for _ in 0..KILLS {
        expected.take(&mut sent, ACKNOWLEDGED).await;
        broker = broker.kill_and_start(folder.path());
    }
    expected.take(&mut sent, ACKNOWLEDGED).await;
    sent.close();
    while let Some(sent) = sent.recv().await {
        expected.add(sent).await;
    }
    expected.add(sending.await.unwrap()).await;

    // Another client, after one more kill with nothing under way.
    broker = broker.kill_and_start(folder.path());
    let found = everything(&broker.client().await, TOPIC).await;
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), (0..PARTITIONS).collect::<Vec<_>>());
    for (partition, records) in found {
        let found: Vec<(i64, u64)> =
            records.into_iter().map(|record| (record.offset, number(record.value.as_ref()))).collect();
        // As acknowledged: without gaps, in the order of the sender, none twice.
        assert_eq!(found, expected.0[&partition], "partition {partition}");
        assert!(found.iter().enumerate().all(|(place, (offset, _))| place as i64 == *offset));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_that_return_after_a_kill_meet_no_rebalance() {
    let folder = tempfile::tempdir().unwrap();
    let broker = House::start(folder.path(), None);
    let client = broker.client().await;
    create_topic(&client).await;
    let (tell, mut news) = mpsc::unbounded_channel();
    for index in 0..2 {
        drop(tokio::spawn(read(broker.client().await, index, tell.clone())));
    }
    let mut shares = [0; 2];
    while shares != [2, 2] {
        let news: News = within("both members have a share", news.recv()).await.unwrap();
        shares[news.member] = news.partitions;
    }
    let numbers = async |news: &mut mpsc::UnboundedReceiver<News>| {
        let mut found = Vec::new();
        while found.len() < 40 {
            found.extend(within("the members read what there is", news.recv()).await.unwrap().values);
        }
        found.sort_unstable();
        found
    };
    produce(&client, 0..40).await;
    assert_eq!(numbers(&mut news).await, (0..40).collect::<Vec<_>>());
    let (commits, joins) = (committed(&client).await, generations(&client).await);
    assert!(commits.len() == 4 && commits.iter().all(|(_, offset)| *offset == 10), "{commits:?}");

    let broker = broker.kill_and_start(folder.path());
    let other = broker.client().await;
    assert_eq!(committed(&other).await, commits, "commits are kept");
    // The members commit what they read before they tell it, each as the member that it was: who is not known any
    // more, or of an older generation, cannot.
    produce(&other, 40..80).await;
    assert_eq!(numbers(&mut news).await, (40..80).collect::<Vec<_>>());
    assert_eq!(generations(&other).await, joins, "nobody has joined again");
}

/// A broker on a folder, always on the same port.
struct House(Broker);

impl House {
    fn start(folder: &std::path::Path, port: Option<u16>) -> Self {
        let listen = format!("127.0.0.1:{}", port.unwrap_or(0));
        let data = folder.join("data").display().to_string();
        let delay = "group.initial.rebalance.delay.ms=0";
        let arguments = ["serve", "--listen", &listen, "--admin", "off", "--data", &data, "--set", delay];
        Self(Broker::start_with(&arguments))
    }

    fn kill_and_start(self, folder: &std::path::Path) -> Self {
        let port = self.0.port;
        self.0.signal("KILL");
        assert_eq!(self.0.end().0.code(), None, "a signal ended it");
        Self::start(folder, Some(port))
    }

    async fn client(&self) -> Client {
        let world: World = world::real(&Handle::current(), Arc::new(NoMeter));
        let options = ClientOptions::new(vec![("127.0.0.1".to_owned(), self.0.port)]);
        within("a client", Client::connect(options, world)).await.unwrap()
    }
}

/// A record that was sent.
struct Sent {
    number: u64,
    delivery: Delivery,
}

/// Sends numbers for as long as somebody listens; gives back the last one, of which nobody heard.
async fn send(producer: Producer, tell: mpsc::UnboundedSender<Sent>) -> Sent {
    let mut number = 0;
    loop {
        let partition = (number % PARTITIONS as u64) as i32;
        let value = Some(number.to_string().into());
        let message = Message { partition: Some(partition), value, ..Message::default() };
        let delivery = producer.send(TOPIC, message).await.unwrap();
        if let Err(unheard) = tell.send(Sent { number, delivery }) {
            producer.close().await;
            return unheard.0;
        }
        number += 1;
    }
}

/// Offsets and numbers that were acknowledged, by partition.
#[derive(Default)]
struct Expected(BTreeMap<i32, Vec<(i64, u64)>>);

impl Expected {
    async fn add(&mut self, sent: Sent) {
        let delivered = within("an acknowledgement", sent.delivery.wait()).await.unwrap();
        self.0.entry(delivered.partition).or_default().push((delivered.offset, sent.number));
    }

    async fn take(&mut self, sent: &mut mpsc::UnboundedReceiver<Sent>, count: u64) {
        for _ in 0..count {
            let next = sent.recv().await.unwrap();
            self.add(next).await;
        }
    }
}

/// What a member tells of itself.
struct News {
    member: usize,
    partitions: usize,
    values: Vec<u64>,
}

/// Reads as a member of the group, commits, and tells what it committed, for ever.
async fn read(client: Client, member: usize, tell: mpsc::UnboundedSender<News>) {
    let options = GroupOptions {
        heartbeat_interval: Duration::from_millis(100),
        ..GroupOptions::new(GROUP, vec![TOPIC.to_owned()])
    };
    let mut consumer = GroupConsumer::new(client, options);
    loop {
        let fetched = consumer.poll(Duration::from_millis(100)).await.unwrap();
        let values: Vec<_> = fetched
            .iter()
            .flat_map(|part| &part.records)
            .map(|record| number(record.value.as_ref()))
            .collect();
        if !values.is_empty() {
            consumer.commit().await.unwrap();
        }
        if tell.send(News { member, partitions: consumer.positions().len(), values }).is_err() {
            return;
        }
    }
}

fn number(value: Option<&Bytes>) -> u64 {
    std::str::from_utf8(value.unwrap()).unwrap().parse().unwrap()
}

async fn create_topic(client: &Client) {
    let topic = NewTopic { partitions: PARTITIONS, ..NewTopic::new(TOPIC) };
    for (_, made) in client.create_topics(&[topic], false).await.unwrap() {
        made.unwrap();
    }
}

/// Sends numbers to all partitions in turn.
async fn produce(client: &Client, numbers: std::ops::Range<u64>) {
    let producer = Producer::new(client.clone(), ProducerOptions::default()).await.unwrap();
    for number in numbers {
        let (partition, value) = ((number % PARTITIONS as u64) as i32, Some(number.to_string().into()));
        let message = Message { partition: Some(partition), value, ..Message::default() };
        drop(producer.send(TOPIC, message).await.unwrap());
    }
    producer.close().await;
}

/// Everything in a topic, by partition, in the order in which it comes.
async fn everything(client: &Client, topic: &str) -> BTreeMap<i32, Vec<FetchedRecord>> {
    let partitions = client.topic(topic).await.unwrap().partitions.len() as i32;
    let names: Vec<_> = (0..partitions).map(|partition| PartitionName::new(topic, partition)).collect();
    let offsets = async |spec: OffsetSpec| {
        let wanted: Vec<_> = names.iter().map(|name| (name.clone(), spec)).collect();
        let listed = client.list_offsets(&wanted, Isolation::ReadUncommitted).await.unwrap();
        listed.into_iter().map(|(name, listed)| (name, listed.unwrap().offset)).collect::<BTreeMap<_, _>>()
    };
    let ends = offsets(OffsetSpec::Latest).await;
    let mut consumer = Consumer::new(client.clone(), ConsumerOptions::default());
    consumer.assign(offsets(OffsetSpec::Earliest).await);
    let mut found: BTreeMap<i32, Vec<FetchedRecord>> = BTreeMap::new();
    while consumer.positions().iter().any(|(name, offset)| *offset < ends[name]) {
        for part in within("records", consumer.poll(DEADLINE)).await.unwrap() {
            found.entry(part.partition).or_default().extend(part.records);
        }
    }
    found
}

/// What the group has committed.
async fn committed(client: &Client) -> Vec<(i32, i64)> {
    let mut found = Vec::new();
    for (name, committed) in client.committed(GROUP, None).await.unwrap() {
        found.push((name.partition, committed.unwrap().offset));
    }
    found.sort_unstable();
    found
}

/// The generations of the group, as `__consumer_offsets` tells them: one record each, and one more at a rebalance.
async fn generations(client: &Client) -> Vec<i32> {
    let mut found = Vec::new();
    for record in everything(client, "__consumer_offsets").await.into_values().flatten() {
        if !record.key.unwrap().starts_with(&GROUP_METADATA_KEY) {
            continue;
        }
        let mut reader = Reader::from(record.value.unwrap());
        let version = reader.i16().unwrap();
        found.push(GroupMetadataValue::decode(&mut reader, version).unwrap().generation);
    }
    found
}

/// The outcome of what must come.
async fn within<T>(what: &str, outcome: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, outcome)
        .await
        .unwrap_or_else(|_| panic!("{what}: nothing within {DEADLINE:?}"))
}
