//! What a partition knows of its idempotent producers: incarnation, and the last five batches, so that a batch that
//! comes again is answered like the first time and a gap is seen. The rules are those of Kafka without transactions:
//! of a producer that is not known (any more), any sequence is accepted.
//!
//! Snapshot, version 1, numbers big-endian:
//!
//! ```text
//!   version u8 | producers u32 | each: id i64 | epoch i16 | last timestamp i64 | batches u8
//!              | each: base sequence i32 | last sequence i32 | base offset i64 | last offset i64 | timestamp i64
//! ```

#[cfg(test)]
mod tests;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use thalweg_model::collections::HashMap;
use thalweg_model::{Offset, ProducerEpoch, ProducerId, TimestampMs};
use thalweg_storage::BatchFacts;
use thiserror::Error;

use crate::session::records::{ActiveProducer, AppendError, Producer};

/// How many batches of a producer are remembered: as many as a client has in flight at most.
const BATCHES_REMEMBERED: usize = 5;
const SNAPSHOT_VERSION: u8 = 1;
const PRODUCER_BYTES_MIN: usize = 8 + 2 + 8 + 1;
const BATCH_BYTES: usize = 4 + 4 + 8 + 8 + 8;

/// A batch that was appended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remembered {
    base_sequence: i32,
    last_sequence: i32,
    pub(crate) base_offset: Offset,
    last_offset: Offset,
    pub(crate) timestamp: TimestampMs,
}

/// What a batch of a producer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sequenced {
    /// The next one.
    Next,
    /// One that was appended already.
    Duplicate(Remembered),
}

/// What identifies a batch among those of its producer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) producer: ProducerId,
    pub(crate) epoch: ProducerEpoch,
    pub(crate) base_sequence: i32,
    pub(crate) last_delta: u32,
}

/// A snapshot that cannot be read.
#[derive(Debug, Error)]
#[error("the snapshot of producers cannot be read: {0}")]
pub(crate) struct BadSnapshot(&'static str);

#[derive(Debug)]
struct Entry {
    epoch: ProducerEpoch,
    last_timestamp: TimestampMs,
    // Oldest first, never empty.
    batches: Vec<Remembered>,
}

/// All producers of a partition.
#[derive(Debug, Default)]
pub(crate) struct Producers {
    by_id: HashMap<ProducerId, Entry>,
}

impl Stamp {
    /// Sequences run from 0 to 2^31-1 and begin again at 0.
    fn last_sequence(&self) -> i32 {
        let last = i64::from(self.base_sequence) + i64::from(self.last_delta);
        i32::try_from(last % (1 << 31)).expect("below 2^31")
    }
}

fn after(sequence: i32) -> i32 {
    sequence.checked_add(1).unwrap_or(0)
}

impl Producers {
    /// Whether a batch is the next one of its producer.
    pub(crate) fn check(&self, stamp: &Stamp) -> Result<Sequenced, AppendError> {
        let Some(entry) = self.by_id.get(&stamp.producer) else { return Ok(Sequenced::Next) };
        if stamp.epoch < entry.epoch {
            let Stamp { producer, epoch: given, .. } = *stamp;
            return Err(AppendError::InvalidProducerEpoch { producer, given, current: entry.epoch });
        }
        let expected = if stamp.epoch > entry.epoch {
            0
        } else {
            let last_sequence = stamp.last_sequence();
            let same =
                |b: &&Remembered| b.base_sequence == stamp.base_sequence && b.last_sequence == last_sequence;
            if let Some(batch) = entry.batches.iter().find(same) {
                return Ok(Sequenced::Duplicate(*batch));
            }
            after(entry.batches.last().map_or(-1, |batch| batch.last_sequence))
        };
        if stamp.base_sequence != expected {
            let Stamp { producer, base_sequence: sequence, .. } = *stamp;
            return Err(AppendError::OutOfOrderSequence { producer, sequence, expected });
        }
        Ok(Sequenced::Next)
    }

    /// Remembers a batch that was appended.
    pub(crate) fn remember(&mut self, stamp: &Stamp, base_offset: Offset, timestamp: TimestampMs) {
        let entry = self.by_id.entry(stamp.producer).or_insert_with(|| Entry {
            epoch: stamp.epoch,
            last_timestamp: timestamp,
            batches: Vec::with_capacity(1),
        });
        if entry.epoch != stamp.epoch {
            entry.epoch = stamp.epoch;
            entry.batches.clear();
        }
        entry.last_timestamp = timestamp;
        if entry.batches.len() == BATCHES_REMEMBERED {
            entry.batches.remove(0);
        }
        entry.batches.push(Remembered {
            base_sequence: stamp.base_sequence,
            last_sequence: stamp.last_sequence(),
            base_offset,
            last_offset: Offset(base_offset.0 + i64::from(stamp.last_delta)),
            timestamp,
        });
    }

    /// Remembers a batch that recovery found.
    pub(crate) fn replay(&mut self, facts: &BatchFacts) {
        if facts.producer_id == ProducerId::NONE || facts.base_sequence < 0 {
            return;
        }
        let stamp = Stamp {
            producer: facts.producer_id,
            epoch: facts.producer_epoch,
            base_sequence: facts.base_sequence,
            last_delta: facts.last_delta,
        };
        self.remember(&stamp, facts.base_offset, facts.max_timestamp);
    }

    /// Forgets who wrote nothing for so long.
    pub(crate) fn expire(&mut self, now: TimestampMs, expiration_ms: i64) {
        self.by_id.retain(|_, entry| now.0.saturating_sub(entry.last_timestamp.0) < expiration_ms);
        if self.by_id.is_empty() {
            self.by_id.shrink_to_fit();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// All of them, by id in order.
    pub(crate) fn active(&self) -> Vec<ActiveProducer> {
        let active = |(id, entry): (&ProducerId, &Entry)| ActiveProducer {
            producer: Producer { id: *id, epoch: entry.epoch },
            last_sequence: entry.batches.last().map_or(-1, |batch| batch.last_sequence),
            last_timestamp: entry.last_timestamp,
            coordinator_epoch: None,
            transaction_start_offset: None,
        };
        let mut all: Vec<_> = self.by_id.iter().map(active).collect();
        all.sort_by_key(|active| active.producer.id);
        all
    }

    /// All of them.
    pub(crate) fn encode(&self) -> Bytes {
        encode(self.by_id.iter().collect())
    }

    /// Those that appended something at or after this offset.
    pub(crate) fn encode_since(&self, since: Offset) -> Bytes {
        let appended = |entry: &Entry| entry.batches.last().is_some_and(|batch| batch.last_offset >= since);
        let changed: Vec<_> = self.by_id.iter().filter(|(_, entry)| appended(entry)).collect();
        if changed.is_empty() { Bytes::new() } else { encode(changed) }
    }

    /// Takes in what was encoded: who is in it takes the place of what was known of him.
    pub(crate) fn take_in(&mut self, mut bytes: Bytes) -> Result<(), BadSnapshot> {
        let short = |_| BadSnapshot("it ends early");
        if bytes.try_get_u8().map_err(short)? != SNAPSHOT_VERSION {
            return Err(BadSnapshot("its version is not known"));
        }
        let count = bytes.try_get_u32().map_err(short)? as usize;
        if count > bytes.remaining() / PRODUCER_BYTES_MIN {
            return Err(BadSnapshot("it ends early"));
        }
        for _ in 0..count {
            let id = ProducerId(bytes.try_get_i64().map_err(short)?);
            let epoch = ProducerEpoch(bytes.try_get_i16().map_err(short)?);
            let last_timestamp = TimestampMs(bytes.try_get_i64().map_err(short)?);
            let batches_count = usize::from(bytes.try_get_u8().map_err(short)?);
            if batches_count == 0 || batches_count > BATCHES_REMEMBERED {
                return Err(BadSnapshot("a producer has an impossible number of batches"));
            }
            let mut batches = Vec::with_capacity(batches_count);
            for _ in 0..batches_count {
                batches.push(Remembered {
                    base_sequence: bytes.try_get_i32().map_err(short)?,
                    last_sequence: bytes.try_get_i32().map_err(short)?,
                    base_offset: Offset(bytes.try_get_i64().map_err(short)?),
                    last_offset: Offset(bytes.try_get_i64().map_err(short)?),
                    timestamp: TimestampMs(bytes.try_get_i64().map_err(short)?),
                });
            }
            self.by_id.insert(id, Entry { epoch, last_timestamp, batches });
        }
        if bytes.has_remaining() {
            return Err(BadSnapshot("there is something behind its end"));
        }
        Ok(())
    }
}

fn encode(mut entries: Vec<(&ProducerId, &Entry)>) -> Bytes {
    let batches: usize = entries.iter().map(|(_, entry)| entry.batches.len()).sum();
    let size = 1 + 4 + entries.len() * PRODUCER_BYTES_MIN + batches * BATCH_BYTES;
    let mut out = BytesMut::with_capacity(size);
    out.put_u8(SNAPSHOT_VERSION);
    out.put_u32(u32::try_from(entries.len()).expect("fewer producers than that fit into memory"));
    entries.sort_unstable_by_key(|(id, _)| **id);
    for (id, entry) in entries {
        out.put_i64(id.0);
        out.put_i16(entry.epoch.0);
        out.put_i64(entry.last_timestamp.0);
        out.put_u8(u8::try_from(entry.batches.len()).expect("there are at most five"));
        for batch in &entry.batches {
            out.put_i32(batch.base_sequence);
            out.put_i32(batch.last_sequence);
            out.put_i64(batch.base_offset.0);
            out.put_i64(batch.last_offset.0);
            out.put_i64(batch.timestamp.0);
        }
    }
    out.freeze()
}
