//! What a partition costs: made, then one record written and read in each, then found again.

use std::time::Instant;

use anyhow::bail;

use super::broker::Broker;
use super::figures::{Figures, milliseconds};
use super::{IDLE, Yard};

/// How many partitions a topic gets.
const PARTITIONS_PER_TOPIC: usize = 10_000;
const PARTITION_BYTES_GOAL: f64 = 2048.0;

pub(super) fn run(yard: &Yard) -> anyhow::Result<Figures> {
    let mut found = Figures::default();
    let partitions = yard.options.partitions;
    let mut broker = yard.broker("partitions")?;
    std::thread::sleep(IDLE);
    let before = broker.memory_bytes()?;
    let began = Instant::now();
    let topics = create(&broker, partitions)?;
    found.add("partitions", partitions as f64);
    found.add("created_seconds", began.elapsed().as_secs_f64());
    std::thread::sleep(IDLE);
    let per_partition = |broker: &Broker| -> anyhow::Result<f64> {
        let tail = broker.figure("thalweg_tail_bytes").unwrap_or_default();
        let added = broker.memory_bytes()?.saturating_sub(before + tail);
        Ok(added as f64 / partitions.max(1) as f64)
    };
    found.add_with_goal("partition_bytes_created", per_partition(&broker)?, PARTITION_BYTES_GOAL);
    for (name, count) in &topics {
        // A batch of one record, so that each partition gets its turn.
        let records = count.to_string();
        broker.command(&[
            "bench",
            "produce",
            "--topic",
            name,
            "--records",
            &records,
            "--size",
            "16",
            "--batch-bytes",
            "1",
            "--json",
        ])?;
        let read = broker.command(&["bench", "consume", "--topic", name, "--json"])?;
        if read["records"].as_u64() != Some(*count as u64) {
            bail!("{name}: {count} records were written and {} read", read["records"]);
        }
    }
    std::thread::sleep(IDLE);
    found.add_with_goal("partition_bytes_used", per_partition(&broker)?, PARTITION_BYTES_GOAL);
    broker.stop()?;
    broker.start_again()?;
    found.add("restart_ms", milliseconds(broker.ready));
    std::thread::sleep(IDLE);
    found.add_with_goal("partition_bytes_restarted", per_partition(&broker)?, PARTITION_BYTES_GOAL);
    Ok(found)
}

/// Makes topics with so many partitions together; their names and sizes.
pub(super) fn create(broker: &Broker, partitions: usize) -> anyhow::Result<Vec<(String, usize)>> {
    let mut topics = Vec::new();
    let mut left = partitions;
    while left > 0 {
        let count = left.min(PARTITIONS_PER_TOPIC);
        let name = format!("wide-{}", topics.len());
        broker.command(&["topic", "create", &name, "--partitions", &count.to_string()])?;
        topics.push((name, count));
        left -= count;
    }
    Ok(topics)
}
