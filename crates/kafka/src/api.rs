//! The API table: which requests we serve, in which versions, and who answers them. One row and one file per API.
//!
//! What has no row is not advertised and ends the connection, as at Kafka's. A row may be answered and not advertised. A row that is added is all that a new
//! API needs besides its file. What is known of its messages (versions, headers) stands in their schema alone.

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
mod sasl_authenticate;
mod sasl_handshake;
mod superseded;
mod sync_group;

use std::ops::RangeInclusive;
use std::time::Duration;

use thalweg_broker::Isolation;
use thalweg_model::LeaderEpoch;
use thalweg_model::world::BoxFuture;
use thalweg_wire::ApiKey;

use crate::errors::Code;
use crate::request::{Handled, Request};

pub(crate) use self::fetch::Memory as FetchMemory;

/// One API. Its name, the versions with an answer and the shapes of its headers are those of its messages; the newest
/// version is served, an unstable one where `unstable.api.versions.enable` says so.
pub(crate) struct Api {
    pub(crate) key: ApiKey,
    /// The first version that clients are told of, where that is older than what has an answer.
    advertised_from: Option<i16>,
    /// Whether clients are told of it.
    pub(crate) is_advertised: bool,
    /// Whether it may begin while earlier answers wait for the disk.
    pub(crate) may_overtake: bool,
    /// Whether it may wait for long and can be dropped while it does: it changes nothing that has to be ended.
    pub(crate) may_be_abandoned: bool,
    /// Whether it has an answer to versions that are not served.
    pub(crate) answers_any_version: bool,
    /// Who answers.
    pub(crate) handle: fn(Request) -> BoxFuture<'static, Handled>,
}

impl Api {
    pub(crate) const fn name(&self) -> &'static str {
        self.key.name()
    }

    /// The versions with an answer; those that are still being designed only where they are asked for.
    pub(crate) const fn served(&self, unstable: bool) -> RangeInclusive<i16> {
        if unstable { self.key.versions() } else { self.key.stable_versions() }
    }

    /// The versions that clients are told of.
    pub(crate) fn advertised(&self, unstable: bool) -> RangeInclusive<i16> {
        let served = self.served(unstable);
        self.advertised_from.unwrap_or(*served.start())..=*served.end()
    }
}

/// A row as most are.
macro_rules! row {
    ($key:ident, $handler:path) => {
        Api {
            key: ApiKey::$key,
            advertised_from: None,
            is_advertised: true,
            may_overtake: false,
            may_be_abandoned: false,
            answers_any_version: false,
            handle: |request| Box::pin($handler(request)),
        }
    };
}

/// All that we serve, by key.
pub(crate) static TABLE: &[Api] = &[
    Api {
        // librdkafka up to 2.8 takes a broker that has no v0 for one that cannot compress.
        advertised_from: Some(0),
        may_overtake: true,
        ..row!(Produce, produce::handle)
    },
    Api { may_be_abandoned: true, ..row!(Fetch, fetch::handle) },
    row!(ListOffsets, list_offsets::handle),
    row!(Metadata, metadata::handle),
    row!(OffsetCommit, offset_commit::handle),
    row!(OffsetFetch, offset_fetch::handle),
    row!(FindCoordinator, find_coordinator::handle),
    Api { may_be_abandoned: true, ..row!(JoinGroup, join_group::handle) },
    row!(Heartbeat, heartbeat::handle),
    row!(LeaveGroup, leave_group::handle),
    Api { may_be_abandoned: true, ..row!(SyncGroup, sync_group::handle) },
    row!(DescribeGroups, describe_groups::handle),
    row!(ListGroups, list_groups::handle),
    // What is served of these two is that there is no SASL here.
    Api { is_advertised: false, ..row!(SaslHandshake, sasl_handshake::handle) },
    Api { answers_any_version: true, ..row!(ApiVersions, api_versions::handle) },
    row!(CreateTopics, create_topics::handle),
    row!(DeleteTopics, delete_topics::handle),
    row!(DeleteRecords, delete_records::handle),
    row!(InitProducerId, init_producer_id::handle),
    row!(OffsetForLeaderEpoch, offset_for_leader_epoch::handle),
    row!(DescribeConfigs, describe_configs::handle),
    row!(AlterConfigs, alter_configs::handle),
    row!(DescribeLogDirs, describe_log_dirs::handle),
    Api { is_advertised: false, ..row!(SaslAuthenticate, sasl_authenticate::handle) },
    row!(CreatePartitions, create_partitions::handle),
    row!(DeleteGroups, delete_groups::handle),
    row!(IncrementalAlterConfigs, incremental_alter_configs::handle),
    row!(OffsetDelete, offset_delete::handle),
    row!(DescribeCluster, describe_cluster::handle),
    row!(DescribeProducers, describe_producers::handle),
    row!(ListConfigResources, list_config_resources::handle),
    row!(DescribeTopicPartitions, describe_topic_partitions::handle),
];

/// The epoch that a client names, where it names one.
fn epoch(number: i32) -> Option<LeaderEpoch> {
    (number >= 0).then_some(LeaderEpoch(number))
}

/// The epoch that a client compares with ours: all but -1 is one, and what is below it is older than any.
fn compared_epoch(number: i32) -> Option<LeaderEpoch> {
    (number != -1).then_some(LeaderEpoch(number))
}

/// What such a request is told that [`is_late`].
const LATE: &str = "The request allows no time: its timeout must be above 0.";

/// Whether a request that changes the cluster allows no time at all. Kafka answers such a one without having tried.
fn is_late(timeout_ms: i32) -> bool {
    timeout_ms <= 0
}

/// A wait as clients tell it; below zero is none.
fn milliseconds(number: i32) -> Duration {
    Duration::from_millis(u64::try_from(number).unwrap_or(0))
}

/// The isolation level of a number. What is not known is no client's fault in Kafka's words.
fn isolation(number: i8) -> Result<Isolation, Code> {
    match number {
        0 => Ok(Isolation::ReadUncommitted),
        1 => Ok(Isolation::ReadCommitted),
        _ => Err(Code::UnknownServerError),
    }
}

/// Where the row of a key is.
pub(crate) fn row(key: i16) -> Option<usize> {
    TABLE.binary_search_by_key(&key, |api| api.key.number()).ok()
}

#[cfg(test)]
mod tests;
