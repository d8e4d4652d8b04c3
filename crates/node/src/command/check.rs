//! `thalweg check`: verifies a data folder offline and says in words what is wrong, where, and what to do.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use thalweg_broker::{FACTS_VERSION, FolderTopics};
use thalweg_model::world::block_on;
use thalweg_storage::check::{self, Finding, Report, Severity};

use super::printout;
use super::progress::{self, Unit};
use crate::exit::Failure;
use crate::serve::parts::refused;

#[derive(Debug, Args)]
pub(crate) struct CheckFlags {
    /// The data folder; no broker may use it
    #[arg(long, value_name = "DIR", default_value = "thalweg-data")]
    data: PathBuf,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Page {
    sound: bool,
    files: u64,
    bytes: u64,
    batches: u64,
    partitions: u64,
    findings: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    severity: &'static str,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<i32>,
    /// The first offset that is lost, and the first after it that is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<i64>,
    what: String,
    advice: &'static str,
}

pub(crate) fn run(flags: &CheckFlags) -> Result<(), Failure> {
    let mut topics = FolderTopics::default();
    let bar = progress::bar(Unit::Bytes, Some(0), false);
    let mut show = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let report = block_on(check::check(&flags.data, FACTS_VERSION, &mut topics, &mut show));
    bar.finish_and_clear();
    let report = report.map_err(|error| refused(&flags.data, error))?;
    let page = page(&report, &topics);
    printout::print(flags.json, &page, || text(&page))?;
    match page.findings.iter().filter(|row| row.severity == "damage").count() {
        0 => Ok(()),
        count => Err(anyhow::anyhow!("{} is damaged in {count} places", flags.data.display()).into()),
    }
}

fn page(report: &Report, topics: &FolderTopics) -> Page {
    let row = |finding: &Finding| {
        let topic = finding.partition.map(|partition| {
            let name = topics.name(partition.topic);
            name.map_or_else(|| partition.topic.to_string(), |name| name.as_str().to_owned())
        });
        Row {
            severity: match finding.severity {
                Severity::Damage => "damage",
                Severity::Note => "note",
            },
            file: finding.file.clone(),
            position: finding.position,
            topic,
            partition: finding.partition.map(|partition| partition.partition.0),
            from: finding.offsets.map(|(from, _)| from.0),
            to: finding.offsets.map(|(_, to)| to.0),
            what: finding.what.clone(),
            advice: finding.advice,
        }
    };
    Page {
        sound: report.is_sound(),
        files: report.files,
        bytes: report.bytes,
        batches: report.batches,
        partitions: report.partitions,
        findings: report.findings.iter().map(row).collect(),
    }
}

fn text(page: &Page) -> String {
    let mut text = String::new();
    for row in &page.findings {
        let place = row.position.map(|position| format!(" at byte {position}")).unwrap_or_default();
        text += &format!("{}: {}{place}: {}\n", row.severity, row.file, row.what);
        if let (Some(topic), Some(partition), Some(from), Some(to)) =
            (&row.topic, row.partition, row.from, row.to)
        {
            text += &format!("    topic {topic}, partition {partition}, offsets {from} to {}\n", to - 1);
        }
        text += &format!("    {}\n", row.advice);
    }
    let Page { files, bytes, batches, partitions, .. } = page;
    let sound = if page.sound { "sound" } else { "damaged" };
    text + &format!("{sound}: {partitions} partitions, {batches} batches, {files} files, {bytes} bytes\n")
}
