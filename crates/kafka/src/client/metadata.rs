//! What the client knows of the cluster: its brokers, and who leads what.

use std::sync::Arc;
use std::time::Duration;

use thalweg_model::TopicId;
use thalweg_model::codec::Text;
use thalweg_model::collections::HashMap;
use thalweg_wire::{MetadataRequest, MetadataResponse, metadata_request::MetadataRequestTopic};

use super::offsets::PartitionName;
use super::route::{Lane, Target};
use super::{Client, ClientError, Refused};

/// Metadata up to here.
const METADATA_MAX: i16 = 12;

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Its number.
    pub id: i32,
    /// Where it is.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Its rack, where it has one.
    pub rack: Option<String>,
}

/// The cluster as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its id.
    pub id: Option<String>,
    /// Who may change topics.
    pub controller: Option<i32>,
    /// Its brokers, by number.
    pub brokers: Vec<Broker>,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: Arc<str>,
    /// Its id; zero from brokers that have none.
    pub id: TopicId,
    /// Whether it is the cluster's own.
    pub internal: bool,
    /// Its partitions, by number.
    pub partitions: Vec<Partition>,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its number.
    pub index: i32,
    /// Who leads it, if anybody does.
    pub leader: Option<i32>,
    /// Which leadership that is; -1 where it is not known.
    pub leader_epoch: i32,
    /// Who holds it.
    pub replicas: Vec<i32>,
    /// Who holds all of it.
    pub in_sync: Vec<i32>,
    /// Who holds it and is away.
    pub offline: Vec<i32>,
}

#[derive(Default)]
pub(super) struct Known {
    cluster_id: Option<String>,
    pub(super) controller: Option<i32>,
    pub(super) brokers: HashMap<i32, Broker>,
    topics: HashMap<Arc<str>, (Arc<Topic>, Duration)>,
}

impl Known {
    pub(super) fn learn_broker(&mut self, id: i32, host: &str, port: i32) {
        let broker = Broker { id, host: host.to_owned(), port: port as u16, rack: None };
        self.brokers.entry(id).or_insert(broker);
    }
}

impl Client {
    /// The cluster and its brokers.
    pub async fn cluster(&self) -> Result<Cluster, ClientError> {
        self.refresh(Some(&[])).await?;
        let known = self.0.routes.known.lock();
        let mut brokers: Vec<_> = known.brokers.values().cloned().collect();
        brokers.sort_by_key(|broker| broker.id);
        Ok(Cluster { id: known.cluster_id.clone(), controller: known.controller, brokers })
    }

    /// All topics, or those that are named; the answers come by name. Nothing is created.
    pub async fn topics(
        &self,
        names: Option<&[&str]>,
    ) -> Result<Vec<(String, Result<Arc<Topic>, Refused>)>, ClientError> {
        let answer = self.ask_metadata(names, false).await?;
        let mut topics: Vec<_> = self.learn(&answer);
        topics.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(topics)
    }

    /// A topic from what is known, asked for where it is not known or the knowledge is old. Where the broker creates
    /// topics by itself, asking creates it.
    pub async fn topic(&self, name: &str) -> Result<Arc<Topic>, ClientError> {
        let now = self.0.world.clock.elapsed();
        if let Some((topic, learned)) = self.0.routes.known.lock().topics.get(name)
            && now.saturating_sub(*learned) < self.options().metadata_age_max
        {
            return Ok(topic.clone());
        }
        let deadline = now + self.options().retry_timeout;
        loop {
            let error = match self.ask_metadata(Some(&[name]), true).await {
                Ok(answer) => match self.learn(&answer).pop() {
                    Some((_, Ok(topic)))
                        if topic.partitions.iter().any(|partition| partition.leader.is_some()) =>
                    {
                        return Ok(topic);
                    }
                    Some((_, Err(refused))) => refused.of("Metadata"),
                    _ => Refused { code: crate::Code::LeaderNotAvailable, message: None }.of("Metadata"),
                },
                Err(error) => error,
            };
            self.weather(&error, Target::Any, deadline).await.map_err(|()| error)?;
        }
    }

    /// Forgets what is known of a topic, because a broker said otherwise.
    pub(super) fn forget_topic(&self, name: &str) {
        self.0.routes.known.lock().topics.remove(name);
    }

    /// A topic's partitions, as far as is known.
    pub(super) fn known_partitions(&self, topic: &str) -> Option<Vec<i32>> {
        let known = self.0.routes.known.lock();
        let (topic, _) = known.topics.get(topic)?;
        Some(topic.partitions.iter().map(|partition| partition.index).collect())
    }

    /// Who leads a partition, as far as is known.
    pub(super) fn known_leader(&self, name: &PartitionName) -> Option<i32> {
        let known = self.0.routes.known.lock();
        let (topic, _) = known.topics.get(&name.topic)?;
        topic.partitions.iter().find(|partition| partition.index == name.partition)?.leader
    }

    /// Who leads a partition.
    pub(super) async fn leader(&self, topic: &str, partition: i32) -> Result<i32, ClientError> {
        let deadline = self.0.world.clock.elapsed() + self.options().retry_timeout;
        loop {
            let known = self.topic(topic).await?;
            let found = known.partitions.iter().find(|found| found.index == partition);
            let found =
                found.ok_or_else(|| ClientError::NoPartition { topic: topic.to_owned(), partition })?;
            if let Some(leader) = found.leader {
                return Ok(leader);
            }
            self.forget_topic(topic);
            let error = Refused { code: crate::Code::LeaderNotAvailable, message: None }.of("Metadata");
            self.weather(&error, Target::Any, deadline).await.map_err(|()| error)?;
        }
    }

    /// Asks who there is, and about the topics that are named (none: only the brokers; `None`: of no topic either).
    pub(super) async fn refresh(&self, names: Option<&[&str]>) -> Result<(), ClientError> {
        let answer = self.ask_metadata(Some(names.unwrap_or_default()), false).await?;
        self.learn(&answer);
        Ok(())
    }

    async fn ask_metadata(
        &self,
        names: Option<&[&str]>,
        create: bool,
    ) -> Result<MetadataResponse, ClientError> {
        let topics = names.map(|names| {
            let named =
                |name: &&str| MetadataRequestTopic { name: Some(Text::from(*name)), ..Default::default() };
            names.iter().map(named).collect()
        });
        let request = MetadataRequest { topics, allow_auto_topic_creation: create, ..Default::default() };
        self.ask(Target::Any, Lane::Questions, METADATA_MAX, Duration::ZERO, &request).await
    }

    /// Takes an answer into what is known, and gives what it says of each topic.
    fn learn(&self, answer: &MetadataResponse) -> Vec<(String, Result<Arc<Topic>, Refused>)> {
        let now = self.0.world.clock.elapsed();
        let mut known = self.0.routes.known.lock();
        known.cluster_id = answer.cluster_id.as_ref().map(|id| id.as_str().to_owned());
        known.controller = (answer.controller_id >= 0).then_some(answer.controller_id);
        if !answer.brokers.is_empty() {
            known.brokers.clear();
        }
        for broker in &answer.brokers {
            known.brokers.insert(
                broker.node_id,
                Broker {
                    id: broker.node_id,
                    host: broker.host.as_str().to_owned(),
                    port: broker.port as u16,
                    rack: broker.rack.as_ref().map(|rack| rack.as_str().to_owned()),
                },
            );
        }
        let mut topics = Vec::with_capacity(answer.topics.len());
        for topic in &answer.topics {
            let name = topic.name.as_ref().map(|name| name.to_shared()).unwrap_or_default();
            let result = Refused::check(topic.error_code, None).map(|()| {
                let mut partitions: Vec<_> = topic
                    .partitions
                    .iter()
                    .map(|partition| Partition {
                        index: partition.partition_index,
                        leader: (partition.leader_id >= 0).then_some(partition.leader_id),
                        leader_epoch: partition.leader_epoch,
                        replicas: partition.replica_nodes.clone(),
                        in_sync: partition.isr_nodes.clone(),
                        offline: partition.offline_replicas.clone(),
                    })
                    .collect();
                partitions.sort_by_key(|partition| partition.index);
                let id = TopicId(topic.topic_id);
                let topic =
                    Arc::new(Topic { name: name.clone(), id, internal: topic.is_internal, partitions });
                known.topics.insert(name.clone(), (topic.clone(), now));
                topic
            });
            topics.push((name.to_string(), result));
        }
        topics
    }
}
