//! One member of a classic group: what it said when it joined, and what it waits for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::error::GroupError;
use super::{JoinRefused, Joined, Synced};
use crate::Answer;

/// An assignment strategy that a member can follow, with what the member says for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// The strategy's name, such as `range`.
    pub name: Arc<str>,
    /// The member's subscription, opaque to the group.
    pub metadata: Bytes,
}

pub(super) type JoinWaiter = oneshot::Sender<Answer<Result<Joined, JoinRefused>>>;
pub(super) type SyncWaiter = oneshot::Sender<Answer<Result<Synced, GroupError>>>;

/// A member.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: Arc<str>,
    pub(super) instance: Option<Arc<str>>,
    pub(super) client_id: Arc<str>,
    pub(super) client_host: Arc<str>,
    pub(super) rebalance_timeout: Duration,
    pub(super) session_timeout: Duration,
    pub(super) protocols: Vec<Protocol>,
    pub(super) assignment: Bytes,
    /// Waits for the end of the join phase.
    pub(super) joining: Option<JoinWaiter>,
    /// Waits for the leader's assignment.
    pub(super) syncing: Option<SyncWaiter>,
    /// Has not been in a finished generation yet.
    pub(super) is_new: bool,
    /// When the member counts as gone unless it is heard from.
    pub(super) deadline: Duration,
    /// When the next timer for it fires.
    pub(super) timer: Option<Duration>,
}

impl Member {
    /// Whether these are the protocols that the member joined with.
    pub(super) fn matches(&self, protocols: &[Protocol]) -> bool {
        self.protocols == protocols
    }

    /// What the member says for `protocol`.
    pub(super) fn metadata(&self, protocol: &str) -> Bytes {
        self.protocols.iter().find(|p| &*p.name == protocol).map(|p| p.metadata.clone()).unwrap_or_default()
    }

    /// The first of the candidates in the member's own order of preference.
    pub(super) fn vote<'a>(&'a self, candidates: &[Arc<str>]) -> Option<&'a Arc<str>> {
        self.protocols.iter().map(|p| &p.name).find(|name| candidates.contains(name))
    }
}
