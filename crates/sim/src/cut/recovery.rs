//! The binary started on what a cut left, and whether that is enough.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use thalweg_kafka::client::{Message, NewTopic, Producer, ProducerOptions};

use super::image::Image;
use super::life::SETTINGS;
use crate::history::{Action, Operation, Outcome, Partition, Rules, Verdict, judge};
use crate::real::{Census, Expected, Launch, client, free_port, real, record_of};

/// Where recoveries happen.
pub struct Recovery {
    /// The binary.
    pub binary: PathBuf,
    /// A folder of its own.
    pub folder: PathBuf,
}

/// How one went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Everything is there.
    Once,
    /// It was recovered twice besides, from the same image, with one end.
    Twice,
}

/// The topic to which the recovered broker is asked to write.
const AFTERWARDS: &str = "afterwards";
/// A value that no load has.
const VALUE_AFTERWARDS: u64 = u64::MAX - 1;

impl Recovery {
    /// Starts the binary on an image and judges what it serves by what was seen until the cut. It must take new records
    /// then, and have them after a kill. An error names what is wrong, and leaves the folder as it is.
    pub fn judge(&self, image: &Image, seen: &[Operation], twice: bool) -> anyhow::Result<Judged> {
        let data = self.folder.join("data");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let expected = Expected::of(seen);
        self.write(image, &data)?;
        let census = self.serve(&data, |port| {
            runtime.block_on(async {
                let client = client(port, &real(1)).await?;
                let census = Census::take(&client, &expected).await?;
                client
                    .create_topics(&[NewTopic { partitions: 1, ..NewTopic::new(AFTERWARDS) }], false)
                    .await?;
                let producer = Producer::new(client.clone(), ProducerOptions::default()).await?;
                let value = Some(record_of(VALUE_AFTERWARDS, 100));
                let delivery = producer.send(AFTERWARDS, Message { value, ..Message::default() }).await?;
                delivery.wait().await?;
                anyhow::Ok(census)
            })
        })?;
        let verdict = judged(seen, &expected, &census);
        if !verdict.is_right() {
            bail!("{verdict}");
        }
        // a second time, with what was written since
        let mut again = self.census(&data, &expected, &runtime)?;
        let afterwards = again.partitions.remove(&Partition::new(AFTERWARDS, 0));
        let kept = afterwards.is_some_and(|found| found.records == [(0, VALUE_AFTERWARDS)]);
        anyhow::ensure!(kept, "what the recovered broker acknowledged is gone after a kill");
        same(&census, &again).context("after the next kill")?;
        if !twice {
            return Ok(Judged::Once);
        }
        self.write(image, &data)?;
        same(&census, &self.census(&data, &expected, &runtime)?)
            .context("a second recovery of the same folder")?;
        Ok(Judged::Twice)
    }

    fn write(&self, image: &Image, data: &Path) -> anyhow::Result<()> {
        if data.exists() {
            std::fs::remove_dir_all(data)?;
        }
        Ok(image.write_to(data)?)
    }

    fn census(
        &self,
        data: &Path,
        expected: &Expected,
        runtime: &tokio::runtime::Runtime,
    ) -> anyhow::Result<Census> {
        self.serve(data, |port| {
            runtime.block_on(async { Census::take(&client(port, &real(1)).await?, expected).await })
        })
    }

    /// Starts the binary, asks it something, and kills it.
    fn serve<T>(&self, data: &Path, ask: impl FnOnce(u16) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let log = self.folder.join("broker.log");
        let (binary, port) = (&self.binary, free_port()?);
        let launch = Launch { binary, data, port, journal: None, settings: SETTINGS, log: &log };
        let process = launch.serve()?;
        let answer = ask(process.port());
        process.kill();
        answer
    }
}

fn same(one: &Census, other: &Census) -> anyhow::Result<()> {
    if one.positions != other.positions {
        bail!("positions were {:?} and are {:?}", one.positions, other.positions);
    }
    for (partition, found) in &one.partitions {
        match other.partitions.get(partition) {
            Some(again) if again == found => {}
            Some(again) => bail!(
                "{partition} had {} records from {} to {}, and has {} from {} to {}",
                found.records.len(),
                found.log_start,
                found.high_watermark,
                again.records.len(),
                again.log_start,
                again.high_watermark
            ),
            None => bail!("{partition} is gone"),
        }
    }
    match other.partitions.keys().find(|partition| !one.partitions.contains_key(*partition)) {
        Some(partition) => bail!("{partition} was not there"),
        None => Ok(()),
    }
}

fn judged(seen: &[Operation], expected: &Expected, census: &Census) -> Verdict {
    let end = seen.iter().map(|operation| operation.end.unwrap_or(operation.start)).max().unwrap_or(0);
    let client = seen.iter().map(|operation| operation.client).max().unwrap_or(0) + 1;
    let mut operations = seen.to_vec();
    operations.extend(census.operations(expected, client, end + 1, end + 2));
    judge(&operations, Rules { dense: true, ..Rules::default() })
}

/// What was seen until the clock said `cut`. What had not ended then may have happened, or not.
pub fn until(operations: &[Operation], cut: u64) -> Vec<Operation> {
    let mut seen = Vec::new();
    for operation in operations.iter().filter(|operation| operation.start <= cut) {
        let mut operation = operation.clone();
        if operation.end.is_none_or(|end| end > cut) {
            operation.end = None;
            match &mut operation.action {
                Action::Produce { outcome, .. } | Action::DeleteRecords { outcome, .. } => {
                    *outcome = Outcome::Unknown;
                }
                Action::Commit { outcome, .. } | Action::DeleteTopic { outcome, .. } => {
                    *outcome = Outcome::Unknown;
                }
                Action::EndTransaction { outcome, .. } => *outcome = Outcome::Unknown,
                Action::Poll { .. }
                | Action::Census { .. }
                | Action::Assign { .. }
                | Action::Seek(_)
                | Action::Committed { .. }
                | Action::Damaged { .. } => continue,
            }
        }
        seen.push(operation);
    }
    seen
}
