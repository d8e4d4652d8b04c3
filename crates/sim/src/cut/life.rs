//! A life of the binary, from its start to its kill: what it did to the disk, and what its clients saw of it.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::Context;

use super::load::Load;
use crate::history::{Operation, read_lines, write_line};
use crate::real::{Census, Expected, Launch, Notes, client, free_port, real};

/// What the binary is told: checkpoints, and all that comes of them, within seconds.
pub(super) const SETTINGS: &[(&str, &str)] = &[
    ("thalweg.checkpoint.interval.ms", "150"),
    ("log.segment.delete.delay.ms", "100"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("offsets.topic.num.partitions", "2"),
    ("thalweg.log.level", "info"),
];

/// What a life left behind.
pub struct Life {
    /// What it did to the disk.
    pub journal: Vec<u8>,
    /// What its clients did and saw.
    pub operations: Vec<Operation>,
}

const JOURNAL: &str = "journal";
const HISTORY: &str = "history";

/// Lets the binary serve a load on a data folder, records it for so long, and kills it. `earlier` is what was seen in
/// earlier lives: what is there of it is read first, as clients would. The clock goes on from `clock`.
pub fn record(
    binary: &Path,
    folder: &Path,
    seed: u64,
    clock: u64,
    earlier: &[Operation],
    length: Duration,
) -> anyhow::Result<Life> {
    let journal = folder.join(JOURNAL);
    let log = folder.join("broker.log");
    let data = folder.join("data");
    let (port, journalled) = (free_port()?, Some(&*journal));
    let launch = Launch { binary, data: &data, port, journal: journalled, settings: SETTINGS, log: &log };
    let process = launch.serve()?;
    let opened = File::open(&journal).context("the binary writes no journal")?;
    let notes = Arc::new(Notes::new(move || clock + opened.metadata().map_or(0, |found| found.len())));
    let first_client = earlier.iter().map(|operation| operation.client).max().unwrap_or(0) + 1;
    let next_value = Arc::new(AtomicU64::new(seed << 32 | (clock & 0xffff_ffff)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (load, seen) = runtime.block_on(async {
        let (world, mut seen) = (real(seed), Vec::new());
        if !earlier.is_empty() {
            let expected = Expected::of(earlier);
            let (start, reader) = (notes.now(), client(process.port(), &world).await?);
            let census = Census::take(&reader, &expected).await?;
            seen = census.operations(&expected, first_client, start, notes.now());
        }
        let load = Load::new(process.port(), notes.clone(), seed, first_client, next_value).await?;
        load.start();
        world.clock.sleep(length).await;
        anyhow::Ok((load, seen))
    })?;
    process.kill();
    // ends all tasks, whatever they wait for
    runtime.shutdown_timeout(Duration::from_secs(10));
    load.finish();
    let mut operations = notes.take();
    operations.extend(seen);
    let mut out = Vec::new();
    for operation in &operations {
        write_line(&mut out, operation)?;
    }
    std::fs::write(folder.join(HISTORY), out)?;
    Ok(Life { journal: std::fs::read(journal)?, operations })
}

/// A life that was recorded before.
pub fn recorded(folder: &Path) -> anyhow::Result<Life> {
    let journal = std::fs::read(folder.join(JOURNAL)).with_context(|| folder.display().to_string())?;
    let operations = read_lines(BufReader::new(File::open(folder.join(HISTORY))?))?;
    Ok(Life { journal, operations })
}
