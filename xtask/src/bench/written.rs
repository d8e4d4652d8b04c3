//! Bytes that reach the disk per byte of records' values. The log's files, which are prewritten once there is load, are
//! among them: the more records, the less they show.

use std::time::{Duration, Instant};

use anyhow::Context;

use super::Yard;
use super::broker::{Broker, Used};
use super::figures::{Figures, mebibytes};

/// How large records are.
const RECORD_BYTES: u64 = 1024;
/// Written bytes have settled when none came for so long, or after the longest wait: a checkpoint may take a minute to
/// begin.
const SETTLED: Duration = Duration::from_secs(5);
const SETTLED_MAX: Duration = Duration::from_secs(90);

pub(super) fn run(yard: &Yard) -> anyhow::Result<Figures> {
    let mut found = Figures::default();
    let broker = yard.broker("written")?;
    let before = broker.used()?;
    let (records, size) = (yard.options.records.to_string(), RECORD_BYTES.to_string());
    let produced = broker.command(&[
        "bench",
        "produce",
        "--topic",
        "load",
        "--partitions",
        "4",
        "--records",
        &records,
        "--size",
        &size,
        "--json",
    ])?;
    let bytes = produced["bytes"].as_u64().context("the bench tells bytes")?;
    let after = settled(&broker)?;
    found.add("records_per_second", produced["records_per_second"].as_f64().unwrap_or_default());
    found.add(
        "written_bytes_per_byte",
        (after.written_bytes - before.written_bytes) as f64 / bytes.max(1) as f64,
    );
    let cpu_seconds = after.cpu_seconds - before.cpu_seconds;
    found.add("cpu_seconds_per_gb", cpu_seconds / (bytes.max(1) as f64 / 1e9));
    found.add("memory_max_mib", mebibytes(broker.memory_bytes_max()?));
    found.add("memory_after_load_mib", mebibytes(broker.memory_bytes()?));
    Ok(found)
}

/// What the broker has used when nothing more goes to disks.
fn settled(broker: &Broker) -> anyhow::Result<Used> {
    let (began, mut last) = (Instant::now(), (broker.used()?, Instant::now()));
    while last.1.elapsed() < SETTLED && began.elapsed() < SETTLED_MAX {
        std::thread::sleep(Duration::from_millis(250));
        let now = broker.used()?;
        if now.written_bytes != last.0.written_bytes {
            last = (now, Instant::now());
        }
    }
    Ok(last.0)
}
