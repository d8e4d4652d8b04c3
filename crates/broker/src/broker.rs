//! The broker as a whole: what it is made of, and how it starts and ends.

use std::sync::Arc;

use thalweg_model::{BrokerAddress, NodeId, TopicId, TopicName};
use thiserror::Error;

use crate::answer::Durable;
use crate::groups::{Coordinator, LogRefused};
use crate::session::cluster::{BrokerDescription, ClusterDescription};
use crate::session::{Peer, Session, TopicRef};

/// Who this broker is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its number.
    pub node: NodeId,
    /// Its rack.
    pub rack: Option<Arc<str>>,
    /// Where clients of each listener find it.
    pub endpoints: Vec<Endpoint>,
}

/// What clients of a listener are told to dial.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The listener's name.
    pub listener: Arc<str>,
    /// Where clients find it.
    pub address: BrokerAddress,
}

/// Why the broker did not start.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The facts hold what this version cannot read.
    #[error("the facts of the cluster cannot be read: {0}")]
    Facts(String),
}

/// Why the broker did not end cleanly.
#[derive(Debug, Error)]
pub enum CloseError {
    /// Storage did not.
    #[error("storage did not close cleanly: {0}")]
    Storage(String),
}

/// The broker; cheap to clone.
#[derive(Clone)]
pub struct Broker(Arc<Inner>);

struct Inner {
    identity: Identity,
    cluster_id: Arc<str>,
}

impl Broker {
    /// A session for a peer: the only door for heads.
    pub fn session(&self, peer: Peer) -> Session {
        Session::new(self.clone(), peer)
    }

    /// Who this broker is.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// How far the log is durable.
    pub fn durable(&self) -> Durable {
        unimplemented!("follows with the catalog")
    }

    /// The coordinator of groups.
    pub(crate) fn coordinator(&self) -> &Arc<Coordinator> {
        unimplemented!("follows with the catalog")
    }

    /// Sees to it that the offsets topic is there.
    pub(crate) async fn offsets_topic_ready(&self) -> Result<(), LogRefused> {
        unimplemented!("follows with the catalog")
    }

    /// A topic's name, id and number of partitions.
    pub(crate) fn find_topic(&self, topic: &TopicRef) -> Option<(TopicName, TopicId, i32)> {
        let _ = topic;
        unimplemented!("follows with the catalog")
    }

    pub(crate) fn describe_cluster(&self, listener: &str) -> ClusterDescription {
        let identity = &self.0.identity;
        let endpoint = identity.endpoints.iter().find(|e| *e.listener == *listener);
        let brokers = endpoint
            .map(|endpoint| BrokerDescription {
                node: identity.node,
                address: endpoint.address.clone(),
                rack: identity.rack.clone(),
            })
            .into_iter()
            .collect();
        ClusterDescription { cluster_id: self.0.cluster_id.clone(), controller: identity.node, brokers }
    }
}
