//! The records' bytes, as they were first written and must be readable for ever; and bytes that are no records.

use std::fmt::Write as _;

use thalweg_model::world::{Random, SeededRandom};

use super::*;

fn partition_of(number: u128) -> TopicPartition {
    TopicPartition { topic: TopicId(Uuid::from_u128(number)), partition: PartitionIndex(3) }
}

fn all() -> Vec<Record<'static>> {
    let chain = ChainId(Uuid::from_u128(0x11));
    let partition = partition_of(0x22);
    let marks = Some([Mark { offset: 70, position: 1_048_600, max_before: 900 }].into());
    let extent =
        Extent { file: 9, position: 32, length: 2_000_000, base: 5, end: 100, max_timestamp: 1000, marks };
    let at = Stored { file: 7, position: 32, length: 5000, sum: 0x1234_5678 };
    let row = PartitionRow {
        partition,
        start: 5,
        end: 120,
        epochs: vec![EpochRow { start: 5, epoch: 1 }, EpochRow { start: 60, epoch: 2 }],
        segments: vec![SegmentRow {
            base: 0,
            bytes: 77,
            max_timestamp: 1000,
            first_timestamp: 10,
            created: 12,
        }],
    };
    vec![
        Record::Format { version: 1, node: NodeId(4) },
        Record::ShardEpoch(6),
        Record::ChainBegun { chain, first: WalSeq(7) },
        Record::ChainEnded { chain, end: WalSeq(8) },
        Record::ChainForgotten(chain),
        Record::Covered(WalSeq(9)),
        Record::NextFile(10),
        Record::File { number: 9, row: FileRow { bytes: 2_000_100, level: 255 } },
        Record::FileGone(8),
        Record::Partition(row),
        Record::Extents { partition, from: 5, to: 100, add: vec![extent] },
        Record::PartitionGone(partition),
        Record::Snapshot { partition, offset: 90, bytes: b"producers" },
        Record::SnapshotGone(partition),
        Record::SnapshotChanges { partition, offset: 120, bytes: b"one more" },
        Record::Skip { partition, to: 0x1_0000_0000 },
        Record::SnapshotStored { partition, offset: 130, whole: true, at },
        Record::SnapshotStored { partition, offset: 140, whole: false, at },
        Record::SnapshotMoved { partition, file: 6, position: 64, to: at },
    ]
}

fn encoded() -> BytesMut {
    let mut out = BytesMut::new();
    for record in all() {
        encode(&record, &mut out);
    }
    out
}

#[test]
fn records_are_read_as_they_were_written() {
    let bytes = encoded();
    let mut rest = &bytes[..];
    let mut found = Vec::new();
    while !rest.is_empty() {
        found.push(decode(&mut rest).expect("it was written just now"));
    }
    assert_eq!(found, all());
}

#[test]
fn the_bytes_are_those_of_the_first_version() {
    let mut text = String::new();
    for record in all() {
        let mut out = BytesMut::new();
        encode(&record, &mut out);
        for byte in &out {
            write!(text, "{byte:02x}").expect("text takes everything");
        }
        text.push('\n');
    }
    assert_eq!(text, include_str!("golden.txt"));
}

#[test]
fn bytes_that_are_no_records_are_an_error() {
    let bytes = encoded();
    for length in 0..bytes.len() {
        let mut rest = &bytes[..length];
        while !rest.is_empty() && decode(&mut rest).is_ok() {}
    }
    let chance = SeededRandom::new(3);
    for _ in 0..20_000 {
        let mut bytes = bytes.clone();
        for _ in 0..1 + chance.next() % 3 {
            let at = (chance.next() % bytes.len() as u64) as usize;
            bytes[at] = chance.next() as u8;
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() && decode(&mut rest).is_ok() {}
    }
}

#[test]
fn numbers_behind_which_none_follows_are_an_error() {
    let chain = ChainId(Uuid::from_u128(0x11));
    let partition = partition_of(0x22);
    let last = WalSeq(u64::MAX);
    for record in [
        Record::ShardEpoch(i32::MAX),
        Record::ShardEpoch(-1),
        Record::ChainBegun { chain, first: last },
        Record::ChainEnded { chain, end: last },
        Record::Covered(last),
        Record::NextFile(u64::MAX),
        Record::File { number: u64::MAX, row: FileRow::default() },
        Record::Partition(PartitionRow { partition, end: i64::MAX, ..PartitionRow::default() }),
        Record::Partition(PartitionRow { partition, start: -1, ..PartitionRow::default() }),
        Record::Skip { partition, to: i64::MAX },
    ] {
        let mut out = BytesMut::new();
        encode(&record, &mut out);
        assert!(decode(&mut &out[..]).is_err(), "{record:?}");
    }
}
