//! How long a file stays after the last that was wanted of it was let go (`file.delete.delay.ms`): readers that found
//! it before may still open it. The caller sets a time for all and other times for single topics; a file in which
//! several had something waits for the longest.

use std::time::Duration;

use parking_lot::RwLock;
use thalweg_model::TopicId;
use thalweg_model::collections::HashMap;

/// The times that hold now.
pub(crate) struct DeleteDelays {
    // Read when something is let go, written when settings change.
    times: RwLock<Times>,
}

struct Times {
    all: Duration,
    topics: HashMap<TopicId, Duration>,
}

impl DeleteDelays {
    pub(crate) fn new(all: Duration) -> Self {
        Self { times: RwLock::new(Times { all, topics: HashMap::default() }) }
    }

    pub(crate) fn set(&self, all: Duration) {
        self.times.write().all = all;
    }

    pub(crate) fn set_topic(&self, topic: TopicId, delay: Option<Duration>) {
        let mut times = self.times.write();
        match delay {
            Some(delay) => drop(times.topics.insert(topic, delay)),
            None => drop(times.topics.remove(&topic)),
        }
    }

    /// Where a topic has no time of its own.
    pub(crate) fn of_all(&self) -> Duration {
        self.times.read().all
    }

    pub(crate) fn of_topic(&self, topic: TopicId) -> Duration {
        let times = self.times.read();
        times.topics.get(&topic).copied().unwrap_or(times.all)
    }
}
