//! A broker in memory with connections that are pipes, for tests of handlers and of the connection loop.

pub(crate) mod allocations;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use thalweg_broker::config::BrokerConfig;
use thalweg_broker::{Broker, Endpoint, Identity};
use thalweg_model::batch::{BatchBuilder, BatchOptions, NewRecord};
use thalweg_model::codec::{Reader, RecordBytes, Writer};
use thalweg_model::world::{ManualClock, NoMeter, SeededRandom, Spawner, Threads, World};
use thalweg_model::{BrokerAddress, NodeId, TimestampMs};
use thalweg_net::{Connection, FrameBudget, Shutdown, ShutdownTrigger};
use thalweg_storage::{Options, Storage};
use thalweg_wire::{CreateTopicsRequest, FetchRequest, Message, ProduceRequest, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::connection;
use crate::head::{Head, Settings};

/// After so long a test fails that still waits.
const PATIENCE: Duration = Duration::from_secs(20);
/// The wall clock of tests.
pub(crate) const NOW: i64 = 1_700_000_000_000;

/// A broker, and what makes connections to it.
pub(crate) struct House {
    pub(crate) head: Arc<Head>,
    pub(crate) clock: ManualClock,
    pub(crate) trigger: ShutdownTrigger,
}

/// The other end of a connection.
pub(crate) struct Client {
    pub(crate) stream: DuplexStream,
    next_correlation_id: i32,
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With something changed of the head before it is used.
    pub(crate) async fn with(change: impl FnOnce(&mut Head)) -> Self {
        Self::build(Arc::new(Threads), change).await
    }

    /// With tasks that are started by `spawner`.
    pub(crate) async fn spawning(spawner: Arc<dyn Spawner>) -> Self {
        Self::build(spawner, |_| {}).await
    }

    async fn build(spawner: Arc<dyn Spawner>, change: impl FnOnce(&mut Head)) -> Self {
        let clock = ManualClock::new(TimestampMs(NOW));
        let world = World {
            clock: Arc::new(clock.clone()),
            random: Arc::new(SeededRandom::new(1)),
            spawner,
            meter: Arc::new(NoMeter),
        };
        let identity = Identity {
            node: NodeId(1),
            rack: None,
            endpoints: vec![Endpoint {
                listener: "PLAINTEXT".into(),
                address: BrokerAddress { host: "broker.test".into(), port: 9092 },
            }],
            data_folder: "memory".into(),
        };
        // A group's first member does not wait for others.
        let fixed = [("group.initial.rebalance.delay.ms".into(), "0".into())].into();
        let config = BrokerConfig::new(fixed).expect("the settings are good");
        let storage = Storage::memory(Options::default(), world.clone()).await;
        let broker =
            Broker::open(storage, config, identity, world.clone()).await.expect("a broker in memory opens");
        let (trigger, shutdown): (_, Shutdown) = ShutdownTrigger::new();
        let budget = FrameBudget::new(64 << 20);
        let settings = Settings { frame_bytes_max: 4 << 20, ..Settings::default() };
        let mut head = Head::new(broker, settings, world, budget, shutdown);
        change(&mut head);
        Self { head: Arc::new(head), clock, trigger }
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> Client {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let address = ([127, 0, 0, 1], 50_000).into();
        let socket = Connection::over(Box::new(theirs), address, address, "PLAINTEXT".into());
        let serving = connection::serve(self.head.clone(), socket);
        drop(self.head.world.spawner.spawn("connection", Box::pin(serving)));
        Client { stream: ours, next_correlation_id: 7 }
    }

    /// The door to the domain without a connection.
    pub(crate) fn connect_session(&self) -> thalweg_broker::Session {
        self.head.broker.session(thalweg_broker::Peer {
            principal: thalweg_model::Principal::anonymous(),
            address: ([127, 0, 0, 1], 1).into(),
            listener: "PLAINTEXT".into(),
            client_id: "tester".into(),
        })
    }

    /// Makes a topic.
    pub(crate) async fn topic(&self, name: &str, partitions: i32) {
        let mut client = self.connect();
        let topic = thalweg_wire::create_topics_request::CreatableTopic {
            name: name.into(),
            num_partitions: partitions,
            replication_factor: 1,
            ..Default::default()
        };
        let made = client.ask(5, &CreateTopicsRequest { topics: vec![topic], ..Default::default() }).await;
        assert_eq!(made.topics[0].error_code, 0, "{:?}", made.topics[0].error_message);
    }
}

/// Waits, but not for ever.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not happen"),
    }
}

impl Client {
    /// Sends a request and reads its answer.
    pub(crate) async fn ask<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        let correlation_id = self.send(version, request).await;
        let (found, answer) = self.answer::<R>(version).await;
        assert_eq!(found, correlation_id, "answers leave in the order of their requests");
        answer
    }

    /// Sends a request; gives its correlation id.
    pub(crate) async fn send<R: Request>(&mut self, version: i16, request: &R) -> i32 {
        let correlation_id = self.next_correlation_id;
        self.next_correlation_id += 1;
        let mut writer = Writer::frame(64);
        writer.i16(R::API_KEY.number());
        writer.i16(version);
        writer.i32(correlation_id);
        writer.nullable_text(false, Some(&"tester".into())).expect("it is short");
        if R::API_KEY.request_header_version(version) >= 2 {
            writer.unsigned_varint(0);
        }
        request.encode(&mut writer, version).expect("the request can be written");
        for region in writer.into_frame().expect("it is no larger than a frame") {
            let bytes = region.bytes().expect("it is in memory");
            soon("sending", self.stream.write_all(&bytes)).await.expect("the connection is open");
        }
        correlation_id
    }

    /// Reads an answer, with its correlation id.
    pub(crate) async fn answer<R: Request>(&mut self, version: i16) -> (i32, R::Response) {
        let frame = self.frame().await.expect("an answer and not the end");
        let mut reader = Reader::from(Bytes::from(frame));
        let correlation_id = reader.i32().expect("an answer begins with its id");
        if R::API_KEY.response_header_version(version) >= 1 {
            reader.skip_tagged_fields().expect("then come tagged fields");
        }
        let answer = R::Response::decode(&mut reader, version).expect("then the answer");
        assert_eq!(reader.remaining(), 0, "nothing is left of the answer");
        (correlation_id, answer)
    }

    /// Reads a frame; none at the end of the connection.
    pub(crate) async fn frame(&mut self) -> Option<Vec<u8>> {
        let mut length = [0; 4];
        soon("an answer", self.stream.read_exact(&mut length)).await.ok()?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        soon("the rest of an answer", self.stream.read_exact(&mut frame)).await.ok()?;
        Some(frame)
    }

    /// Sends bytes as they are.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        soon("sending", self.stream.write_all(bytes)).await.expect("the connection is open");
    }
}

/// A batch of records with these values.
pub(crate) fn batch(values: &[&str]) -> BytesMut {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    for value in values {
        builder.append(NewRecord {
            timestamp: TimestampMs(NOW),
            value: Some(value.as_bytes()),
            ..NewRecord::default()
        });
    }
    builder.finish().expect("a batch of a few records")
}

/// A Produce for one partition.
pub(crate) fn produce(topic: &str, partition: i32, values: &[&str]) -> ProduceRequest {
    use thalweg_wire::produce_request::{PartitionProduceData, TopicProduceData};
    let data = PartitionProduceData { index: partition, records: Some(RecordBytes::Frame(batch(values))) };
    let topic = TopicProduceData { name: topic.into(), partition_data: vec![data], ..Default::default() };
    ProduceRequest { acks: -1, timeout_ms: 1_000, topic_data: vec![topic], ..Default::default() }
}

/// A Fetch of partitions of a topic from these offsets on, without a session.
pub(crate) fn fetch(topic: &str, partitions: &[(i32, i64)], max_wait_ms: i32) -> FetchRequest {
    use thalweg_wire::fetch_request::{FetchPartition, FetchTopic};
    let partitions = partitions
        .iter()
        .map(|(partition, fetch_offset)| FetchPartition {
            partition: *partition,
            fetch_offset: *fetch_offset,
            partition_max_bytes: 1 << 20,
            ..Default::default()
        })
        .collect();
    let topics = vec![FetchTopic { topic: topic.into(), partitions, ..Default::default() }];
    FetchRequest { max_wait_ms, min_bytes: 1, max_bytes: 10 << 20, topics, ..Default::default() }
}
