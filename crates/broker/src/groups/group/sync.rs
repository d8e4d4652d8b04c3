//! The assignment: the leader brings it, everyone fetches it.

use std::sync::Arc;

use bytes::Bytes;

use super::{Group, GroupState, Reply, Work};
use crate::groups::error::GroupError;
use crate::groups::member::SyncWaiter;
use crate::groups::{Sync, Synced};

impl Group {
    /// A member asks for its assignment; the leader brings all of them.
    pub(in crate::groups) fn sync(&mut self, sync: Sync<'_>, waiter: SyncWaiter, work: &mut Work) {
        if let Err(error) = self.check_sync(&sync) {
            work.replies.push(Reply::Sync(waiter, Err(error)));
            return;
        }
        let id: Arc<str> = sync.member.into();
        match self.state {
            GroupState::Empty => {
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

    pub(in crate::groups) fn check_sync(&self, sync: &Sync<'_>) -> Result<(), GroupError> {
        self.check_member(sync.member, sync.instance)?;
        if sync.generation != self.generation {
            return Err(GroupError::IllegalGeneration);
        }
        let type_differs = sync.protocol_type.is_some_and(|name| self.protocol_type.as_deref() != Some(name));
        let name_differs = sync.protocol.is_some_and(|name| self.protocol.as_deref() != Some(name));
        if type_differs || name_differs { Err(GroupError::InconsistentProtocol) } else { Ok(()) }
    }

    pub(in crate::groups) fn assign(&mut self, assignments: Vec<(&str, Bytes)>, work: &mut Work) {
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

    pub(in crate::groups) fn synced(&self, id: &Arc<str>) -> Synced {
        Synced {
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: self.members[id].assignment.clone(),
        }
    }

    pub(in crate::groups) fn fail_syncs(&mut self, error: GroupError, work: &mut Work) {
        for member in self.members.values_mut() {
            member.assignment = Bytes::new();
            if let Some(waiter) = member.syncing.take() {
                work.replies.push(Reply::Sync(waiter, Err(error)));
            }
        }
    }

    /// Members that never fetched their assignment are out.
    pub(in crate::groups) fn sync_due(&mut self, work: &mut Work) {
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
}
