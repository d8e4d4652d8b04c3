//! The one door: a head that knows its peer gets a session, and reaches the domain only through its parts. Each part
//! authorizes first, charges quotas, then acts; so no handler can forget to check.
//!
//! Everything is allowed today: what a peer may do is decided in one private function, so that it can be decided
//! otherwise.

pub(crate) mod cluster;
pub(crate) mod configs;
pub(crate) mod groups;
pub(crate) mod records;
pub(crate) mod topics;

use std::net::SocketAddr;
use std::sync::Arc;

use thalweg_model::{Principal, TopicId, TopicName};

use crate::answer::Throttle;
use crate::broker::Broker;

use self::cluster::ClusterView;
use self::configs::Configs;
use self::groups::Groups;
use self::records::Records;
use self::topics::Topics;

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// As whom it was authenticated.
    pub principal: Principal,
    /// Where it calls from.
    pub address: SocketAddr,
    /// The name of the listener that it came in by: it is told addresses of the same listener.
    pub listener: Arc<str>,
    /// What it calls itself.
    pub client_id: Arc<str>,
}

/// A topic as requests name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TopicRef {
    /// By its name.
    Name(TopicName),
    /// By its id.
    Id(TopicId),
}

/// A peer's way into the domain; cheap to clone.
#[derive(Clone)]
pub struct Session {
    pub(crate) broker: Broker,
    peer: Arc<Peer>,
}

impl Session {
    pub(crate) fn new(broker: Broker, peer: Peer) -> Self {
        Self { broker, peer: Arc::new(peer) }
    }

    /// Who it is.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The same session for a request that bears another client id.
    pub fn with_client(&self, client_id: Arc<str>) -> Self {
        let peer = Peer { client_id, ..Peer::clone(&self.peer) };
        Self { broker: self.broker.clone(), peer: Arc::new(peer) }
    }

    /// How long this peer is to be left unread for what it used; asked once per request, after it was served.
    pub fn throttle(&self) -> Throttle {
        Throttle::default()
    }

    /// Appending, fetching and all about offsets.
    pub fn records(&self) -> Records<'_> {
        Records { session: self }
    }

    /// Topics and their partitions.
    pub fn topics(&self) -> Topics<'_> {
        Topics { session: self }
    }

    /// Settings of topics and brokers.
    pub fn configs(&self) -> Configs<'_> {
        Configs { session: self }
    }

    /// Groups and what they committed.
    pub fn groups(&self) -> Groups<'_> {
        Groups { session: self }
    }

    /// The cluster and its brokers.
    pub fn cluster(&self) -> ClusterView<'_> {
        ClusterView { session: self }
    }

    /// Whether the peer may do this. Everybody may do everything until there are rules.
    fn allows(&self, operation: Operation, target: &Target<'_>) -> bool {
        tracing::trace!(principal = %self.peer.principal, ?operation, target = target.name(), "authorized");
        true
    }
}

/// What a peer wants to do.
#[derive(Clone, Copy, Debug)]
enum Operation {
    Alter,
    AlterConfigs,
    Create,
    Delete,
    Describe,
    DescribeConfigs,
    IdempotentWrite,
    Read,
    Write,
}

/// With what a peer wants to do it.
#[derive(Clone, Copy, Debug)]
enum Target<'a> {
    Cluster,
    Topic(&'a TopicRef),
    TopicName(&'a TopicName),
    Resource(&'a configs::Resource),
}

impl Target<'_> {
    fn name(&self) -> String {
        match self {
            Self::Cluster => "the cluster".into(),
            Self::Topic(TopicRef::Name(name)) => name.to_string(),
            Self::TopicName(name) => name.to_string(),
            Self::Topic(TopicRef::Id(id)) => id.to_string(),
            Self::Resource(resource) => format!("{:?} {}", resource.kind, resource.name),
        }
    }
}
