//! The nouns that two or more crates speak: identifiers, the record batch, Kafka's primitive codec, regions of
//! bytes, and the traits through which the rest of the house meets time, chance and threads. No I/O here.

pub mod batch;
pub mod codec;
pub mod collections;
pub mod law;
mod noun;
pub mod region;
pub mod world;

pub use noun::{
    BrokerAddress, GroupId, LeaderEpoch, MemberId, NodeId, Offset, PartitionIndex, Principal, ProducerEpoch,
    ProducerId, TimestampMs, TopicId, TopicName, TopicPartition,
};
pub use region::Region;
pub use uuid::Uuid;
