//! What a peer may know of the cluster: its id and its brokers, with the addresses of the peer's own listener.

use std::sync::Arc;

use thalweg_model::{BrokerAddress, NodeId};

use super::Session;

/// The part of a session that tells of the cluster.
#[derive(Clone, Copy)]
pub struct ClusterView<'a> {
    pub(super) session: &'a Session,
}

/// A broker as clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerDescription {
    /// Its number.
    pub node: NodeId,
    /// Where to dial it.
    pub address: BrokerAddress,
    /// Its rack.
    pub rack: Option<Arc<str>>,
}

/// The cluster as clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterDescription {
    /// The cluster's id.
    pub cluster_id: Arc<str>,
    /// Who acts as controller.
    pub controller: NodeId,
    /// All brokers.
    pub brokers: Vec<BrokerDescription>,
}

impl ClusterView<'_> {
    /// The cluster's id and brokers.
    pub fn describe(&self) -> ClusterDescription {
        self.session.broker.describe_cluster(&self.session.peer().listener)
    }
}
