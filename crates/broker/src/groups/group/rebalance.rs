//! The join phase: how it begins, whom it waits for, how it ends in a new generation.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Group, GroupState, JoinPhase, Reply, Work};
use crate::groups::error::GroupError;
use crate::groups::timers::Due;

impl Group {
    /// Starts a join phase unless one is under way.
    pub(in crate::groups) fn prepare(&mut self, work: &mut Work) {
        match self.state {
            GroupState::PreparingRebalance => return,
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

    pub(in crate::groups) fn rebalance_timeout(&self) -> Duration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }

    /// Ends the join phase if everyone is there, or, for a group's first one, if its delay is over.
    pub(in crate::groups) fn try_complete_join(&mut self, work: &mut Work) {
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
    pub(in crate::groups) fn join_due(&mut self, work: &mut Work) {
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

    pub(in crate::groups) fn complete_join(&mut self, work: &mut Work) {
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
    pub(in crate::groups) fn select_protocol(&self) -> Option<Arc<str>> {
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
}
