//! The domain through its door, over storage in memory and a clock that the test moves.

mod append;
mod configs;
mod groups;
mod idempotence;
mod offsets;
mod retention;
mod topics;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use thalweg_model::batch::{BatchBuilder, BatchOptions, NewRecord, ProducerStamp};
use thalweg_model::world::{BoxFuture, ManualClock, NoMeter, SeededRandom, Threads, World, block_on};
use thalweg_model::{LeaderEpoch, Offset, PartitionIndex, Principal, ProducerEpoch, ProducerId, TimestampMs};
use thalweg_storage::wal::{Guarded, PutError};
use thalweg_storage::{Backends, Options};
use tokio::sync::watch;

use super::*;
use crate::session::records::{Acks, AppendError, AppendOptions, Appended};
use crate::session::topics::{CreatedTopic, NewTopic, TopicError};

const NOW: TimestampMs = TimestampMs(1_700_000_000_000);

/// A broker and what a test holds of it.
struct Bench {
    broker: Broker,
    session: Session,
    clock: ManualClock,
    /// Then nothing is closed: the next life begins from what is durable.
    killed: AtomicBool,
}

/// Each life has chance of its own: names of one life must not come again in the next.
static LIVES: AtomicU64 = AtomicU64::new(1);

fn world(clock: &ManualClock) -> World {
    World {
        clock: Arc::new(clock.clone()),
        random: Arc::new(SeededRandom::new(LIVES.fetch_add(1, Ordering::Relaxed))),
        spawner: Arc::new(Threads),
        meter: Arc::new(NoMeter),
    }
}

fn settings(values: &[(&str, &str)]) -> BrokerConfig {
    let values = values.iter().map(|(name, value)| (Arc::from(*name), Arc::from(*value))).collect();
    BrokerConfig::new(values).expect("the test sets what can be set")
}

/// Runs a test over a broker with these settings.
fn bench(values: &[(&str, &str)], test: impl AsyncFnOnce(&Bench)) {
    bench_over(memory(), values, test);
}

fn memory() -> Backends {
    Backends::memory(&Options::default())
}

/// The same over backends that may hold an earlier life.
fn bench_over(backends: Backends, values: &[(&str, &str)], test: impl AsyncFnOnce(&Bench)) {
    block_on(async {
        let clock = ManualClock::new(NOW);
        let world = world(&clock);
        let storage = Storage::over(backends, NodeId(1), Options::default(), world.clone()).await;
        let storage = storage.expect("nobody damaged it");
        let endpoint = Endpoint {
            listener: "PLAINTEXT".into(),
            address: BrokerAddress { host: "localhost".into(), port: 9092 },
        };
        let identity =
            Identity { node: NodeId(1), rack: None, endpoints: vec![endpoint], data_folder: "/data".into() };
        let broker =
            Broker::open(storage, settings(values), identity, world).await.expect("storage is sound");
        let peer = Peer {
            principal: Principal::anonymous(),
            address: ([127, 0, 0, 1], 50_000).into(),
            listener: "PLAINTEXT".into(),
            client_id: "test".into(),
        };
        let bench = Bench { session: broker.session(peer), broker, clock, killed: AtomicBool::new(false) };
        test(&bench).await;
        if !bench.killed.load(Ordering::Relaxed) {
            bench.broker.close().await;
        }
    });
}

/// What to put into a batch.
#[derive(Clone, Copy, Default)]
struct Batch<'a> {
    values: &'a [&'a str],
    key: Option<&'a str>,
    timestamp: Option<i64>,
    producer: Option<(i64, i16, i32)>,
    options: BatchOptions,
}

fn encode(batch: Batch<'_>) -> BytesMut {
    let producer = batch.producer.map(|(id, epoch, sequence)| ProducerStamp {
        id: ProducerId(id),
        epoch: ProducerEpoch(epoch),
        sequence,
    });
    let mut builder = BatchBuilder::new(BatchOptions { producer, ..batch.options });
    for value in batch.values {
        let timestamp = batch.timestamp.map_or(NOW, TimestampMs);
        let (key, value) = (batch.key.map(str::as_bytes), Some(value.as_bytes()));
        builder.append(NewRecord { timestamp, key, value, headers: &[] });
    }
    builder.finish().expect("the codec works")
}

fn name(topic: &str) -> TopicRef {
    TopicRef::Name(topic.into())
}

/// A log that stands still while it is held.
fn memory_that_can_be_held() -> (Backends, watch::Sender<bool>) {
    let mut backends = memory();
    let held = watch::Sender::new(false);
    let holds = held.clone();
    let guard = move || -> BoxFuture<'static, Result<(), PutError>> {
        let mut holds = holds.subscribe();
        Box::pin(async move {
            holds.wait_for(|holds| !holds).await.expect("its sender is here");
            Ok(())
        })
    };
    backends.wal = Arc::new(Guarded::new(backends.wal.clone(), guard));
    (backends, held)
}

fn wish(topic: &str, partitions: i32, configs: &[(&str, &str)]) -> NewTopic {
    NewTopic {
        name: topic.into(),
        partitions,
        replication_factor: -1,
        assignments: Vec::new(),
        configs: configs.iter().map(|(name, value)| ((*name).into(), Some((*value).into()))).collect(),
    }
}

const ACKS_ALL: AppendOptions = AppendOptions { acks: Acks::All, zstd_allowed: true };

impl Bench {
    async fn create_one(&self, topic: NewTopic) -> Result<CreatedTopic, TopicError> {
        self.session.topics().create(&[topic], false).await.value.pop().expect("one wish, one result")
    }

    async fn create(&self, topic: &str, partitions: i32, configs: &[(&str, &str)]) -> CreatedTopic {
        self.create_one(wish(topic, partitions, configs)).await.expect("nothing is wrong with it")
    }

    /// Appends to partition 0 and waits until that is durable.
    async fn append_bytes(&self, topic: &str, records: BytesMut) -> Result<Appended, AppendError> {
        let answer = self.session.records().append(&name(topic), PartitionIndex(0), records, ACKS_ALL).await;
        self.durable(answer.after);
        answer.value
    }

    /// Waits until all up to here is durable. The writer's own short waits pass; the wall clock stands still.
    fn durable(&self, seq: thalweg_storage::WalSeq) {
        while self.broker.engine().durable() < seq {
            self.clock.advance(Duration::from_micros(100));
            std::thread::yield_now();
        }
    }

    async fn append(&self, topic: &str, batch: Batch<'_>) -> Result<Appended, AppendError> {
        self.append_bytes(topic, encode(batch)).await
    }

    async fn append_values(&self, topic: &str, values: &[&str]) -> Offset {
        let batch = Batch { values, ..Batch::default() };
        self.append(topic, batch).await.expect("nothing is wrong with it").base_offset
    }

    fn partition(&self, topic: &str) -> crate::Partition {
        self.session.records().partition(&name(topic), PartitionIndex(0)).expect("it is there")
    }

    fn advance_ms(&self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
    }
}

#[test]
fn ids_are_written_as_kafka_does() {
    assert_eq!(base64_url(&[0; 16]), "AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(base64_url(&[255; 16]), "_____________________w");
    let id = 0x6c7e_e5ed_bbdf_4f24_b6d8_c1a4_1b8d_4c3e_u128.to_be_bytes();
    assert_eq!(base64_url(&id), "bH7l7bvfTyS22MGkG41MPg");
}

#[test]
fn all_is_there_after_a_restart() {
    let backends = memory();
    let mut seen = Vec::new();
    for life in 0..4 {
        bench_over(backends.clone(), &[], async |bench| {
            // Once from a last checkpoint, once from the log alone, once from both.
            bench.killed.store(life % 2 == 1, Ordering::Relaxed);
            let produce = async |sequence| {
                let batch = Batch { values: &["a"], producer: Some((7, 0, sequence)), ..Batch::default() };
                bench.append("kept", batch).await.map(|appended| appended.base_offset.0)
            };
            if life == 0 {
                bench.create("kept", 3, &[("retention.ms", "1000")]).await;
                bench.create("gone", 1, &[]).await;
                let _ = bench.session.topics().delete(&[name("gone")]).await;
            } else {
                // A batch of the life before is known again.
                assert_eq!(produce(life - 1).await, Ok(i64::from(life - 1)));
                assert!(produce(life + 1).await.is_err());
            }
            assert_eq!(produce(life).await, Ok(i64::from(life)));
            let cluster = bench.session.cluster().describe();
            let topics = bench.session.topics().metadata(crate::Wanted::All, false).value;
            let topics: Vec<_> = topics.into_iter().map(|topic| topic.expect("it is there")).collect();
            seen.push((cluster, topics[0].id, topics.len(), topics[0].partitions.len()));
            let partition = bench.partition("kept");
            assert_eq!(partition.topic().config().retention_ms, 1000);
            // Each start is a new epoch, and each ends where the next begins.
            assert_eq!(partition.leader_epoch().0, life);
            for epoch in 0..=life {
                let end = partition.epoch_end(LeaderEpoch(epoch));
                assert_eq!(
                    end.end_offset,
                    Some(Offset(i64::from(epoch) + 1)),
                    "epoch {epoch} in life {life}"
                );
            }
        });
    }
    assert!(seen.iter().all(|life| *life == seen[0]), "{seen:?}");
    assert_eq!((seen[0].2, seen[0].3), (1, 3));
    assert_eq!(seen[0].0.cluster_id.len(), 22);
}
