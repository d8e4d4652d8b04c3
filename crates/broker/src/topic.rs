//! A topic as its partitions know it: identity, the settings that hold now, figures.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::RwLock;
use thalweg_model::world::{Counter, Meter};
use thalweg_model::{TopicId, TopicName};

use crate::config::{Overrides, TopicConfig};

const FIGURES: [(&str, &str); 5] = [
    ("topic_bytes_in_total", "Bytes of record batches appended"),
    ("topic_records_in_total", "Records appended"),
    ("topic_bytes_out_total", "Bytes of record batches read by clients"),
    ("topic_records_out_total", "Records read by clients"),
    ("topic_produce_refused_total", "Batches refused"),
];

/// A topic.
pub(crate) struct Topic {
    pub(crate) name: TopicName,
    pub(crate) id: TopicId,
    pub(crate) internal: bool,
    // Short: an `Arc` is cloned or exchanged under it. Settings change while the broker runs.
    config: RwLock<(Arc<Overrides>, Arc<TopicConfig>)>,
    meters: OnceLock<Box<TopicMeters>>,
    ended: AtomicBool,
}

/// A topic's figures, made when it is first used.
pub(crate) struct TopicMeters {
    pub(crate) bytes_in: Counter,
    pub(crate) records_in: Counter,
    pub(crate) bytes_out: Counter,
    pub(crate) records_out: Counter,
    pub(crate) refused: Counter,
}

impl Topic {
    pub(crate) fn new(
        name: TopicName,
        id: TopicId,
        overrides: Arc<Overrides>,
        config: Arc<TopicConfig>,
    ) -> Self {
        let internal = crate::catalog::is_internal(name.as_str());
        Self {
            name,
            id,
            internal,
            config: RwLock::new((overrides, config)),
            meters: OnceLock::new(),
            ended: AtomicBool::new(false),
        }
    }

    /// What holds now.
    pub(crate) fn config(&self) -> Arc<TopicConfig> {
        self.config.read().1.clone()
    }

    /// What was set for it.
    pub(crate) fn overrides(&self) -> Arc<Overrides> {
        self.config.read().0.clone()
    }

    pub(crate) fn set(&self, overrides: Arc<Overrides>, config: Arc<TopicConfig>) {
        *self.config.write() = (overrides, config);
    }

    pub(crate) fn meters(&self, meter: &dyn Meter) -> &TopicMeters {
        self.meters.get_or_init(|| {
            let labels = [("topic", self.name.as_str())];
            let [bytes_in, records_in, bytes_out, records_out, refused] =
                FIGURES.map(|(name, help)| meter.counter(name, help, &labels));
            Box::new(TopicMeters { bytes_in, records_in, bytes_out, records_out, refused })
        })
    }

    /// Whether it was deleted: who still holds a partition of it can do nothing with it any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// Forgets the figures of a topic that is gone.
    pub(crate) fn forget_meters(&self, meter: &dyn Meter) {
        if self.meters.get().is_some() {
            for (name, _) in FIGURES {
                meter.forget(name, "topic", self.name.as_str());
            }
        }
    }
}
