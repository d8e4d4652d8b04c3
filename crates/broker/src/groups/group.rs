//! The state machine of one classic group (KIP-62, 345, 394, 429, 814): joins, generations, assignments. Pure: it
//! knows no lock, no clock and no log; what it wants written, answered and timed it leaves in [`Work`].

mod join;
mod life;
mod rebalance;
mod sync;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use thalweg_model::TimestampMs;

use super::error::GroupError;
use super::member::{JoinWaiter, Member, SyncWaiter};
use super::offsets::Offsets;
use super::record::subscribed_topics;
use super::timers::{Due, Timer};
use super::{JoinRefused, Joined, Synced};

/// Where a group stands. One that is gone is not there: no group is ever in the state that clients know as `Dead`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// No members; offsets may be kept.
    Empty,
    /// Members are joining.
    PreparingRebalance,
    /// Members joined, the leader works out who gets what.
    CompletingRebalance,
    /// Everyone has an assignment.
    Stable,
}

impl GroupState {
    /// The name that clients know.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

/// What one step on a group is given, and what it leaves to be done before the shard's lock is released.
pub(super) struct Work {
    /// Time since start, for deadlines.
    pub(super) now: Duration,
    /// The wall clock, for what is kept.
    pub(super) wall: TimestampMs,
    /// Delay of a first rebalance.
    pub(super) initial_delay: Duration,
    /// Most members a group may have.
    pub(super) max_size: usize,
    /// Whether the group's own record must be written.
    pub(super) store: bool,
    /// Answers to those who wait; they leave after what was written is durable.
    pub(super) replies: Vec<Reply>,
    /// Deadlines to watch.
    pub(super) timers: Vec<Timer>,
}

/// An answer to somebody who waits.
pub(super) enum Reply {
    Join(JoinWaiter, Result<Joined, JoinRefused>),
    Sync(SyncWaiter, Result<Synced, GroupError>),
}

/// The join phase under way.
#[derive(Debug)]
struct JoinPhase {
    deadline: Duration,
    /// For a group that was empty: how long it may still wait for more members (KIP-134).
    extendable: Option<Duration>,
}

/// A classic group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) id: Arc<str>,
    pub(super) state: GroupState,
    pub(super) state_since: TimestampMs,
    pub(super) protocol_type: Option<Arc<str>>,
    pub(super) generation: i32,
    pub(super) protocol: Option<Arc<str>>,
    pub(super) leader: Option<Arc<str>>,
    pub(super) members: BTreeMap<Arc<str>, Member>,
    pub(super) offsets: Offsets,
    /// The group's own record as it was last written; none where it never was.
    pub(super) stored: Option<Bytes>,
    statics: BTreeMap<Arc<str>, Arc<str>>,
    pending: BTreeMap<Arc<str>, Duration>,
    pending_syncs: BTreeSet<Arc<str>>,
    join: Option<JoinPhase>,
    sync_deadline: Option<Duration>,
    new_member_added: bool,
}

impl Group {
    pub(super) fn new(id: &str, now: TimestampMs) -> Self {
        Self {
            id: id.into(),
            state: GroupState::Empty,
            state_since: now,
            protocol_type: None,
            generation: 0,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            offsets: Offsets::default(),
            stored: None,
            statics: BTreeMap::new(),
            pending: BTreeMap::new(),
            pending_syncs: BTreeSet::new(),
            join: None,
            sync_deadline: None,
            new_member_added: false,
        }
    }

    /// A group as it was stored, with its members as they were in their last generation.
    pub(super) fn restore(&mut self, stored: Stored) {
        self.protocol_type = stored.protocol_type;
        self.generation = stored.generation;
        self.protocol = stored.protocol;
        self.leader = stored.leader;
        self.state_since = stored.state_since;
        self.state = if stored.members.is_empty() { GroupState::Empty } else { GroupState::Stable };
        self.statics = stored
            .members
            .iter()
            .filter_map(|member| Some((member.instance.clone()?, member.id.clone())))
            .collect();
        self.members = stored.members.into_iter().map(|member| (member.id.clone(), member)).collect();
    }

    /// After a restart: everyone has a whole session timeout to be heard from.
    pub(super) fn watch_members(&mut self, work: &mut Work) {
        let ids: Vec<_> = self.members.keys().cloned().collect();
        for id in ids {
            self.heard(&id, work);
        }
    }

    fn enter(&mut self, state: GroupState, work: &Work) {
        self.state = state;
        self.state_since = work.wall;
    }

    /// Whether nothing keeps the group alive.
    pub(in crate::groups) fn is_forgettable(&self) -> bool {
        self.members.is_empty()
            && self.pending.is_empty()
            && self.state == GroupState::Empty
            && self.offsets.is_empty()
    }

    /// The topics that members of a consumer group are subscribed to; `None` where that cannot be known.
    pub(in crate::groups) fn subscribed(&self) -> Option<BTreeSet<String>> {
        if self.protocol_type.as_deref() != Some("consumer") {
            return None;
        }
        let Some(protocol) = self.protocol.as_deref() else {
            return if self.members.is_empty() { Some(BTreeSet::new()) } else { None };
        };
        let mut topics = BTreeSet::new();
        for member in self.members.values() {
            topics.extend(subscribed_topics(&member.metadata(protocol))?);
        }
        Some(topics)
    }

    /// Everyone who waits is told that the coordinator ends.
    pub(in crate::groups) fn close(&mut self, work: &mut Work) {
        for member in self.members.values_mut() {
            if let Some(waiter) = member.joining.take() {
                let refused = JoinRefused { error: GroupError::Closing, member: member.id.clone() };
                work.replies.push(Reply::Join(waiter, Err(refused)));
            }
            if let Some(waiter) = member.syncing.take() {
                work.replies.push(Reply::Sync(waiter, Err(GroupError::Closing)));
            }
        }
    }

    pub(in crate::groups) fn timer(&self, at: Duration, due: Due, work: &mut Work) {
        work.timers.push(Timer { at, group: self.id.clone(), due });
    }
}

/// A group as it is kept in the offsets topic.
pub(super) struct Stored {
    pub(super) protocol_type: Option<Arc<str>>,
    pub(super) generation: i32,
    pub(super) protocol: Option<Arc<str>>,
    pub(super) leader: Option<Arc<str>>,
    pub(super) state_since: TimestampMs,
    pub(super) members: Vec<Member>,
}
