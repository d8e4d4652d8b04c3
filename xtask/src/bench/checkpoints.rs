//! What a checkpoint writes besides the records where ten of many partitions are dirty.
//!
//! Checkpoints are made to come soon after the records, and each is waited for; nothing else differs from what a user
//! has. Counted is all that the broker gave to the disk, the write-ahead log and the image of the manifest now and then
//! included, less the records.

use std::time::{Duration, Instant};

use anyhow::bail;

use super::broker::{Broker, Software};
use super::figures::Figures;
use super::{IDLE, Yard, partitions};

const CHECKPOINTS: u64 = 100;
const DIRTY: u64 = 10;
const RECORD_BYTES: u64 = 100;
/// Topics of as many partitions as are dirty at a time take turns.
const TOPICS: u64 = 10;
/// Long enough for ten records to come in together.
const INTERVAL_MS: &str = "250";
/// How often a checkpoint is looked for, and how long at most.
const POLL: Duration = Duration::from_millis(20);
const LIMIT_CHECKPOINT: Duration = Duration::from_secs(30);
/// 100 KB.
const BYTES_GOAL: f64 = 100_000.0;

pub(super) fn run(yard: &Yard) -> anyhow::Result<Figures> {
    let software = Software::thalweg(&yard.binary).with("thalweg.checkpoint.interval.ms", INTERVAL_MS);
    let broker = Broker::start(&software, &yard.folder.join("checkpoints"))?;
    let idle = yard.options.partitions.saturating_sub((TOPICS * DIRTY) as usize);
    partitions::create(&broker, idle)?;
    // Each topic is made and each partition written once before anything is counted.
    for topic in 0..TOPICS {
        produce(&broker, topic)?;
    }
    std::thread::sleep(IDLE);
    covered(&broker)?;
    let (count_before, before) = (checkpoints(&broker), broker.used()?.written_bytes);
    let began = Instant::now();
    for round in 0..CHECKPOINTS {
        produce(&broker, round % TOPICS)?;
        covered(&broker)?;
    }
    let (count, written) = (checkpoints(&broker) - count_before, broker.used()?.written_bytes - before);
    let records = CHECKPOINTS * DIRTY * RECORD_BYTES;
    let mut found = Figures::default();
    found.add("partitions", yard.options.partitions as f64);
    found.add("checkpoints", count as f64);
    let each = written.saturating_sub(records) as f64 / count.max(1) as f64;
    found.add_with_goal("bytes_besides_records", each, BYTES_GOAL);
    found.add("seconds", began.elapsed().as_secs_f64());
    Ok(found)
}

/// One record to each partition of a topic.
fn produce(broker: &Broker, topic: u64) -> anyhow::Result<()> {
    let (topic, count, size) = (format!("dirty-{topic}"), DIRTY.to_string(), RECORD_BYTES.to_string());
    let found = broker.command(&[
        "bench",
        "produce",
        "--topic",
        &topic,
        "--partitions",
        &count,
        "--records",
        &count,
        "--size",
        &size,
        "--batch-bytes",
        "1",
        "--json",
    ])?;
    if found["records"].as_u64() != Some(DIRTY) {
        bail!("{} of {DIRTY} records were taken", found["records"]);
    }
    Ok(())
}

/// Waits until all that was written is in segments and packs.
fn covered(broker: &Broker) -> anyhow::Result<()> {
    let deadline = Instant::now() + LIMIT_CHECKPOINT;
    while broker.figure("thalweg_wal_uncovered_bytes") != Some(0) {
        if Instant::now() > deadline {
            bail!("no checkpoint within {} s", LIMIT_CHECKPOINT.as_secs());
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

fn checkpoints(broker: &Broker) -> u64 {
    broker.figure("thalweg_checkpoints_total").unwrap_or_default()
}
