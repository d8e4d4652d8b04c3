//! What is known to be damaged: each place once, however often it is met, until nobody has it any more. Finds nothing
//! itself: reads, recovery and the scrub bring what they find.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use thalweg_model::world::{Counter, Meter};
use thalweg_model::{Offset, TopicPartition};
use tokio::sync::watch;

/// How many places are remembered; what is found beyond that is counted and logged.
const KEPT_MAX: usize = 1024;

/// Records that are not what was written, or are not there. They are not served; all around them are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Whose they are.
    pub partition: TopicPartition,
    /// The first offset that is lost,
    pub from: Offset,
    /// and the first one after it that is not.
    pub to: Offset,
    /// The file that they lie in, as it is called in the data folder.
    pub file: String,
    /// Where in the file, as far as that is known.
    pub position: Option<u64>,
    /// What is wrong.
    pub what: String,
}

/// All that was found.
pub(crate) struct DamageBook {
    // Short: damage is rare.
    kept: Mutex<BTreeMap<(TopicPartition, Offset), Damage>>,
    changes: watch::Sender<u64>,
    found: Counter,
}

impl DamageBook {
    pub(crate) fn new(meter: &dyn Meter) -> Self {
        let help = "Places in files found damaged since the start: batches, blocks, directories.";
        let found = Counter(meter.counter("damage_found_total", help, &[]).0);
        Self { kept: Mutex::default(), changes: watch::Sender::new(0), found }
    }

    /// Takes note, and logs it the first time.
    pub(crate) fn found(&self, damage: Damage) {
        let mut kept = self.kept.lock();
        let key = (damage.partition, damage.from);
        if kept.get(&key).is_some_and(|known| known.to >= damage.to) {
            return;
        }
        let Damage { partition, from, to, file, position, what } = &damage;
        self.found.add(1);
        if kept.len() < KEPT_MAX {
            // Who knows the topic's name tells it.
            tracing::debug!(%partition, %from, %to, file, position, what, "stored records are damaged");
            kept.insert(key, damage);
        } else {
            tracing::error!(%partition, %from, %to, file, position, what, "stored records are damaged");
        }
        drop(kept);
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Something of a file that is no record: nothing is lost by it.
    pub(crate) fn found_beside_records(&self, file: &str, what: &str) {
        tracing::error!(file, what, "a file is damaged, its records are not");
        self.found.add(1);
    }

    /// Forgets what is true no longer.
    pub(crate) fn retain(&self, holds: impl Fn(&Damage) -> bool) {
        let mut kept = self.kept.lock();
        let before = kept.len();
        kept.retain(|_, damage| holds(damage));
        let changed = kept.len() != before;
        drop(kept);
        if changed {
            self.changes.send_modify(|changes| *changes += 1);
        }
    }

    pub(crate) fn all(&self) -> Vec<Damage> {
        self.kept.lock().values().cloned().collect()
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> u64 {
        self.found.get()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}
