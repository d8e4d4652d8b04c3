//! Offsets that move: what a group has committed, where a partition begins.

use serde::Serialize;
use thalweg_kafka::client::PartitionName;

use super::printout::{self, or_dash};
use crate::exit::Failure;

/// From where to where, in which partition.
pub(crate) struct Move {
    pub(crate) name: PartitionName,
    /// `None` where it was nowhere.
    pub(crate) from: Option<i64>,
    pub(crate) to: i64,
}

#[derive(Serialize)]
struct Row {
    topic: String,
    partition: i32,
    from: Option<i64>,
    to: i64,
}

/// Prints them, as a table or as JSON.
pub(crate) fn print(json: bool, moves: impl Iterator<Item = Move>) -> Result<(), Failure> {
    let row = |Move { name, from, to }| {
        let PartitionName { topic, partition } = name;
        Row { topic: topic.to_string(), partition, from, to }
    };
    let rows: Vec<_> = moves.map(row).collect();
    printout::print(json, &rows, || {
        let row =
            |row: &Row| [row.topic.clone(), row.partition.to_string(), or_dash(row.from), row.to.to_string()];
        printout::table(&["TOPIC", "PARTITION", "FROM", "TO"], rows.iter().map(row))
    })
}
