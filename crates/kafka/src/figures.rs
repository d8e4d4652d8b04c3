//! What operators read about this head: requests, errors and latency by API, and connections by listener.
//!
//! Handles are made when an API is first used, so that `/metrics` names only what was asked for.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use thalweg_model::world::{Counter, Gauge, Histogram, Meter};

use crate::api;
use crate::errors::Code;

/// Upper bounds of the latency buckets, in seconds.
const LATENCY_BUCKETS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The figures of all APIs.
pub(crate) struct Figures {
    meter: Arc<dyn Meter>,
    by_api: Vec<OnceLock<ApiFigures>>,
    reads: Counter,
}

struct ApiFigures {
    requests: Counter,
    errors: Counter,
    seconds: Arc<dyn Histogram>,
}

impl Figures {
    pub(crate) fn new(meter: Arc<dyn Meter>) -> Self {
        let by_api = api::TABLE.iter().map(|_| OnceLock::new()).collect();
        let reads = meter.counter("kafka_socket_reads_total", "Reads of sockets that brought requests", &[]);
        Self { meter, by_api, reads }
    }

    /// So many reads of a socket brought what is served now.
    pub(crate) fn read(&self, reads: u64) {
        if reads > 0 {
            self.reads.add(reads);
        }
    }

    /// A request was answered (or needed no answer).
    pub(crate) fn answered(&self, row: usize, took: Duration, error: Option<Code>) {
        let figures = self.by_api[row].get_or_init(|| self.make(row));
        figures.requests.add(1);
        figures.seconds.observe(took.as_secs_f64());
        if error.is_some() {
            figures.errors.add(1);
        }
    }

    /// A request came that led to the end of its connection.
    pub(crate) fn refused(&self, reason: &'static str) {
        let help = "Requests that were not understood and ended their connection";
        self.meter.counter("kafka_requests_refused_total", help, &[("reason", reason)]).add(1);
    }

    /// Counts a connection on this listener as long as the value lives.
    pub(crate) fn connection(&self, listener: &str) -> OpenConnection {
        let labels = [("listener", listener)];
        let accepted =
            self.meter.counter("kafka_connections_accepted_total", "Connections accepted", &labels);
        accepted.add(1);
        let open = self.meter.gauge("kafka_connections", "Connections open", &labels);
        open.add(1);
        OpenConnection(open)
    }

    fn make(&self, row: usize) -> ApiFigures {
        let labels = [("api", api::TABLE[row].name())];
        ApiFigures {
            requests: self.meter.counter("kafka_requests_total", "Requests answered", &labels),
            errors: self.meter.counter("kafka_request_errors_total", "Answers that bear an error", &labels),
            seconds: self.meter.histogram(
                "kafka_request_seconds",
                "From the whole request to its answer",
                &labels,
                LATENCY_BUCKETS,
            ),
        }
    }
}

/// One open connection in the gauge.
pub(crate) struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.add(-1);
    }
}
