//! Life signs, deadlines and leaves.

use std::sync::Arc;

use super::{Group, GroupState, Reply, Work};
use crate::groups::error::GroupError;
use crate::groups::timers::Due;
use crate::groups::{JoinRefused, Leaving};

impl Group {
    /// A member says that it lives.
    pub(in crate::groups) fn heartbeat(
        &mut self,
        id: &str,
        instance: Option<&str>,
        generation: i32,
        work: &mut Work,
    ) -> Result<(), GroupError> {
        self.check_member(id, instance)?;
        if generation != self.generation {
            return Err(GroupError::IllegalGeneration);
        }
        let id: Arc<str> = id.into();
        match self.state {
            GroupState::Empty => Err(GroupError::UnknownMember),
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
    pub(in crate::groups) fn heard(&mut self, id: &Arc<str>, work: &mut Work) {
        let Some(member) = self.members.get_mut(id) else { return };
        member.deadline = work.now + member.session_timeout;
        self.watch(id, work);
    }

    /// Sees to it that a timer fires at the member's deadline or before: one that fires early is set again then.
    pub(in crate::groups) fn watch(&mut self, id: &Arc<str>, work: &mut Work) {
        let Some(member) = self.members.get_mut(id) else { return };
        if member.timer.is_none_or(|at| at > member.deadline) {
            member.timer = Some(member.deadline);
            let deadline = member.deadline;
            self.timer(deadline, Due::Session(id.clone()), work);
        }
    }

    /// A member's timer fired: it may have been heard from since.
    pub(in crate::groups) fn session_due(&mut self, id: &Arc<str>, work: &mut Work) {
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
    pub(in crate::groups) fn pending_due(&mut self, id: &Arc<str>, work: &mut Work) {
        if self.pending.get(id).is_some_and(|deadline| *deadline <= work.now) {
            self.pending.remove(id);
            if self.state == GroupState::PreparingRebalance {
                self.try_complete_join(work);
            }
        }
    }

    /// Members leave by their own will.
    pub(in crate::groups) fn leave(
        &mut self,
        leaving: &Leaving<'_>,
        work: &mut Work,
    ) -> Result<(), GroupError> {
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
    pub(in crate::groups) fn remove(&mut self, id: &Arc<str>, work: &mut Work) {
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
            GroupState::Empty => {}
        }
    }

    pub(in crate::groups) fn drop_member(&mut self, id: &Arc<str>) {
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
}
