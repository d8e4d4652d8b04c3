//! Blocks of the write-ahead log, as recovery may find them. An input that begins with 0 is a block; of any other one
//! a block is forged whose checksums are right and whose entries say whatever the input says.

use bytes::Bytes;
use thalweg_model::{
    LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, TimestampMs, TopicId, TopicPartition,
    Uuid,
};
use thalweg_storage::block::{self, Entry, EntryKind, HEADER_BYTES, Header};
use thalweg_storage::wal::{ChainId, WalSeq};

use super::samples::Numbers;

pub(super) fn body(input: &[u8]) {
    match input {
        [] => {}
        [0, found @ ..] => look(found),
        [_, forged @ ..] => look(&forge(forged)),
    }
}

fn look(bytes: &[u8]) {
    let whole = block::check(bytes);
    let Ok(header) = Header::decode(bytes) else {
        assert!(whole.is_err(), "a block without a header is none");
        return;
    };
    // A length that lies leads nowhere, and allocates nothing.
    let Some(end) = usize::try_from(header.length()).ok().filter(|end| *end <= bytes.len()) else { return };
    let from = usize::try_from(header.index_position()).expect("it lies before the end");
    let Ok(entries) = block::decode_index(&header, &bytes[from..end]) else { return };
    assert_eq!(entries.len(), header.entry_count as usize);
    for entry in entries.iter().filter(|entry| entry.length > 0) {
        let batch_end = u64::from(entry.position) + u64::from(entry.length);
        assert!(entry.position as usize >= HEADER_BYTES, "a batch lies behind the header: {entry:?}");
        assert!(batch_end <= header.index_position(), "a batch lies before the index: {entry:?}");
    }
}

fn forge(input: &[u8]) -> Vec<u8> {
    let [count, input @ ..] = input else { return Vec::new() };
    let mut numbers = Numbers(input);
    let header = Header {
        chain: ChainId(Uuid::from_u128(u128::from(numbers.next()))),
        seq: WalSeq(numbers.next()),
        durable_below: WalSeq(numbers.next()),
        shard: numbers.next() as u32,
        shard_epoch: numbers.next() as i32,
        body_length: 0,
        entry_count: 0,
    };
    let entries: Vec<_> =
        (0..count % 8).map(|_| (entry(&mut numbers), Bytes::from_static(b"no batch"))).collect();
    block::encode(header, &entries).concat()
}

fn entry(numbers: &mut Numbers) -> Entry {
    let flags = numbers.next();
    Entry {
        kind: if flags & 1 == 0 { EntryKind::Data } else { EntryKind::StartMoved },
        partition: TopicPartition {
            topic: TopicId(Uuid::from_u128(u128::from(numbers.next()))),
            partition: PartitionIndex(numbers.next() as i32),
        },
        leader_epoch: LeaderEpoch(numbers.next() as i32),
        base_offset: Offset(numbers.next() as i64),
        last_delta: numbers.next() as u32,
        producer_id: ProducerId(numbers.next() as i64),
        producer_epoch: ProducerEpoch(numbers.next() as i16),
        base_sequence: numbers.next() as i32,
        attributes: numbers.next() as i16,
        max_timestamp: TimestampMs(numbers.next() as i64),
        segment_first: flags & 2 != 0,
        position: numbers.next() as u32,
        length: numbers.next() as u32,
    }
}
