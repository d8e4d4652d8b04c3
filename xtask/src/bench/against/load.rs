//! What a row of the table asks the clients to do.

use super::clients::{JAVA_PRODUCER, RD_PRODUCER};

pub(super) enum Load {
    Produce(Producing),
    /// What a producer left, by processes that read all of it.
    Consume(Consuming),
    /// The same while new records come to another topic; it is the producer that is measured.
    CatchUp(Producing, Consuming),
    /// One record at a time, from a producer to a consumer that waits for it.
    EndToEnd {
        size: u64,
        records: Amount,
    },
    Create {
        topics: u64,
        partitions: u64,
    },
    /// The start after `kill -9`.
    Killed {
        partitions: Amount,
        records: Amount,
    },
    /// On an empty folder.
    Start,
}

/// How much: in the quick form, and in the full one.
#[derive(Clone, Copy)]
pub(super) struct Amount {
    pub(super) quick: u64,
    pub(super) full: u64,
}

#[derive(Clone, Copy)]
pub(super) enum Client {
    Java,
    Librdkafka,
}

#[derive(Clone, Copy)]
pub(super) struct Producing {
    pub(super) client: Client,
    /// Processes that produce at the same time; they share the records.
    pub(super) processes: u64,
    /// Connections of others, who have asked once and keep still.
    pub(super) bystanders: u64,
    pub(super) partitions: u64,
    pub(super) size: u64,
    pub(super) records: Amount,
    /// Records a second; none where they follow as fast as they can.
    pub(super) rate: Option<u64>,
    /// Of all records.
    pub(super) key: Option<&'static str>,
    pub(super) properties: &'static [&'static str],
}

#[derive(Clone, Copy)]
pub(super) struct Consuming {
    pub(super) client: Client,
    pub(super) processes: u64,
    pub(super) partitions: u64,
    pub(super) size: u64,
    pub(super) records: Amount,
}

/// What most rows of one client have in common.
pub(super) const JAVA: Producing = Producing {
    client: Client::Java,
    processes: 1,
    bystanders: 0,
    partitions: 16,
    size: 1024,
    records: Amount { quick: 200_000, full: 1_500_000 },
    rate: None,
    key: None,
    properties: JAVA_PRODUCER,
};
pub(super) const LIBRDKAFKA: Producing = Producing {
    client: Client::Librdkafka,
    records: Amount { quick: 500_000, full: 3_000_000 },
    properties: RD_PRODUCER,
    ..JAVA
};
pub(super) const READERS: Consuming = Consuming {
    client: Client::Librdkafka,
    processes: 1,
    partitions: 1,
    size: 1024,
    records: Amount { quick: 500_000, full: 3_000_000 },
};
