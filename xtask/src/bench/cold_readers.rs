//! How long a Produce takes while four clients read old data again and again, as a ratio to how long it takes without
//! them. The runs alternate, so that a machine that becomes slower does so for both.
//!
//! Old data is cold: it has left the broker's memory, and the kernel is told to forget its pages before each round of all
//! readers. The readers' processes are the least favoured ones of the machine: they stand for machines of their own, and
//! what is asked here is what the broker's work for them costs the producers.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Context;

use super::broker::Broker;
use super::figures::{Figures, mebibytes, spread};
use super::{Yard, say};
use crate::process;

const READERS: usize = 4;
/// How much each of them reads in a round; the log's last files, which are in no segment yet, are behind it.
const OLD_RECORDS: u64 = 300_000;
/// Written after the old data, so that all of it has left the tail and is in segments.
const PAST_RECORDS: u64 = 200_000;
/// What the producer sends while it is measured: a load that a broker takes without a queue.
const RATE: &str = "10000";
const PARTITIONS: &str = "16";
const MEASURED_SECONDS: u64 = 5;
const ROUNDS: usize = 5;
const RATIO_GOAL: f64 = 2.0;

pub(super) fn run(yard: &Yard) -> anyhow::Result<Figures> {
    let broker = yard.broker("cold-readers")?;
    let topics: Vec<String> = (0..READERS).map(|reader| format!("old-{reader}")).collect();
    for topic in &topics {
        produce(&broker, topic, OLD_RECORDS)?;
    }
    produce(&broker, "past", PAST_RECORDS)?;
    // The first records of a producer meet a broker that has just been busy.
    measure(&broker)?;
    let (mut without, mut with, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut rates, mut cold_reads) = (Vec::new(), 0);
    for round in 0..ROUNDS {
        let alone = measure(&broker)?;
        let before = broker.figure("thalweg_cold_reads_total").unwrap_or_default();
        let (beside, rate) = beside_readers(&broker, &topics)?;
        cold_reads += broker.figure("thalweg_cold_reads_total").unwrap_or_default() - before;
        rates.push(rate);
        say(&format!("round {}: p99 {alone} ms without readers, {beside} ms with them", round + 1));
        without.push(alone);
        with.push(beside);
        ratios.push(beside / alone);
    }
    let mut found = Figures::default();
    found.add_spread(["p99_ms_without", "p99_ms_without_least", "p99_ms_without_most"], &without, None);
    found.add_spread(["p99_ms_with", "p99_ms_with_least", "p99_ms_with_most"], &with, None);
    found.add_spread(["ratio", "ratio_least", "ratio_most"], &ratios, Some(RATIO_GOAL));
    found.add("read_mib_per_second", spread(&rates)[1]);
    found.add("cold_reads", cold_reads as f64);
    Ok(found)
}

fn produce(broker: &Broker, topic: &str, records: u64) -> anyhow::Result<()> {
    broker.command(&["bench", "produce", "--topic", topic, "--records", &records.to_string(), "--json"])?;
    Ok(())
}

/// The p99 of one measured run, in milliseconds.
fn measure(broker: &Broker) -> anyhow::Result<f64> {
    let seconds = MEASURED_SECONDS.to_string();
    let found = broker.command(&[
        "bench",
        "produce",
        "--topic",
        "new",
        "--partitions",
        PARTITIONS,
        "--rate",
        RATE,
        "--duration",
        &seconds,
        "--linger-ms",
        "1",
        "--json",
    ])?;
    found["milliseconds"]["p99"].as_f64().context("the bench tells a p99")
}

/// The same while old data is read; how many mebibytes were in a second.
fn beside_readers(broker: &Broker, topics: &[String]) -> anyhow::Result<(f64, f64)> {
    let ends = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let (began, mut bytes) = (Instant::now(), 0);
            while !ends.load(Ordering::Relaxed) {
                bytes += read_all(broker, topics)?;
            }
            anyhow::Ok(mebibytes(bytes) / began.elapsed().as_secs_f64())
        });
        let found = measure(broker);
        ends.store(true, Ordering::Relaxed);
        let rate = reading.join().expect("who reads does not panic")?;
        Ok((found?, rate))
    })
}

/// A round of all readers. The kernel forgets the old data before it, and not while it lasts: what it was just told to
/// read is not taken from under those who send it.
fn read_all(broker: &Broker, topics: &[String]) -> anyhow::Result<u64> {
    broker.forget_cached();
    std::thread::scope(|scope| {
        let readers: Vec<_> = topics.iter().map(|topic| scope.spawn(|| read(broker, topic))).collect();
        readers.into_iter().map(|reader| reader.join().expect("a reader does not panic")).sum()
    })
}

/// One reader's round.
fn read(broker: &Broker, topic: &str) -> anyhow::Result<u64> {
    let client = broker.client(&["bench", "consume", "--topic", topic, "--json"]);
    let mut command = Command::new("nice");
    command.args(["-n", "19"]).arg(client.get_program()).args(client.get_args()).stderr(Stdio::null());
    let found: serde_json::Value = serde_json::from_str(&process::output(&mut command)?)?;
    Ok(found["bytes"].as_u64().unwrap_or_default())
}
