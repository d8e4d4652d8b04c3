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

/// All rows, in no order that matters.
pub(super) fn all() -> impl Iterator<Item = &'static Definition> {
    PARTS.into_iter().flatten()
}
