//! Records of the manifest and of the facts `cluster`, as they may stand behind right checksums: written by another
//! program, or by a mistake of ours. An input that begins with 0 is what follows the manifest of a folder with files and
//! a write-ahead log, which is then started and read; any other is a record of the facts `cluster`.

use thalweg_broker::{FolderTopics, describe_fact};
use thalweg_model::{PartitionIndex, TopicPartition};
use thalweg_storage::check::CallersFacts;

use super::folders;

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> =
        folders::manifest().into_iter().map(|record| [&[0][..], &record].concat()).collect();
    seeds.extend(records().into_iter().map(|record| [&[1][..], &record].concat()));
    seeds
}

/// One of each kind: see `docs/formats.md`.
fn records() -> [Vec<u8>; 6] {
    const ID: [u8; 16] = [7; 16];
    let text = |text: &str| [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat();
    let settings = || {
        let value = b"1000";
        let count = 1_u16.to_be_bytes();
        [&count[..], &text("retention.ms"), &(value.len() as u32).to_be_bytes(), value].concat()
    };
    let run = [3_u32.to_be_bytes(), 0_u32.to_be_bytes()].concat();
    [
        [&[1, 1][..], &text("cluster")].concat(),
        [&[1, 2][..], &ID, &text("orders"), &1_u16.to_be_bytes(), &run, &settings()].concat(),
        [&[1, 3][..], &ID].concat(),
        [&[1, 4][..], &text("1"), &settings()].concat(),
        [&[1, 5][..], &1_000_i64.to_be_bytes()].concat(),
        [&[1, 6, 32][..], &text("group"), &settings()].concat(),
    ]
}

pub(super) fn body(input: &[u8]) {
    match input {
        [] => {}
        [0, records @ ..] => drop(folders::served_with(records)),
        [_, record @ ..] => {
            let mut topics = FolderTopics::default();
            let taken = topics.take(record);
            assert_eq!(taken.is_ok(), describe_fact(record).is_ok(), "what can be taken can be told");
            let zero = TopicPartition { topic: thalweg_model::TopicId::ZERO, partition: PartitionIndex(-1) };
            assert!(!topics.knows(zero), "there is no such partition");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_sound() {
        let whole = folders::served_with(&[]).expect("a sound folder opens");
        for record in folders::manifest() {
            assert!(folders::served_with(&record).is_some_and(|count| count <= whole));
        }
        for record in records() {
            assert!(describe_fact(&record).is_ok(), "{record:?}");
        }
    }
}
