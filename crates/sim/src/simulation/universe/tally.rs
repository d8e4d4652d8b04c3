//! How often each thing happened: what a proof over many seeds really met, and what it did not.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use thalweg_model::world::{Counter, Gauge, Histogram, Meter, NoMeter};

/// Counts by name; clones are the same counts.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<BTreeMap<String, u64>>>);

/// What a broker counts of itself, which outlives its process here.
#[derive(Clone, Default)]
pub struct Figures(Arc<Mutex<BTreeMap<Figure, Counter>>>);

/// Which life, which name, which labels.
type Figure = (u64, &'static str, String);

impl Tally {
    /// It happened once more.
    pub fn count(&self, what: &str) {
        self.add(what, 1);
    }

    /// It happened so often.
    pub fn add(&self, what: &str, times: u64) {
        let mut counts = self.0.lock();
        match counts.get_mut(what) {
            Some(count) => *count += times,
            None if times > 0 => drop(counts.insert(what.to_owned(), times)),
            None => {}
        }
    }

    /// All that happened.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.0.lock().clone()
    }
}

impl Figures {
    /// A meter for a life.
    pub fn meter(&self, life: u64) -> Arc<dyn Meter> {
        Arc::new(LifeMeter { figures: self.clone(), life })
    }

    /// The sums over all lives and labels.
    pub fn sum(&self, tally: &Tally) {
        for ((_, name, _), counter) in &*self.0.lock() {
            tally.add(&format!("broker: {name}"), counter.get());
        }
    }
}

struct LifeMeter {
    figures: Figures,
    life: u64,
}

impl Meter for LifeMeter {
    fn counter(&self, name: &'static str, _: &'static str, labels: &[(&'static str, &str)]) -> Counter {
        let labels = labels.iter().map(|(label, value)| format!("{label}={value},")).collect();
        self.figures.0.lock().entry((self.life, name, labels)).or_default().clone()
    }

    fn gauge(&self, name: &'static str, help: &'static str, labels: &[(&'static str, &str)]) -> Gauge {
        NoMeter.gauge(name, help, labels)
    }

    fn histogram(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&'static str, &str)],
        buckets: &'static [f64],
    ) -> Arc<dyn Histogram> {
        NoMeter.histogram(name, help, labels, buckets)
    }

    fn forget(&self, _: &'static str, _: &'static str, _: &str) {}
}
