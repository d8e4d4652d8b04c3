//! Every rule of the domain in its own words: topics, partitions, producers, settings, groups. No sockets, no wire
//! messages, no HTTP. A head comes in by one door, [`Session`], and what it gets are [`Answer`]s.

mod answer;
mod broker;
mod catalog;
pub mod config;
mod engine_room;
pub mod groups;
pub mod loggers;
mod partition;
pub mod records;
mod session;
mod topic;

pub use answer::{Answer, Durable, Throttle, WalSeq};
pub use broker::{Broker, Endpoint, Identity, OpenError};
pub use catalog::{FACTS_VERSION, FolderTopics, LoadError, describe_fact};
pub use partition::{EpochEnd, FetchError, Fetched, Isolation, Partition};
pub use session::cluster::{BrokerDescription, ClusterDescription, ClusterView};
pub use session::configs::{
    ConfigChange, ConfigEntry, ConfigError, ConfigKind, ConfigOperation, ConfigSource, ConfigSynonym,
    Configs, DescribeOptions, Resource, ResourceKind,
};
pub use session::groups::{
    CommitPartition, CommitTopic, Committer, CoordinatorKind, FetchedTopic, FindCoordinatorError, Groups,
};
pub use session::records::{
    Acks, ActiveProducer, AppendError, AppendOptions, Appended, DeleteRecordsError, DescribeProducersError,
    InitProducerError, InvalidAcks, ListOffsetsError, ListedOffset, OffsetAt, PartitionError, Producer,
    Records, Unavailable,
};
pub use session::topics::{
    CreatedTopic, Cursor, DeletedTopic, Described, LogDir, LogDirPartition, MetadataError, NewPartitions,
    NewTopic, PartitionDescription, TopicDescription, TopicError, Topics, Wanted,
};
pub use session::{Peer, Session, TopicRef};
pub use thalweg_storage::Watcher;
