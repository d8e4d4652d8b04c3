//! The clients of a simulation: each is a process of its own that speaks the real protocol by the house's own client,
//! and writes down what it did and saw.

mod census;
mod committer;
mod deleter;
mod member;
mod producer;
mod reader;
mod remaker;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use thalweg_kafka::client::{Client, ClientOptions, PartitionName};
use thalweg_model::world::World;

use crate::history::Partition;
use crate::simulation::ledger::Ledger;
use crate::simulation::network::SimNetwork;
use crate::simulation::node::PORT;
use crate::simulation::universe::{Chance, House, Universe};

pub use self::census::census;
pub use self::committer::Committing;
pub use self::deleter::Deleting;
pub use self::member::Joining;
pub use self::producer::Producing;
pub use self::reader::Reading;
pub use self::remaker::Remaking;

/// How long a client rests after something went wrong, at most.
const PAUSE_MICROS: (u64, u64) = (2_000, 60_000);

/// What every client needs.
#[derive(Clone)]
pub struct Desk {
    /// Where it lives.
    pub universe: Universe,
    /// How it gets to the broker.
    pub network: SimNetwork,
    /// Where it writes down what it did.
    pub ledger: Ledger,
    /// Its world.
    pub world: World,
    /// Its chance.
    pub chance: Chance,
    /// Its number in the history.
    pub number: u32,
    /// When it shall stop, in time since the world's beginning.
    pub until: Duration,
}

impl Desk {
    /// A desk in a house of its own.
    pub fn new(universe: &Universe, network: &SimNetwork, ledger: &Ledger, until: Duration) -> Self {
        let number = ledger.client();
        let house = House::punctual(universe, "client");
        Self {
            universe: universe.clone(),
            network: network.clone(),
            ledger: ledger.clone(),
            world: house.world.clone(),
            chance: universe.chance(&format!("client {number}")),
            number,
            until,
        }
    }

    /// Whether it is time to stop.
    pub fn is_over(&self) -> bool {
        self.universe.elapsed() >= self.until
    }

    /// Waits a little.
    pub async fn pause(&self) {
        self.universe.sleep(self.chance.micros(PAUSE_MICROS.0, PAUSE_MICROS.1)).await;
    }

    /// A client of the broker, which may have to come up first; none when it is time to stop before.
    pub async fn connected(&self) -> Option<Client> {
        self.connected_with(&self.options()).await
    }

    /// The same, behaving otherwise.
    pub async fn connected_with(&self, options: &ClientOptions) -> Option<Client> {
        while !self.is_over() {
            match Client::connect(options.clone(), self.world.clone()).await {
                Ok(client) => return Some(client),
                Err(_) => self.pause().await,
            }
        }
        None
    }

    /// How its clients behave.
    pub fn options(&self) -> ClientOptions {
        ClientOptions {
            client_id: format!("client-{}", self.number),
            network: Arc::new(self.network.clone()),
            request_timeout: Duration::from_millis(500),
            connect_timeout: Duration::from_millis(100),
            retry_timeout: Duration::from_millis(400),
            retry_backoff: Duration::from_millis(5),
            metadata_age_max: Duration::from_millis(700),
            ..ClientOptions::new(vec![("broker".into(), PORT)])
        }
    }
}

/// A partition as the history calls it. `topic` is the name there.
pub fn place(name: &PartitionName) -> Partition {
    Partition::new(name.topic.clone(), name.partition)
}

/// What a record says, on the wire: its number, and a filling that follows from it.
pub fn value_bytes(value: u64, length: usize) -> Bytes {
    let mut bytes = value.to_be_bytes().to_vec();
    bytes.resize(8 + length, (value % 251) as u8);
    bytes.into()
}

/// What a record says; none where these bytes were never sent.
pub fn value_of(bytes: Option<&Bytes>) -> Option<u64> {
    let (number, filling) = bytes?.split_first_chunk::<8>()?;
    let value = u64::from_be_bytes(*number);
    filling.iter().all(|byte| *byte == (value % 251) as u8).then_some(value)
}
