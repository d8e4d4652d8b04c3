//! The start after `kill -9` under load.

use std::process::{Child, Stdio};
use std::time::Duration;

use super::broker::Broker;
use super::figures::{Figures, mebibytes, milliseconds};
use super::{Yard, say};

/// How long the broker is under load when it is killed.
const LOAD: Duration = Duration::from_secs(5);
/// What is kept from before, with `--full`.
const KEPT_PARTITIONS: usize = 5_000;
const KEPT_RECORDS: u64 = 10_000_000;
const READY_MS_GOAL: f64 = 1000.0;

pub(super) fn run(yard: &Yard) -> anyhow::Result<Figures> {
    let mut found = Figures::default();
    let mut broker = yard.broker("killed")?;
    if yard.options.full {
        say("10 GB come first");
        let (partitions, records) = (KEPT_PARTITIONS.to_string(), KEPT_RECORDS.to_string());
        broker.command(&[
            "bench",
            "produce",
            "--topic",
            "kept",
            "--partitions",
            &partitions,
            "--records",
            &records,
            "--json",
        ])?;
    }
    let mut load = Load::start(&broker, LOAD * 4)?;
    std::thread::sleep(LOAD);
    found.add("segments_mib", mebibytes(broker.figure("thalweg_segment_bytes").unwrap_or_default()));
    found.add("uncovered_mib", mebibytes(broker.figure("thalweg_wal_uncovered_bytes").unwrap_or_default()));
    broker.kill();
    load.end();
    broker.start_again()?;
    found.add_with_goal("ready_after_kill_ms", milliseconds(broker.ready), READY_MS_GOAL);
    let read = broker.command(&["bench", "consume", "--topic", "load", "--json"])?;
    found.add("records_after_kill", read["records"].as_f64().unwrap_or_default());
    Ok(found)
}

/// A client that produces as fast as it can.
struct Load(Child);

impl Load {
    fn start(broker: &Broker, at_most: Duration) -> anyhow::Result<Self> {
        let seconds = at_most.as_secs().to_string();
        let child = broker
            .client(&["bench", "produce", "--topic", "load", "--partitions", "100", "--duration", &seconds])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self(child))
    }

    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.end();
    }
}
