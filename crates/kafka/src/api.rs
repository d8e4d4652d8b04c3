//! The API table: which requests we serve, in which versions, and who answers them. One row and one file per API.
//!
//! What has no row is not advertised and ends the connection, as at Kafka's. A row that is added is all that a new
//! API needs besides its file.

mod api_versions;
mod configs;
mod create_topics;
mod fetch;
mod list_offsets;
mod metadata;
mod produce;

use std::ops::RangeInclusive;

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
            answers_any_version: false,
            handle: |request| Box::pin($handler(request)),
        }
    };
}

/// No version is flexible, and none will be.
#[allow(dead_code)]
const NEVER_FLEXIBLE: i16 = i16::MAX;

/// All that we serve, by key.
pub(crate) static TABLE: &[Api] = &[
    Api {
        // librdkafka up to 2.8 takes a broker that has no v0 for one that cannot compress.
        advertised: 0..=13,
        may_overtake: true,
        ..row!(0 "Produce" 3..=13, flexible 9, produce::handle)
    },
    row!(1 "Fetch" 4..=18, flexible 12, fetch::handle),
    row!(2 "ListOffsets" 1..=11, flexible 6, list_offsets::handle),
    row!(3 "Metadata" 0..=13, flexible 9, metadata::handle),
    Api {
        flexible_answer_header: false,
        answers_any_version: true,
        ..row!(18 "ApiVersions" 0..=5, flexible 3, api_versions::handle)
    },
    row!(19 "CreateTopics" 2..=7, flexible 5, create_topics::handle),
];

/// The epoch that a client names, where it names one.
fn epoch(number: i32) -> Option<LeaderEpoch> {
    (number >= 0).then_some(LeaderEpoch(number))
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
mod tests {
    use super::{TABLE, row};

    #[test]
    fn rows_are_found_by_their_keys() {
        for (index, api) in TABLE.iter().enumerate() {
            assert_eq!(row(api.key), Some(index), "{} is in its place", api.name);
            assert!(api.advertised.end() == api.served.end(), "{}: the newest version is served", api.name);
        }
        assert_eq!(row(4), None);
        assert_eq!(row(-1), None);
    }
}
