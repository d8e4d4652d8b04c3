//! Good inputs: frames that real clients and Apache Kafka sent to each other, batches of each codec, blocks.

use bytes::{BufMut, BytesMut};
use thalweg_model::batch::{
    BatchBuilder, BatchOptions, Codec, Header as RecordHeader, NewRecord, ProducerStamp,
};
use thalweg_model::{
    LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, TimestampMs, TopicId, TopicPartition,
    Uuid,
};
use thalweg_storage::block::{self, Entry, EntryKind, HEADER_BYTES, Header};
use thalweg_storage::wal::{ChainId, WalSeq};
use thalweg_wire::ApiKey;

/// A line is `KEY VERSION REQUEST RESPONSE`, the frames in hex.
const GOLDEN: [&str; 10] = [
    include_str!("../../../wire/tests/golden/aiokafka.txt"),
    include_str!("../../../wire/tests/golden/confluent.txt"),
    include_str!("../../../wire/tests/golden/franz-go.txt"),
    include_str!("../../../wire/tests/golden/java-1.0.txt"),
    include_str!("../../../wire/tests/golden/java.txt"),
    include_str!("../../../wire/tests/golden/kafka-python.txt"),
    include_str!("../../../wire/tests/golden/kafkajs.txt"),
    include_str!("../../../wire/tests/golden/kcat.txt"),
    include_str!("../../../wire/tests/golden/sarama.txt"),
    include_str!("../../../wire/tests/golden/tools.txt"),
];

/// So many zeros are a message of most APIs that no client sent.
const ZEROS: usize = 48;

pub(super) fn requests() -> Vec<Vec<u8>> {
    frames(2)
}

pub(super) fn answers() -> Vec<Vec<u8>> {
    frames(3)
}

/// One of the two frames of each exchange, and zeros for every version of every API.
fn frames(field: usize) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for line in GOLDEN.iter().flat_map(|text| text.lines()) {
        let fields: Vec<&str> = line.split(' ').collect();
        let api = fields[0].parse().ok().and_then(ApiKey::from_number).expect("a key of ours");
        let version: i16 = fields[1].parse().expect("a version");
        found.push(framed(api, version, &from_hex(fields[field])));
    }
    for number in 0..=i16::from(u8::MAX) {
        let Some(api) = ApiKey::from_number(number) else { continue };
        found.extend(api.versions().map(|version| framed(api, version, &[0; ZEROS])));
    }
    found
}

/// What each client sent, one request after the other; and each request alone.
pub(super) fn conversations() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for text in GOLDEN {
        let requests = text.lines().filter_map(|line| line.split(' ').nth(2)).map(from_hex);
        let frames: Vec<_> =
            requests.map(|frame| [&(frame.len() as u32).to_be_bytes()[..], &frame].concat()).collect();
        found.push(frames.concat());
        found.extend(frames);
    }
    found
}

fn framed(api: ApiKey, version: i16, frame: &[u8]) -> Vec<u8> {
    let mut bytes = vec![api.number() as u8, (version - api.versions().start()) as u8];
    bytes.extend_from_slice(frame);
    bytes
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hex digits");
    (0..text.len()).step_by(2).map(digits).collect()
}

pub(super) fn batches() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for (number, codec) in Codec::ALL.into_iter().enumerate() {
        for how in [0, 1, 1 | 8 | (number as u8) << 4] {
            found.push([&[how][..], &batch(codec, 3)].concat());
        }
        found.push([&[1][..], &batch(codec, 400)].concat());
    }
    let two = [&[1][..], &batch(Codec::None, 2), &batch(Codec::Zstd, 2)].concat();
    found.push(two);
    found
}

fn batch(codec: Codec, records: usize) -> BytesMut {
    let options = BatchOptions {
        codec,
        producer: Some(ProducerStamp { id: ProducerId(7), epoch: ProducerEpoch(0), sequence: 5 }),
        ..BatchOptions::default()
    };
    let mut builder = BatchBuilder::new(options);
    for index in 0..records {
        let value = format!("value {index} value {index} value {index}");
        builder.append(NewRecord {
            timestamp: TimestampMs(1_700_000_000_000 + index as i64),
            key: Some(b"key"),
            value: (index % 5 != 4).then_some(value.as_bytes()),
            headers: &[
                RecordHeader { key: b"header", value: Some(b"text") },
                RecordHeader { key: b"empty", value: None },
            ],
        });
    }
    builder.finish().expect("small batches can be compressed")
}

pub(super) fn blocks() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for count in [0, 1, 3] {
        let whole: Vec<u8> = block_of(count).iter().flatten().copied().collect();
        found.push([&[0][..], &whole].concat());
    }
    // what a block is forged from: see `blocks`
    found.push([&[1, 3][..], &[0; 200]].concat());
    found
}

fn block_of(count: u32) -> Vec<bytes::Bytes> {
    let header = Header {
        chain: ChainId(Uuid::from_u128(5)),
        seq: WalSeq(9),
        durable_below: WalSeq(8),
        shard: 0,
        shard_epoch: 2,
        body_length: 0,
        entry_count: 0,
    };
    let mut position = HEADER_BYTES as u32;
    let mut batches = Vec::new();
    for index in 0..count {
        let bytes = batch(Codec::None, 2).freeze();
        let length = bytes.len() as u32;
        batches.push((entry(index, position, length), bytes));
        position += length;
    }
    block::encode(header, &batches)
}

fn entry(index: u32, position: u32, length: u32) -> Entry {
    Entry {
        kind: EntryKind::Data,
        partition: TopicPartition {
            topic: TopicId(Uuid::from_u128(u128::from(index))),
            partition: PartitionIndex(0),
        },
        leader_epoch: LeaderEpoch(2),
        base_offset: Offset(i64::from(index) * 2),
        last_delta: 1,
        producer_id: ProducerId(7),
        producer_epoch: ProducerEpoch(0),
        base_sequence: 5,
        attributes: 0,
        max_timestamp: TimestampMs(1_700_000_000_001),
        segment_first: index == 0,
        position,
        length,
    }
}

/// Takes numbers from an input; zeros when it is used up.
pub(super) struct Numbers<'a>(pub(super) &'a [u8]);

impl Numbers<'_> {
    pub(super) fn next(&mut self) -> u64 {
        let count = self.0.len().min(8);
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        let mut bytes = BytesMut::zeroed(8 - count);
        bytes.put_slice(taken);
        u64::from_be_bytes(bytes[..].try_into().expect("eight bytes"))
    }
}
