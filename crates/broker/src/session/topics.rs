//! Topics: made, deleted, widened, described.

use std::path::PathBuf;
use std::sync::Arc;

use thalweg_model::{LeaderEpoch, NodeId, PartitionIndex, TopicId, TopicName};
use thiserror::Error;

use super::configs::ConfigEntry;
use super::{Operation, Session, Target, TopicRef};
use crate::answer::Answer;
use crate::catalog;

/// The part of a session that deals with topics.
#[derive(Clone, Copy)]
pub struct Topics<'a> {
    pub(super) session: &'a Session,
}

/// Which topics are asked for.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// All that the peer may see.
    All,
    /// These.
    These(&'a [TopicRef]),
}

/// A topic as clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDescription {
    /// Its name.
    pub name: TopicName,
    /// Its id.
    pub id: TopicId,
    /// Whether it is one of ours.
    pub internal: bool,
    /// Its partitions, in order.
    pub partitions: Vec<PartitionDescription>,
}

/// A partition as clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionDescription {
    /// Which.
    pub index: PartitionIndex,
    /// Who leads it.
    pub leader: NodeId,
    /// In which epoch.
    pub leader_epoch: LeaderEpoch,
    /// Who has it; all of them are in sync.
    pub replicas: Arc<[NodeId]>,
}

/// Why a topic is not described.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MetadataError {
    /// No topic of this name.
    #[error("the topic '{0}' does not exist")]
    Unknown(TopicName),
    /// No topic of this id.
    #[error("there is no topic of id {0}")]
    UnknownId(TopicId),
    /// A name that no topic can have.
    #[error("{reason}")]
    InvalidName {
        /// The name.
        name: TopicName,
        /// What is wrong with it.
        reason: String,
    },
    /// It is being made: ask again.
    #[error("the topic '{0}' is being created")]
    Creating(TopicName),
    /// The peer may not.
    #[error("not authorized for the topic")]
    Unauthorized(TopicRef),
}

impl MetadataError {
    /// Whether the topic, were it there, would be one of the broker's own.
    pub fn is_of_internal_topic(&self) -> bool {
        match self {
            Self::Unknown(name) | Self::Creating(name) => catalog::is_internal(name.as_str()),
            Self::UnknownId(_) | Self::InvalidName { .. } | Self::Unauthorized(_) => false,
        }
    }
}

/// Why a topic was not made, deleted or changed. The text is for the user.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TopicError {
    /// A name that no topic can have, or too like another.
    #[error("{0}")]
    InvalidTopic(String),
    /// It is there already.
    #[error("topic '{0}' already exists")]
    Exists(TopicName),
    /// No topic of this name.
    #[error("this server does not host this topic-partition")]
    Unknown,
    /// No topic of this id.
    #[error("this server does not host this topic id")]
    UnknownId,
    /// A number of partitions that cannot be.
    #[error("{0}")]
    InvalidPartitions(String),
    /// More replicas than brokers, or none.
    #[error("{0}")]
    InvalidReplicationFactor(String),
    /// An assignment that does not fit.
    #[error("{0}")]
    InvalidAssignment(String),
    /// A setting that is none, or a value that it cannot take.
    #[error("{0}")]
    InvalidConfig(String),
    /// The request contradicts itself.
    #[error("{0}")]
    InvalidRequest(String),
    /// More partitions than one request may make.
    #[error("{0}")]
    TooManyPartitions(String),
    /// `delete.topic.enable` is false.
    #[error("topic deletion is disabled")]
    DeletionDisabled,
    /// The peer may not.
    #[error("not authorized for the topic")]
    Unauthorized,
    /// The change could not be written down; try again.
    #[error("the change could not be written: {0}")]
    Unavailable(String),
}

/// A wish for a topic.
#[derive(Clone, Debug)]
pub struct NewTopic {
    /// Its name.
    pub name: TopicName,
    /// How many partitions; -1 is the broker's default.
    pub partitions: i32,
    /// How many replicas; -1 is the broker's default.
    pub replication_factor: i16,
    /// Which brokers have which partition; empty leaves it to us.
    pub assignments: Vec<(PartitionIndex, Vec<NodeId>)>,
    /// Its settings.
    pub configs: Vec<(Arc<str>, Option<Arc<str>>)>,
}

/// A topic that was made (or would have been).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedTopic {
    /// Its id; zero if it was only checked.
    pub id: TopicId,
    /// How many partitions it has.
    pub partitions: i32,
    /// How many replicas.
    pub replication_factor: i16,
    /// Its settings.
    pub configs: Vec<ConfigEntry>,
}

/// What became of a wish to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedTopic {
    /// The name, where it is known.
    pub name: Option<TopicName>,
    /// The id, where it is known.
    pub id: Option<TopicId>,
    /// What became of it.
    pub result: Result<(), TopicError>,
}

/// A wish for more partitions.
#[derive(Clone, Debug)]
pub struct NewPartitions {
    /// Of which topic.
    pub topic: TopicName,
    /// How many there shall be in all.
    pub count: i32,
    /// Which brokers have the new ones; none leaves it to us.
    pub assignments: Option<Vec<Vec<NodeId>>>,
}

/// Where a description goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The topic.
    pub topic: TopicName,
    /// Its first partition.
    pub partition: PartitionIndex,
}

/// Topics in the order of their names, as many partitions as were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The topics, or why not.
    pub topics: Vec<Result<TopicDescription, MetadataError>>,
    /// Where to go on, if there is more.
    pub next: Option<Cursor>,
}

/// A folder with logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDir {
    /// Where it is.
    pub path: PathBuf,
    /// Bytes of its disk, or the cap of what is kept in memory.
    pub total_bytes: Option<u64>,
    /// Bytes that are free there.
    pub usable_bytes: Option<u64>,
    /// What it holds.
    pub partitions: Vec<LogDirPartition>,
}

/// A partition in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDirPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionIndex,
    /// Bytes of its records.
    pub size: u64,
}

impl Topics<'_> {
    /// Describes topics, in the order asked for. Missing ones are made behind the answer where that is wanted and the
    /// broker does so.
    pub fn metadata(
        &self,
        wanted: Wanted<'_>,
        auto_create: bool,
    ) -> Answer<Vec<Result<TopicDescription, MetadataError>>> {
        let auto_create = auto_create && self.session.allows(Operation::Create, &Target::Cluster);
        let mut topics = self.session.broker.metadata(wanted, auto_create);
        for topic in &mut topics {
            if let Ok(description) = topic
                && !self.session.allows(Operation::Describe, &Target::TopicName(&description.name))
            {
                *topic = Err(MetadataError::Unauthorized(TopicRef::Name(description.name.clone())));
            }
        }
        Answer::now(topics)
    }

    /// Describes topics by name, a limited number of partitions at once, from a cursor on; no names are all topics.
    pub fn describe(
        &self,
        names: &[TopicName],
        cursor: Option<&Cursor>,
        partitions_max: usize,
    ) -> Answer<Described> {
        let mut described = self.session.broker.describe_topics(names, cursor, partitions_max);
        described.topics.retain(|topic| {
            let name = topic.as_ref().ok().map(|description| &description.name);
            name.is_none_or(|name| self.session.allows(Operation::Describe, &Target::TopicName(name)))
        });
        Answer::now(described)
    }

    /// Makes topics; one result each, in order.
    pub async fn create(
        &self,
        topics: &[NewTopic],
        validate_only: bool,
    ) -> Answer<Vec<Result<CreatedTopic, TopicError>>> {
        if !topics.iter().all(|topic| self.session.allows(Operation::Create, &Target::TopicName(&topic.name)))
        {
            return Answer::now(topics.iter().map(|_| Err(TopicError::Unauthorized)).collect());
        }
        Answer::now(self.session.broker.create_topics(topics, validate_only).await)
    }

    /// Deletes topics; one result each, in order.
    pub async fn delete(&self, topics: &[TopicRef]) -> Answer<Vec<DeletedTopic>> {
        if !topics.iter().all(|topic| self.session.allows(Operation::Delete, &Target::Topic(topic))) {
            let refused = |topic: &TopicRef| match topic {
                TopicRef::Name(name) => {
                    DeletedTopic { name: Some(name.clone()), id: None, result: Err(TopicError::Unauthorized) }
                }
                TopicRef::Id(id) => {
                    DeletedTopic { name: None, id: Some(*id), result: Err(TopicError::Unauthorized) }
                }
            };
            return Answer::now(topics.iter().map(refused).collect());
        }
        Answer::now(self.session.broker.delete_topics(topics).await)
    }

    /// Gives topics more partitions; one result each, in order.
    pub async fn create_partitions(
        &self,
        topics: &[NewPartitions],
        validate_only: bool,
    ) -> Answer<Vec<Result<(), TopicError>>> {
        if !topics.iter().all(|topic| self.session.allows(Operation::Alter, &Target::TopicName(&topic.topic)))
        {
            return Answer::now(topics.iter().map(|_| Err(TopicError::Unauthorized)).collect());
        }
        Answer::now(self.session.broker.create_partitions(topics, validate_only).await)
    }

    /// What lies in which folder: of all topics, or of those named.
    pub async fn log_dirs(&self, wanted: Option<&[(TopicName, Vec<PartitionIndex>)]>) -> Vec<LogDir> {
        if !self.session.allows(Operation::Describe, &Target::Cluster) {
            return Vec::new();
        }
        self.session.broker.log_dirs(wanted).await
    }
}
