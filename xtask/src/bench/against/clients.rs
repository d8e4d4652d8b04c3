//! The clients that put load on both sides, none of them ours: the measuring tools of Apache Kafka, and librdkafka's.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

use super::metric::{Metric, Sample};
use crate::compat::Yard;
use crate::{apache, process, root};

const LIMIT_BUILD: Duration = Duration::from_secs(20 * 60);
/// `ProducerPerformance` tells nothing of this part of its records: its virtual machine compiles meanwhile.
const WARM_UP_PART: u64 = 4;
/// The heap of Kafka's tools, as in its scripts.
const HEAP_TOOLS: &str = "-Xmx512m";
/// What the Java producer of the table has: its buffer, and how it gathers.
pub(super) const JAVA_PRODUCER: &[&str] = &["linger.ms=1", "batch.size=131072", "buffer.memory=33554432"];
/// The same for librdkafka.
pub(super) const RD_PRODUCER: &[&str] = &["linger.ms=1", "batch.size=131072"];

pub(super) struct Clients {
    tools: apache::Jars,
    /// `rdkafka_performance`, and where its library lies.
    performance: PathBuf,
    library: PathBuf,
}

/// What a client is to send.
#[derive(Clone, Copy)]
pub(super) struct Sending<'a> {
    pub(super) topic: &'a str,
    pub(super) records: u64,
    pub(super) size: u64,
    /// Records a second; none where they follow as fast as they can.
    pub(super) rate: Option<u64>,
    /// Of all records; only librdkafka's tool can.
    pub(super) key: Option<&'a str>,
    pub(super) properties: &'a [&'a str],
}

impl<'a> Sending<'a> {
    /// As fast as they can, without a key.
    pub(super) fn plain(topic: &'a str, records: u64, size: u64, properties: &'a [&'a str]) -> Self {
        Self { topic, records, size, rate: None, key: None, properties }
    }
}

impl Clients {
    /// Brings the tools' jars, and builds librdkafka's tool from the sources that the Rust client of `compat/` has.
    pub(super) fn bring(yard: &Yard) -> anyhow::Result<Self> {
        let tools = apache::Jars::bring_tools(yard)?;
        let folder = yard.scratch("librdkafka");
        let lock = yard.source("rust/Cargo.lock");
        std::fs::create_dir_all(&folder)?;
        yard.once(&folder.join(".stamp"), &[lock], || {
            let sources = librdkafka_sources(yard)?;
            let script = "cp -r \"$1\"/. . && chmod -R u+w . && chmod +x configure lds-gen.py \
                && ./configure --disable-ssl --disable-gssapi --disable-curl \
                && make -j2 -C src && make -C examples rdkafka_performance";
            let mut command = Command::new("sh");
            command.args(["-e", "-c", script, "sh"]).arg(sources).current_dir(&folder);
            process::run_logged(&mut command, &yard.log("librdkafka"), LIMIT_BUILD)
                .context("mend it: apt-get install -y build-essential python3 zlib1g-dev libzstd-dev")
        })?;
        let performance = folder.join("examples/rdkafka_performance");
        Ok(Self { tools, performance, library: folder.join("src") })
    }

    /// Kafka's `ProducerPerformance`.
    pub(super) fn java_produce(&self, to: SocketAddr, sending: Sending) -> anyhow::Result<Sample> {
        let mut command = self.tool("ProducerPerformance");
        command.args(["--bootstrap-server", &to.to_string(), "--topic", sending.topic]);
        command.args(["--num-records", &sending.records.to_string()]);
        let warm_up = sending.records / WARM_UP_PART;
        command.args(["--warmup-records", &warm_up.to_string()]);
        command.args(["--record-size", &sending.size.to_string()]);
        let rate = sending.rate.map_or("-1".to_owned(), |rate| rate.to_string());
        command.args(["--throughput", &rate, "--command-property", "acks=all"]);
        command.args(sending.properties);
        read_producer(&process::output(&mut command)?, sending.records - warm_up)
    }

    /// Kafka's `ConsumerPerformance`; the time to join a group is not counted.
    pub(super) fn java_consume(&self, from: SocketAddr, topic: &str, records: u64) -> anyhow::Result<Sample> {
        let mut command = self.tool("ConsumerPerformance");
        command.args(["--bootstrap-server", &from.to_string(), "--topic", topic]);
        command.args(["--num-records", &records.to_string(), "--timeout", "60000", "--hide-header"]);
        read_consumer(&process::output(&mut command)?, records)
    }

    /// Kafka's `EndToEndLatency`.
    pub(super) fn end_to_end(&self, with: SocketAddr, sending: Sending) -> anyhow::Result<Sample> {
        let mut command = self.tool("EndToEndLatency");
        command.args(["--bootstrap-server", &with.to_string(), "--topic", sending.topic]);
        command.args(["--num-records", &sending.records.to_string(), "--producer-acks", "all"]);
        command.args(["--record-size", &sending.size.to_string()]);
        read_end_to_end(&process::output(&mut command)?)
    }

    /// librdkafka's producer.
    pub(super) fn rd_produce(&self, to: SocketAddr, sending: Sending) -> anyhow::Result<Sample> {
        let mut command = self.performance(to, "-P", sending.topic, sending.records);
        command.args(["-s", &sending.size.to_string(), "-a", "-1"]);
        if let Some(key) = sending.key {
            command.args(["-k", key]);
        }
        for property in sending.properties {
            command.args(["-X", property]);
        }
        // Its count of what it gave out is sometimes one short, and it ends with an error then: its line decides.
        read_performance(&process::printed(&mut command)?, sending.records)
    }

    /// librdkafka's consumer, of these partitions.
    pub(super) fn rd_consume(
        &self,
        from: SocketAddr,
        topic: &str,
        partitions: u64,
        records: u64,
    ) -> anyhow::Result<Sample> {
        let mut command = self.performance(from, "-C", topic, records);
        command.args(["-o", "beginning"]);
        for partition in 0..partitions {
            command.args(["-p", &partition.to_string()]);
        }
        read_performance(&process::output(&mut command)?, records)
    }

    fn tool(&self, class: &str) -> Command {
        let mut command = self.tools.java(&[HEAP_TOOLS]);
        command.arg(format!("org.apache.kafka.tools.{class}")).stderr(Stdio::null());
        command
    }

    fn performance(&self, address: SocketAddr, mode: &str, topic: &str, records: u64) -> Command {
        let mut command = Command::new(&self.performance);
        command.env("LD_LIBRARY_PATH", &self.library);
        command.args([mode, "-t", topic, "-b", &address.to_string(), "-c", &records.to_string(), "-q"]);
        command
    }
}

/// Where cargo put librdkafka.
fn librdkafka_sources(yard: &Yard) -> anyhow::Result<PathBuf> {
    let text = process::output(
        Command::new(env!("CARGO"))
            .current_dir(root())
            .args(["metadata", "--format-version", "1", "--locked", "--manifest-path"])
            .arg(yard.source("rust/Cargo.toml")),
    )?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().context("metadata lists packages")?;
    let package =
        packages.iter().find(|package| package["name"] == "rdkafka-sys").context("no rdkafka-sys")?;
    let manifest = package["manifest_path"].as_str().context("a package has a manifest")?;
    Ok(PathBuf::from(manifest).with_file_name("librdkafka"))
}

/// `… steady state records sent, 31918.2 records/sec (…), 589.36 ms avg latency, 1170.00 ms max latency, 518 ms 50th, …`,
/// the last line.
fn read_producer(text: &str, records: u64) -> anyhow::Result<Sample> {
    let line = text.lines().rfind(|line| line.contains("99.9th")).context("no last line of the producer")?;
    if line.split(' ').next().and_then(|count| count.parse().ok()) != Some(records) {
        bail!("the producer sent less: {line}");
    }
    let before = |word: &str| -> anyhow::Result<f64> {
        let (head, _) = line.split_once(word).with_context(|| format!("no{word} in: {line}"))?;
        let number = head.rsplit([' ', '(']).next().unwrap_or_default();
        number.parse().with_context(|| format!("{number} before{word}"))
    };
    Ok(vec![
        (Metric::Rate, before(" records/sec")?),
        (Metric::Mean, before(" ms avg")?),
        (Metric::P50, before(" ms 50th")?),
        (Metric::P99, before(" ms 99th")?),
        (Metric::P999, before(" ms 99.9th")?),
        (Metric::Max, before(" ms max")?),
    ])
}

/// Ten columns, of which the fifth counts records and the last is records a second while fetching.
fn read_consumer(text: &str, records: u64) -> anyhow::Result<Sample> {
    let line = text.lines().rfind(|line| line.split(',').count() == 10).context("no line of the consumer")?;
    let columns: Vec<&str> = line.split(',').map(str::trim).collect();
    let read: u64 = columns[4].parse()?;
    if read < records {
        bail!("the consumer read {read} of {records} records");
    }
    Ok(vec![(Metric::Rate, columns[9].parse()?)])
}

/// `Avg latency: 2.4230 ms` and `Percentiles: 50th = 0, 99th = 23, 99.9th = 45`, in whole milliseconds.
fn read_end_to_end(text: &str) -> anyhow::Result<Sample> {
    let after = |word: &str| -> anyhow::Result<f64> {
        let (_, rest) = text.split_once(word).with_context(|| format!("no `{word}`"))?;
        let number: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        number.parse().with_context(|| format!("`{number}` after {word}"))
    };
    Ok(vec![
        (Metric::Mean, after("Avg latency: ")?),
        (Metric::P50, after("50th = ")?),
        (Metric::P99, after("99th = ")?),
        (Metric::P999, after("99.9th = ")?),
    ])
}

/// `% N messages produced (…), N delivered (…) in 1488ms: …`, or `% N messages (… bytes) consumed in 2548ms: …`.
fn read_performance(text: &str, records: u64) -> anyhow::Result<Sample> {
    let line = text.lines().rfind(|line| line.contains(" messages ") && line.contains("msgs/s"));
    let line = line.with_context(|| format!("no last line of librdkafka's tool: {text}"))?;
    let (head, _) = line.split_once("ms: ").context("no milliseconds")?;
    let milliseconds: f64 = head.rsplit(' ').next().unwrap_or_default().parse()?;
    let done = match line.split_once(" delivered") {
        Some((head, _)) => head.rsplit(' ').next(),
        None => line.trim_start_matches("% ").split(' ').next(),
    };
    let done: u64 = done.unwrap_or_default().parse()?;
    if done < records {
        bail!("{done} of {records} records: {line}");
    }
    Ok(vec![(Metric::Rate, done as f64 / milliseconds.max(1.0) * 1e3)])
}

#[cfg(test)]
mod tests {
    use super::super::metric::value;
    use super::*;

    #[test]
    fn the_producer_s_last_line_is_read() {
        let text = "7 records sent, 2.0 records/sec (0.00 MB/sec), 1.0 ms avg latency, 2.0 ms max latency.\n\
            100000 records sent, 21918.2 records/sec (21.17 MB/sec), 689.36 ms avg latency, 2170.00 ms max latency, \
            618 ms 50th, 1209 ms 95th, 1259 ms 99th, 1269 ms 99.9th.\n\
            75000 steady state records sent, 31918.289180 records/sec (31.17 MB/sec), 589.36 ms avg latency, \
            1170.00 ms max latency, 518 ms 50th, 1109 ms 95th, 1159 ms 99th, 1169 ms 99.9th.\n";
        let sample = read_producer(text, 75_000).expect("a whole line");
        assert_eq!(value(&sample, Metric::Rate), Some(31918.289180));
        assert_eq!(value(&sample, Metric::Mean), Some(589.36));
        assert_eq!(value(&sample, Metric::P99), Some(1159.0));
        assert_eq!(value(&sample, Metric::P999), Some(1169.0));
        assert!(read_producer(text, 75_001).is_err());
    }

    #[test]
    fn the_consumer_s_line_is_read() {
        let text = "2026-11-21 12:35:00:608, 2026-11-21 12:35:04:724, 97.6563, 23.7260, 100000, 24295.4325, 1287, \
            2829, 34.5197, 35348.1796\n";
        let sample = read_consumer(text, 100_000).expect("ten columns");
        assert_eq!(value(&sample, Metric::Rate), Some(35348.1796));
        assert!(read_consumer(text, 100_001).is_err());
    }

    #[test]
    fn latencies_end_to_end_are_read() {
        let text = "0\t151.567901\nAvg latency: 2.4230 ms\nPercentiles: 50th = 0, 99th = 23, 99.9th = 45\n";
        let sample = read_end_to_end(text).expect("two lines");
        assert_eq!(value(&sample, Metric::Mean), Some(2.423));
        assert_eq!(value(&sample, Metric::P999), Some(45.0));
    }

    #[test]
    fn librdkafka_s_lines_are_read() {
        let check = |text, records, expect: Option<f64>| {
            let found = read_performance(text, records).ok().and_then(|found| value(&found, Metric::Rate));
            assert_eq!(found, expect, "{text}");
        };
        let produced = "% 500000 messages produced (512000000 bytes), 500000 delivered (offset 499999, 0 failed) in \
            2000ms: 250000 msgs/s and 344.03 MB/s, 355 produce failures, 0 in queue, no compression";
        check(produced, 500_000, Some(250_000.0));
        check(produced, 500_001, None);
        let consumed = "% 500000 messages (512000000 bytes) consumed in 2500ms: 200000 msgs/s (200.93 MB/s)";
        check(consumed, 500_000, Some(200_000.0));
        check("nothing", 1, None);
    }
}
