//! What Kafka keeps in internal topics and puts into the consumer protocol, one module each. Written by `cargo xtask codegen` from `crates/broker/schema`, never by hand.

pub mod consumer_protocol_assignment;
pub mod consumer_protocol_subscription;
pub mod group_metadata_key;
pub mod group_metadata_value;
pub mod offset_commit_key;
pub mod offset_commit_value;

pub use self::consumer_protocol_assignment::ConsumerProtocolAssignment;
pub use self::consumer_protocol_subscription::ConsumerProtocolSubscription;
pub use self::group_metadata_key::GroupMetadataKey;
pub use self::group_metadata_value::GroupMetadataValue;
pub use self::offset_commit_key::OffsetCommitKey;
pub use self::offset_commit_value::OffsetCommitValue;
