//! The broker of a simulation: the real parts put together as the binary does, on a disk and a network of the
//! simulation. It is started, killed and started again; what outlives it is its disk.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use parking_lot::Mutex;
use thalweg_broker::config::BrokerConfig;
use thalweg_broker::{Broker, Endpoint, Identity};
use thalweg_kafka::{Server, Settings};
use thalweg_model::world::World;
use thalweg_model::{BrokerAddress, NodeId, TopicPartition};
use thalweg_net::{ConnectionGate, ConnectionLimits, FrameBudget, Listener, Shutdown, ShutdownTrigger};
use thalweg_storage::disk::{Disk, MemoryDisk};
use thalweg_storage::{OnFailure, Options, Storage};
use tokio::sync::watch;

use crate::simulation::disk::SimDisk;
use crate::simulation::mood::Mood;
use crate::simulation::network::SimNetwork;
use crate::simulation::universe::{Chance, House, Universe};

/// Where it listens.
pub const PORT: u16 = 9092;

/// Where segment files and packs lie.
const SEGMENTS: &str = "segments/";
/// What the system says of [`EMFILE`](crate::simulation::network::EMFILE).
const NO_DESCRIPTOR: &str = "os error 24";

/// How a process ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// The process alone: what it wrote stays in the page cache.
    Process,
    /// The machine: what was not synced is lost, or not, page by page.
    Power,
}

/// How the process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// There is none.
    Down,
    /// It begins.
    Starting,
    /// It serves.
    Serving,
    /// It gave up by itself: why.
    Failed(String),
}

/// The machine with its broker.
pub struct Node {
    universe: Universe,
    network: SimNetwork,
    disk: MemoryDisk,
    chance: Chance,
    /// How the disk is.
    pub mood: Arc<Mood>,
    /// How wrong its clock is, in milliseconds.
    pub wrong_ms: Arc<AtomicI64>,
    options: Options,
    settings: BTreeMap<Arc<str>, Arc<str>>,
    lives: u32,
    life: Option<Life>,
    /// How many bits of files at rest were flipped.
    rotten: usize,
    complaints: Vec<String>,
}

/// A process.
struct Life {
    house: House,
    state: Arc<Mutex<State>>,
    trigger: ShutdownTrigger,
}

#[derive(Default)]
struct State {
    serving: bool,
    closed: bool,
    refused: Option<String>,
    failure: Option<watch::Receiver<Option<Arc<str>>>>,
    broker: Option<Broker>,
}

impl Node {
    /// A machine whose broker was never started.
    pub fn new(
        universe: &Universe,
        network: &SimNetwork,
        disk: MemoryDisk,
        options: Options,
        settings: BTreeMap<Arc<str>, Arc<str>>,
    ) -> Self {
        let options = Options { on_failure: OnFailure::Tell, ..options };
        Self {
            universe: universe.clone(),
            network: network.clone(),
            disk,
            chance: universe.chance("power"),
            mood: Arc::default(),
            wrong_ms: Arc::default(),
            options,
            settings,
            lives: 0,
            life: None,
            rotten: 0,
            complaints: Vec::new(),
        }
    }

    /// Starts the broker.
    pub fn start(&mut self) {
        self.lives += 1;
        self.universe.say(format_args!("node: life {} begins", self.lives));
        let house = House::of_broker(&self.universe, "node", self.lives, self.wrong_ms.clone());
        let (trigger, shutdown) = ShutdownTrigger::new();
        let state = Arc::new(Mutex::new(State::default()));
        let parts = Parts {
            world: house.world.clone(),
            network: self.network.clone(),
            disk: Arc::new(SimDisk::new(self.disk.clone(), &self.universe, self.mood.clone())),
            options: self.options.clone(),
            settings: self.settings.clone(),
            state: state.clone(),
            shutdown,
        };
        let main = async move {
            let told = parts.state.clone();
            if let Err(error) = parts.live().await {
                told.lock().refused = Some(error);
            }
        };
        drop(house.world.spawner.spawn("main", Box::pin(main)));
        self.life = Some(Life { house, state, trigger });
    }

    /// Asks the broker to end; it is down some time later.
    pub fn end(&self) {
        if let Some(life) = &self.life {
            self.universe.say(format_args!("node: life {} is asked to end", self.lives));
            life.trigger.request();
        }
    }

    /// Ends the process where it stands.
    pub fn die(&mut self, death: Death) {
        self.universe.say(format_args!("node: life {} ends by {death:?}", self.lives));
        if let Some(life) = &self.life {
            let when = if life.state.lock().serving { "while it serves" } else { "while it does not serve" };
            self.universe.tally().count(&format!("broker: ended by {death:?} {when}"));
        }
        if death == Death::Power {
            self.network.darken();
        }
        if let Some(life) = self.life.take() {
            life.house.kill();
        }
        if death == Death::Power {
            self.disk = self.disk.power_cut(&self.chance);
            self.universe.tally().add("disk: page lost by a power cut", self.disk.counts().pages_undone);
        }
    }

    /// How the process is. One that gave up is gone after this.
    pub fn health(&mut self) -> Health {
        let Some(life) = &self.life else { return Health::Down };
        let state = life.state.lock();
        let failed = state.failure.as_ref().and_then(|failure| failure.borrow().clone());
        let failed = failed.map(|why| why.to_string()).or_else(|| state.refused.clone());
        let failed = failed.or_else(|| life.house.wants_to_end());
        let (serving, closed) = (state.serving, state.closed);
        drop(state);
        match failed {
            Some(why) => {
                self.universe.say(format_args!("node: life {} gave up: {why}", self.lives));
                self.universe.tally().count("broker: gave up by itself");
                if serving && why.contains(NO_DESCRIPTOR) {
                    self.complaints.push(format!("life {} ended for want of descriptors: {why}", self.lives));
                }
                self.die(Death::Process);
                Health::Failed(why)
            }
            None if closed => {
                self.universe.say(format_args!("node: life {} ended", self.lives));
                self.die(Death::Process);
                Health::Down
            }
            None if serving => Health::Serving,
            None => Health::Starting,
        }
    }

    /// Flips a bit of a segment file that is there: what it held is not there any more.
    pub fn rot(&mut self) {
        let Some((name, position)) = self.disk.rot_below(SEGMENTS, &self.chance) else { return };
        self.universe.say(format_args!("disk: {name} rots at {position}"));
        self.universe.tally().count("disk: bit rotted");
        self.rotten += 1;
    }

    /// Which records of a partition the broker tells to be damaged.
    pub fn damages(&self, partition: TopicPartition) -> Vec<(i64, i64)> {
        let broker = self.life.as_ref().and_then(|life| life.state.lock().broker.clone());
        let damages = broker.map(|broker| broker.engine().damages()).unwrap_or_default();
        let own = damages.into_iter().filter(|damage| damage.partition == partition);
        own.map(|damage| (damage.from.0, damage.to.0)).collect()
    }

    /// What it did that no broker may do, whatever its clients saw.
    pub fn complaints(&self) -> Result<(), String> {
        let broker = self.life.as_ref().and_then(|life| life.state.lock().broker.clone());
        let damages = broker.map(|broker| broker.engine().damages()).unwrap_or_default();
        if damages.len() > self.rotten {
            return Err(format!("{} bits rotted, and more is told to be damaged: {damages:?}", self.rotten));
        }
        match self.complaints.first() {
            Some(complaint) => Err(complaint.clone()),
            None => Ok(()),
        }
    }

    /// The disk of the machine.
    pub fn disk(&self) -> &MemoryDisk {
        &self.disk
    }

    /// How often it was started.
    pub fn lives(&self) -> u32 {
        self.lives
    }
}

/// What a life is made of.
struct Parts {
    world: World,
    network: SimNetwork,
    disk: Arc<dyn Disk>,
    options: Options,
    settings: BTreeMap<Arc<str>, Arc<str>>,
    state: Arc<Mutex<State>>,
    shutdown: Shutdown,
}

impl Parts {
    async fn live(self) -> Result<(), String> {
        let Self { world, network, disk, options, settings, state, shutdown } = self;
        let config = BrokerConfig::new(settings).map_err(|error| error.to_string())?;
        let node = NodeId(1);
        let address = BrokerAddress { host: "broker".into(), port: PORT };
        let identity = Identity {
            node,
            rack: None,
            endpoints: vec![Endpoint { listener: "PLAINTEXT".into(), address }],
            data_folder: "simulated".into(),
        };
        let storage = Storage::on_disk(disk, node, options, world.clone()).await;
        let storage = storage.map_err(|error| error.to_string())?;
        let broker = Broker::open(storage, config, identity, world.clone()).await;
        let broker = broker.map_err(|error| error.to_string())?;
        {
            let mut state = state.lock();
            state.failure = Some(broker.engine().failure());
            state.broker = Some(broker.clone());
        }
        let head = Settings {
            frame_bytes_max: 1 << 20,
            idle_max: Duration::from_secs(20),
            fetch_bytes_max: 256 << 10,
            fetch_session_slots: 4,
            answer_bytes: 256 << 10,
            ..Settings::default()
        };
        let gate = ConnectionGate::new(world.clock.clone(), ConnectionLimits::default());
        let frames = FrameBudget::new(256 << 10);
        let server = Server::new(broker.clone(), head, frames, gate, shutdown, world.clone());
        let listener = Listener::over("PLAINTEXT", network.listen(([10, 0, 0, 1], PORT).into()));
        state.lock().serving = true;
        server.serve(vec![listener]).await;
        state.lock().serving = false;
        broker.close().await;
        let mut state = state.lock();
        (state.closed, state.broker) = (true, None);
        Ok(())
    }
}
