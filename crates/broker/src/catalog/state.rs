//! What the facts come to: topics by id and by name, settings of brokers.

use std::collections::BTreeMap;
use std::sync::Arc;

use thalweg_model::collections::HashMap;
use thalweg_model::{TopicId, TopicName};

use crate::config::{NamedKind, Overrides};
use crate::partition::Partition;
use crate::session::TopicRef;
use crate::topic::Topic;

use super::name::collision_key;
use super::record::{Record, TopicRecord};

/// A topic with its partitions.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) topic: Arc<Topic>,
    pub(crate) partitions: Arc<[Partition]>,
}

/// The state.
#[derive(Default)]
pub(crate) struct State {
    cluster_id: Option<Arc<str>>,
    // What is durable of each topic; its settings are shared with the topic itself.
    records: HashMap<TopicId, TopicRecord>,
    // What runs. A topic is here from the moment when its fact is durable and its partitions are made.
    by_name: BTreeMap<TopicName, Entry>,
    names: HashMap<TopicId, TopicName>,
    collisions: HashMap<String, TopicName>,
    brokers: BTreeMap<Arc<str>, Arc<Overrides>>,
    named: BTreeMap<(NamedKind, Arc<str>), Arc<Overrides>>,
    producer_ids_end: i64,
}

impl State {
    pub(super) fn apply(&mut self, record: Record) {
        match record {
            Record::Cluster(id) => self.cluster_id = Some(id),
            Record::Topic(topic) => {
                if let Some(key) = collision_key(&topic.name) {
                    self.collisions.insert(key, topic.name.clone());
                }
                self.records.insert(topic.id, topic);
            }
            Record::Removed(id) => {
                let Some(topic) = self.records.remove(&id) else { return };
                // Two topics made at once may collide, as in Kafka; then the key belongs to one of them.
                if let Some(key) = collision_key(&topic.name)
                    && self.collisions.get(&key) == Some(&topic.name)
                {
                    self.collisions.remove(&key);
                }
            }
            Record::Broker { node, overrides } if overrides.is_empty() => drop(self.brokers.remove(&node)),
            Record::Broker { node, overrides } => drop(self.brokers.insert(node, overrides)),
            Record::Named { kind, name, overrides } if overrides.is_empty() => {
                self.named.remove(&(kind, name));
            }
            Record::Named { kind, name, overrides } => {
                self.named.insert((kind, name), overrides);
            }
            Record::ProducerIds { end } => self.producer_ids_end = end,
        }
    }

    /// All that is needed to come to this state again.
    pub(super) fn image(&self) -> Vec<Record> {
        let mut image: Vec<_> = self.cluster_id.iter().cloned().map(Record::Cluster).collect();
        image.push(Record::ProducerIds { end: self.producer_ids_end });
        let broker = |(node, overrides): (&Arc<str>, &Arc<Overrides>)| Record::Broker {
            node: node.clone(),
            overrides: overrides.clone(),
        };
        image.extend(self.brokers.iter().map(broker));
        image.extend(self.named.iter().map(|((kind, name), overrides)| Record::Named {
            kind: *kind,
            name: name.clone(),
            overrides: overrides.clone(),
        }));
        image.extend(self.topic_records().into_iter().map(Record::Topic));
        image
    }

    pub(super) fn topic_records(&self) -> Vec<TopicRecord> {
        let mut topics: Vec<_> = self.records.values().cloned().collect();
        topics.sort_by(|a, b| a.name.cmp(&b.name));
        topics
    }

    pub(super) fn producer_ids_end(&self) -> i64 {
        self.producer_ids_end
    }

    pub(crate) fn cluster_id(&self) -> Option<&Arc<str>> {
        self.cluster_id.as_ref()
    }

    pub(crate) fn record(&self, id: TopicId) -> Option<&TopicRecord> {
        self.records.get(&id)
    }

    /// What was set for a broker while it ran; the empty name is all brokers.
    pub(crate) fn broker_overrides(&self, node: &str) -> Arc<Overrides> {
        self.brokers.get(node).cloned().unwrap_or_default()
    }

    /// What was set for a group or a subscription to clients' metrics.
    pub(crate) fn named_overrides(&self, kind: NamedKind, name: &Arc<str>) -> Arc<Overrides> {
        self.named.get(&(kind, name.clone())).cloned().unwrap_or_default()
    }

    /// All groups, or subscriptions, for which something was set.
    pub(crate) fn named(&self, kind: NamedKind) -> impl Iterator<Item = &Arc<str>> {
        self.named.keys().filter(move |(found, _)| *found == kind).map(|(_, name)| name)
    }

    pub(crate) fn find(&self, topic: &TopicRef) -> Option<&Entry> {
        match topic {
            TopicRef::Name(name) => self.by_name.get(name),
            TopicRef::Id(id) => self.by_name.get(self.names.get(id)?),
        }
    }

    /// The topic whose name falls together with this one, if there is one.
    pub(crate) fn collides(&self, name: &TopicName) -> Option<&TopicName> {
        self.collisions.get(&collision_key(name)?)
    }

    /// All topics, by name in order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.by_name.values()
    }

    /// Topics from a name on, in order.
    pub(crate) fn entries_from<'a>(&'a self, name: &TopicName) -> impl Iterator<Item = &'a Entry> {
        self.by_name.range(name.clone()..).map(|(_, entry)| entry)
    }

    /// A topic runs (or runs with other partitions).
    pub(crate) fn put(&mut self, entry: Entry) {
        self.names.insert(entry.topic.id, entry.topic.name.clone());
        self.by_name.insert(entry.topic.name.clone(), entry);
    }

    /// A topic runs no more.
    pub(crate) fn take(&mut self, id: TopicId) -> Option<Entry> {
        self.by_name.remove(&self.names.remove(&id)?)
    }
}
