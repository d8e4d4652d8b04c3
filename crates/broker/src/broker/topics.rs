//! Making topics, widening them, describing them.

use std::collections::BTreeMap;
use std::sync::Arc;

use thalweg_model::collections::HashSet;
use thalweg_model::{NodeId, PartitionIndex, TopicId, TopicName};

use crate::catalog::{
    self, CLUSTER_METADATA, CatalogError, Changing, Entry, PartitionRun, Record, TopicRecord,
};
use crate::config::{BrokerConfig, DescribeOptions, Overrides};
use crate::partition::Partition;
use crate::session::TopicRef;
use crate::session::configs::ConfigError;
use crate::session::topics::{
    CreatedTopic, Cursor, Described, LogDir, LogDirPartition, MetadataError, NewPartitions, NewTopic,
    PartitionDescription, TopicDescription, TopicError, Wanted,
};

use super::{Broker, offsets_topic};

/// The most partitions that one request makes, as in Kafka.
pub(super) const PARTITIONS_PER_REQUEST_MAX: i64 = 10_000;

/// A topic as it shall be made, all checks passed.
struct Plan {
    name: TopicName,
    partitions: u32,
    overrides: Arc<Overrides>,
}

impl From<CatalogError> for TopicError {
    fn from(error: CatalogError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<ConfigError> for TopicError {
    fn from(error: ConfigError) -> Self {
        Self::InvalidConfig(error.to_string())
    }
}

impl Broker {
    /// Makes topics, all in one change; one result each.
    pub(crate) async fn create_topics(
        &self,
        topics: &[NewTopic],
        validate_only: bool,
    ) -> Vec<Result<CreatedTopic, TopicError>> {
        let config = self.config();
        let mut changing = self.catalog().change().await;
        if let Err(error) = check_count(topics.iter().map(|topic| wanted_partitions(topic, &config))) {
            return topics.iter().map(|_| Err(error.clone())).collect();
        }
        let twice = twice(topics.iter().map(|topic| &topic.name));
        let plans: Vec<_> = topics
            .iter()
            .map(|topic| {
                if twice.contains(&topic.name) {
                    return Err(TopicError::InvalidRequest("the topic is named twice in the request".into()));
                }
                self.plan(topic, &config, &changing)
            })
            .collect();
        let made = self.make(&mut changing, &plans, validate_only).await;
        let made = match made {
            Ok(made) => made,
            Err(error) => return plans.into_iter().map(|plan| plan.and(Err(error.clone()))).collect(),
        };
        let mut ids = made.into_iter();
        let created = |plan: Plan| CreatedTopic {
            id: ids.next().unwrap_or(TopicId::ZERO),
            partitions: i32::try_from(plan.partitions).expect("the count was checked"),
            replication_factor: 1,
            configs: config.describe_topic(&plan.overrides, &|_| true, DescribeOptions::default()),
        };
        let mut created = created;
        plans.into_iter().map(|plan| plan.map(&mut created)).collect()
    }

    /// Makes one of our own topics.
    pub(super) async fn create_internal(&self, name: &TopicName) -> Result<(), TopicError> {
        let config = self.config();
        let mut changing = self.catalog().change().await;
        if changing.read(|state| state.find(&TopicRef::Name(name.clone())).is_some()) {
            return Err(TopicError::Exists(name.clone()));
        }
        self.check_replicas(config.offsets_topic_replication_factor, &config)?;
        let segment_bytes = config.offsets_topic_segment_bytes.to_string();
        let settings = [
            ("cleanup.policy", "compact"),
            ("compression.type", "producer"),
            ("segment.bytes", &segment_bytes),
        ];
        let overrides = settings.map(|(name, value)| (Arc::from(name), Arc::from(value)));
        let partitions = u32::try_from(config.offsets_topic_num_partitions).unwrap_or(1);
        let plan = Plan { name: name.clone(), partitions, overrides: Arc::new(Overrides::from(overrides)) };
        self.make(&mut changing, &[Ok(plan)], false).await?;
        Ok(())
    }

    /// Makes what is planned: the facts first, then what runs.
    async fn make(
        &self,
        changing: &mut Changing<'_>,
        plans: &[Result<Plan, TopicError>],
        validate_only: bool,
    ) -> Result<Vec<TopicId>, TopicError> {
        // The first epoch of a new partition is 0.
        let epoch_base = -self.engine().shard_epoch();
        let record = |plan: &Plan| TopicRecord {
            id: TopicId(self.0.world.random.uuid()),
            name: plan.name.clone(),
            runs: vec![PartitionRun { count: plan.partitions, epoch_base }],
            overrides: plan.overrides.clone(),
        };
        if validate_only {
            return Ok(Vec::new());
        }
        let records: Vec<_> = plans.iter().flatten().map(record).collect();
        if records.is_empty() {
            return Ok(Vec::new());
        }
        changing.commit(records.iter().cloned().map(Record::Topic).collect()).await?;
        for record in &records {
            let entry = self.entry(record, None);
            self.catalog().adjust(|state| state.put(entry));
            let partitions = record.partitions();
            tracing::info!(topic = %record.name, id = %record.id, partitions, "topic created");
        }
        Ok(records.iter().map(|record| record.id).collect())
    }

    fn plan(
        &self,
        topic: &NewTopic,
        config: &BrokerConfig,
        changing: &Changing<'_>,
    ) -> Result<Plan, TopicError> {
        let name = &topic.name;
        if let Some(fault) = catalog::fault(name.as_str()) {
            return Err(TopicError::InvalidTopic(fault));
        }
        if name.as_str() == CLUSTER_METADATA {
            return Err(TopicError::InvalidRequest(format!(
                "the topic {CLUSTER_METADATA} cannot be created"
            )));
        }
        changing.read(|state| {
            if state.find(&TopicRef::Name(name.clone())).is_some() {
                return Err(TopicError::Exists(name.clone()));
            }
            match state.collides(name) {
                Some(other) => Err(collision(name, other.as_str())),
                None => Ok(()),
            }
        })?;
        // A setting that is named twice has the last value, as in Kafka; where settings are changed it is an error.
        let configs: BTreeMap<_, _> = topic.configs.iter().cloned().collect();
        let overrides = Arc::new(config.replace_topic(&configs.into_iter().collect::<Vec<_>>())?);
        let partitions = if name.as_str() == offsets_topic::NAME {
            let count = config.offsets_topic_num_partitions;
            if topic.partitions != -1 && topic.partitions != count {
                let text = format!("the offsets topic has {count} partitions: groups belong to them");
                return Err(TopicError::InvalidPartitions(text));
            }
            self.check_replicas(topic.replication_factor, config)?;
            count
        } else if topic.assignments.is_empty() {
            self.check_replicas(topic.replication_factor, config)?;
            match topic.partitions {
                -1 => config.num_partitions,
                count if count < 1 => {
                    let text = "the number of partitions must be above 0, or -1 for the broker's default";
                    return Err(TopicError::InvalidPartitions(text.into()));
                }
                count => count,
            }
        } else {
            self.check_assignments(topic)?
        };
        let partitions = u32::try_from(partitions).expect("the count was checked to be above zero");
        Ok(Plan { name: name.clone(), partitions, overrides })
    }

    fn check_replicas(&self, wanted: i16, config: &BrokerConfig) -> Result<(), TopicError> {
        let factor = if wanted == -1 { config.default_replication_factor } else { i32::from(wanted) };
        if factor < 1 {
            let text = "the replication factor must be above 0, or -1 for the broker's default";
            return Err(TopicError::InvalidReplicationFactor(text.into()));
        }
        if factor > 1 {
            let text = format!("the replication factor {factor} is above the number of brokers, which is 1");
            return Err(TopicError::InvalidReplicationFactor(text));
        }
        Ok(())
    }

    fn check_assignments(&self, topic: &NewTopic) -> Result<i32, TopicError> {
        if topic.replication_factor != -1 || topic.partitions != -1 {
            let text = "with an assignment, the numbers of partitions and of replicas must be -1";
            return Err(TopicError::InvalidRequest(text.into()));
        }
        let mut indexes: Vec<i32> = topic.assignments.iter().map(|(index, _)| index.0).collect();
        indexes.sort_unstable();
        if indexes.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(TopicError::InvalidAssignment("a partition is assigned twice".into()));
        }
        for (_, replicas) in &topic.assignments {
            self.check_assignment(replicas)?;
        }
        if !indexes.iter().copied().eq(0..indexes.len() as i32) {
            let text = "the partitions assigned must be numbered from 0 on without gaps";
            return Err(TopicError::InvalidAssignment(text.into()));
        }
        Ok(indexes.len() as i32)
    }

    fn check_assignment(&self, replicas: &[NodeId]) -> Result<(), TopicError> {
        let own = self.identity().node;
        match replicas {
            [] => Err(TopicError::InvalidAssignment("the assignment of a partition is empty".into())),
            [only] if *only == own => Ok(()),
            _ => {
                let unknown = replicas.iter().find(|node| **node != own);
                let text = match unknown {
                    Some(node) => format!("the assignment names broker {node}, which there is not"),
                    None => format!("the assignment names broker {own} more than once"),
                };
                Err(TopicError::InvalidAssignment(text))
            }
        }
    }

    /// Gives topics more partitions, all in one change; one result each.
    pub(crate) async fn create_partitions(
        &self,
        topics: &[NewPartitions],
        validate_only: bool,
    ) -> Vec<Result<(), TopicError>> {
        let twice = twice(topics.iter().map(|topic| &topic.topic));
        let mut changing = self.catalog().change().await;
        let mut total = 0i64;
        let plans: Vec<Result<TopicRecord, TopicError>> = topics
            .iter()
            .map(|topic| {
                if twice.contains(&topic.topic) {
                    return Err(TopicError::InvalidRequest("the topic is named twice in the request".into()));
                }
                let record = self.widened(topic, &changing)?;
                total += record.runs.last().map_or(0, |run| i64::from(run.count));
                check_count([total].into_iter())?;
                Ok(record)
            })
            .collect();
        let results = plans.iter().map(|plan| plan.as_ref().map(|_| ()).map_err(Clone::clone)).collect();
        let records: Vec<_> = plans.into_iter().flatten().collect();
        if validate_only || records.is_empty() {
            return results;
        }
        if let Err(error) = changing.commit(records.iter().cloned().map(Record::Topic).collect()).await {
            let error = TopicError::from(error);
            return results.into_iter().map(|result: Result<(), _>| result.and(Err(error.clone()))).collect();
        }
        for record in &records {
            let running = self.find_entry(&TopicRef::Id(record.id));
            let entry = self.entry(record, running.as_ref());
            self.catalog().adjust(|state| state.put(entry));
            tracing::info!(topic = %record.name, partitions = record.partitions(), "topic widened");
        }
        results
    }

    fn widened(&self, wish: &NewPartitions, changing: &Changing<'_>) -> Result<TopicRecord, TopicError> {
        let mut record = changing
            .read(|state| {
                let entry = state.find(&TopicRef::Name(wish.topic.clone()))?;
                state.record(entry.topic.id).cloned()
            })
            .ok_or(TopicError::Unknown)?;
        let present = record.partitions() as i64;
        let more = i64::from(wish.count) - present;
        if more == 0 {
            let text = format!("the topic has {present} partitions already");
            return Err(TopicError::InvalidPartitions(text));
        }
        if more < 0 {
            let text = format!("the topic has {present} partitions, and {} would be fewer", wish.count);
            return Err(TopicError::InvalidPartitions(text));
        }
        if let Some(assignments) = &wish.assignments {
            if assignments.len() as i64 != more {
                let text =
                    format!("{more} partitions are to be added, and {} are assigned", assignments.len());
                return Err(TopicError::InvalidAssignment(text));
            }
            for replicas in assignments {
                self.check_assignment(replicas)?;
            }
        }
        if record.topic_is_offsets() {
            let text = "the offsets topic keeps its number of partitions: groups belong to them";
            return Err(TopicError::InvalidRequest(text.into()));
        }
        let count = u32::try_from(more).expect("it is above zero and came in 32 bits");
        record.runs.push(PartitionRun { count, epoch_base: -self.engine().shard_epoch() });
        Ok(record)
    }

    /// Describes topics, in the order asked for.
    pub(crate) fn metadata(
        &self,
        wanted: Wanted<'_>,
        auto_create: bool,
    ) -> Vec<Result<TopicDescription, MetadataError>> {
        let topics = match wanted {
            Wanted::All => {
                return self
                    .catalog()
                    .read(|state| state.entries().map(|entry| Ok(self.describe(entry))).collect());
            }
            Wanted::These(topics) => topics,
        };
        let mut described: Vec<_> = topics.iter().map(|topic| self.describe_one(topic)).collect();
        if auto_create && self.config().auto_create_topics_enable {
            for description in &mut described {
                if let Err(MetadataError::Unknown(name)) = description {
                    *description = Err(self.ask_for(name));
                }
            }
        }
        described
    }

    fn describe_one(&self, topic: &TopicRef) -> Result<TopicDescription, MetadataError> {
        let found = self.catalog().read(|state| state.find(topic).map(|entry| self.describe(entry)));
        found.ok_or_else(|| unknown(topic))
    }

    fn describe(&self, entry: &Entry) -> TopicDescription {
        TopicDescription {
            name: entry.topic.name.clone(),
            id: entry.topic.id,
            internal: entry.topic.internal,
            partitions: entry.partitions.iter().map(|partition| self.describe_partition(partition)).collect(),
        }
    }

    fn describe_partition(&self, partition: &Partition) -> PartitionDescription {
        PartitionDescription {
            index: partition.index(),
            leader: self.identity().node,
            leader_epoch: partition.leader_epoch(),
            replicas: self.0.replicas.clone(),
        }
    }

    /// Describes topics by name in order, so many partitions at most, from a cursor on.
    pub(crate) fn describe_topics(
        &self,
        names: &[TopicName],
        cursor: Option<&Cursor>,
        partitions_max: usize,
    ) -> Described {
        let (from, first) = match cursor {
            Some(cursor) => (cursor.topic.clone(), cursor.partition),
            None => (TopicName::from(""), PartitionIndex(0)),
        };
        let mut page = Page { left: partitions_max, topics: Vec::new(), next: None };
        self.catalog().read(|state| {
            let all = names.is_empty();
            let mut names: Vec<_> = names.iter().filter(|name| **name >= from).collect();
            names.sort_unstable();
            names.dedup();
            let skip = |name: &TopicName| if *name == from { first } else { PartitionIndex(0) };
            if all {
                for entry in state.entries_from(&from) {
                    if !page.add(self, entry, skip(&entry.topic.name)) {
                        return;
                    }
                }
                return;
            }
            for name in names {
                let topic = TopicRef::Name(name.clone());
                let Some(entry) = state.find(&topic) else {
                    page.topics.push(Err(unknown(&topic)));
                    continue;
                };
                if !page.add(self, entry, skip(name)) {
                    return;
                }
            }
        });
        Described { topics: page.topics, next: page.next }
    }

    /// What lies in the data folder: all partitions, or those named.
    pub(crate) async fn log_dirs(&self, wanted: Option<&[(TopicName, Vec<PartitionIndex>)]>) -> Vec<LogDir> {
        let describe = |partition: &Partition| LogDirPartition {
            topic: partition.topic().name.clone(),
            partition: partition.index(),
            size: partition.log().size(),
        };
        let partitions = match wanted {
            None => self.catalog().read(|state| {
                state.entries().flat_map(|entry| entry.partitions.iter().map(describe)).collect()
            }),
            Some(wanted) => wanted
                .iter()
                .flat_map(|(name, indexes)| indexes.iter().map(move |index| (name, *index)))
                .filter_map(|(name, index)| self.find_partition(&TopicRef::Name(name.clone()), index))
                .map(|partition| describe(&partition))
                .collect(),
        };
        let space = self.engine().space().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the disk does not say how much room there is");
            None
        });
        vec![LogDir {
            path: self.identity().data_folder.clone(),
            total_bytes: space.map(|space| space.total),
            usable_bytes: space.map(|space| space.free),
            partitions,
        }]
    }
}

/// A page of descriptions under way.
struct Page {
    left: usize,
    topics: Vec<Result<TopicDescription, MetadataError>>,
    next: Option<Cursor>,
}

impl Page {
    /// Adds a topic from a partition on; false when the page is full.
    fn add(&mut self, broker: &Broker, entry: &Entry, first: PartitionIndex) -> bool {
        let first = usize::try_from(first.0).unwrap_or(0).min(entry.partitions.len());
        let rest = &entry.partitions[first..];
        if self.left == 0 {
            let partition = PartitionIndex(first as i32);
            self.next = Some(Cursor { topic: entry.topic.name.clone(), partition });
            return false;
        }
        let taken = &rest[..rest.len().min(self.left)];
        self.left -= taken.len();
        self.topics.push(Ok(TopicDescription {
            name: entry.topic.name.clone(),
            id: entry.topic.id,
            internal: entry.topic.internal,
            partitions: taken.iter().map(|partition| broker.describe_partition(partition)).collect(),
        }));
        if taken.len() == rest.len() {
            return true;
        }
        let partition = PartitionIndex((first + taken.len()) as i32);
        self.next = Some(Cursor { topic: entry.topic.name.clone(), partition });
        false
    }
}

impl TopicRecord {
    fn topic_is_offsets(&self) -> bool {
        self.name.as_str() == offsets_topic::NAME
    }
}

fn unknown(topic: &TopicRef) -> MetadataError {
    match topic {
        TopicRef::Id(id) => MetadataError::UnknownId(*id),
        TopicRef::Name(name) => match catalog::fault(name.as_str()) {
            Some(reason) => MetadataError::InvalidName { name: name.clone(), reason },
            None => MetadataError::Unknown(name.clone()),
        },
    }
}

fn collision(name: &TopicName, other: &str) -> TopicError {
    TopicError::InvalidTopic(format!(
        "the name '{name}' differs from {other} in nothing but '.' and '_': figures of both could not be told apart"
    ))
}

fn wanted_partitions(topic: &NewTopic, config: &BrokerConfig) -> i64 {
    match topic.partitions {
        -1 if topic.assignments.is_empty() => i64::from(config.num_partitions),
        -1 => topic.assignments.len() as i64,
        count => i64::from(count).max(0),
    }
}

fn check_count(counts: impl Iterator<Item = i64>) -> Result<(), TopicError> {
    let total: i64 = counts.sum();
    if total > PARTITIONS_PER_REQUEST_MAX {
        let text =
            format!("a request makes at most {PARTITIONS_PER_REQUEST_MAX} partitions, and this one {total}");
        return Err(TopicError::TooManyPartitions(text));
    }
    Ok(())
}

/// What is named more than once.
fn twice<'a>(names: impl Iterator<Item = &'a TopicName>) -> HashSet<TopicName> {
    let (mut seen, mut twice) = (HashSet::default(), HashSet::default());
    for name in names {
        if !seen.insert(name) {
            twice.insert(name.clone());
        }
    }
    twice
}
