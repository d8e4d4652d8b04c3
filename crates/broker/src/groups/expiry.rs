//! Forgets committed offsets after `offsets.retention.minutes` (KIP-211), and groups with the last of them.

use std::sync::Arc;
use std::time::Duration;

use thalweg_model::{PartitionIndex, TimestampMs};

use super::Coordinator;
use super::error::GroupError;
use super::group::{Group, GroupState};
use super::shard::Forgotten;

impl Coordinator {
    /// One round over all groups.
    pub async fn expire_offsets(&self) {
        let retention = self.settings.offsets_retention;
        for partition in self.partitions() {
            // What cannot be loaded is told, and its turn comes again.
            let Ok(shard) = self.shard(partition).await else { continue };
            let groups: Vec<Arc<str>> =
                shard.lock().groups().into_iter().map(|group| group.id.clone()).collect();
            for group in groups {
                self.expire_offsets_of(&group, retention).await;
            }
        }
    }

    async fn expire_offsets_of(&self, group: &str, retention: Duration) {
        let mut total = 0;
        loop {
            match self.expire_some(group, retention).await {
                Ok((count, forgotten)) => {
                    total += count;
                    if forgotten == Forgotten::All {
                        break;
                    }
                }
                Err(error) => {
                    tracing::warn!(%group, %error, "could not forget expired offsets");
                    break;
                }
            }
        }
        if total > 0 {
            tracing::info!(%group, count = total, "forgot offsets whose retention is over");
        }
    }

    async fn expire_some(&self, group: &str, retention: Duration) -> Result<(usize, Forgotten), GroupError> {
        let bytes = self.tombstone_bytes(group).await?;
        let done = self.step(group, bytes, |shard, work| shard.expire(group, retention, work)).await?;
        Ok(done.value)
    }
}

impl Group {
    /// The offsets whose time is over. It counts, for a group of members, from when the last one left, whoever moves an
    /// offset after that (or, while there are members, for topics that nobody reads, from the commit); for one that only
    /// keeps offsets, from the commit.
    pub(super) fn expired_offsets(
        &self,
        now: TimestampMs,
        retention: Duration,
    ) -> Vec<(Arc<str>, PartitionIndex)> {
        match (self.state, self.protocol_type.is_some()) {
            (GroupState::Empty, true) => {
                let empty_since = self.state_since;
                self.offsets.expired(now, retention, |_, _| Some(empty_since))
            }
            (GroupState::Empty, false) => {
                self.offsets.expired(now, retention, |_, committed| Some(committed.committed_at))
            }
            (GroupState::Stable, true) => {
                let Some(subscribed) = self.subscribed() else { return Vec::new() };
                self.offsets.expired(now, retention, |topic, committed| {
                    (!subscribed.contains(topic)).then_some(committed.committed_at)
                })
            }
            _ => Vec::new(),
        }
    }
}
