//! `thalweg bench latency`: how long a record takes from its producer to a consumer that already waits for it. Both are
//! in this process, so one clock sees both ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use thalweg_kafka::client::{
    Client, Consumer, ConsumerOptions, FetchedRecord, Message, OffsetSpec, PartitionName, Producer,
};
use thalweg_model::world::BoxFuture;

use super::load::{Pacer, Progress, Values};
use super::report::Report;
use super::{ProduceFlags, clients, together, topic};
use crate::command::connection::Interrupt;
use crate::exit::Failure;

/// How many records a second where nobody says: few enough that no queue forms.
const RATE_DEFAULT: f64 = 1000.0;
/// A value begins with the number of this run and the moment when the record was due, 8 bytes each.
const STAMP_BYTES: usize = 16;
/// How long the last records may take to come.
const STRAGGLERS_MAX: Duration = Duration::from_secs(10);
/// How long a poll waits before the loop looks around.
const POLL_WAIT: Duration = Duration::from_millis(100);

pub(super) async fn bench(client: Client, mut flags: ProduceFlags) -> Result<(), Failure> {
    flags.rate.get_or_insert(RATE_DEFAULT);
    flags.size = flags.size.max(STAMP_BYTES);
    flags.producer.linger_ms.get_or_insert(0);
    let interrupt = Interrupt::listen(client.world())?;
    let partitions = topic(&client, &flags.run.topic, flags.partitions).await?;
    if partitions.len() < usize::from(flags.run.clients) {
        let text =
            format!("{} has {} partitions: too few for so many clients", flags.run.topic, partitions.len());
        return Err(Failure::configuration(text));
    }
    let run = client.world().random.next();
    let progress = Progress::default();
    let mut works: Vec<BoxFuture<'static, _>> = Vec::new();
    for (place, own) in (0_u16..).zip(clients(&client, flags.run.clients, &flags.connection).await?) {
        let own_partitions: Vec<_> =
            partitions.iter().skip(usize::from(place)).step_by(flags.run.clients.into()).copied().collect();
        let pair = Pair {
            client: own,
            run,
            partitions: own_partitions,
            flags: flags.clone(),
            records_max: flags.run.records_of(place),
            progress: progress.clone(),
            interrupt: interrupt.clone(),
        };
        works.push(Box::pin(pair.measure()));
    }
    let report = together(&client, &progress, flags.run.records, works).await?;
    let setup = super::produce::setup(&flags, "latency", "from producer to consumer", partitions.len());
    report.print(setup, &flags.run)
}

/// A producer and a consumer of the same partitions.
struct Pair {
    client: Client,
    run: u64,
    partitions: Vec<i32>,
    flags: ProduceFlags,
    records_max: Option<u64>,
    progress: Progress,
    interrupt: Interrupt,
}

impl Pair {
    async fn measure(self) -> Result<Report, Failure> {
        let world = self.client.world().clone();
        let mut consumer = Consumer::new(self.client.clone(), ConsumerOptions::default());
        let names = self.partitions.iter().map(|partition| {
            (PartitionName::new(self.flags.run.topic.as_str(), *partition), OffsetSpec::Latest)
        });
        consumer.assign_at(&names.collect::<Vec<_>>()).await?;
        let producer = Producer::new(self.client.clone(), self.flags.producer.options()).await?;
        let started = world.clock.elapsed();
        let mut report = Report::new(started);
        // How many were sent, and, once it is known, how many there will be.
        let (sent, all) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(u64::MAX)));
        let (run, size, progress) = (self.run, self.flags.size as u64, self.progress.clone());
        let sending = self.send(producer, sent.clone(), all.clone());
        let (failed, sending_failed) = tokio::sync::oneshot::channel();
        let task = world.spawner.spawn(
            "bench-send",
            Box::pin(async move {
                // Nobody may be left to hear it.
                let _ = failed.send(sending.await);
            }),
        );
        let mut last = started;
        while report.records < all.load(Ordering::Acquire) {
            let fetched = consumer.poll(POLL_WAIT).await?;
            let now = world.clock.elapsed();
            if !fetched.is_empty() {
                last = now;
            }
            for record in fetched.iter().flat_map(|part| &part.records) {
                if let Some(from) = stamp(record, run) {
                    report.took(from, now);
                    report.records += 1;
                    report.bytes += size;
                    progress.add(1);
                }
            }
            let all_sent = all.load(Ordering::Acquire) != u64::MAX;
            if all_sent && now.saturating_sub(last) > STRAGGLERS_MAX {
                break;
            }
        }
        task.await;
        report.failed = sent.load(Ordering::Acquire).saturating_sub(report.records);
        match sending_failed.await {
            Ok(Err(failure)) => Err(failure),
            Ok(Ok(())) | Err(_) => Ok(report),
        }
    }

    /// Sends what is due when it is due.
    async fn send(
        self,
        producer: Producer,
        sent: Arc<AtomicU64>,
        all: Arc<AtomicU64>,
    ) -> Result<(), Failure> {
        let world = self.client.world().clone();
        let mut values = Values::new(&*world.random, self.flags.size - STAMP_BYTES);
        let rate = self.flags.rate.map(|rate| rate / f64::from(self.flags.run.clients));
        let duration_max = self.flags.run.duration_max();
        let mut pacer = Pacer::start(&world, rate, self.records_max, duration_max);
        let mut done = Ok(());
        while let Some(due) = pacer.next().await {
            let count = sent.load(Ordering::Relaxed);
            let mut value = BytesMut::with_capacity(self.flags.size);
            value.put_u64(self.run);
            value.put_u64(u64::try_from(due.as_nanos()).unwrap_or(u64::MAX));
            value.put_slice(&values.next());
            let message = Message {
                partition: Some(self.partitions[count as usize % self.partitions.len()]),
                value: Some(value.freeze()),
                ..Message::default()
            };
            if let Err(error) = producer.send(&self.flags.run.topic, message).await {
                done = Err(error.into());
                break;
            }
            sent.store(count + 1, Ordering::Release);
            if self.interrupt.is_asked() {
                break;
            }
        }
        producer.close().await;
        all.store(sent.load(Ordering::Relaxed), Ordering::Release);
        done
    }
}

/// When a record of this run was due.
fn stamp(record: &FetchedRecord, run: u64) -> Option<Duration> {
    let value = record.value.as_deref()?;
    let (marked, due) = value.get(..STAMP_BYTES)?.split_at(STAMP_BYTES / 2);
    if marked != run.to_be_bytes() {
        return None;
    }
    Some(Duration::from_nanos(u64::from_be_bytes(due.try_into().ok()?)))
}
