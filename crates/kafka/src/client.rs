//! A small Kafka client for the command, tests and peers; it speaks to any Kafka broker.
//!
//! [`Client`] finds brokers, keeps connections and knows who leads what. On top of it stand the calls of an
//! administrator (`Client::create_topics`…), [`Producer`], [`Consumer`] (partitions that one names) and
//! [`GroupConsumer`] (partitions that a classic group hands out, range assignor).
//!
//! Not here: transactions, the newer group protocols, security.

mod admin;
mod assignor;
mod connection;
mod consumer;
mod error;
mod fetched;
mod group;
mod metadata;
mod offsets;
mod partitioner;
mod producer;
mod route;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use thalweg_model::world::World;
use thalweg_net::{Network, Tcp};

pub use self::admin::{
    ConfigEntry, ConfigOperation, ConfigResource, ConfigResourceKind, ConfigUpdate, Each, GroupDescription,
    GroupListing, GroupMember, NewTopic,
};
pub use self::consumer::{Consumer, ConsumerOptions, Isolation, ResetPolicy};
pub use self::error::{ClientError, Refused};
pub use self::fetched::{FetchedPartition, FetchedRecord};
pub use self::group::{GroupConsumer, GroupOptions};
pub use self::metadata::{Broker, Cluster, Partition, Topic};
pub use self::offsets::{CommittedOffset, EachPartition, ListedOffset, OffsetSpec, PartitionName};
pub use self::partitioner::murmur2;
pub use self::producer::{Acks, Delivered, Delivery, Message, Producer, ProducerOptions};

use self::route::Routes;

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Where to begin: host and port of one or more brokers.
    pub bootstrap: Vec<(String, u16)>,
    /// What brokers see in logs and quotas.
    pub client_id: String,
    /// How long a broker may take for an answer, beyond what the request itself asks it to wait.
    pub request_timeout: Duration,
    /// What connections are made over.
    pub network: Arc<dyn Network>,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long a call that meets weather (no leader, a lost connection) is tried again.
    pub retry_timeout: Duration,
    /// How long to wait before the next try.
    pub retry_backoff: Duration,
    /// After how long what is known of topics is asked for again.
    pub metadata_age_max: Duration,
    /// The largest answer that is taken.
    pub answer_bytes_max: usize,
}

impl ClientOptions {
    /// The defaults, for a cluster that is found at these addresses.
    pub fn new(bootstrap: Vec<(String, u16)>) -> Self {
        Self {
            bootstrap,
            client_id: "thalweg".to_owned(),
            request_timeout: Duration::from_secs(30),
            network: Arc::new(Tcp),
            connect_timeout: Duration::from_secs(10),
            retry_timeout: Duration::from_secs(30),
            retry_backoff: Duration::from_millis(100),
            metadata_age_max: Duration::from_secs(300),
            answer_bytes_max: 256 << 20,
        }
    }
}

/// A client of one cluster; clones are the same client. Connections close when the last clone is gone.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    options: ClientOptions,
    world: World,
    routes: Routes,
}

impl Client {
    /// Connects to the first broker that answers, and asks it who else there is.
    pub async fn connect(options: ClientOptions, world: World) -> Result<Self, ClientError> {
        let routes = Routes::new(world.clone());
        let client = Self(Arc::new(Inner { options, world, routes }));
        client.refresh(None).await?;
        Ok(client)
    }

    /// The surroundings that the client was given.
    pub fn world(&self) -> &World {
        &self.0.world
    }

    fn options(&self) -> &ClientOptions {
        &self.0.options
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("bootstrap", &self.0.options.bootstrap).finish_non_exhaustive()
    }
}
