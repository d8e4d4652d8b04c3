//! Topics that are made because somebody asked for them (`auto.create.topics.enable`). They are made behind the answer,
//! as in Kafka: who asks is told that there is no such topic, and finds it when asking again. Clients count on that,
//! and requests that came together with the first one are told the same.

use std::collections::VecDeque;

use parking_lot::Mutex;
use thalweg_model::TopicName;
use thalweg_model::collections::HashSet;
use tokio::sync::Notify;

use crate::catalog;
use crate::config::BrokerConfig;
use crate::session::topics::{MetadataError, NewTopic, TopicError};

use super::topics::PARTITIONS_PER_REQUEST_MAX;
use super::{Broker, offsets_topic};

/// So many names wait to be made; who finds no room asks again.
const WAITING_MAX: usize = 10_000;
/// So many topics are made in one change.
const AT_ONCE_MAX: i64 = 100;

/// The names that wait, in the order in which they came.
#[derive(Default)]
pub(super) struct AskedFor {
    // Short: names go in and out.
    waiting: Mutex<Waiting>,
    more: Notify,
}

#[derive(Default)]
struct Waiting {
    queue: VecDeque<TopicName>,
    names: HashSet<TopicName>,
}

impl AskedFor {
    fn add(&self, name: &TopicName) {
        let mut waiting = self.waiting.lock();
        if waiting.queue.len() < WAITING_MAX && waiting.names.insert(name.clone()) {
            waiting.queue.push_back(name.clone());
        }
        drop(waiting);
        self.more.notify_one();
    }

    fn take(&self, most: usize) -> Vec<TopicName> {
        let mut waiting = self.waiting.lock();
        let count = waiting.queue.len().min(most);
        let taken: Vec<_> = waiting.queue.drain(..count).collect();
        for name in &taken {
            waiting.names.remove(name);
        }
        taken
    }
}

impl Broker {
    /// Notes that a topic is wanted, and says what whoever wants it is told.
    pub(super) fn ask_for(&self, name: &TopicName) -> MetadataError {
        // Nobody writes to the other internal topics yet; who does one day makes them as wide as they have to be.
        if catalog::is_internal(name.as_str()) && name.as_str() != offsets_topic::NAME {
            return MetadataError::Unknown(name.clone());
        }
        self.0.asked_for.add(name);
        MetadataError::Creating(name.clone())
    }

    pub(super) async fn run_asked_for(&self) {
        let mut closing = self.0.closing.subscribe();
        loop {
            tokio::select! {
                biased;
                _ = closing.wait_for(|closing| *closing) => return,
                () = self.0.asked_for.more.notified() => {}
            }
            loop {
                let names = self.0.asked_for.take(at_once(&self.config()));
                if names.is_empty() || *closing.borrow() {
                    break;
                }
                self.make_asked_for(names).await;
            }
        }
    }

    async fn make_asked_for(&self, mut names: Vec<TopicName>) {
        let say = |name: &TopicName, result: Result<(), TopicError>| match result {
            Ok(()) | Err(TopicError::Exists(_)) => {}
            Err(error) => {
                tracing::warn!(topic = %name, %error, "a topic that was asked for could not be made")
            }
        };
        if let Some(offsets) = names.iter().position(|name| name.as_str() == offsets_topic::NAME) {
            let name = names.remove(offsets);
            say(&name, self.create_internal(&name).await);
        }
        let wish = |name: &TopicName| NewTopic {
            name: name.clone(),
            partitions: -1,
            replication_factor: -1,
            assignments: Vec::new(),
            configs: Vec::new(),
        };
        let wishes: Vec<_> = names.iter().map(wish).collect();
        let results = self.create_topics(&wishes, false).await;
        for (name, result) in names.iter().zip(results) {
            say(name, result.map(drop));
        }
    }
}

/// As many as one change may make.
fn at_once(config: &BrokerConfig) -> usize {
    let most = PARTITIONS_PER_REQUEST_MAX / i64::from(config.num_partitions.max(1));
    usize::try_from(most.clamp(1, AT_ONCE_MAX)).unwrap_or(1)
}
