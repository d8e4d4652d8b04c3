//! `cargo xtask bench`: what a release broker costs: its start, its memory, a partition, a start after `kill -9`, and bytes
//! on disk per byte produced. It reports and judges nothing: times and sizes depend on the machine. Throughput and
//! latency are measured by `thalweg bench`, against any broker.

mod broker;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use self::broker::Broker;
use crate::{process, root, scratch};

const LIMIT_BUILD: Duration = Duration::from_secs(40 * 60);
/// How often the start is measured; the median counts.
const STARTS: usize = 5;
/// How long a broker is left alone before its idle memory is read.
const IDLE: Duration = Duration::from_secs(2);
/// How many partitions a topic gets.
const PARTITIONS_PER_TOPIC: usize = 10_000;
/// How large records are where bytes are counted.
const RECORD_BYTES: u64 = 1024;
/// How long the broker is under load when it is killed.
const LOAD: Duration = Duration::from_secs(5);
/// Written bytes have settled when none came for so long, or after the longest wait: a checkpoint may take a minute to
/// begin.
const SETTLED: Duration = Duration::from_secs(5);
const SETTLED_MAX: Duration = Duration::from_secs(90);

/// What was measured, in order.
type Found = Vec<(&'static str, Value)>;

struct Options {
    partitions: usize,
    records: u64,
    json: bool,
    binary: PathBuf,
}

/// Runs all of it and prints a table, or JSON.
pub(crate) fn run(arguments: Vec<String>) -> anyhow::Result<ExitCode> {
    let options = options(arguments)?;
    let yard = scratch().join("bench");
    let mut found = Found::new();
    start(&options, &yard, &mut found)?;
    partitions(&options, &yard, &mut found)?;
    killed(&options, &yard, &mut found)?;
    written(&options, &yard, &mut found)?;
    // Only what this run put there.
    std::fs::remove_dir_all(&yard)?;
    if options.json {
        let page: Map<_, _> = found.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        println!("{}", serde_json::to_string_pretty(&page)?);
    } else {
        let width = found.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        for (name, value) in &found {
            println!("{name:width$}  {value}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn options(arguments: Vec<String>) -> anyhow::Result<Options> {
    let mut options =
        Options { partitions: 100_000, records: 1_000_000, json: false, binary: PathBuf::new() };
    let mut arguments = arguments.into_iter();
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{name} wants a value"));
        match name.as_str() {
            "--partitions" => options.partitions = value()?.parse()?,
            "--records" => options.records = value()?.parse()?,
            "--binary" => options.binary = value()?.into(),
            "--json" => options.json = true,
            _ => bail!("there is no option {name}"),
        }
    }
    if options.binary.as_os_str().is_empty() {
        let mut build = Command::new(env!("CARGO"));
        build.current_dir(root()).args(["build", "--release"]);
        process::run_logged(&mut build, &scratch().join("bench-build.log"), LIMIT_BUILD)?;
        options.binary = scratch().join("release/thalweg");
    }
    Ok(options)
}

/// Says on stderr what is measured now.
fn say(text: &str) {
    eprintln!("bench: {text}");
}

/// The start on an empty folder, and what an idle broker takes.
fn start(options: &Options, yard: &Path, found: &mut Found) -> anyhow::Result<()> {
    say("start on an empty folder, idle memory");
    let mut times = Vec::new();
    let mut last = None;
    for turn in 0..STARTS {
        drop(last.take());
        let broker = Broker::start(&options.binary, &yard.join(format!("start-{turn}")))?;
        times.push(broker.ready.as_secs_f64() * 1e3);
        last = Some(broker);
    }
    times.sort_by(f64::total_cmp);
    found.push(("start_ms", rounded(times[STARTS / 2])));
    std::thread::sleep(IDLE);
    if let Some(broker) = last {
        found.push(("idle_memory_mib", rounded(broker.memory_bytes()? as f64 / 1024.0 / 1024.0)));
        found.push(("idle_folder_mib", rounded(folder_bytes(&broker.folder)? as f64 / 1024.0 / 1024.0)));
    }
    Ok(())
}

/// What a partition costs: made, then one record written and read in each, then found again.
fn partitions(options: &Options, yard: &Path, found: &mut Found) -> anyhow::Result<()> {
    say(&format!("{} partitions", options.partitions));
    let mut broker = Broker::start(&options.binary, &yard.join("partitions"))?;
    std::thread::sleep(IDLE);
    let before = broker.memory_bytes()?;
    let mut topics = Vec::new();
    let mut left = options.partitions;
    let began = Instant::now();
    while left > 0 {
        let count = left.min(PARTITIONS_PER_TOPIC);
        let name = format!("wide-{}", topics.len());
        broker.command(&["topic", "create", &name, "--partitions", &count.to_string()])?;
        topics.push((name, count));
        left -= count;
    }
    found.push(("partitions", options.partitions.into()));
    found.push(("partitions_created_seconds", rounded(began.elapsed().as_secs_f64())));
    std::thread::sleep(IDLE);
    let per_partition = |after: u64, tail: u64| {
        rounded(after.saturating_sub(before + tail) as f64 / options.partitions.max(1) as f64)
    };
    found.push(("partition_bytes_created", per_partition(broker.memory_bytes()?, 0)));
    for (name, count) in &topics {
        // A batch of one record, so that each partition gets its turn.
        let count = count.to_string();
        broker.command(&[
            "bench",
            "produce",
            "--topic",
            name,
            "--records",
            &count,
            "--size",
            "16",
            "--batch-bytes",
            "1",
            "--json",
        ])?;
        let read = broker.command(&["bench", "consume", "--topic", name, "--json"])?;
        if read["records"].as_u64() != count.parse().ok() {
            bail!("{name}: {count} records were written and {} read", read["records"]);
        }
    }
    std::thread::sleep(IDLE);
    let tail = broker.figure("thalweg_tail_bytes").unwrap_or_default();
    found.push(("partition_bytes_used", per_partition(broker.memory_bytes()?, tail)));
    broker.stop()?;
    broker.start_again()?;
    found.push(("partitions_start_ms", rounded(broker.ready.as_secs_f64() * 1e3)));
    std::thread::sleep(IDLE);
    let tail = broker.figure("thalweg_tail_bytes").unwrap_or_default();
    found.push(("partition_bytes_restarted", per_partition(broker.memory_bytes()?, tail)));
    Ok(())
}

/// The start after `kill -9` under load.
fn killed(options: &Options, yard: &Path, found: &mut Found) -> anyhow::Result<()> {
    say("kill -9 under load");
    let mut broker = Broker::start(&options.binary, &yard.join("killed"))?;
    let mut load = Load::start(&broker, LOAD * 4)?;
    std::thread::sleep(LOAD);
    broker.kill();
    load.end();
    broker.start_again()?;
    found.push(("ready_after_kill_ms", rounded(broker.ready.as_secs_f64() * 1e3)));
    let read = broker.command(&["bench", "consume", "--topic", "load", "--json"])?;
    found.push(("records_after_kill", read["records"].clone()));
    Ok(())
}

/// Bytes that reach the disk per byte of records' values. The log's files, which are prewritten once there is load, are
/// among them: the more records, the less they show.
fn written(options: &Options, yard: &Path, found: &mut Found) -> anyhow::Result<()> {
    say("bytes written per byte produced");
    let broker = Broker::start(&options.binary, &yard.join("written"))?;
    let before = broker.written_bytes()?;
    let produced = broker.command(&[
        "bench",
        "produce",
        "--topic",
        "load",
        "--partitions",
        "4",
        "--records",
        &options.records.to_string(),
        "--size",
        &RECORD_BYTES.to_string(),
        "--json",
    ])?;
    let bytes = produced["bytes"].as_u64().context("the bench tells bytes")?;
    let (began, mut last) = (Instant::now(), (broker.written_bytes()?, Instant::now()));
    while last.1.elapsed() < SETTLED && began.elapsed() < SETTLED_MAX {
        std::thread::sleep(Duration::from_millis(250));
        let now = broker.written_bytes()?;
        if now != last.0 {
            last = (now, Instant::now());
        }
    }
    found.push((
        "produced_records_per_second",
        rounded(produced["records_per_second"].as_f64().unwrap_or(0.0)),
    ));
    found.push((
        "written_bytes_per_byte",
        rounded(last.0.saturating_sub(before) as f64 / bytes.max(1) as f64),
    ));
    found.push(("memory_after_load_mib", rounded(broker.memory_bytes()? as f64 / 1024.0 / 1024.0)));
    Ok(())
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

fn rounded(number: f64) -> Value {
    json!((number * 100.0).round() / 100.0)
}

/// What a folder and all below it take on disk.
fn folder_bytes(folder: &Path) -> anyhow::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { folder_bytes(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(bytes)
}
