//! The broker as a whole: what it is made of, and how it starts and ends.

mod asked_for;
mod configs;
mod damage;
mod deletion;
mod loggers;
mod offsets_topic;
mod retention;
mod topics;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::{Mutex, RwLock};
use thalweg_model::collections::HashMap;
use thalweg_model::law::Law;
use thalweg_model::world::{Task, World};
use thalweg_model::{BrokerAddress, NodeId, Offset, PartitionIndex, TopicId, TopicName, TopicPartition};
use thalweg_storage::{Engine, Existing, Snapshot, Snapshots, Storage};
use thiserror::Error;
use tokio::sync::watch;

use crate::answer::Durable;
use crate::catalog::{Catalog, Entry, LoadError, Record, TopicRecord};
use crate::config::{BrokerConfig, MIN_INSYNC_REPLICAS, Overrides, TopicConfig};
use crate::engine_room::EngineRoom;
use crate::groups::Coordinator;
use crate::loggers::Loggers;
use crate::partition::Partition;
use crate::session::cluster::{BrokerDescription, ClusterDescription};
use crate::session::{Peer, Session, TopicRef};
use crate::topic::Topic;

use self::asked_for::AskedFor;
use self::offsets_topic::OffsetsTopic;

/// Who this broker is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its number.
    pub node: NodeId,
    /// Its rack.
    pub rack: Option<Arc<str>>,
    /// Where clients of each listener find it.
    pub endpoints: Vec<Endpoint>,
    /// Where its data are, for those who ask for log folders.
    pub data_folder: PathBuf,
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
    /// The facts cannot be read.
    #[error("the facts of the cluster cannot be read")]
    Facts(#[from] LoadError),
    /// No space for the first facts.
    #[error("no space is left in the data folder")]
    Full,
    /// Storage did not open.
    #[error(transparent)]
    Storage(#[from] thalweg_storage::OpenError),
}

/// The broker; cheap to clone.
#[derive(Clone)]
pub struct Broker(Arc<Inner>);

struct Inner {
    identity: Identity,
    cluster_id: Arc<str>,
    replicas: Arc<[NodeId]>,
    world: World,
    room: Arc<EngineRoom>,
    catalog: Catalog,
    // Short: exchanged when a dynamic setting changes.
    config: RwLock<Live>,
    config_changed: watch::Sender<()>,
    // The process's own; none in a simulation.
    loggers: RwLock<Option<Arc<dyn Loggers>>>,
    coordinator: Arc<Coordinator>,
    asked_for: AskedFor,
    closing: watch::Sender<bool>,
    tasks: Mutex<Vec<Task>>,
}

/// The settings that hold now.
struct Live {
    config: Arc<BrokerConfig>,
    // Of topics for which nothing is set: they share it.
    topics: Arc<TopicConfig>,
}

impl Live {
    fn new(config: BrokerConfig) -> Self {
        let topics = TopicConfig::new(&config, &Overrides::new());
        Self { config: Arc::new(config), topics }
    }

    fn topic(&self, overrides: &Overrides) -> Arc<TopicConfig> {
        if overrides.is_empty() { self.topics.clone() } else { TopicConfig::new(&self.config, overrides) }
    }
}

/// How many partitions each topic has.
struct Sizes(HashMap<TopicId, usize>);

impl Existing for Sizes {
    fn has(&self, partition: TopicPartition) -> bool {
        let index = usize::try_from(partition.partition.0).unwrap_or(usize::MAX);
        self.0.get(&partition.topic).is_some_and(|count| index < *count)
    }

    fn all(&self) -> Vec<TopicPartition> {
        let of = |(topic, count): (&TopicId, &usize)| {
            let (topic, count) = (*topic, i32::try_from(*count).unwrap_or(i32::MAX));
            (0..count).map(move |index| TopicPartition { topic, partition: PartitionIndex(index) })
        };
        self.0.iter().flat_map(of).collect()
    }
}

impl Broker {
    /// Recovers what storage holds, and starts the work in the background.
    pub async fn open(
        storage: Storage,
        config: BrokerConfig,
        identity: Identity,
        world: World,
    ) -> Result<Self, OpenError> {
        let (catalog, topics) = Catalog::load(storage.facts.clone(), world.spawner.clone()).await?;
        let cluster_id = first_facts(&catalog, &config, &world).await?;
        let node = identity.node.to_string();
        let config = configs::with_dynamic(&config, &catalog, &node);

        let existing = Sizes(topics.iter().map(|t| (t.id, t.partitions())).collect());
        let snapshots = Arc::new(SnapshotSource::default());
        let engine = storage.start(&existing, snapshots.clone()).await?;
        engine.set_delete_delay(configs::milliseconds(config.log_segment_delete_delay_ms));
        let room = Arc::new(EngineRoom { engine, world: world.clone() });

        let settings = offsets_topic::group_settings(&config);
        let offsets_topic = TopicName::from(offsets_topic::NAME);
        let offsets = topics.iter().find(|topic| topic.name == offsets_topic);
        let offsets_partitions = match offsets {
            Some(topic) => topic.partitions(),
            None => usize::try_from(config.offsets_topic_num_partitions).unwrap_or(1),
        };
        let broker = Self(Arc::new_cyclic(|this: &Weak<Inner>| {
            let log = Arc::new(OffsetsTopic(this.clone()));
            let coordinator = Coordinator::new(offsets_partitions, log, settings, world.clone());
            Inner {
                cluster_id,
                replicas: [identity.node].into(),
                identity,
                world,
                room,
                catalog,
                config: RwLock::new(Live::new(config)),
                config_changed: watch::Sender::new(()),
                loggers: RwLock::new(None),
                coordinator: Arc::new(coordinator),
                asked_for: AskedFor::default(),
                closing: watch::Sender::new(false),
                tasks: Mutex::default(),
            }
        }));
        for topic in topics {
            let entry = broker.entry(&topic, None);
            broker.0.catalog.adjust(|state| state.put(entry));
        }
        broker.recover().await?;
        assert!(snapshots.0.set(Arc::downgrade(&broker.0)).is_ok(), "a broker is opened once");
        let compact_only = broker.tell_compact_only();
        if compact_only > 0 {
            tracing::warn!(topics = compact_only, "nothing is removed from compacted topics yet");
        }
        broker.start_tasks();
        Ok(broker)
    }

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
        Durable::new(self.0.room.engine.durable_watch())
    }

    /// The settings that hold now.
    pub fn config(&self) -> Arc<BrokerConfig> {
        self.0.config.read().config.clone()
    }

    /// Tells when other settings hold, for parts outside of the broker that follow some of them.
    pub fn config_watch(&self) -> watch::Receiver<()> {
        self.0.config_changed.subscribe()
    }

    /// The engine: what is durable, and how much it holds.
    pub fn engine(&self) -> &Engine {
        &self.0.room.engine
    }

    /// Ends the work in the background, then storage: everything appended becomes durable.
    pub async fn close(self) {
        self.0.closing.send_replace(true);
        self.0.coordinator.close();
        let tasks = std::mem::take(&mut *self.0.tasks.lock());
        for task in tasks {
            task.await;
        }
        self.0.room.engine.clone().close().await;
    }

    /// The coordinator of groups.
    pub(crate) fn coordinator(&self) -> &Arc<Coordinator> {
        &self.0.coordinator
    }

    /// A topic's name, id and number of partitions.
    pub(crate) fn find_topic(&self, topic: &TopicRef) -> Option<(TopicName, TopicId, i32)> {
        let entry = self.0.catalog.find(topic)?;
        let partitions = i32::try_from(entry.partitions.len()).expect("partitions are numbered so");
        Some((entry.topic.name.clone(), entry.topic.id, partitions))
    }

    pub(crate) fn find_entry(&self, topic: &TopicRef) -> Option<Entry> {
        self.0.catalog.find(topic)
    }

    pub(crate) fn find_partition(&self, topic: &TopicRef, index: PartitionIndex) -> Option<Partition> {
        self.0.catalog.partition(topic, index)
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.0.catalog
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

    /// A topic with its partitions; those that ran already go on.
    fn entry(&self, record: &TopicRecord, running: Option<&Entry>) -> Entry {
        let topic = match running {
            Some(entry) => entry.topic.clone(),
            None => {
                let config = self.0.config.read().topic(&record.overrides);
                let (name, overrides) = (record.name.clone(), record.overrides.clone());
                let topic = Arc::new(Topic::new(name, record.id, overrides, config));
                self.follow_delete_delay(&topic);
                topic
            }
        };
        let mut partitions = running.map(|entry| entry.partitions.to_vec()).unwrap_or_default();
        for (index, epoch_base) in record.epoch_bases().enumerate().skip(partitions.len()) {
            let index = PartitionIndex(i32::try_from(index).expect("partitions are numbered so"));
            partitions.push(Partition::open(topic.clone(), index, epoch_base, self.0.room.clone()));
        }
        Entry { topic, partitions: partitions.into() }
    }

    /// Takes over what was kept of producers. Groups are taken over as they are needed.
    async fn recover(&self) -> Result<(), OpenError> {
        let entries: Vec<Entry> = self.0.catalog.read(|state| state.entries().cloned().collect());
        let expiration_ms = i64::from(self.config().producer_id_expiration_ms);
        let offsets = |entry: &Entry| entry.topic.name.as_str() == offsets_topic::NAME;
        for partition in entries.iter().filter(|entry| !offsets(entry)).flat_map(|e| e.partitions.iter()) {
            if let Some(recovered) =
                partition.log().take_recovered().await.map_err(thalweg_storage::OpenError::Io)?
                && !Law::ProducersAreRecovered.is_broken()
            {
                partition.restore(recovered, expiration_ms);
            }
        }
        Ok(())
    }

    fn start_tasks(&self) {
        let spawner = &self.0.world.spawner;
        let (retention, expiry, groups) = (self.clone(), self.clone(), self.0.coordinator.clone());
        let (damage, asked_for) = (self.clone(), self.clone());
        let loading = self.0.coordinator.clone();
        let tasks = vec![
            // It decodes all that is kept of groups: nobody else shall wait for a thread meanwhile.
            spawner.spawn_thread("groups-loader", Box::pin(async move { loading.load_all().await })),
            spawner.spawn("retention", Box::pin(async move { retention.run_retention().await })),
            spawner.spawn("producer-expiry", Box::pin(async move { expiry.run_producer_expiry().await })),
            spawner.spawn("groups", Box::pin(async move { groups.run().await })),
            spawner.spawn("asked-for-topics", Box::pin(async move { asked_for.run_asked_for().await })),
            spawner.spawn("damage", Box::pin(async move { damage.run_damage_told().await })),
        ];
        *self.0.tasks.lock() = tasks;
    }
}

/// What a cluster is born with, where it is not there yet: its id, which stays the same ever after, and, as in Kafka,
/// `min.insync.replicas` as a setting of all brokers.
async fn first_facts(catalog: &Catalog, config: &BrokerConfig, world: &World) -> Result<Arc<str>, OpenError> {
    let known = catalog.read(|state| state.cluster_id().cloned());
    let id = known.clone().unwrap_or_else(|| base64_url(world.random.uuid().as_bytes()).into());
    let mut records = Vec::new();
    if known.is_none() {
        records.push(Record::Cluster(id.clone()));
    }
    let mut overrides = Overrides::clone(&catalog.read(|state| state.broker_overrides("")));
    if !overrides.contains_key(MIN_INSYNC_REPLICAS) {
        overrides.insert(MIN_INSYNC_REPLICAS.into(), config.min_insync_replicas.to_string().into());
        records.push(Record::Broker { node: "".into(), overrides: Arc::new(overrides) });
    }
    if !records.is_empty() {
        catalog.change().await.commit(records).await.map_err(|_| OpenError::Full)?;
    }
    Ok(id)
}

/// As Kafka writes ids: 22 characters for 16 bytes, without padding.
fn base64_url(bytes: &[u8; 16]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = u128::from_be_bytes(*bytes);
    let letter = |place: u32| {
        // 22 times 6 bits are four more than there are: the last letter has them as zeros on its right.
        let shifted = if place == 21 { bits << 4 } else { bits >> (122 - 6 * place) };
        char::from(LETTERS[(shifted & 63) as usize])
    };
    (0..22).map(letter).collect()
}

/// What storage asks at a checkpoint.
#[derive(Default)]
struct SnapshotSource(OnceLock<Weak<Inner>>);

impl Snapshots for SnapshotSource {
    fn snapshot(&self, partition: TopicPartition, since: Option<Offset>) -> Option<Snapshot> {
        let broker = Broker(self.0.get()?.upgrade()?);
        let found = broker.find_partition(&TopicRef::Id(partition.topic), partition.partition)?;
        if found.topic().name.as_str() == offsets_topic::NAME {
            return broker.0.coordinator.snapshot(partition.partition, since);
        }
        found.snapshot(since)
    }
}
