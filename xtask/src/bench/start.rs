//! The start on an empty folder, and what an idle broker takes.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::figures::{Figures, mebibytes, milliseconds};
use super::{IDLE, Yard};

/// How often the start is measured; the median counts.
const STARTS: usize = 9;
const START_MS_GOAL: f64 = 50.0;
const IDLE_MEMORY_MIB_GOAL: f64 = 15.0;
const IDLE_FOLDER_MIB_GOAL: f64 = 8.0;

pub(super) fn run(yard: &Yard) -> anyhow::Result<Figures> {
    let mut found = Figures::default();
    found.add_spread(
        ["start_ms", "start_ms_least", "start_ms_most"],
        &times(yard, STARTS)?,
        Some(START_MS_GOAL),
    );
    let broker = yard.broker("start")?;
    std::thread::sleep(IDLE);
    found.add_with_goal("idle_memory_mib", mebibytes(broker.memory_bytes()?), IDLE_MEMORY_MIB_GOAL);
    found.add_with_goal("idle_folder_mib", mebibytes(folder_bytes(&broker.data())?), IDLE_FOLDER_MIB_GOAL);
    Ok(found)
}

/// How long starts on an empty folder take, in milliseconds.
pub(super) fn times(yard: &Yard, count: usize) -> anyhow::Result<Vec<f64>> {
    (0..count).map(|_| Ok(milliseconds(yard.broker("start")?.ready))).collect()
}

/// What a folder and all below it take on disk.
fn folder_bytes(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { folder_bytes(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(bytes)
}
