//! Settings of brokers, one row each: those of Kafka 4.4, and our own under `thalweg.`. The rows stand in files by
//! what they are about.

mod groups;
mod own;
mod process;
mod records;
mod replication;
mod security;

use super::definition::Definition;

const PARTS: [&[Definition]; 6] =
    [process::ROWS, records::ROWS, groups::ROWS, replication::ROWS, security::ROWS, own::ROWS];

/// Why internal topics have one replica.
const ONE_COPY: &str =
    "One machine keeps one copy, durably; with Kafka's default the topic could never be made.";

/// Why writes to internal topics want one replica.
const ONE_WRITTEN: &str =
    "One machine keeps one copy, durably; with Kafka's default no write could be taken.";

/// All rows, in no order that matters.
pub(super) fn all() -> impl Iterator<Item = &'static Definition> {
    PARTS.into_iter().flatten()
}
