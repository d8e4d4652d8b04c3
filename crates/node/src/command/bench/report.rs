//! What a bench found: as a table, and as JSON.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::RunFlags;
use crate::command::printout;
use crate::exit::Failure;

/// The longest time that is told apart.
const LONGEST_US: u64 = 3_600_000_000;
/// How many digits of a time are kept.
const DIGITS: u8 = 3;

/// What one client, or all of them together, did.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) records: u64,
    /// Of values (produced) or of batches as they came (consumed).
    pub(super) bytes: u64,
    /// Records that were refused.
    pub(super) failed: u64,
    /// From the first record's making to the last one's end.
    started: Duration,
    ended: Duration,
    times: Histogram<u64>,
}

impl Report {
    pub(super) fn new(started: Duration) -> Self {
        let times = Histogram::new_with_bounds(1, LONGEST_US, DIGITS).expect("the bounds are in order");
        Self { records: 0, bytes: 0, failed: 0, started, ended: started, times }
    }

    /// Something took from one moment to another.
    pub(super) fn took(&mut self, from: Duration, to: Duration) {
        let micros = u64::try_from(to.saturating_sub(from).as_micros()).unwrap_or(u64::MAX);
        self.times.saturating_record(micros.max(1));
        self.ended = self.ended.max(to);
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.failed += other.failed;
        self.started = self.started.min(other.started);
        self.ended = self.ended.max(other.ended);
        self.times.add(&other.times).expect("all have the same bounds");
    }

    /// Prints it.
    pub(super) fn print(&self, setup: Setup, run: &RunFlags) -> Result<(), Failure> {
        let page = self.page(setup);
        printout::print(run.json, &page, || text(&page))
    }

    fn page(&self, setup: Setup) -> Page {
        let seconds = self.ended.saturating_sub(self.started).as_secs_f64();
        let per_second = |count: f64| if seconds > 0.0 { count / seconds } else { 0.0 };
        let at = |quantile: f64| self.times.value_at_quantile(quantile) as f64 / 1000.0;
        Page {
            setup,
            records: self.records,
            bytes: self.bytes,
            failed: self.failed,
            seconds,
            records_per_second: per_second(self.records as f64),
            mib_per_second: per_second(self.bytes as f64 / f64::from(1 << 20)),
            milliseconds: Milliseconds {
                p50: at(0.5),
                p90: at(0.9),
                p99: at(0.99),
                p99_9: at(0.999),
                max: self.times.max() as f64 / 1000.0,
            },
        }
    }
}

/// What was asked for.
#[derive(Debug, Serialize)]
pub(super) struct Setup {
    pub(super) bench: &'static str,
    /// What the times are of.
    pub(super) measured: &'static str,
    pub(super) topic: String,
    pub(super) partitions: usize,
    pub(super) clients: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) record_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) codec: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) acks: Option<&'static str>,
}

#[derive(Serialize)]
struct Page {
    #[serde(flatten)]
    setup: Setup,
    records: u64,
    bytes: u64,
    failed: u64,
    seconds: f64,
    records_per_second: f64,
    mib_per_second: f64,
    milliseconds: Milliseconds,
}

#[derive(Serialize)]
struct Milliseconds {
    p50: f64,
    p90: f64,
    p99: f64,
    #[serde(rename = "p99.9")]
    p99_9: f64,
    max: f64,
}

fn text(page: &Page) -> String {
    let head = ["RECORDS", "SECONDS", "RECORDS/S", "MIB/S", "FAILED"];
    let row = [
        page.records.to_string(),
        format!("{:.2}", page.seconds),
        format!("{:.0}", page.records_per_second),
        format!("{:.2}", page.mib_per_second),
        page.failed.to_string(),
    ];
    let throughput = printout::table(&head, [row]);
    let times = &page.milliseconds;
    let row = [times.p50, times.p90, times.p99, times.p99_9, times.max].map(|time| format!("{time:.3}"));
    let times = printout::table(&["P50", "P90", "P99", "P99.9", "MAX"], [row]);
    let Setup { measured, .. } = page.setup;
    format!("{throughput}\n\nmilliseconds {measured}:\n{times}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Report, Setup};

    #[test]
    fn reports_add_up() {
        let second = Duration::from_secs(1);
        let mut whole = Report::new(second);
        for milliseconds in 1..=100 {
            whole.took(second, second + Duration::from_millis(milliseconds));
        }
        (whole.records, whole.bytes) = (100, 100 << 20);
        let mut other = Report::new(second * 2);
        other.took(second * 2, second * 3);
        (other.records, other.bytes) = (100, 100 << 20);
        whole.add(&other);
        let setup = Setup {
            bench: "produce",
            measured: "of tests",
            topic: "t".to_owned(),
            partitions: 1,
            clients: 2,
            record_bytes: None,
            rate: None,
            codec: None,
            acks: None,
        };
        let page = serde_json::to_value(whole.page(setup)).expect("it is JSON");
        assert_eq!(page["seconds"], 2.0);
        assert_eq!(page["records_per_second"], 100.0);
        assert_eq!(page["mib_per_second"], 100.0);
        let near = |name: &str, expect: f64| {
            let found = page["milliseconds"][name].as_f64().expect("it is a number");
            assert!((found - expect).abs() < expect / 100.0, "{name}: {found}, not {expect}");
        };
        near("p50", 51.0);
        near("p90", 91.0);
        near("p99", 100.0);
        near("p99.9", 1000.0);
        near("max", 1000.0);
    }
}
