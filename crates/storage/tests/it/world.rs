//! The world of these tests, and blocks to put.

use std::sync::Arc;

use bytes::Bytes;
use thalweg_model::world::{ManualClock, NoMeter, SeededRandom, Threads, World};
use thalweg_model::{
    LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, TimestampMs, TopicId, TopicPartition,
    Uuid,
};
use thalweg_storage::WalSeq;
use thalweg_storage::block::{self, Entry, EntryKind, HEADER_BYTES, Header};
use thalweg_storage::wal::{ChainId, Named};

pub(crate) fn world() -> World {
    World {
        clock: Arc::new(ManualClock::new(TimestampMs(0))),
        random: Arc::new(SeededRandom::new(1)),
        spawner: Arc::new(Threads),
        meter: Arc::new(NoMeter),
    }
}

pub(crate) fn chain(number: u128) -> ChainId {
    ChainId(Uuid::from_u128(number))
}

/// A chain without a known end, and its first block that is needed.
pub(crate) fn named(number: u128, from: u64) -> Named {
    Named { chain: chain(number), from: WalSeq(from), end: None }
}

pub(crate) fn entry(length: usize) -> Entry {
    Entry {
        kind: EntryKind::Data,
        partition: TopicPartition { topic: TopicId::ZERO, partition: PartitionIndex(0) },
        leader_epoch: LeaderEpoch(0),
        base_offset: Offset(0),
        last_delta: 0,
        producer_id: ProducerId::NONE,
        producer_epoch: ProducerEpoch(-1),
        base_sequence: -1,
        attributes: 0,
        max_timestamp: TimestampMs::NONE,
        segment_first: false,
        position: HEADER_BYTES as u32,
        length: length as u32,
    }
}

/// A block with one batch of so many bytes, all of which depend on chain and number.
pub(crate) fn block(chain: ChainId, seq: u64, length: usize) -> Vec<Bytes> {
    block_after(chain, seq, seq, length)
}

/// As [`block`], and what it says of those before it.
pub(crate) fn block_after(chain: ChainId, seq: u64, durable_below: u64, length: usize) -> Vec<Bytes> {
    let header = Header {
        chain,
        seq: WalSeq(seq),
        durable_below: WalSeq(durable_below),
        shard: 0,
        shard_epoch: 1,
        body_length: 0,
        entry_count: 0,
    };
    let salt = seq.wrapping_mul(31).wrapping_add(chain.0.as_u128() as u64);
    let batch: Vec<u8> = (0..length as u64).map(|at| (at.wrapping_add(salt) % 251) as u8).collect();
    block::encode(header, &[(entry(length), batch.into())])
}
