//! The state machine of one classic group (KIP-62, 345, 394, 429, 814): joins, generations, assignments. Pure: it
//! knows no lock, no clock and no log; what it wants written, answered and timed it leaves in [`Work`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use thalweg_model::TimestampMs;

use super::error::GroupError;
use super::member::{JoinWaiter, Member, Protocol, SyncWaiter};
use super::offsets::Offsets;
use super::record::subscribed_topics;
use super::timers::{Due, Timer};
use super::{Join, JoinRefused, Joined, JoinedMember, Leaving, Sync, Synced};

/// How long a new member may take to appear in its first generation before it counts as gone.
const NEW_MEMBER_JOIN_TIMEOUT: Duration = Duration::from_secs(300);

/// Where a group stands.
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
    /// Gone.
    Dead,
}

impl GroupState {
    /// The name that clients know.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
            Self::Dead => "Dead",
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

    // ---- join -----------------------------------------------------------------------------------------------------

    /// A member (or one that wants to be) joins; `new_id` is the id that a new one gets. The answer may come later.
    pub(super) fn join(&mut self, join: Join<'_>, new_id: Arc<str>, waiter: JoinWaiter, work: &mut Work) {
        if let Err(error) = self.accept(&join, work) {
            let member = join.member.into();
            work.replies.push(Reply::Join(waiter, Err(JoinRefused { error, member })));
            return;
        }
        let result = if join.member.is_empty() {
            self.join_unknown(&join, new_id, waiter, work)
        } else {
            self.join_known(&join, waiter, work)
        };
        if let Err((waiter, error, member)) = result {
            work.replies.push(Reply::Join(waiter, Err(JoinRefused { error, member })));
        }
        if self.state == GroupState::PreparingRebalance {
            self.try_complete_join(work);
        }
    }

    fn accept(&self, join: &Join<'_>, work: &Work) -> Result<(), GroupError> {
        if self.state == GroupState::Dead {
            return Err(GroupError::Unavailable);
        }
        if !self.speaks(join.protocol_type, &join.protocols) {
            return Err(GroupError::InconsistentProtocol);
        }
        let known = self.members.contains_key(join.member);
        let full = match self.state {
            GroupState::Empty | GroupState::Dead => false,
            GroupState::PreparingRebalance => {
                let awaiting = self.members.values().filter(|member| member.joining.is_some()).count();
                let awaits = self.members.get(join.member).is_some_and(|member| member.joining.is_some());
                !awaits && awaiting >= work.max_size
            }
            GroupState::CompletingRebalance | GroupState::Stable => {
                !known
                    && self.members.len() + self.pending.len() >= work.max_size
                    && !self.pending.contains_key(join.member)
                    && join.instance.is_none_or(|instance| !self.statics.contains_key(instance))
            }
        };
        if full { Err(GroupError::GroupMaxSizeReached) } else { Ok(()) }
    }

    /// Whether a member with these protocols can be in this group.
    fn speaks(&self, protocol_type: &str, protocols: &[Protocol]) -> bool {
        if self.members.is_empty() {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        self.protocol_type.as_deref() == Some(protocol_type)
            && protocols.iter().any(|protocol| self.all_support(&protocol.name))
    }

    fn all_support(&self, name: &Arc<str>) -> bool {
        self.members.values().all(|member| member.protocols.iter().any(|protocol| protocol.name == *name))
    }

    fn join_unknown(
        &mut self,
        join: &Join<'_>,
        new_id: Arc<str>,
        waiter: JoinWaiter,
        work: &mut Work,
    ) -> Result<(), (JoinWaiter, GroupError, Arc<str>)> {
        if let Some(instance) = join.instance {
            match self.statics.get(instance).cloned() {
                Some(old) => self.replace_static(&old, new_id, join, waiter, work),
                None => self.add_and_rebalance(join, new_id, waiter, work),
            }
            return Ok(());
        }
        if join.require_known_member {
            let deadline = work.now + join.session_timeout;
            self.pending.insert(new_id.clone(), deadline);
            self.timer(deadline, Due::Pending(new_id.clone()), work);
            return Err((waiter, GroupError::MemberIdRequired, new_id));
        }
        self.add_and_rebalance(join, new_id, waiter, work);
        Ok(())
    }

    fn join_known(
        &mut self,
        join: &Join<'_>,
        waiter: JoinWaiter,
        work: &mut Work,
    ) -> Result<(), (JoinWaiter, GroupError, Arc<str>)> {
        let id: Arc<str> = join.member.into();
        if self.pending.contains_key(&id) && join.instance.is_none() {
            self.add_and_rebalance(join, id, waiter, work);
            return Ok(());
        }
        if let Err(error) = self.check_member(&id, join.instance) {
            return Err((waiter, error, id));
        }
        let unchanged = self.members[&id].matches(&join.protocols);
        match self.state {
            GroupState::PreparingRebalance => self.update_and_rebalance(&id, join, waiter, work),
            // The answer to its last join was lost, or it is a follower that asks again: what it was told stands.
            GroupState::CompletingRebalance if unchanged => {
                let joined = self.joined(&id, false);
                work.replies.push(Reply::Join(waiter, Ok(joined)));
            }
            GroupState::Stable if unchanged && self.leader.as_ref() != Some(&id) => {
                let joined = self.joined(&id, false);
                work.replies.push(Reply::Join(waiter, Ok(joined)));
            }
            // A leader that joins again wants a new assignment.
            GroupState::CompletingRebalance | GroupState::Stable => {
                self.update_and_rebalance(&id, join, waiter, work)
            }
            GroupState::Empty | GroupState::Dead => return Err((waiter, GroupError::UnknownMember, id)),
        }
        Ok(())
    }

    /// That `id` is a member, and the one that bears the static name if one is given.
    pub(super) fn check_member(&self, id: &str, instance: Option<&str>) -> Result<(), GroupError> {
        if let Some(instance) = instance {
            match self.statics.get(instance) {
                None => return Err(GroupError::UnknownMember),
                Some(bearer) if &**bearer != id => return Err(GroupError::FencedInstance),
                Some(_) => {}
            }
        }
        if self.members.contains_key(id) { Ok(()) } else { Err(GroupError::UnknownMember) }
    }

    fn add_and_rebalance(&mut self, join: &Join<'_>, id: Arc<str>, waiter: JoinWaiter, work: &mut Work) {
        self.pending.remove(&id);
        if self.members.is_empty() {
            self.protocol_type = Some(join.protocol_type.into());
        }
        if self.leader.is_none() {
            self.leader = Some(id.clone());
        }
        if let Some(instance) = join.instance {
            self.statics.insert(instance.into(), id.clone());
        }
        let member = Member {
            id: id.clone(),
            instance: join.instance.map(Into::into),
            client_id: join.client_id.into(),
            client_host: join.client_host.into(),
            rebalance_timeout: join.rebalance_timeout,
            session_timeout: join.session_timeout,
            protocols: join.protocols.clone(),
            assignment: Bytes::new(),
            joining: Some(waiter),
            syncing: None,
            is_new: true,
            deadline: work.now + NEW_MEMBER_JOIN_TIMEOUT,
            timer: Some(work.now + NEW_MEMBER_JOIN_TIMEOUT),
        };
        let deadline = member.deadline;
        self.members.insert(id.clone(), member);
        self.timer(deadline, Due::Session(id), work);
        // A member that comes while a first rebalance waits for more makes it wait longer.
        if self.state == GroupState::PreparingRebalance && self.generation == 0 {
            self.new_member_added = true;
        }
        self.prepare(work);
    }

    fn update_and_rebalance(&mut self, id: &Arc<str>, join: &Join<'_>, waiter: JoinWaiter, work: &mut Work) {
        let member = self.members.get_mut(id).expect("the caller found it");
        member.protocols = join.protocols.clone();
        member.rebalance_timeout = join.rebalance_timeout;
        member.session_timeout = join.session_timeout;
        member.client_id = join.client_id.into();
        member.client_host = join.client_host.into();
        // An earlier join of the same member that still waits is answered as overtaken.
        if let Some(earlier) = member.joining.replace(waiter) {
            let refused = JoinRefused { error: GroupError::UnknownMember, member: id.clone() };
            work.replies.push(Reply::Join(earlier, Err(refused)));
        }
        self.prepare(work);
    }

    /// A static member came back without its id: it gets a new one and keeps its place.
    fn replace_static(
        &mut self,
        old: &Arc<str>,
        new_id: Arc<str>,
        join: &Join<'_>,
        waiter: JoinWaiter,
        work: &mut Work,
    ) {
        let mut member = self.members.remove(old).expect("a static name points to a member");
        let old_leader = self.leader.clone();
        let subscription_before = self.protocol.as_deref().map(|name| member.metadata(name));
        if let Some(earlier) = member.joining.take() {
            let refused = JoinRefused { error: GroupError::FencedInstance, member: old.clone() };
            work.replies.push(Reply::Join(earlier, Err(refused)));
        }
        if let Some(earlier) = member.syncing.take() {
            work.replies.push(Reply::Sync(earlier, Err(GroupError::FencedInstance)));
        }
        self.pending_syncs.remove(old);
        member.id = new_id.clone();
        member.protocols = join.protocols.clone();
        member.rebalance_timeout = join.rebalance_timeout;
        member.session_timeout = join.session_timeout;
        member.client_id = join.client_id.into();
        member.client_host = join.client_host.into();
        member.timer = None;
        let subscription_now = self.protocol.as_deref().map(|name| member.metadata(name));
        self.members.insert(new_id.clone(), member);
        if let Some(instance) = join.instance {
            self.statics.insert(instance.into(), new_id.clone());
        }
        if self.leader.as_ref() == Some(old) {
            self.leader = Some(new_id.clone());
        }
        self.heard(&new_id, work);
        let keeps = self.state == GroupState::Stable
            && self.select_protocol() == self.protocol
            && subscription_before == subscription_now;
        if keeps {
            work.store = true;
            let leads = self.leader.as_ref() == Some(&new_id);
            let mut joined = self.joined(&new_id, join.can_skip_assignment);
            if !join.can_skip_assignment {
                // An old client that finds itself the leader would assign anew; it is told the leader that was.
                joined.leader = old_leader.unwrap_or(joined.leader);
                joined.members.clear();
            } else {
                joined.skip_assignment = leads;
            }
            work.replies.push(Reply::Join(waiter, Ok(joined)));
            return;
        }
        self.members.get_mut(&new_id).expect("just put there").joining = Some(waiter);
        self.prepare(work);
    }

    /// What a member is told at the end of a join phase.
    fn joined(&self, id: &Arc<str>, skip_assignment: bool) -> Joined {
        let protocol = self.protocol.clone();
        let leads = self.leader.as_ref() == Some(id);
        let members = if leads {
            let name = protocol.as_deref().unwrap_or_default();
            let told = |member: &Member| JoinedMember {
                id: member.id.clone(),
                instance: member.instance.clone(),
                metadata: member.metadata(name),
            };
            self.members.values().map(told).collect()
        } else {
            Vec::new()
        };
        Joined {
            member: id.clone(),
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol,
            leader: self.leader.clone().unwrap_or_else(|| "".into()),
            skip_assignment: skip_assignment && leads,
            members,
        }
    }

    // ---- rebalance ------------------------------------------------------------------------------------------------

    /// Starts a join phase unless one is under way.
    fn prepare(&mut self, work: &mut Work) {
        match self.state {
            GroupState::PreparingRebalance | GroupState::Dead => return,
            GroupState::CompletingRebalance => self.fail_syncs(GroupError::RebalanceInProgress, work),
            GroupState::Empty | GroupState::Stable => {}
        }
        self.sync_deadline = None;
        self.pending_syncs.clear();
        let first = self.state == GroupState::Empty;
        let timeout = self.rebalance_timeout();
        let phase = if first {
            let delay = work.initial_delay;
            JoinPhase { deadline: work.now + delay, extendable: Some(timeout.saturating_sub(delay)) }
        } else {
            JoinPhase { deadline: work.now + timeout, extendable: None }
        };
        self.timer(phase.deadline, Due::Join, work);
        self.join = Some(phase);
        self.new_member_added = false;
        self.enter(GroupState::PreparingRebalance, work);
    }

    fn rebalance_timeout(&self) -> Duration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }

    /// Ends the join phase if everyone is there, or, for a group's first one, if its delay is over.
    fn try_complete_join(&mut self, work: &mut Work) {
        let Some(phase) = &self.join else { return };
        if phase.extendable.is_some() {
            if phase.deadline <= work.now {
                self.join_due(work);
            }
            return;
        }
        let all = self.pending.is_empty() && self.members.values().all(|member| member.joining.is_some());
        if all {
            self.complete_join(work);
        }
    }

    /// The join phase's time is over, or may be.
    pub(super) fn join_due(&mut self, work: &mut Work) {
        let Some(phase) = &mut self.join else { return };
        if phase.deadline > work.now {
            return;
        }
        if let Some(remaining) = phase.extendable
            && self.new_member_added
            && !remaining.is_zero()
        {
            let delay = work.initial_delay.min(remaining);
            phase.deadline = work.now + delay;
            phase.extendable = Some(remaining - delay);
            self.new_member_added = false;
            let deadline = phase.deadline;
            self.timer(deadline, Due::Join, work);
            return;
        }
        self.complete_join(work);
    }

    fn complete_join(&mut self, work: &mut Work) {
        // Dynamic members that did not come back in time are out; static ones keep their place till their session ends.
        let absent: Vec<_> = self
            .members
            .values()
            .filter(|member| member.joining.is_none() && member.instance.is_none())
            .map(|member| member.id.clone())
            .collect();
        for id in absent {
            self.drop_member(&id);
        }
        let leader_here = self
            .leader
            .as_ref()
            .and_then(|id| self.members.get(id))
            .is_some_and(|member| member.joining.is_some());
        if !leader_here && !self.members.is_empty() {
            let candidate =
                self.members.values().find(|member| member.joining.is_some()).map(|m| m.id.clone());
            match candidate {
                Some(id) => self.leader = Some(id),
                None => {
                    // Only absent static members are left: wait for them, or for the end of their sessions.
                    let deadline = work.now + self.rebalance_timeout().max(Duration::from_millis(1));
                    self.join = Some(JoinPhase { deadline, extendable: None });
                    self.timer(deadline, Due::Join, work);
                    return;
                }
            }
        }
        self.join = None;
        self.generation = self.generation.wrapping_add(1).max(1);
        if self.members.is_empty() {
            self.protocol = None;
            self.leader = None;
            self.enter(GroupState::Empty, work);
            work.store = true;
            return;
        }
        self.protocol = self.select_protocol();
        self.enter(GroupState::CompletingRebalance, work);
        let ids: Vec<_> = self.members.keys().cloned().collect();
        for id in &ids {
            let joined = self.joined(id, false);
            let member = self.members.get_mut(id).expect("the id is of this map");
            member.is_new = false;
            if let Some(waiter) = member.joining.take() {
                work.replies.push(Reply::Join(waiter, Ok(joined)));
                self.heard(id, work);
            }
            self.pending_syncs.insert(id.clone());
        }
        let deadline = work.now + self.rebalance_timeout();
        self.sync_deadline = Some(deadline);
        self.timer(deadline, Due::Sync, work);
    }

    /// The strategy that all members know and most prefer.
    fn select_protocol(&self) -> Option<Arc<str>> {
        let first = self.members.values().next()?;
        let candidates: Vec<_> =
            first.protocols.iter().map(|p| p.name.clone()).filter(|name| self.all_support(name)).collect();
        let mut votes: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for member in self.members.values() {
            if let Some(name) = member.vote(&candidates) {
                *votes.entry(name.clone()).or_default() += 1;
            }
        }
        votes.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name)
    }

    // ---- sync -----------------------------------------------------------------------------------------------------

    /// A member asks for its assignment; the leader brings all of them.
    pub(super) fn sync(&mut self, sync: Sync<'_>, waiter: SyncWaiter, work: &mut Work) {
        if let Err(error) = self.check_sync(&sync) {
            work.replies.push(Reply::Sync(waiter, Err(error)));
            return;
        }
        let id: Arc<str> = sync.member.into();
        match self.state {
            GroupState::Empty | GroupState::Dead => {
                work.replies.push(Reply::Sync(waiter, Err(GroupError::UnknownMember)));
            }
            GroupState::PreparingRebalance => {
                work.replies.push(Reply::Sync(waiter, Err(GroupError::RebalanceInProgress)));
            }
            GroupState::Stable => {
                self.pending_syncs.remove(&id);
                let synced = self.synced(&id);
                work.replies.push(Reply::Sync(waiter, Ok(synced)));
                self.heard(&id, work);
            }
            GroupState::CompletingRebalance => {
                self.pending_syncs.remove(&id);
                self.heard(&id, work);
                let member = self.members.get_mut(&id).expect("it was checked");
                if let Some(earlier) = member.syncing.replace(waiter) {
                    work.replies.push(Reply::Sync(earlier, Err(GroupError::RebalanceInProgress)));
                }
                if self.leader.as_ref() == Some(&id) {
                    self.assign(sync.assignments, work);
                }
            }
        }
    }

    fn check_sync(&self, sync: &Sync<'_>) -> Result<(), GroupError> {
        self.check_member(sync.member, sync.instance)?;
        if sync.generation != self.generation {
            return Err(GroupError::IllegalGeneration);
        }
        let type_differs = sync.protocol_type.is_some_and(|name| self.protocol_type.as_deref() != Some(name));
        let name_differs = sync.protocol.is_some_and(|name| self.protocol.as_deref() != Some(name));
        if type_differs || name_differs { Err(GroupError::InconsistentProtocol) } else { Ok(()) }
    }

    fn assign(&mut self, assignments: Vec<(&str, Bytes)>, work: &mut Work) {
        for member in self.members.values_mut() {
            member.assignment = Bytes::new();
        }
        for (id, assignment) in assignments {
            if let Some(member) = self.members.get_mut(id) {
                member.assignment = assignment;
            }
        }
        self.enter(GroupState::Stable, work);
        work.store = true;
        let ids: Vec<_> = self.members.keys().cloned().collect();
        for id in ids {
            let synced = self.synced(&id);
            if let Some(waiter) = self.members.get_mut(&id).and_then(|member| member.syncing.take()) {
                work.replies.push(Reply::Sync(waiter, Ok(synced)));
                self.heard(&id, work);
            }
        }
    }

    fn synced(&self, id: &Arc<str>) -> Synced {
        Synced {
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: self.members[id].assignment.clone(),
        }
    }

    fn fail_syncs(&mut self, error: GroupError, work: &mut Work) {
        for member in self.members.values_mut() {
            member.assignment = Bytes::new();
            if let Some(waiter) = member.syncing.take() {
                work.replies.push(Reply::Sync(waiter, Err(error)));
            }
        }
    }

    /// Members that never fetched their assignment are out.
    pub(super) fn sync_due(&mut self, work: &mut Work) {
        if self.sync_deadline.is_none_or(|deadline| deadline > work.now) {
            return;
        }
        self.sync_deadline = None;
        let late = std::mem::take(&mut self.pending_syncs);
        if late.is_empty() || !matches!(self.state, GroupState::Stable | GroupState::CompletingRebalance) {
            return;
        }
        for id in &late {
            self.drop_member(id);
        }
        self.prepare(work);
        self.try_complete_join(work);
    }

    // ---- life signs -----------------------------------------------------------------------------------------------

    /// A member says that it lives.
    pub(super) fn heartbeat(
        &mut self,
        id: &str,
        instance: Option<&str>,
        generation: i32,
        work: &mut Work,
    ) -> Result<(), GroupError> {
        if self.state == GroupState::Dead {
            return Err(GroupError::Unavailable);
        }
        self.check_member(id, instance)?;
        if generation != self.generation {
            return Err(GroupError::IllegalGeneration);
        }
        let id: Arc<str> = id.into();
        match self.state {
            GroupState::Empty | GroupState::Dead => Err(GroupError::UnknownMember),
            GroupState::CompletingRebalance | GroupState::Stable => {
                self.heard(&id, work);
                Ok(())
            }
            GroupState::PreparingRebalance => {
                self.heard(&id, work);
                Err(GroupError::RebalanceInProgress)
            }
        }
    }

    /// Starts the member's session timeout anew.
    pub(super) fn heard(&mut self, id: &Arc<str>, work: &mut Work) {
        let Some(member) = self.members.get_mut(id) else { return };
        member.deadline = work.now + member.session_timeout;
        self.watch(id, work);
    }

    /// Sees to it that a timer fires at the member's deadline or before: one that fires early is set again then.
    fn watch(&mut self, id: &Arc<str>, work: &mut Work) {
        let Some(member) = self.members.get_mut(id) else { return };
        if member.timer.is_none_or(|at| at > member.deadline) {
            member.timer = Some(member.deadline);
            let deadline = member.deadline;
            self.timer(deadline, Due::Session(id.clone()), work);
        }
    }

    /// A member's timer fired: it may have been heard from since.
    pub(super) fn session_due(&mut self, id: &Arc<str>, work: &mut Work) {
        let Some(member) = self.members.get_mut(id) else { return };
        if member.timer.is_some_and(|at| at <= work.now) {
            member.timer = None;
        }
        // Who waits for an answer from us lives as long as its connection may.
        let waits = member.syncing.is_some() || (member.joining.is_some() && !member.is_new);
        if waits {
            member.deadline = work.now + member.session_timeout;
        }
        if member.deadline > work.now {
            self.watch(id, work);
            return;
        }
        self.remove(id, work);
    }

    /// A given id was never joined with.
    pub(super) fn pending_due(&mut self, id: &Arc<str>, work: &mut Work) {
        if self.pending.get(id).is_some_and(|deadline| *deadline <= work.now) {
            self.pending.remove(id);
            if self.state == GroupState::PreparingRebalance {
                self.try_complete_join(work);
            }
        }
    }

    /// Members leave by their own will.
    pub(super) fn leave(&mut self, leaving: &Leaving<'_>, work: &mut Work) -> Result<(), GroupError> {
        if self.state == GroupState::Dead {
            return Err(GroupError::UnknownMember);
        }
        let id: Arc<str> = match leaving.instance {
            // An operator may name the static member alone (KIP-345).
            Some(instance) if leaving.member.is_empty() => {
                self.statics.get(instance).cloned().ok_or(GroupError::UnknownMember)?
            }
            _ => leaving.member.into(),
        };
        if leaving.instance.is_none() && self.pending.remove(&id).is_some() {
            if self.state == GroupState::PreparingRebalance {
                self.try_complete_join(work);
            }
            return Ok(());
        }
        self.check_member(&id, leaving.instance)?;
        self.remove(&id, work);
        Ok(())
    }

    /// Takes a member out and lets the others know.
    fn remove(&mut self, id: &Arc<str>, work: &mut Work) {
        if let Some(member) = self.members.get_mut(id) {
            if let Some(waiter) = member.joining.take() {
                let refused = JoinRefused { error: GroupError::UnknownMember, member: id.clone() };
                work.replies.push(Reply::Join(waiter, Err(refused)));
            }
            if let Some(waiter) = member.syncing.take() {
                work.replies.push(Reply::Sync(waiter, Err(GroupError::UnknownMember)));
            }
        }
        self.drop_member(id);
        match self.state {
            GroupState::Stable | GroupState::CompletingRebalance => {
                self.prepare(work);
                self.try_complete_join(work);
            }
            GroupState::PreparingRebalance => self.try_complete_join(work),
            GroupState::Empty | GroupState::Dead => {}
        }
    }

    fn drop_member(&mut self, id: &Arc<str>) {
        let Some(member) = self.members.remove(id) else { return };
        self.pending_syncs.remove(id);
        if let Some(instance) = &member.instance
            && self.statics.get(instance) == Some(id)
        {
            self.statics.remove(instance);
        }
        if self.leader.as_ref() == Some(id) {
            let next = self
                .members
                .values()
                .find(|member| member.joining.is_some())
                .or(self.members.values().next());
            self.leader = next.map(|member| member.id.clone());
        }
    }

    // ---- questions ------------------------------------------------------------------------------------------------

    /// Whether nothing keeps the group alive.
    pub(super) fn is_forgettable(&self) -> bool {
        self.members.is_empty()
            && self.pending.is_empty()
            && self.state == GroupState::Empty
            && self.offsets.is_empty()
    }

    /// The topics that members of a consumer group are subscribed to; `None` where that cannot be known.
    pub(super) fn subscribed(&self) -> Option<BTreeSet<String>> {
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
    pub(super) fn close(&mut self, work: &mut Work) {
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

    fn timer(&self, at: Duration, due: Due, work: &mut Work) {
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
