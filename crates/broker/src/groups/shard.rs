//! The groups of one partition of the offsets topic: finds them, gathers the records of a step, loads and snapshots.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use thalweg_model::collections::HashMap;
use thalweg_model::{Offset, PartitionIndex, TimestampMs};

use super::changes::Changes;
use super::error::GroupError;
use super::group::{Group, GroupState, Reply, Work};
use super::log::{Placed, Record};
use super::offsets::Committed;
use super::record::{self, Entry};
use super::{Commit, RECORD_OVERHEAD_BYTES};
use crate::{Answer, WalSeq};

/// So many offsets are forgotten in one step: their records must fit into one batch of the offsets topic, and nobody
/// shall wait for a lock that is held for all of a large group.
const FORGOTTEN_AT_ONCE: usize = 1000;

/// What a step forgot of what was to be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forgotten {
    /// There is more.
    Some,
    /// It is done.
    All,
}

/// One partition's groups.
#[derive(Default)]
pub(super) struct Shard {
    groups: HashMap<Arc<str>, Group>,
    records: Vec<Record>,
    seq: WalSeq,
    next: Offset,
    changes: Changes,
}

impl Shard {
    pub(super) fn has(&self, group: &str) -> bool {
        self.groups.contains_key(group)
    }

    pub(super) fn group(&mut self, group: &str) -> Option<&mut Group> {
        self.groups.get_mut(group)
    }

    pub(super) fn group_or_new(&mut self, group: &str, work: &Work) -> &mut Group {
        self.groups.entry(group.into()).or_insert_with(|| Group::new(group, work.wall))
    }

    /// All groups, by name in order.
    pub(super) fn groups(&self) -> Vec<&Group> {
        let mut groups: Vec<_> = self.groups.values().collect();
        groups.sort_by(|a, b| a.id.cmp(&b.id));
        groups
    }

    // ---- the log --------------------------------------------------------------------------------------------------

    /// What answers about this shard depend on.
    pub(super) fn seq(&self) -> WalSeq {
        self.seq
    }

    /// Takes note of where these records came to stand.
    pub(super) fn written(&mut self, placed: Placed, records: Vec<Record>) {
        self.seq = self.seq.max(placed.seq);
        self.next = placed.next;
        let first = placed.next.0 - records.len() as i64;
        for (at, Record { key, value }) in (first..).zip(records) {
            self.changes.note(Offset(at), key, value);
        }
    }

    /// The offset after the last record that the state reflects.
    pub(super) fn next(&self) -> Offset {
        self.next
    }

    pub(super) fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    /// Notes that the group's own record is to be written.
    pub(super) fn store(&mut self, group: &str) {
        if let Some(group) = self.groups.get_mut(group) {
            let record = record::of_group(group);
            group.stored = record.value.clone();
            self.records.push(record);
        }
    }

    /// About how large the group's own record would be, with some room for what a step adds.
    pub(super) fn stored_bytes(&self, group: &str) -> usize {
        self.groups.get(group).map_or(0, |group| {
            let member = |member: &super::member::Member| {
                let protocols: usize = member.protocols.iter().map(|p| p.name.len() + p.metadata.len()).sum();
                protocols + member.assignment.len() + 2 * RECORD_OVERHEAD_BYTES
            };
            group.members.values().map(member).sum::<usize>() + group.id.len()
        })
    }

    /// Sends answers on their way; they leave when what they depend on is durable.
    pub(super) fn answer(&self, replies: Vec<Reply>) {
        let after = self.seq;
        for reply in replies {
            // Whoever asked may have gone meanwhile; then nobody misses the answer.
            match reply {
                Reply::Join(waiter, value) => drop(waiter.send(Answer { value, after })),
                Reply::Sync(waiter, value) => drop(waiter.send(Answer { value, after })),
            }
        }
    }

    /// Forgets a group that never came to anything: no member, no offset, nothing stored.
    pub(super) fn tidy(&mut self, group: &str) {
        let came_to_nothing =
            |group: &Group| group.is_forgettable() && group.generation == 0 && !group.offsets.ever_held();
        if self.groups.get(group).is_some_and(came_to_nothing) {
            self.groups.remove(group);
        }
    }

    pub(super) fn close(&mut self, work: &mut Work) {
        for group in self.groups.values_mut() {
            group.close(work);
        }
    }

    // ---- offsets --------------------------------------------------------------------------------------------------

    /// Commits offsets: whether it may at all, then each by itself.
    pub(super) fn commit(
        &mut self,
        commit: &Commit<'_>,
        metadata_bytes_max: usize,
        work: &mut Work,
    ) -> Result<Vec<Result<(), GroupError>>, GroupError> {
        match self.groups.get(commit.group) {
            Some(group) => group.check_commit(commit)?,
            None if commit.generation >= 0 => return Err(GroupError::GroupNotFound),
            None => {}
        }
        let group =
            self.groups.entry(commit.group.into()).or_insert_with(|| Group::new(commit.group, work.wall));
        if group.members.contains_key(commit.member) {
            group.heard(&commit.member.into(), work);
        }
        let mut results = Vec::with_capacity(commit.offsets.len());
        for offset in &commit.offsets {
            if offset.metadata.len() > metadata_bytes_max {
                results.push(Err(GroupError::OffsetMetadataTooLarge));
                continue;
            }
            let expires_at = commit.retention.map(|time| after(work.wall, time));
            let committed = Committed {
                offset: offset.offset,
                leader_epoch: offset.leader_epoch,
                metadata: offset.metadata.into(),
                committed_at: work.wall,
                expires_at,
                topic_id: offset.topic_id,
            };
            self.records.push(record::of_offset(commit.group, offset.topic, offset.partition, &committed));
            group.offsets.set(offset.topic, offset.partition, committed);
            results.push(Ok(()));
        }
        Ok(results)
    }

    /// Forgets a group without members.
    pub(super) fn delete(&mut self, group: &str) -> Result<Forgotten, GroupError> {
        let found = self.groups.get(group).ok_or(GroupError::GroupNotFound)?;
        match found.state {
            GroupState::Empty => {}
            _ => return Err(GroupError::NonEmptyGroup),
        }
        let mut offsets: Vec<_> =
            found.offsets.all().into_iter().map(|(topic, partition, _)| (topic, partition)).collect();
        if self.forget_some(group, &mut offsets) == Forgotten::Some {
            return Ok(Forgotten::Some);
        }
        self.records.push(record::without_group(group));
        self.groups.remove(group);
        Ok(Forgotten::All)
    }

    /// Forgets committed offsets of topics that no member is subscribed to.
    pub(super) fn delete_offsets(
        &mut self,
        group: &str,
        partitions: &[(&str, PartitionIndex)],
    ) -> Result<Vec<Result<(), GroupError>>, GroupError> {
        let found = self.groups.get_mut(group).ok_or(GroupError::GroupNotFound)?;
        let subscribed = match found.state {
            GroupState::Empty => Some(BTreeSet::new()),
            // What a member is subscribed to cannot always be read; then it may be anything.
            _ if found.protocol_type.as_deref() == Some("consumer") => found.subscribed(),
            _ => return Err(GroupError::NonEmptyGroup),
        };
        let mut results = Vec::with_capacity(partitions.len());
        for (topic, partition) in partitions {
            if subscribed.as_ref().is_none_or(|topics| topics.contains(*topic)) {
                results.push(Err(GroupError::SubscribedToTopic));
                continue;
            }
            if found.offsets.remove(topic, *partition).is_some() {
                self.records.push(record::without_offset(group, topic, *partition));
            }
            results.push(Ok(()));
        }
        // A group that has nothing left stays until the next round of expiry, as in Kafka.
        Ok(results)
    }

    pub(super) fn groups_with_offsets_of(&self, topic: &str) -> Vec<Arc<str>> {
        let groups = self.groups();
        groups.into_iter().filter(|g| !g.offsets.partitions(topic).is_empty()).map(|g| g.id.clone()).collect()
    }

    pub(super) fn forget_topic(&mut self, group: &str, topic: &str) -> Forgotten {
        let Some(found) = self.groups.get(group) else { return Forgotten::All };
        let name: Arc<str> = topic.into();
        let partitions = found.offsets.partitions(topic).into_iter();
        let mut offsets = partitions.map(|partition| (name.clone(), partition)).collect();
        self.forget_some(group, &mut offsets)
    }

    /// Forgets as many of these offsets as go into one step.
    fn forget_some(&mut self, group: &str, offsets: &mut Vec<(Arc<str>, PartitionIndex)>) -> Forgotten {
        let forgotten = if offsets.len() > FORGOTTEN_AT_ONCE { Forgotten::Some } else { Forgotten::All };
        offsets.truncate(FORGOTTEN_AT_ONCE);
        let Some(found) = self.groups.get_mut(group) else { return Forgotten::All };
        for (topic, partition) in offsets {
            found.offsets.remove(topic, *partition);
            self.records.push(record::without_offset(group, topic, *partition));
        }
        forgotten
    }

    /// What one step of forgetting everything of a group may take.
    pub(super) fn tombstone_bytes(&self, group: &str) -> usize {
        let Some(found) = self.groups.get(group) else { return 0 };
        let one = group.len() + RECORD_OVERHEAD_BYTES;
        let count: usize = found.offsets.topics().map(|(_, count)| count).sum();
        let longest = found.offsets.topics().map(|(topic, _)| topic.len()).max().unwrap_or(0);
        one + count.min(FORGOTTEN_AT_ONCE) * (one + longest)
    }

    /// Forgets offsets whose time is over, as many as go into one step, and the group with the last of them. Tells how
    /// many, and whether there are more.
    pub(super) fn expire(&mut self, group: &str, retention: Duration, work: &Work) -> (usize, Forgotten) {
        let Some(found) = self.groups.get(group) else { return (0, Forgotten::All) };
        let mut expired = found.expired_offsets(work.wall, retention);
        let forgotten = self.forget_some(group, &mut expired);
        self.forget_if_over(group);
        (expired.len(), forgotten)
    }

    fn forget_if_over(&mut self, group: &str) {
        if self.groups.get(group).is_some_and(Group::is_forgettable) {
            self.groups.remove(group);
            self.records.push(record::without_group(group));
        }
    }

    // ---- load and snapshot ----------------------------------------------------------------------------------------

    /// Takes in what snapshots told: they reflect the log before `next`, and storage knows so of what lies before
    /// `kept`.
    pub(super) fn restore(&mut self, kept: Offset, next: Offset, records: &[Record], now: TimestampMs) {
        self.next = next;
        self.changes.begin(kept);
        for Record { key, value } in records {
            self.take_in(key.clone(), value.clone(), now);
        }
    }

    /// What storage has up to `kept` cannot be read: changes to it would not help, it must be written whole.
    pub(super) fn mistrust(&mut self, kept: Offset) {
        self.changes.begin(Offset(kept.0 + 1));
    }

    /// Applies one record of the log; `next` is the offset after it.
    pub(super) fn replay(&mut self, next: Offset, key: Bytes, value: Option<Bytes>, now: TimestampMs) {
        self.next = next;
        self.changes.note(Offset(next.0 - 1), key.clone(), value.clone());
        self.take_in(key, value, now);
    }

    fn take_in(&mut self, key: Bytes, value: Option<Bytes>, now: TimestampMs) {
        let written = value.clone();
        match record::read(key, value) {
            Ok(Entry::Offset { group, topic, partition, committed }) => {
                if !self.groups.contains_key(group.as_str()) {
                    self.groups.insert(group.to_shared(), Group::new(&group, now));
                }
                let found = self.groups.get_mut(group.as_str()).expect("it is there, or was put there");
                match committed {
                    Some(committed) => found.offsets.set(&topic, partition, committed),
                    None => {
                        found.offsets.remove(&topic, partition);
                        self.tidy(&group);
                    }
                }
            }
            Ok(Entry::Group { group, stored: Some(stored) }) => {
                let found = self.groups.entry(group.clone()).or_insert_with(|| Group::new(&group, now));
                found.restore(stored);
                // A copy: what is kept must not keep the piece that it was read from.
                found.stored = written.as_deref().map(Bytes::copy_from_slice);
            }
            Ok(Entry::Group { group, stored: None }) => {
                self.groups.remove(&group);
            }
            // A record of a kind that a later version writes is not ours to judge.
            Ok(Entry::Other) => {}
            Err(error) => {
                tracing::error!(%error, "a record of the offsets topic cannot be read, it is passed over")
            }
        }
    }

    /// What was written from this offset on, in order; none where not all of it is known.
    pub(super) fn changes_since(&mut self, since: Offset) -> Option<Vec<Record>> {
        self.changes.since(since)
    }

    /// Everything as records: what a compacted partition would hold. A group is as it was last written, whatever it has
    /// begun since: a rebalance that a start interrupts begins anew.
    pub(super) fn image(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for group in self.groups() {
            if let Some(stored) = &group.stored {
                records.push(record::of_stored(&group.id, stored.clone()));
            }
            for (topic, partition, committed) in group.offsets.all() {
                records.push(record::of_offset(&group.id, &topic, partition, committed));
            }
        }
        records
    }

    /// After loading: members have a whole session timeout to be heard from.
    pub(super) fn watch_members(&mut self, work: &mut Work) {
        for group in self.groups.values_mut() {
            group.watch_members(work);
        }
    }
}

fn after(now: TimestampMs, time: Duration) -> TimestampMs {
    TimestampMs(now.0.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
}
