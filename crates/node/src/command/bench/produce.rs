//! `thalweg bench produce`: how fast a broker takes records in, and how long each waits for its acknowledgement.

use std::sync::Arc;

use parking_lot::Mutex;
use thalweg_kafka::client::{Client, Delivery, Message, Producer, ProducerOptions};
use thalweg_model::world::Clock;
use tokio::sync::mpsc;

use super::load::{Pacer, Progress, Values};
use super::report::{Report, Setup};
use super::{ProduceFlags, clients, together, topic};
use crate::command::connection::Interrupt;
use crate::command::produce::AcksFlag;
use crate::exit::Failure;

/// How many records of a partition may wait for their acknowledgement.
const WAITING_MAX: usize = 1 << 16;
/// How many bytes may wait in a producer: more only makes the queue longer.
const BUFFER_BYTES: usize = 32 << 20;

pub(super) fn setup(
    flags: &ProduceFlags,
    bench: &'static str,
    measured: &'static str,
    partitions: usize,
) -> Setup {
    Setup {
        bench,
        measured,
        topic: flags.run.topic.clone(),
        partitions,
        clients: usize::from(flags.run.clients),
        record_bytes: Some(flags.size),
        rate: flags.rate,
        codec: Some(flags.producer.codec.name()),
        acks: Some(match flags.producer.acks {
            AcksFlag::None => "0",
            AcksFlag::Leader => "1",
            AcksFlag::All => "all",
        }),
    }
}

pub(super) async fn bench(client: Client, flags: ProduceFlags) -> Result<(), Failure> {
    let interrupt = Interrupt::listen(client.world())?;
    let partitions = topic(&client, &flags.run.topic, flags.partitions).await?;
    let progress = Progress::default();
    let mut works: Vec<thalweg_model::world::BoxFuture<'static, _>> = Vec::new();
    for (place, own) in (0..).zip(clients(&client, flags.run.clients, &flags.connection).await?) {
        let (flags, partitions) = (flags.clone(), partitions.clone());
        let (progress, interrupt) = (progress.clone(), interrupt.clone());
        works.push(Box::pin(one(own, place, flags, partitions, progress, interrupt)));
    }
    let report = together(&client, &progress, flags.run.records, works).await?;
    report.print(setup(&flags, "produce", "from send to acknowledgement", partitions.len()), &flags.run)
}

/// One client's part.
async fn one(
    client: Client,
    place: u16,
    flags: ProduceFlags,
    partitions: Vec<i32>,
    progress: Progress,
    interrupt: Interrupt,
) -> Result<Report, Failure> {
    let world = client.world().clone();
    let options = ProducerOptions { buffer_bytes: BUFFER_BYTES, ..flags.producer.options() };
    let producer = Producer::new(client.clone(), options).await?;
    let mut values = Values::new(&*world.random, flags.size);
    let rate = flags.rate.map(|rate| rate / f64::from(flags.run.clients));
    let mut pacer = Pacer::start(&world, rate, flags.run.records_of(place), flags.run.duration_max());
    let report = Arc::new(Mutex::new(Report::new(pacer.started())));
    // Batches of one partition are acknowledged in order: a waiter for each sees every moment as it comes.
    let (mut waiters, mut ends) = (Vec::new(), Vec::new());
    for _ in &partitions {
        let (give, take) = mpsc::channel(WAITING_MAX);
        waiters.push(give);
        let wait = wait(take, report.clone(), world.clock.clone(), flags.size as u64, progress.clone());
        ends.push(world.spawner.spawn("bench-acks", Box::pin(wait)));
    }
    // A batch is filled before the next partition has its turn.
    let run_length = (flags.producer.batch_bytes / (flags.size + 16)).max(1) as u64;
    let mut count = u64::from(place) * run_length;
    let mut trouble = None;
    while let Some(from) = pacer.next().await {
        let turn = (count / run_length) as usize % partitions.len();
        count += 1;
        let message =
            Message { partition: Some(partitions[turn]), value: Some(values.next()), ..Message::default() };
        match producer.send(&flags.run.topic, message).await {
            Ok(delivery) => {
                if waiters[turn].send((delivery, from)).await.is_err() {
                    break;
                }
            }
            Err(error) => {
                trouble = Some(error);
                break;
            }
        }
        if interrupt.is_asked() {
            break;
        }
    }
    drop(waiters);
    producer.close().await;
    for end in ends {
        end.await;
    }
    match trouble {
        Some(error) => Err(error.into()),
        None => Ok(report.lock().clone()),
    }
}

/// Sees one partition's acknowledgements.
async fn wait(
    mut take: mpsc::Receiver<(Delivery, std::time::Duration)>,
    whole: Arc<Mutex<Report>>,
    clock: Arc<dyn Clock>,
    size: u64,
    progress: Progress,
) {
    let mut report: Option<Report> = None;
    // What a batch brought was settled at one moment.
    let mut now = clock.elapsed();
    while let Some((delivery, from)) = take.recv().await {
        let report = report.get_or_insert_with(|| Report::new(from));
        let result = match delivery.peek() {
            Some(result) => result,
            None => {
                let result = delivery.wait().await;
                now = clock.elapsed();
                result
            }
        };
        if now < from {
            now = clock.elapsed();
        }
        match result {
            Ok(_) => {
                report.records += 1;
                report.bytes += size;
                report.took(from, now);
            }
            Err(error) => {
                tracing::warn!(%error, "a record was refused");
                report.failed += 1;
            }
        }
        progress.add(1);
    }
    if let Some(report) = report {
        whole.lock().add(&report);
    }
}
