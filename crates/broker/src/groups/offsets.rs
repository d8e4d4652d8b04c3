//! The committed offsets of one group, and when they may be forgotten (KIP-211).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use thalweg_model::collections::HashMap;
use thalweg_model::{LeaderEpoch, Offset, PartitionIndex, TimestampMs, TopicId};

/// What was committed for one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read.
    pub offset: Offset,
    /// The epoch of the last record read, where the client told it.
    pub leader_epoch: Option<LeaderEpoch>,
    /// A text of the client's.
    pub metadata: Arc<str>,
    /// When it was committed.
    pub committed_at: TimestampMs,
    /// When it goes, where an old client asked for a time of its own.
    pub expires_at: Option<TimestampMs>,
    /// The topic's id at that time; zero if not known.
    pub topic_id: TopicId,
}

/// All of a group's.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    topics: HashMap<Arc<str>, BTreeMap<PartitionIndex, Committed>>,
    ever_held: bool,
}

impl Offsets {
    pub(super) fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// Whether anything was ever committed, as far as this life of the broker knows.
    pub(super) fn ever_held(&self) -> bool {
        self.ever_held
    }

    pub(super) fn get(&self, topic: &str, partition: PartitionIndex) -> Option<&Committed> {
        self.topics.get(topic)?.get(&partition)
    }

    pub(super) fn set(&mut self, topic: &str, partition: PartitionIndex, committed: Committed) {
        self.ever_held = true;
        if let Some(partitions) = self.topics.get_mut(topic) {
            partitions.insert(partition, committed);
        } else {
            self.topics.insert(topic.into(), BTreeMap::from([(partition, committed)]));
        }
    }

    pub(super) fn remove(&mut self, topic: &str, partition: PartitionIndex) -> Option<Committed> {
        let partitions = self.topics.get_mut(topic)?;
        let removed = partitions.remove(&partition);
        if partitions.is_empty() {
            self.topics.remove(topic);
        }
        removed
    }

    /// The topics that have some, in no order, and of how many partitions.
    pub(super) fn topics(&self) -> impl Iterator<Item = (&str, usize)> {
        self.topics.iter().map(|(topic, partitions)| (&**topic, partitions.len()))
    }

    /// All of them, by topic and partition in order.
    pub(super) fn all(&self) -> Vec<(Arc<str>, PartitionIndex, &Committed)> {
        let mut all: Vec<_> = self
            .topics
            .iter()
            .flat_map(|(topic, partitions)| partitions.iter().map(|(p, c)| (topic.clone(), *p, c)))
            .collect();
        all.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        all
    }

    /// The partitions of a topic that have one.
    pub(super) fn partitions(&self, topic: &str) -> Vec<PartitionIndex> {
        self.topics.get(topic).map(|partitions| partitions.keys().copied().collect()).unwrap_or_default()
    }

    /// Those whose time is over, in order; `since` tells from when the retention of one counts (never: `None`).
    pub(super) fn expired(
        &self,
        now: TimestampMs,
        retention: Duration,
        since: impl Fn(&str, &Committed) -> Option<TimestampMs>,
    ) -> Vec<(Arc<str>, PartitionIndex)> {
        let retention_ms = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
        let mut expired = Vec::new();
        for (topic, partition, committed) in self.all() {
            let Some(since) = since(&topic, committed) else { continue };
            let over = match committed.expires_at {
                Some(at) => now >= at,
                None => now.0.saturating_sub(since.0) >= retention_ms,
            };
            if over {
                expired.push((topic, partition));
            }
        }
        expired
    }
}
