//! The coordinator of classic consumer groups: members, generations, committed offsets.
//!
//! Every group belongs to one partition of `__consumer_offsets`, and everything that must outlive the process is a
//! record there, in Kafka's own formats. A partition's groups are one [`shard`](self::shard) behind one short lock:
//! a request is applied to the state, its records go into the log under the same lock, and the answer names the WAL
//! sequence that it depends on. So the state may run ahead of the disk, and answers may not.
//!
//! Not here: the consumer, share and streams protocols, which are other state machines over the same partitions, and
//! the shapes of requests on the wire.

mod changes;
mod error;
mod expiry;
mod group;
mod load;
mod log;
mod member;
mod offsets;
mod question;
mod record;
mod shard;
mod snapshot;
mod timers;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use thalweg_model::law::Law;
use thalweg_model::world::World;
use thalweg_model::{LeaderEpoch, Offset, PartitionIndex, TopicId};
use tokio::sync::{OnceCell, oneshot};

pub use self::error::GroupError;
pub use self::group::GroupState;
pub use self::load::Loading;
pub use self::log::{LoadFailed, LogRefused, OffsetsLog, Place, Placed, Record};
pub use self::member::Protocol;
pub use self::offsets::Committed;
pub use self::question::{Described, DescribedMember, Listed};
pub use self::snapshot::SnapshotError;

use self::group::Work;
use self::shard::{Forgotten, Shard};
use self::timers::{Due, Timers};
use crate::Answer;

/// So much of a client's name goes into the ids of its members.
const CLIENT_BYTES_IN_MEMBER_ID_MAX: usize = 1024;

/// What one entry of the log costs beside its key and value, generously.
const RECORD_OVERHEAD_BYTES: usize = 128;

/// The bounds within which groups live.
#[derive(Clone, Debug)]
pub struct GroupSettings {
    /// `group.min.session.timeout.ms`
    pub session_timeout_min: Duration,
    /// `group.max.session.timeout.ms`
    pub session_timeout_max: Duration,
    /// `group.initial.rebalance.delay.ms`
    pub initial_rebalance_delay: Duration,
    /// `group.max.size`
    pub members_max: usize,
    /// `offset.metadata.max.bytes`
    pub offset_metadata_bytes_max: usize,
    /// `offsets.retention.minutes`
    pub offsets_retention: Duration,
    /// `offsets.retention.check.interval.ms`
    pub offsets_retention_check_interval: Duration,
}

/// A wish to join.
pub struct Join<'a> {
    /// The group.
    pub group: &'a str,
    /// The member's id; empty if it has none yet.
    pub member: &'a str,
    /// The static member's name.
    pub instance: Option<&'a str>,
    /// The client's own name.
    pub client_id: &'a str,
    /// Where it calls from.
    pub client_host: &'a str,
    /// Without a life sign for so long, the member is gone.
    pub session_timeout: Duration,
    /// So long the member may take to join again.
    pub rebalance_timeout: Duration,
    /// `consumer`, `connect`…
    pub protocol_type: &'a str,
    /// What it can follow, best first.
    pub protocols: Vec<Protocol>,
    /// The client knows the two-step join (KIP-394).
    pub require_known_member: bool,
    /// The client knows that a leader may keep the old assignment (KIP-814).
    pub can_skip_assignment: bool,
}

/// What a member is told when the join phase is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The member's id.
    pub member: Arc<str>,
    /// The new generation.
    pub generation: i32,
    /// The group's protocol type.
    pub protocol_type: Option<Arc<str>>,
    /// The chosen strategy.
    pub protocol: Option<Arc<str>>,
    /// Who assigns.
    pub leader: Arc<str>,
    /// The leader need not assign.
    pub skip_assignment: bool,
    /// All members, told to the leader alone.
    pub members: Vec<JoinedMember>,
}

/// A member as the leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedMember {
    /// Its id.
    pub id: Arc<str>,
    /// Its static name.
    pub instance: Option<Arc<str>>,
    /// Its subscription.
    pub metadata: Bytes,
}

/// Why a join was refused, and with which id to come again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRefused {
    /// Why.
    pub error: GroupError,
    /// The member's id, new or old.
    pub member: Arc<str>,
}

/// A wish for the assignment; from the leader it brings all of them.
pub struct Sync<'a> {
    /// The group.
    pub group: &'a str,
    /// The member.
    pub member: &'a str,
    /// The static member's name.
    pub instance: Option<&'a str>,
    /// The generation that it joined.
    pub generation: i32,
    /// What it takes the group's protocol type for.
    pub protocol_type: Option<&'a str>,
    /// What it takes the chosen strategy for.
    pub protocol: Option<&'a str>,
    /// Member and assignment.
    pub assignments: Vec<(&'a str, Bytes)>,
}

/// An assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synced {
    /// The group's protocol type.
    pub protocol_type: Option<Arc<str>>,
    /// The chosen strategy.
    pub protocol: Option<Arc<str>>,
    /// What the leader gave this member.
    pub assignment: Bytes,
}

/// A member that leaves.
pub struct Leaving<'a> {
    /// Its id; may be empty where the static name says it.
    pub member: &'a str,
    /// Its static name.
    pub instance: Option<&'a str>,
}

/// A commit of offsets.
pub struct Commit<'a> {
    /// The group.
    pub group: &'a str,
    /// The member; empty from those who manage their partitions themselves.
    pub member: &'a str,
    /// Its static name.
    pub instance: Option<&'a str>,
    /// Its generation; below zero from those who manage their partitions themselves.
    pub generation: i32,
    /// Kept for so long if an old client says so.
    pub retention: Option<Duration>,
    /// What is committed.
    pub offsets: Vec<CommitOffset<'a>>,
}

/// A commit for one partition.
pub struct CommitOffset<'a> {
    /// The topic.
    pub topic: &'a str,
    /// Its id, zero if the client did not say.
    pub topic_id: TopicId,
    /// The partition.
    pub partition: PartitionIndex,
    /// The next offset to read.
    pub offset: Offset,
    /// The epoch of the last record read.
    pub leader_epoch: Option<LeaderEpoch>,
    /// The client's text.
    pub metadata: &'a str,
}

/// The offsets asked for: `None` where nothing was committed.
pub type FetchedOffsets = Vec<(Arc<str>, PartitionIndex, Option<Committed>)>;

/// All classic groups of this broker.
pub struct Coordinator {
    // One short lock a shard: state and the order of records in the log belong together. Not there until it is loaded.
    shards: Vec<OnceCell<Mutex<Shard>>>,
    timers: Timers,
    log: Arc<dyn OffsetsLog>,
    settings: GroupSettings,
    world: World,
    closing: AtomicBool,
}

impl Coordinator {
    /// A coordinator over an offsets topic of `partitions` partitions, which are loaded as they are needed.
    pub fn new(partitions: usize, log: Arc<dyn OffsetsLog>, settings: GroupSettings, world: World) -> Self {
        let shards = (0..partitions.max(1)).map(|_| OnceCell::new()).collect();
        Self { shards, timers: Timers::default(), log, settings, world, closing: AtomicBool::new(false) }
    }

    /// The partition of the offsets topic that a group belongs to.
    pub fn partition_of(&self, group: &str) -> PartitionIndex {
        let mut hash: i32 = 0;
        for unit in group.encode_utf16() {
            hash = hash.wrapping_mul(31).wrapping_add(i32::from(unit));
        }
        let count = i32::try_from(self.shards.len()).expect("a topic has fewer partitions than that");
        PartitionIndex((hash & i32::MAX) % count)
    }

    /// Joins a group; ends when the join phase does.
    pub async fn join(&self, join: Join<'_>) -> Answer<Result<Joined, JoinRefused>> {
        let member: Arc<str> = join.member.into();
        let refuse = |error| Answer::now(Err(JoinRefused { error, member: member.clone() }));
        if let Err(error) = self.usable(join.group) {
            return refuse(error);
        }
        let bounds = self.settings.session_timeout_min..=self.settings.session_timeout_max;
        if !bounds.contains(&join.session_timeout) {
            return refuse(GroupError::InvalidSessionTimeout);
        }
        let new_id = self.new_member_id(join.instance.unwrap_or(join.client_id));
        let (waiter, answer) = oneshot::channel();
        let size: usize = join.protocols.iter().map(|p| p.name.len() + p.metadata.len()).sum();
        let group = join.group;
        let done = self
            .step(group, size, |shard, work| {
                if !shard.has(group) && !join.member.is_empty() {
                    let error = GroupError::UnknownMember;
                    let refused = JoinRefused { error, member: join.member.into() };
                    work.replies.push(group::Reply::Join(waiter, Err(refused)));
                } else {
                    shard.group_or_new(group, work).join(join, new_id, waiter, work);
                }
            })
            .await;
        match done {
            Ok(_) => answer.await.unwrap_or_else(|_| refuse(GroupError::Closing)),
            Err(error) => refuse(error),
        }
    }

    /// Gives or fetches the assignment; ends when the leader gave it.
    pub async fn sync(&self, sync: Sync<'_>) -> Answer<Result<Synced, GroupError>> {
        if let Err(error) = self.usable(sync.group) {
            return Answer::now(Err(error));
        }
        let (waiter, answer) = oneshot::channel();
        let size: usize = sync.assignments.iter().map(|(id, bytes)| id.len() + bytes.len()).sum();
        let group = sync.group;
        let done = self
            .step(group, size, |shard, work| match shard.group(group) {
                Some(found) => found.sync(sync, waiter, work),
                None => work.replies.push(group::Reply::Sync(waiter, Err(GroupError::UnknownMember))),
            })
            .await;
        match done {
            Ok(_) => answer.await.unwrap_or_else(|_| Answer::now(Err(GroupError::Closing))),
            Err(error) => Answer::now(Err(error)),
        }
    }

    /// A life sign.
    pub async fn heartbeat(
        &self,
        group: &str,
        member: &str,
        instance: Option<&str>,
        generation: i32,
    ) -> Answer<Result<(), GroupError>> {
        if let Err(error) = self.usable(group) {
            return Answer::now(Err(error));
        }
        let shard = match self.shard(self.partition_of(group)).await {
            Ok(shard) => shard,
            Err(error) => return Answer::now(Err(error)),
        };
        // Nothing is ever written for a life sign, so it takes no space and goes through however full the disk is.
        self.apply(group, shard, None, |shard, work| match shard.group(group) {
            Some(found) => found.heartbeat(member, instance, generation, work),
            None => Err(GroupError::UnknownMember),
        })
    }

    /// Members leave; one result each.
    pub async fn leave(
        &self,
        group: &str,
        leaving: &[Leaving<'_>],
    ) -> Answer<Result<Vec<Result<(), GroupError>>, GroupError>> {
        if let Err(error) = self.usable(group) {
            return Answer::now(Err(error));
        }
        self.step_result(group, 0, |shard, work| {
            let leave = |leaving| match shard.group(group) {
                Some(found) => found.leave(leaving, work),
                None => Err(GroupError::UnknownMember),
            };
            Ok(leaving.iter().map(leave).collect())
        })
        .await
    }

    /// Commits offsets; one result each, in order.
    pub async fn commit(
        &self,
        commit: Commit<'_>,
    ) -> Answer<Result<Vec<Result<(), GroupError>>, GroupError>> {
        // Those who manage their partitions themselves may do so under the empty name, as ever.
        if let Err(error) = self.open() {
            return Answer::now(Err(error));
        }
        let size = |offset: &CommitOffset<'_>| {
            commit.group.len() + offset.topic.len() + offset.metadata.len() + RECORD_OVERHEAD_BYTES
        };
        let bytes = commit.offsets.iter().map(size).sum();
        let metadata_max = self.settings.offset_metadata_bytes_max;
        let group = commit.group;
        self.step_result(group, bytes, |shard, work| shard.commit(&commit, metadata_max, work)).await
    }

    /// Forgets groups without members, with all they committed.
    pub async fn delete(&self, group: &str) -> Answer<Result<(), GroupError>> {
        // What was committed under the empty name goes in this way alone.
        if let Err(error) = self.open() {
            return Answer::now(Err(error));
        }
        loop {
            let bytes = match self.tombstone_bytes(group).await {
                Ok(bytes) => bytes,
                Err(error) => return Answer::now(Err(error)),
            };
            let answer = self.step_result(group, bytes, |shard, _| shard.delete(group)).await;
            if answer.value != Ok(Forgotten::Some) {
                return answer.map(|result| result.map(drop));
            }
        }
    }

    /// Forgets committed offsets; one result each, in order.
    pub async fn delete_offsets(
        &self,
        group: &str,
        partitions: &[(&str, PartitionIndex)],
    ) -> Answer<Result<Vec<Result<(), GroupError>>, GroupError>> {
        if let Err(error) = self.usable(group) {
            return Answer::now(Err(error));
        }
        let size = |(topic, _): &(&str, PartitionIndex)| group.len() + topic.len() + RECORD_OVERHEAD_BYTES;
        let bytes = partitions.iter().map(size).sum();
        self.step_result(group, bytes, |shard, _| shard.delete_offsets(group, partitions)).await
    }

    /// Forgets what groups committed for a topic that is gone.
    pub async fn forget_topic(&self, topic: &str) {
        for partition in self.partitions() {
            let groups = match self.shard(partition).await {
                Ok(shard) => shard.lock().groups_with_offsets_of(topic),
                Err(error) => {
                    tracing::warn!(%partition, topic, %error, "could not look for the offsets of a deleted topic");
                    continue;
                }
            };
            for group in groups {
                if let Err(error) = self.forget_topic_of(&group, topic).await {
                    tracing::warn!(%group, topic, %error, "could not forget the offsets of a deleted topic");
                }
            }
        }
    }

    async fn forget_topic_of(&self, group: &str, topic: &str) -> Result<(), GroupError> {
        loop {
            let bytes = self.tombstone_bytes(group).await?;
            let done = self.step(group, bytes, |shard, _| shard.forget_topic(group, topic)).await?;
            if done.value == Forgotten::All {
                return Ok(());
            }
        }
    }

    /// Waits on deadlines and forgets what is over, until [`close`](Self::close).
    pub async fn run(&self) {
        let mut next_expiry = self.world.clock.elapsed() + self.settings.offsets_retention_check_interval;
        while !self.closing.load(Ordering::Acquire) {
            let now = self.world.clock.elapsed();
            if now >= next_expiry {
                self.expire_offsets().await;
                next_expiry = now + self.settings.offsets_retention_check_interval;
            }
            match self.timers.take(now) {
                Ok(timer) => self.fire(&timer.group, &timer.due).await,
                Err(at) => {
                    let until = at.map_or(next_expiry, |at| at.min(next_expiry));
                    tokio::select! {
                        biased;
                        () = self.timers.sooner() => {}
                        () = self.world.clock.sleep(until.saturating_sub(now)) => {}
                    }
                }
            }
        }
    }

    /// Ends the coordinator: who waits is told to find another.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Release);
        for shard in self.shards.iter().filter_map(OnceCell::get) {
            let mut work = self.work();
            let mut shard = shard.lock();
            shard.close(&mut work);
            shard.answer(work.replies);
        }
        self.timers.wake();
    }

    async fn fire(&self, group: &str, due: &Due) {
        let done = self
            .step(group, 0, |shard, work| {
                let Some(found) = shard.group(group) else { return };
                match due {
                    Due::Session(member) => found.session_due(member, work),
                    Due::Pending(member) => found.pending_due(member, work),
                    Due::Join => found.join_due(work),
                    Due::Sync => found.sync_due(work),
                }
            })
            .await;
        if let Err(error) = done {
            // Nothing was changed: the deadline stands, and is looked at again a little later.
            tracing::warn!(group, %error, "could not act on a group's deadline");
            let at = self.world.clock.elapsed() + DEADLINE_RETRY;
            self.timers.add([timers::Timer { at, group: group.into(), due: due.clone() }]);
        }
    }

    fn open(&self) -> Result<(), GroupError> {
        if self.closing.load(Ordering::Acquire) { Err(GroupError::Closing) } else { Ok(()) }
    }

    fn usable(&self, group: &str) -> Result<(), GroupError> {
        if group.is_empty() {
            return Err(GroupError::InvalidGroupId);
        }
        self.open()
    }

    fn work(&self) -> Work {
        Work {
            now: self.world.clock.elapsed(),
            wall: self.world.clock.now(),
            initial_delay: self.settings.initial_rebalance_delay,
            max_size: self.settings.members_max,
            store: false,
            replies: Vec::new(),
            timers: Vec::new(),
        }
    }

    /// One step on a group's shard: space in the log first, then state and records in one order under the lock.
    async fn step<T>(
        &self,
        group: &str,
        bytes: usize,
        act: impl FnOnce(&mut Shard, &mut Work) -> T,
    ) -> Result<Answer<T>, GroupError> {
        let partition = self.partition_of(group);
        let shard = self.shard(partition).await?;
        let stored = shard.lock().stored_bytes(group);
        let place = self.log.reserve(partition, bytes + stored + RECORD_OVERHEAD_BYTES).await?;
        Ok(self.apply(group, shard, Some(place), act))
    }

    /// The step itself. Without a place the step is one that writes nothing.
    fn apply<T>(
        &self,
        group: &str,
        shard: &Mutex<Shard>,
        place: Option<Place>,
        act: impl FnOnce(&mut Shard, &mut Work) -> T,
    ) -> Answer<T> {
        let mut work = self.work();
        let mut shard = shard.lock();
        let value = act(&mut shard, &mut work);
        if work.store {
            shard.store(group);
        }
        let records = shard.take_records();
        if !records.is_empty() {
            let place = place.expect("a step that writes has a place");
            let placed = place.append(records.clone());
            shard.written(placed, records);
        }
        shard.answer(work.replies);
        let after = if Law::GroupsWait.is_broken() { crate::WalSeq::NONE } else { shard.seq() };
        shard.tidy(group);
        drop(shard);
        self.timers.add(work.timers);
        Answer { value, after }
    }

    async fn step_result<T>(
        &self,
        group: &str,
        bytes: usize,
        act: impl FnOnce(&mut Shard, &mut Work) -> Result<T, GroupError>,
    ) -> Answer<Result<T, GroupError>> {
        self.step(group, bytes, act).await.unwrap_or_else(|error| Answer::now(Err(error)))
    }

    /// An id that says whose it is; a client may call itself anything, but a text on the wire has its bounds.
    fn new_member_id(&self, named: &str) -> Arc<str> {
        let end = named.floor_char_boundary(CLIENT_BYTES_IN_MEMBER_ID_MAX);
        format!("{}-{}", &named[..end], self.world.random.uuid()).into()
    }

    async fn tombstone_bytes(&self, group: &str) -> Result<usize, GroupError> {
        Ok(self.shard(self.partition_of(group)).await?.lock().tombstone_bytes(group))
    }
}

/// How soon a deadline is looked at again whose records found no place in the log.
const DEADLINE_RETRY: Duration = Duration::from_millis(500);
