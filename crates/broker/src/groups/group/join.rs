//! Joining: who may, with which id, and what it is told.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{Group, GroupState, Reply, Work};
use crate::groups::error::GroupError;
use crate::groups::member::{JoinWaiter, Member, Protocol};
use crate::groups::timers::Due;
use crate::groups::{Join, JoinRefused, Joined, JoinedMember};

/// How long a new member may take to appear in its first generation before it counts as gone.
const NEW_MEMBER_JOIN_TIMEOUT: Duration = Duration::from_secs(300);

impl Group {
    /// A member (or one that wants to be) joins; `new_id` is the id that a new one gets. The answer may come later.
    pub(in crate::groups) fn join(
        &mut self,
        join: Join<'_>,
        new_id: Arc<str>,
        waiter: JoinWaiter,
        work: &mut Work,
    ) {
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

    pub(in crate::groups) fn accept(&self, join: &Join<'_>, work: &Work) -> Result<(), GroupError> {
        if !self.speaks(join.protocol_type, &join.protocols) {
            return Err(GroupError::InconsistentProtocol);
        }
        let known = self.members.contains_key(join.member);
        let full = match self.state {
            GroupState::Empty => false,
            GroupState::PreparingRebalance => {
                let awaiting = self.members.values().filter(|member| member.joining.is_some()).count();
                let awaits = self.members.get(join.member).is_some_and(|member| member.joining.is_some());
                !awaits && awaiting >= work.max_size
            }
            // As in Kafka ids that were given and not used do not count, and a static member that comes back without
            // its id is counted as a new one.
            GroupState::CompletingRebalance | GroupState::Stable => {
                !known && self.members.len() >= work.max_size
            }
        };
        if full { Err(GroupError::GroupMaxSizeReached) } else { Ok(()) }
    }

    /// Whether a member with these protocols can be in this group.
    pub(in crate::groups) fn speaks(&self, protocol_type: &str, protocols: &[Protocol]) -> bool {
        if self.members.is_empty() {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        self.protocol_type.as_deref() == Some(protocol_type)
            && protocols.iter().any(|protocol| self.all_support(&protocol.name))
    }

    pub(in crate::groups) fn all_support(&self, name: &Arc<str>) -> bool {
        self.members.values().all(|member| member.protocols.iter().any(|protocol| protocol.name == *name))
    }

    pub(in crate::groups) fn join_unknown(
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

    pub(in crate::groups) fn join_known(
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
            GroupState::Empty => return Err((waiter, GroupError::UnknownMember, id)),
        }
        Ok(())
    }

    /// That `id` is a member, and the one that bears the static name if one is given.
    pub(in crate::groups) fn check_member(&self, id: &str, instance: Option<&str>) -> Result<(), GroupError> {
        if let Some(instance) = instance {
            match self.statics.get(instance) {
                None => return Err(GroupError::UnknownMember),
                Some(bearer) if &**bearer != id => return Err(GroupError::FencedInstance),
                Some(_) => {}
            }
        }
        if self.members.contains_key(id) { Ok(()) } else { Err(GroupError::UnknownMember) }
    }

    pub(in crate::groups) fn add_and_rebalance(
        &mut self,
        join: &Join<'_>,
        id: Arc<str>,
        waiter: JoinWaiter,
        work: &mut Work,
    ) {
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

    pub(in crate::groups) fn update_and_rebalance(
        &mut self,
        id: &Arc<str>,
        join: &Join<'_>,
        waiter: JoinWaiter,
        work: &mut Work,
    ) {
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
    pub(in crate::groups) fn replace_static(
        &mut self,
        old: &Arc<str>,
        new_id: Arc<str>,
        join: &Join<'_>,
        waiter: JoinWaiter,
        work: &mut Work,
    ) {
        let mut member = self.members.remove(old).expect("a static name points to a member");
        let old_leader = self.leader.clone();
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
        self.members.insert(new_id.clone(), member);
        if let Some(instance) = join.instance {
            self.statics.insert(instance.into(), new_id.clone());
        }
        if self.leader.as_ref() == Some(old) {
            self.leader = Some(new_id.clone());
        }
        self.heard(&new_id, work);
        // As in Kafka only the protocol counts: its metadata always differs where it names the partitions owned.
        let keeps = self.state == GroupState::Stable && self.select_protocol() == self.protocol;
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
    pub(in crate::groups) fn joined(&self, id: &Arc<str>, skip_assignment: bool) -> Joined {
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
}
