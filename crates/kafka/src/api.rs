//! The API table: which requests we serve, in which versions, and who answers them. One row and one file per API.
//!
//! What has no row is not advertised and ends the connection, as at Kafka's. A row that is added is all that a new
//! API needs besides its file.

mod alter_configs;
mod api_versions;
mod authorized;
mod configs;
mod create_partitions;
mod create_topics;
mod delete_groups;
mod delete_records;
mod delete_topics;
mod describe_cluster;
mod describe_configs;
mod describe_groups;
mod describe_log_dirs;
mod describe_producers;
mod describe_topic_partitions;
mod fetch;
mod find_coordinator;
mod heartbeat;
mod incremental_alter_configs;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_config_resources;
mod list_groups;
mod list_offsets;
mod metadata;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod produce;
mod sync_group;

use std::ops::RangeInclusive;
use std::time::Duration;

use thalweg_broker::Isolation;
use thalweg_model::LeaderEpoch;
use thalweg_model::world::BoxFuture;

use crate::request::{Handled, Request};

pub(crate) use self::fetch::Memory as FetchMemory;

/// One API.
pub(crate) struct Api {
    pub(crate) key: i16,
    pub(crate) name: &'static str,
    /// The versions with an answer.
    pub(crate) served: RangeInclusive<i16>,
    /// The versions that clients are told of.
    pub(crate) advertised: RangeInclusive<i16>,
    /// From here on texts and arrays are compact, and headers have tagged fields.
    pub(crate) flexible_from: i16,
    /// Whether the header of a flexible answer has tagged fields; ApiVersions never has them, so that clients can read
    /// the answer to a version that we do not know.
    pub(crate) flexible_answer_header: bool,
    /// Whether it may begin while earlier answers wait for the disk.
    pub(crate) may_overtake: bool,
    /// Whether it may wait for long and can be dropped while it does: it changes nothing that has to be ended.
    pub(crate) may_be_abandoned: bool,
    /// Whether it has an answer to versions that are not served.
    pub(crate) answers_any_version: bool,
    /// Who answers.
    pub(crate) handle: fn(Request) -> BoxFuture<'static, Handled>,
}

/// A row as most are: all versions that are served are advertised.
macro_rules! row {
    ($key:literal $name:literal $served:expr, flexible $flexible_from:literal, $handler:path) => {
        Api {
            key: $key,
            name: $name,
            served: $served,
            advertised: $served,
            flexible_from: $flexible_from,
            flexible_answer_header: true,
            may_overtake: false,
            may_be_abandoned: false,
            answers_any_version: false,
            handle: |request| Box::pin($handler(request)),
        }
    };
}

/// No version is flexible, and none will be.
const NEVER_FLEXIBLE: i16 = i16::MAX;

/// All that we serve, by key.
pub(crate) static TABLE: &[Api] = &[
    Api {
        // librdkafka up to 2.8 takes a broker that has no v0 for one that cannot compress.
        advertised: 0..=13,
        may_overtake: true,
        ..row!(0 "Produce" 3..=13, flexible 9, produce::handle)
    },
    Api { may_be_abandoned: true, ..row!(1 "Fetch" 4..=18, flexible 12, fetch::handle) },
    row!(2 "ListOffsets" 1..=11, flexible 6, list_offsets::handle),
    row!(3 "Metadata" 0..=13, flexible 9, metadata::handle),
    row!(8 "OffsetCommit" 2..=10, flexible 8, offset_commit::handle),
    row!(9 "OffsetFetch" 1..=10, flexible 6, offset_fetch::handle),
    row!(10 "FindCoordinator" 0..=6, flexible 3, find_coordinator::handle),
    Api { may_be_abandoned: true, ..row!(11 "JoinGroup" 0..=9, flexible 6, join_group::handle) },
    row!(12 "Heartbeat" 0..=4, flexible 4, heartbeat::handle),
    row!(13 "LeaveGroup" 0..=5, flexible 4, leave_group::handle),
    Api { may_be_abandoned: true, ..row!(14 "SyncGroup" 0..=5, flexible 4, sync_group::handle) },
    row!(15 "DescribeGroups" 0..=6, flexible 5, describe_groups::handle),
    row!(16 "ListGroups" 0..=5, flexible 3, list_groups::handle),
    Api {
        flexible_answer_header: false,
        answers_any_version: true,
        ..row!(18 "ApiVersions" 0..=5, flexible 3, api_versions::handle)
    },
    row!(19 "CreateTopics" 2..=7, flexible 5, create_topics::handle),
    row!(20 "DeleteTopics" 1..=6, flexible 4, delete_topics::handle),
    row!(21 "DeleteRecords" 0..=2, flexible 2, delete_records::handle),
    // v6 brings two-phase commit and is unstable in Kafka 4.4.
    row!(22 "InitProducerId" 0..=5, flexible 2, init_producer_id::handle),
    row!(23 "OffsetForLeaderEpoch" 2..=4, flexible 4, offset_for_leader_epoch::handle),
    row!(32 "DescribeConfigs" 0..=4, flexible 4, describe_configs::handle),
    row!(33 "AlterConfigs" 0..=2, flexible 2, alter_configs::handle),
    row!(35 "DescribeLogDirs" 0..=5, flexible 2, describe_log_dirs::handle),
    row!(37 "CreatePartitions" 0..=3, flexible 2, create_partitions::handle),
    row!(42 "DeleteGroups" 0..=3, flexible 2, delete_groups::handle),
    row!(44 "IncrementalAlterConfigs" 0..=1, flexible 1, incremental_alter_configs::handle),
    Api { flexible_from: NEVER_FLEXIBLE, ..row!(47 "OffsetDelete" 0..=0, flexible 0, offset_delete::handle) },
    row!(60 "DescribeCluster" 0..=2, flexible 0, describe_cluster::handle),
    row!(61 "DescribeProducers" 0..=0, flexible 0, describe_producers::handle),
    row!(74 "ListConfigResources" 0..=1, flexible 0, list_config_resources::handle),
    row!(75 "DescribeTopicPartitions" 0..=0, flexible 0, describe_topic_partitions::handle),
];

/// The epoch that a client names, where it names one.
fn epoch(number: i32) -> Option<LeaderEpoch> {
    (number >= 0).then_some(LeaderEpoch(number))
}

/// A wait as clients tell it; below zero is none.
fn milliseconds(number: i32) -> Duration {
    Duration::from_millis(u64::try_from(number).unwrap_or(0))
}

/// The isolation level of a number; what is not known is the default, as at Kafka's.
fn isolation(number: i8) -> Isolation {
    if number == 1 { Isolation::ReadCommitted } else { Isolation::ReadUncommitted }
}

/// Where the row of a key is.
pub(crate) fn row(key: i16) -> Option<usize> {
    TABLE.binary_search_by_key(&key, |api| api.key).ok()
}

#[cfg(test)]
mod tests;
