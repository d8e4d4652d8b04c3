//! `thalweg bench`: measures any Kafka broker from outside. What is counted are acknowledged records, records read, and the
//! time from the making of a record to its acknowledgement or to its arrival at a consumer. A broker's inner figures are
//! not asked for.

mod consume;
mod latency;
mod load;
mod produce;
mod report;

use std::time::Duration;

use clap::{Args, Subcommand};
use thalweg_kafka::client::{Client, NewTopic};
use thalweg_model::world::BoxFuture;
use tokio::sync::mpsc;

use self::report::Report;
use super::connection::{self, ConnectionFlags};
use super::produce::ProducerFlags;
use super::progress::{self, Unit};
use crate::exit::Failure;

/// How often the progress bar is moved.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(200);
/// How long a bench runs where neither time nor number is said.
const SECONDS_DEFAULT: f64 = 10.0;

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// How fast records are taken in, and how long an acknowledgement takes
    Produce(ProduceFlags),
    /// How fast records are read, from the beginning of a topic
    Consume(ConsumeFlags),
    /// How long a record takes from its producer to a consumer that waits for it
    Latency(ProduceFlags),
}

/// What is measured, and for how long.
#[derive(Clone, Debug, Args)]
pub(crate) struct RunFlags {
    /// The topic; what writes makes it where it is not there, and leaves it
    #[arg(long, short, value_name = "TOPIC", default_value = "thalweg-bench")]
    topic: String,
    /// How many clients, each with connections of its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    clients: u16,
    /// End after so many records
    #[arg(long, short = 'n', value_name = "N")]
    records: Option<u64>,
    /// End after so many seconds [default: 10, where --records is not said]
    #[arg(long, short, value_name = "SECONDS")]
    duration: Option<f64>,
    /// The result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ProduceFlags {
    #[command(flatten)]
    run: RunFlags,
    /// How many partitions the topic gets if it is made
    #[arg(long, short, value_name = "N", default_value_t = 1)]
    partitions: i32,
    /// How large a record's value is
    #[arg(long, short, value_name = "BYTES", default_value_t = 1024)]
    size: usize,
    /// How many records a second, all clients together [default: as many as can be, 1000 where latency is measured]
    #[arg(long, short, value_name = "N")]
    rate: Option<f64>,
    #[command(flatten)]
    producer: ProducerFlags,
    #[command(flatten)]
    connection: ConnectionFlags,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ConsumeFlags {
    #[command(flatten)]
    run: RunFlags,
    /// How many bytes an answer has at most
    #[arg(long, value_name = "BYTES", default_value_t = 50 << 20)]
    fetch_bytes: i32,
    /// How many of them of one partition
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    partition_bytes: i32,
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl RunFlags {
    /// How long it runs at most.
    fn duration_max(&self) -> Option<Duration> {
        let seconds = self.duration.or(self.records.is_none().then_some(SECONDS_DEFAULT))?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// The records of one client of all.
    fn records_of(&self, client: u16) -> Option<u64> {
        let clients = u64::from(self.clients);
        self.records.map(|records| records / clients + u64::from(u64::from(client) < records % clients))
    }
}

pub(crate) fn run(command: BenchCommand) -> Result<(), Failure> {
    match command {
        BenchCommand::Produce(flags) => {
            let connection = flags.connection.clone();
            connection::run(&connection, |client| produce::bench(client, flags))
        }
        BenchCommand::Consume(flags) => {
            let connection = flags.connection.clone();
            connection::run(&connection, |client| consume::bench(client, flags))
        }
        BenchCommand::Latency(flags) => {
            let connection = flags.connection.clone();
            connection::run(&connection, |client| latency::bench(client, flags))
        }
    }
}

/// The numbers of the topic's partitions; makes the topic where it is not there.
async fn topic(client: &Client, name: &str, partitions: i32) -> Result<Vec<i32>, Failure> {
    let there = client.topics(Some(&[name])).await?;
    if !there.iter().any(|(_, topic)| topic.is_ok()) {
        let new = NewTopic { partitions, ..NewTopic::new(name) };
        for (name, result) in client.create_topics(&[new], false).await? {
            result.map_err(|refused| anyhow::anyhow!("{name}: {refused}"))?;
        }
    }
    let topic = client.topic(name).await?;
    Ok(topic.partitions.iter().map(|partition| partition.index).collect())
}

/// As many clients as are asked for, the first of which is there already.
async fn clients(first: &Client, count: u16, connection: &ConnectionFlags) -> Result<Vec<Client>, Failure> {
    let mut clients = vec![first.clone()];
    while clients.len() < usize::from(count) {
        clients.push(Client::connect(connection.options()?, first.world().clone()).await?);
    }
    Ok(clients)
}

/// Runs the clients' work at the same time, and shows how far it is.
async fn together(
    client: &Client,
    progress: &load::Progress,
    total: Option<u64>,
    works: Vec<BoxFuture<'static, Result<Report, Failure>>>,
) -> Result<Report, Failure> {
    let world = client.world();
    let bar = progress::bar(Unit::Records, total, false);
    let (tell, mut told) = mpsc::channel(works.len().max(1));
    for work in works {
        let tell = tell.clone();
        let work = async move {
            // The other side may have given up.
            let _ = tell.send(work.await).await;
        };
        drop(world.spawner.spawn("bench", Box::pin(work)));
    }
    drop(tell);
    let mut whole: Option<Report> = None;
    loop {
        let ended = tokio::select! {
            biased;
            ended = told.recv() => ended,
            () = world.clock.sleep(PROGRESS_INTERVAL) => {
                bar.set_position(progress.get());
                continue;
            }
        };
        match (ended, &mut whole) {
            (None, _) => break,
            (Some(report), None) => whole = Some(report?),
            (Some(report), Some(whole)) => whole.add(&report?),
        }
    }
    bar.finish_and_clear();
    whole.ok_or_else(|| anyhow::anyhow!("no client had anything to do").into())
}
