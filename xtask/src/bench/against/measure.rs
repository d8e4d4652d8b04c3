//! One run of one workload on one side: a fresh broker, a run to warm up, the run that counts.

use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::clients::{Clients, RD_PRODUCER, Sending};
use super::load::{Amount, Client, Consuming, Load, Producing};
use super::metric::{Metric, Sample, value};
use super::rows::Row;
use super::side::Side;
use crate::bench::broker::{Broker, Used};
use crate::bench::figures::{mebibytes, milliseconds};
use crate::{apache, probe};

/// How many partitions one request makes: Kafka refuses 10,000.
const PARTITIONS_AT_ONCE: u64 = 5_000;
/// The run that warms up has the measured one's shape and this part of its records; a virtual machine compiles meanwhile.
const WARM_UP_PART: u64 = 3;
/// What a broker does for the records in the next moment counts as done for them.
const AFTERMATH: Duration = Duration::from_secs(1);
/// How long a broker is left alone before its memory counts as idle.
const IDLE: Duration = Duration::from_secs(3);
/// A broker that uses less than this in that time rests; how long that is waited for.
const REST_CPU_SECONDS: f64 = 0.1;
const SETTLED_MAX: Duration = Duration::from_secs(120);
const STARTS: u64 = 3;

pub(super) struct Stage {
    pub(super) clients: Clients,
    pub(super) jars: apache::Jars,
    pub(super) binary: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) full: bool,
}

impl Stage {
    fn amount(&self, amount: Amount) -> u64 {
        if self.full { amount.full } else { amount.quick }
    }

    fn broker(&self, side: Side) -> anyhow::Result<Broker> {
        let broker = Broker::start(&side.software(&self.binary, &self.jars), &self.folder.join(side.name()))?;
        Ok(broker)
    }
}

pub(super) fn measure(stage: &Stage, row: &Row, side: Side) -> anyhow::Result<Sample> {
    match &row.load {
        Load::Start => start(stage, side),
        Load::Create { topics, partitions } => create(stage, side, *topics, *partitions),
        Load::Killed { partitions, records } => {
            killed(stage, side, stage.amount(*partitions), stage.amount(*records))
        }
        load => under_load(stage, side, load),
    }
}

fn start(stage: &Stage, side: Side) -> anyhow::Result<Sample> {
    let mut times = Vec::new();
    let mut last = None;
    for _ in 0..STARTS {
        drop(last.take());
        let broker = stage.broker(side)?;
        times.push(milliseconds(broker.ready));
        last = Some(broker);
    }
    let broker = last.context("it starts more than once")?;
    std::thread::sleep(IDLE);
    times.sort_by(f64::total_cmp);
    Ok(vec![(Metric::Ready, times[times.len() / 2]), (Metric::IdleMemory, mebibytes(broker.memory_bytes()?))])
}

fn create(stage: &Stage, side: Side, topics: u64, partitions: u64) -> anyhow::Result<Sample> {
    let broker = stage.broker(side)?;
    topic(&broker, "warm", 1)?;
    std::thread::sleep(IDLE);
    let (before, memory) = (broker.used()?, broker.memory_bytes()?);
    for number in 0..topics {
        topic(&broker, &format!("topic-{number}"), partitions)?;
    }
    let used = settled(&broker)?;
    let added = broker.memory_bytes()?.saturating_sub(memory);
    Ok(vec![
        (Metric::CpuSeconds, used.cpu_seconds - before.cpu_seconds),
        (Metric::BytesPerPartition, added as f64 / (topics * partitions) as f64),
        (Metric::PeakMemory, mebibytes(broker.memory_bytes_max()?)),
    ])
}

/// What a broker has used when it has come to rest: Kafka makes a partition's files after it has answered.
fn settled(broker: &Broker) -> anyhow::Result<Used> {
    let began = Instant::now();
    let mut used = broker.used()?;
    loop {
        std::thread::sleep(IDLE);
        let now = broker.used()?;
        if now.cpu_seconds - used.cpu_seconds < REST_CPU_SECONDS || began.elapsed() > SETTLED_MAX {
            return Ok(now);
        }
        used = now;
    }
}

fn killed(stage: &Stage, side: Side, partitions: u64, records: u64) -> anyhow::Result<Sample> {
    let mut broker = stage.broker(side)?;
    topic(&broker, "kept", partitions)?;
    let sending = Sending::plain("kept", records, 1024, RD_PRODUCER);
    stage.clients.rd_produce(broker.address(), sending)?;
    let peak = mebibytes(broker.memory_bytes_max()?);
    broker.kill();
    broker.start_again()?;
    Ok(vec![(Metric::Ready, milliseconds(broker.ready)), (Metric::PeakMemory, peak)])
}

fn under_load(stage: &Stage, side: Side, load: &Load) -> anyhow::Result<Sample> {
    let mut broker = stage.broker(side)?;
    let ready = milliseconds(broker.ready);
    // They come before anything is counted and leave after.
    let bystanders = match load {
        Load::Produce(producing) => bystand(&broker, producing.bystanders)?,
        _ => Vec::new(),
    };
    prepare(stage, &broker, load, "warm", WARM_UP_PART)?;
    act(stage, &broker, load, "warm", WARM_UP_PART).context("while it warmed up")?;
    prepare(stage, &broker, load, "measured", 1)?;
    // What earlier writes still cost the machine is not this run's.
    rustix::fs::sync();
    let before = At::now(&broker)?;
    let mut sample = act(stage, &broker, load, "measured", 1)?;
    std::thread::sleep(AFTERMATH);
    let after = At::now(&broker)?;
    let peak = mebibytes(broker.memory_bytes_max()?);
    drop(bystanders);
    let end = broker.stop()?;

    let (records, bytes) = traffic(stage, load);
    let cpu_seconds = after.used.cpu_seconds - before.used.cpu_seconds;
    let gigabytes = bytes as f64 / 1e9;
    sample.push((Metric::CpuPerGb, cpu_seconds / gigabytes));
    sample.push((Metric::CpuPerMillion, cpu_seconds / (records as f64 / 1e6)));
    sample.push((Metric::PeakMemory, peak));
    sample.push((Metric::Ready, ready));
    if after.reads > before.reads {
        let requests = after.requests - before.requests;
        sample.push((Metric::RequestsPerRead, requests as f64 / (after.reads - before.reads) as f64));
    }
    if !matches!(load, Load::Consume(_)) {
        let written = end.written_bytes - before.used.written_bytes;
        sample.push((Metric::WrittenPerByte, written as f64 / bytes as f64));
        if side.is_ours() {
            sample.push((Metric::SyncsPerGb, (after.puts - before.puts) as f64 / gigabytes));
            let batches = (after.batches - before.batches).max(1);
            sample.push((Metric::CpuPerBatch, cpu_seconds * 1e9 / batches as f64));
            if after.allocations > before.allocations {
                let allocations = (after.allocations - before.allocations) as f64;
                sample.push((Metric::AllocationsPerBatch, allocations / batches as f64));
            }
        }
    }
    Ok(sample)
}

/// What a broker had done at a moment. All but what it used ours alone tells.
struct At {
    used: Used,
    /// How often it wrote to its log, and how many batches.
    puts: u64,
    batches: u64,
    /// How many requests it answered, and how many reads of sockets brought them.
    requests: u64,
    reads: u64,
    /// A build with the feature `count-allocations` alone tells this.
    allocations: u64,
}

impl At {
    fn now(broker: &Broker) -> anyhow::Result<Self> {
        let figures = broker.figures().unwrap_or_default();
        let figure = |name| figures.get(name).unwrap_or_default();
        Ok(Self {
            used: broker.used()?,
            puts: figure("thalweg_wal_put_seconds_count"),
            batches: figure("thalweg_wal_block_batches_sum"),
            requests: figure("thalweg_kafka_requests_total"),
            reads: figure("thalweg_kafka_socket_reads_total"),
            allocations: figure("thalweg_allocations"),
        })
    }
}

/// How many records and bytes of values went through the broker in a measured run.
fn traffic(stage: &Stage, load: &Load) -> (u64, u64) {
    let (records, size) = match load {
        Load::Produce(producing) | Load::CatchUp(producing, _) => {
            (stage.amount(producing.records), producing.size)
        }
        Load::Consume(consuming) => (stage.amount(consuming.records) * consuming.processes, consuming.size),
        Load::EndToEnd { records, size } => (stage.amount(*records), *size),
        Load::Create { .. } | Load::Killed { .. } | Load::Start => (0, 0),
    };
    (records, records * size)
}

/// Makes the topics, and what is to be read from them.
fn prepare(stage: &Stage, broker: &Broker, load: &Load, name: &str, part: u64) -> anyhow::Result<()> {
    match load {
        Load::Produce(producing) => topic(broker, name, producing.partitions),
        Load::Consume(consuming) => to_be_read(stage, broker, consuming, name, part),
        Load::CatchUp(producing, consuming) => {
            to_be_read(stage, broker, consuming, &old(name), part)?;
            topic(broker, name, producing.partitions)
        }
        Load::EndToEnd { .. } => topic(broker, name, 1),
        Load::Create { .. } | Load::Killed { .. } | Load::Start => Ok(()),
    }
}

fn to_be_read(
    stage: &Stage,
    broker: &Broker,
    consuming: &Consuming,
    name: &str,
    part: u64,
) -> anyhow::Result<()> {
    topic(broker, name, consuming.partitions)?;
    let records = stage.amount(consuming.records) / part;
    let sending = Sending::plain(name, records, consuming.size, RD_PRODUCER);
    stage.clients.rd_produce(broker.address(), sending).map(|_| ())
}

/// The topic of what was there before.
fn old(name: &str) -> String {
    format!("{name}-old")
}

/// Lets the clients do their work.
fn act(stage: &Stage, broker: &Broker, load: &Load, topic: &str, part: u64) -> anyhow::Result<Sample> {
    match load {
        Load::Produce(producing) => produce(stage, broker, producing, topic, part),
        Load::Consume(consuming) => consume(stage, broker, consuming, topic, part),
        Load::CatchUp(producing, consuming) => {
            let done = AtomicBool::new(false);
            std::thread::scope(|scope| {
                let reader = scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        broker.forget_cached();
                        consume(stage, broker, consuming, &old(topic), part)?;
                    }
                    anyhow::Ok(())
                });
                let found = produce(stage, broker, producing, topic, part);
                done.store(true, Ordering::Relaxed);
                reader.join().expect("a reader does not panic")?;
                found
            })
        }
        Load::EndToEnd { size, records } => {
            let sending = Sending::plain(topic, stage.amount(*records) / part, *size, &[]);
            stage.clients.end_to_end(broker.address(), sending)
        }
        Load::Create { .. } | Load::Killed { .. } | Load::Start => Ok(Sample::new()),
    }
}

fn produce(
    stage: &Stage,
    broker: &Broker,
    producing: &Producing,
    topic: &str,
    part: u64,
) -> anyhow::Result<Sample> {
    let Producing { client, processes, size, rate, key, properties, .. } = *producing;
    let records = stage.amount(producing.records) / part / processes;
    let sending = Sending { topic, records, size, rate, key, properties };
    together(processes, || match client {
        Client::Java => stage.clients.java_produce(broker.address(), sending),
        Client::Librdkafka => stage.clients.rd_produce(broker.address(), sending),
    })
}

fn consume(
    stage: &Stage,
    broker: &Broker,
    consuming: &Consuming,
    topic: &str,
    part: u64,
) -> anyhow::Result<Sample> {
    let Consuming { client, processes, partitions, .. } = *consuming;
    let records = stage.amount(consuming.records) / part;
    together(processes, || match client {
        Client::Java => stage.clients.java_consume(broker.address(), topic, records),
        Client::Librdkafka => stage.clients.rd_consume(broker.address(), topic, partitions, records),
    })
}

/// Connections that have asked once and keep still.
fn bystand(broker: &Broker, count: u64) -> anyhow::Result<Vec<TcpStream>> {
    if count > 0 {
        let limits = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: limits.maximum, ..limits })?;
    }
    (0..count).map(|_| probe::ask(broker.address()).context("a connection without an answer")).collect()
}

/// The same work by several clients at once. One tells all that it measured; of several, their rates add up.
fn together(processes: u64, work: impl Fn() -> anyhow::Result<Sample> + Sync) -> anyhow::Result<Sample> {
    if processes == 1 {
        return work();
    }
    let samples: Vec<_> = std::thread::scope(|scope| {
        let works: Vec<_> = (0..processes).map(|_| scope.spawn(&work)).collect();
        works.into_iter().map(|work| work.join().expect("a client's thread does not panic")).collect()
    });
    let mut rate = 0.0;
    for sample in samples {
        rate += value(&sample?, Metric::Rate).unwrap_or_default();
    }
    Ok(vec![(Metric::Rate, rate)])
}

fn topic(broker: &Broker, name: &str, partitions: u64) -> anyhow::Result<()> {
    let first = partitions.min(PARTITIONS_AT_ONCE);
    broker.command(&["topic", "create", name, "--partitions", &first.to_string()])?;
    for made in (first..partitions).step_by(PARTITIONS_AT_ONCE as usize) {
        let wanted = partitions.min(made + PARTITIONS_AT_ONCE).to_string();
        broker.command(&["topic", "alter", name, "--partitions", &wanted])?;
    }
    Ok(())
}
