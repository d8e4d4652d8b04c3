//! The registry of figures behind the `Meter` of `model`. It keeps numbers; the format that leaves is written by
//! `prometheus-client`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use thalweg_model::world::{Counter, Gauge, Histogram, Meter};

/// What every name begins with.
const PREFIX: &str = "thalweg";
/// How many label sets one figure may have. Names of topics and groups come from clients, so there is a bound; what
/// is above it is counted and not shown.
pub(crate) const LABEL_SETS_MAX: usize = 20_000;

/// All figures of the process; clones are the same.
#[derive(Clone, Default)]
pub struct Figures(Arc<Families>);

#[derive(Default)]
struct Families(Mutex<BTreeMap<&'static str, Family>>);

struct Family {
    help: &'static str,
    members: BTreeMap<Labels, Member>,
}

type Labels = Vec<(&'static str, String)>;

#[derive(Clone)]
enum Member {
    Counter(Counter),
    Gauge(Gauge),
    Histogram(Arc<Buckets>),
}

struct Buckets {
    bounds: &'static [f64],
    counts: Vec<AtomicU64>,
    /// The bits of an `f64`.
    sum: AtomicU64,
}

impl Figures {
    /// Everything, as OpenMetrics text, which Prometheus reads.
    pub fn text(&self) -> String {
        let mut registry = Registry::with_prefix(PREFIX);
        registry.register_collector(Box::new(self.clone()));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry)
            .expect("a String takes all that is written");
        text
    }

    fn member(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&'static str, &str)],
        make: impl FnOnce() -> Member,
    ) -> Member {
        let mut families = self.families();
        let family = families.entry(name).or_insert_with(|| Family { help, members: BTreeMap::new() });
        let labels: Labels = labels.iter().map(|(label, value)| (*label, (*value).to_owned())).collect();
        if let Some(member) = family.members.get(&labels) {
            return member.clone();
        }
        let member = make();
        if family.members.len() < LABEL_SETS_MAX {
            family.members.insert(labels, member.clone());
        }
        member
    }

    fn families(&self) -> MutexGuard<'_, BTreeMap<&'static str, Family>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Figures").field("names", &self.families().len()).finish()
    }
}

impl Meter for Figures {
    fn counter(&self, name: &'static str, help: &'static str, labels: &[(&'static str, &str)]) -> Counter {
        match self.member(name, help, labels, || Member::Counter(Counter::default())) {
            Member::Counter(counter) => counter,
            Member::Gauge(_) | Member::Histogram(_) => panic!("{name} is already a figure of another kind"),
        }
    }

    fn gauge(&self, name: &'static str, help: &'static str, labels: &[(&'static str, &str)]) -> Gauge {
        match self.member(name, help, labels, || Member::Gauge(Gauge::default())) {
            Member::Gauge(gauge) => gauge,
            Member::Counter(_) | Member::Histogram(_) => panic!("{name} is already a figure of another kind"),
        }
    }

    fn histogram(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&'static str, &str)],
        buckets: &'static [f64],
    ) -> Arc<dyn Histogram> {
        match self.member(name, help, labels, || Member::Histogram(Arc::new(Buckets::new(buckets)))) {
            Member::Histogram(histogram) => histogram,
            Member::Counter(_) | Member::Gauge(_) => panic!("{name} is already a figure of another kind"),
        }
    }

    fn forget(&self, name: &'static str, label: &'static str, value: &str) {
        let mut families = self.families();
        let Some(family) = families.get_mut(name) else { return };
        let is_it = |(found, of): &(&'static str, String)| *found == label && of == value;
        family.members.retain(|labels, _| !labels.iter().any(is_it));
    }
}

impl Buckets {
    fn new(bounds: &'static [f64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, sum: AtomicU64::new(0) }
    }

    /// The sum, the count, and what each bucket holds for itself.
    fn read(&self) -> (f64, u64, Vec<(f64, u64)>) {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<_> = bounds.zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        (f64::from_bits(self.sum.load(Ordering::Relaxed)), count, buckets)
    }
}

impl Histogram for Buckets {
    fn observe(&self, value: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        let add = |bits| Some((f64::from_bits(bits) + value).to_bits());
        let _ = self.sum.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

impl Member {
    fn encode(&self, encoder: &mut MetricEncoder<'_>) -> Result<(), fmt::Error> {
        match self {
            Self::Counter(counter) => encoder.encode_counter::<NoLabelSet, _, u64>(&counter.get(), None),
            Self::Gauge(gauge) => encoder.encode_gauge(&gauge.get()),
            Self::Histogram(histogram) => {
                let (sum, count, buckets) = histogram.read();
                encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
            }
        }
    }
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for (name, family) in &*self.families() {
            let Some(kind) = family.members.values().next() else { continue };
            // The format adds the ending of counters by itself.
            let name = name.strip_suffix("_total").unwrap_or(name);
            let kind = match kind {
                Member::Counter(_) => MetricType::Counter,
                Member::Gauge(_) => MetricType::Gauge,
                Member::Histogram(_) => MetricType::Histogram,
            };
            let mut family_encoder = encoder.encode_descriptor(name, family.help, None, kind)?;
            for (labels, member) in &family.members {
                if labels.is_empty() {
                    member.encode(&mut family_encoder)?;
                } else {
                    member.encode(&mut family_encoder.encode_family(labels)?)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_leave_as_text_that_prometheus_reads() {
        let figures = Figures::default();
        figures.counter("requests_total", "Requests", &[("api", "Fetch")]).add(3);
        figures.counter("requests_total", "Requests", &[("api", "Fetch")]).add(1);
        figures.gauge("connections", "Connections", &[]).set(-2);
        let seconds = figures.histogram("sync_seconds", "Time of a sync", &[], &[0.1, 1.0]);
        for value in [0.05, 0.1, 0.5, 7.0] {
            seconds.observe(value);
        }
        let text = figures.text();
        for line in [
            "# TYPE thalweg_requests counter",
            "thalweg_requests_total{api=\"Fetch\"} 4",
            "thalweg_connections -2",
            "thalweg_sync_seconds_bucket{le=\"0.1\"} 2",
            "thalweg_sync_seconds_bucket{le=\"1.0\"} 3",
            "thalweg_sync_seconds_bucket{le=\"+Inf\"} 4",
            "thalweg_sync_seconds_count 4",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn what_is_forgotten_is_not_shown_and_names_have_a_bound() {
        let figures = Figures::default();
        figures.counter("records_total", "Records", &[("topic", "a")]).add(1);
        figures.counter("records_total", "Records", &[("topic", "b")]).add(1);
        figures.forget("records_total", "topic", "a");
        let text = figures.text();
        assert!(!text.contains("topic=\"a\"") && text.contains("topic=\"b\""));
        for topic in 0..LABEL_SETS_MAX + 10 {
            figures.counter("records_total", "Records", &[("topic", &topic.to_string())]).add(1);
        }
        assert_eq!(figures.text().matches("records_total{").count(), LABEL_SETS_MAX);
    }
}
