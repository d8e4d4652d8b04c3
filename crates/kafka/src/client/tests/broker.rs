//! The client against our own broker, over a socket and in real time.

#![allow(clippy::disallowed_methods, reason = "a socket's peer cannot wait for a clock that stands still")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use thalweg_broker::config::BrokerConfig;
use thalweg_broker::{Broker, Endpoint, Identity};
use thalweg_model::batch::Codec;
use thalweg_model::world::{BoxFuture, Clock, NoMeter, SeededRandom, Spawner, Task, World};
use thalweg_model::{BrokerAddress, NodeId, TimestampMs};
use thalweg_net::{ConnectionGate, ConnectionLimits, FrameBudget, Listener, ShutdownTrigger, SocketOptions};
use thalweg_storage::{Options, Storage};

use crate::client::*;
use crate::{Code, Server, Settings};

/// After so long a test fails that still waits.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a poll waits.
const POLL: Duration = Duration::from_millis(200);

struct RealClock(Instant);

impl Clock for RealClock {
    fn now(&self) -> TimestampMs {
        TimestampMs(1_700_000_000_000 + self.0.elapsed().as_millis() as i64)
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

struct Tasks;

impl Spawner for Tasks {
    fn spawn(&self, _: &'static str, task: BoxFuture<'static, ()>) -> Task {
        let task = tokio::spawn(task);
        Task(Box::pin(async move { task.await.expect("no task panics") }))
    }

    fn spawn_thread(&self, name: &'static str, task: BoxFuture<'static, ()>) -> Task {
        // It sleeps by the runtime's timers.
        let runtime = tokio::runtime::Handle::current();
        self.spawn_blocking(name, Box::new(move || runtime.block_on(task)))
    }

    fn spawn_blocking(&self, name: &'static str, work: Box<dyn FnOnce() + Send>) -> Task {
        thalweg_model::world::Threads.spawn_blocking(name, work)
    }
}

/// A broker in memory on a port of its own, and a client of it. It lives as long as the trigger.
async fn house() -> (Client, ShutdownTrigger) {
    let world = World {
        clock: Arc::new(RealClock(Instant::now())),
        random: Arc::new(SeededRandom::new(3)),
        spawner: Arc::new(Tasks),
        meter: Arc::new(NoMeter),
    };
    let listener =
        Listener::bind("PLAINTEXT", "127.0.0.1", 0, SocketOptions::default()).await.expect("a port is free");
    let port = listener.addresses()[0].port();
    let identity = Identity {
        node: NodeId(1),
        rack: None,
        endpoints: vec![Endpoint {
            listener: "PLAINTEXT".into(),
            address: BrokerAddress { host: "127.0.0.1".into(), port },
        }],
        data_folder: "memory".into(),
    };
    let fixed = [("group.initial.rebalance.delay.ms".into(), "0".into())].into();
    let config = BrokerConfig::new(fixed).expect("the settings are good");
    let storage = Storage::memory(Options::default(), world.clone()).await;
    let broker = Broker::open(storage, config, identity, world.clone()).await.expect("it opens");
    let (trigger, shutdown) = ShutdownTrigger::new();
    let gate = ConnectionGate::new(world.clock.clone(), ConnectionLimits::default());
    let server =
        Server::new(broker, Settings::default(), FrameBudget::default(), gate, shutdown, world.clone());
    drop(world.spawner.spawn("server", Box::pin(server.serve(vec![listener]))));
    let options = ClientOptions::new(vec![("127.0.0.1".to_owned(), port)]);
    (Client::connect(options, world).await.expect("the broker answers"), trigger)
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it happens in time")
}

async fn topic(client: &Client, name: &str, partitions: i32) -> Vec<PartitionName> {
    let topic = NewTopic { partitions, ..NewTopic::new(name) };
    let made = client.create_topics(&[topic], false).await.expect("the broker answers");
    assert_eq!(made, [(name.to_owned(), Ok(partitions))]);
    (0..partitions).map(|partition| PartitionName::new(name, partition)).collect()
}

async fn produce(client: &Client, topic: &str, records: std::ops::Range<usize>, options: ProducerOptions) {
    let producer = Producer::new(client.clone(), options).await.expect("the broker answers");
    let mut deliveries = Vec::new();
    for number in records {
        let message = Message {
            key: number.is_multiple_of(2).then(|| format!("key {number}").into()),
            value: (!number.is_multiple_of(5)).then(|| number.to_string().into()),
            headers: vec![("number".into(), Some(number.to_string().into()))],
            ..Message::default()
        };
        deliveries.push(producer.send(topic, message).await.expect("there is room"));
    }
    producer.flush().await;
    for delivery in &deliveries {
        let delivered = delivery.peek().expect("a flush waits for all").expect("the broker takes it");
        assert!(delivered.offset >= 0);
    }
    producer.close().await;
}

fn numbers(fetched: &[FetchedPartition]) -> Vec<usize> {
    let records = fetched.iter().flat_map(|part| &part.records);
    records
        .map(|record| {
            let (name, number) = &record.headers[0];
            assert_eq!(&name[..], b"number");
            let number = std::str::from_utf8(number.as_ref().expect("it has a value")).expect("it is text");
            let number: usize = number.parse().expect("it is a number");
            assert_eq!(record.key.is_some(), number.is_multiple_of(2));
            assert_eq!(record.value.is_some(), !number.is_multiple_of(5));
            number
        })
        .collect()
}

#[tokio::test]
async fn what_is_produced_with_any_codec_is_consumed() {
    let (client, _trigger) = house().await;
    let names = topic(&client, "t", 3).await;
    let total = 200 * Codec::ALL.len();
    for (turn, codec) in Codec::ALL.into_iter().enumerate() {
        let options = ProducerOptions { codec, batch_bytes: 2 << 10, ..ProducerOptions::default() };
        soon(produce(&client, "t", 200 * turn..200 * (turn + 1), options)).await;
    }
    let mut consumer = Consumer::new(client.clone(), ConsumerOptions::default());
    let all: Vec<_> = names.iter().map(|name| (name.clone(), OffsetSpec::Earliest)).collect();
    consumer.assign_at(&all).await.expect("the broker answers");
    let mut seen = Vec::new();
    while seen.len() < total {
        seen.extend(numbers(&soon(consumer.poll(POLL)).await.expect("the broker answers")));
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..total).collect::<Vec<_>>(), "each once");
    let behind: i64 = consumer.positions().iter().map(|(_, offset)| offset).sum();
    assert_eq!(behind, total as i64);
}

#[tokio::test]
async fn members_share_partitions_and_go_on_where_the_group_was() {
    let (client, _trigger) = house().await;
    topic(&client, "t", 4).await;
    soon(produce(&client, "t", 0..400, ProducerOptions::default())).await;
    let options = GroupOptions {
        heartbeat_interval: Duration::from_millis(50),
        ..GroupOptions::new("g", vec!["t".to_owned()])
    };
    let mut first = GroupConsumer::new(client.clone(), options.clone());
    let mut seen = Vec::new();
    while seen.len() < 400 {
        seen.extend(numbers(&soon(first.poll(POLL)).await.expect("the group answers")));
    }
    assert_eq!(first.positions().len(), 4);
    first.commit().await.expect("it is a member");
    let mut second = GroupConsumer::new(client.clone(), options);
    soon(async {
        while first.positions().len() != 2 || second.positions().len() != 2 {
            let (of_first, of_second) = tokio::join!(first.poll(POLL), second.poll(POLL));
            let fetched =
                [of_first.expect("the group answers"), of_second.expect("the group answers")].concat();
            assert_eq!(numbers(&fetched), [0; 0], "all of it was committed");
        }
    })
    .await;
    let described = client.describe_group("g").await.expect("the group is there");
    assert_eq!((described.state.as_str(), described.members.len()), ("Stable", 2));
    let refused = client.delete_groups(&["g"]).await.expect("the broker answers").remove(0).1;
    assert_eq!(refused.map_err(|refused| refused.code), Err(Code::NonEmptyGroup));
    soon(second.leave()).await.expect("it was a member");
    soon(async {
        while first.positions().len() != 4 {
            first.poll(POLL).await.expect("the group answers");
        }
    })
    .await;
    soon(first.leave()).await.expect("it was a member");
    let committed = client.committed("g", None).await.expect("the group is there");
    assert_eq!(committed.iter().map(|(_, at)| at.as_ref().map_or(0, |at| at.offset)).sum::<i64>(), 400);
}

#[tokio::test]
async fn an_administrator_sees_what_it_changes() {
    let (client, _trigger) = house().await;
    let names = topic(&client, "t", 1).await;
    let again =
        client.create_topics(&[NewTopic::new("t")], false).await.expect("the broker answers").remove(0).1;
    assert_eq!(again.map_err(|refused| refused.code), Err(Code::TopicAlreadyExists));
    assert_eq!(
        client.create_partitions(&[("t", 2)], false).await.expect("it answers"),
        [("t".into(), Ok(()))]
    );
    let grown = client.topic("t").await.expect("it is there");
    assert_eq!(grown.partitions.len(), 2);
    let resource = ConfigResource { kind: ConfigResourceKind::Topic, name: "t".to_owned() };
    let update = ConfigUpdate {
        name: "retention.ms".to_owned(),
        operation: ConfigOperation::Set,
        value: Some("12345".to_owned()),
    };
    let updated = client.alter_configs(&[(resource.clone(), vec![update])], false).await.expect("it answers");
    assert_eq!(updated, [("t".into(), Ok(()))]);
    let mut described =
        client.describe_configs(&[resource], Some(&["retention.ms"]), true).await.expect("it answers");
    let entries = described.remove(0).1.expect("the topic is there");
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].value.as_deref(), entries[0].is_default), (Some("12345"), false));
    assert!(entries[0].documentation.is_some());
    let message = |partition| Message { partition: Some(partition), ..Message::default() };
    let producer = Producer::new(client.clone(), ProducerOptions::default()).await.expect("it answers");
    for _ in 0..5 {
        let sent = producer.send("t", message(0)).await.expect("there is room");
        soon(sent.wait()).await.expect("the broker takes it");
    }
    let wrong = producer.send("t", message(9)).await;
    assert!(matches!(wrong, Err(ClientError::NoPartition { partition: 9, .. })));
    assert_eq!(
        client.delete_records(&[(names[0].clone(), 3)]).await.expect("it answers"),
        [(names[0].clone(), Ok(3))]
    );
    let listed = client
        .list_offsets(&[(names[0].clone(), OffsetSpec::Earliest)], Isolation::ReadCommitted)
        .await
        .expect("it answers");
    assert_eq!(listed[0].1.as_ref().map(|listed| listed.offset), Ok(3));
    assert_eq!(client.delete_topics(&["t"]).await.expect("it answers"), [("t".into(), Ok(()))]);
    let gone = client.topics(Some(&["t"])).await.expect("it answers").remove(0).1;
    assert_eq!(gone.map_err(|refused| refused.code), Err(Code::UnknownTopicOrPartition));
}

#[tokio::test]
async fn a_refused_record_is_told_and_the_next_one_goes() {
    let (client, _trigger) = house().await;
    let small = NewTopic {
        partitions: 1,
        configs: vec![("max.message.bytes".to_owned(), "1000".to_owned())],
        ..NewTopic::new("small")
    };
    client.create_topics(&[small], false).await.expect("the broker answers");
    let producer = Producer::new(client, ProducerOptions::default()).await.expect("it answers");
    for (size, fits) in [(10, true), (5_000, false), (20, true)] {
        let message = Message { value: Some(vec![b'x'; size].into()), ..Message::default() };
        let delivery = producer.send("small", message).await.expect("there is room");
        let result = soon(delivery.wait()).await;
        assert_eq!(result.is_ok(), fits, "{size} bytes: {result:?}");
        if let Err(error) = result {
            assert_eq!(error.code(), Some(Code::MessageTooLarge));
        }
    }
}
