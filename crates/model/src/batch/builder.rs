//! Building a batch record by record: for what the broker itself writes, for what it must rewrite, and for clients.

use bytes::BytesMut;

use crate::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, TimestampMs};

use super::compression::{Codec, CompressionError, compress};
use super::header::{self, BATCH_OVERHEAD, BatchHeader, LENGTH_PREFIX, TimestampType, checksum};
use super::record::Record;

/// What a batch says besides its records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchOptions {
    /// How the records are compressed.
    pub codec: Codec,
    /// At which level; of [`Codec::level_default`] where none is said.
    pub level: Option<i32>,
    /// The offset of record 0.
    pub base_offset: Offset,
    /// Which leadership writes it.
    pub partition_leader_epoch: LeaderEpoch,
    /// Where the broker sets the timestamps: which.
    pub log_append_time: Option<TimestampMs>,
    /// Who produces.
    pub producer: Option<ProducerStamp>,
    /// Whether it belongs to a transaction.
    pub transactional: bool,
    /// Whether its record is a marker of the broker.
    pub control: bool,
}

/// An idempotent producer's mark on a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerStamp {
    /// Who.
    pub id: ProducerId,
    /// Which incarnation.
    pub epoch: ProducerEpoch,
    /// The sequence number of record 0 (-1 in markers).
    pub sequence: i32,
}

/// A record to be written.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewRecord<'a> {
    /// When it was made.
    pub timestamp: TimestampMs,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value; none is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Its headers in order.
    pub headers: &'a [super::Header<'a>],
}

/// A batch in the making: its records are kept uncompressed until [`finish`](Self::finish).
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    options: BatchOptions,
    records: Vec<u8>,
    /// The body of the record being written, as its length stands before it.
    body: Vec<u8>,
    count: i32,
    last_offset_delta: i32,
    base_timestamp: TimestampMs,
    max_timestamp: TimestampMs,
}

impl BatchBuilder {
    /// An empty one.
    pub fn new(options: BatchOptions) -> Self {
        Self {
            options,
            records: Vec::new(),
            body: Vec::new(),
            count: 0,
            last_offset_delta: -1,
            base_timestamp: TimestampMs::NONE,
            max_timestamp: TimestampMs::NONE,
        }
    }

    /// How many records it has.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Its size if nothing could be compressed.
    pub fn size(&self) -> usize {
        BATCH_OVERHEAD + self.records.len()
    }

    /// Says who produces, where that was not known when the batch was begun.
    pub fn stamp(&mut self, producer: ProducerStamp) {
        self.options.producer = Some(producer);
    }

    /// Adds a record behind the last one.
    pub fn append(&mut self, record: NewRecord<'_>) {
        let delta = self.last_offset_delta + 1;
        self.write(delta, record.timestamp, 0, record.key, record.value, |body| {
            put_varint(body, record.headers.len() as i32);
            for header in record.headers {
                put_varint(body, header.key.len() as i32);
                body.extend_from_slice(header.key);
                put_nullable(body, header.value);
            }
        });
    }

    /// Adds a record of another batch behind the last one, under the next offset.
    pub fn append_record(&mut self, record: &Record<'_>) {
        self.append_record_at(self.last_offset_delta + 1, record);
    }

    /// Adds a record of another batch at an offset of its own, above the last one's: compaction leaves gaps.
    pub fn append_record_at(&mut self, offset_delta: i32, record: &Record<'_>) {
        assert!(offset_delta > self.last_offset_delta, "offsets in a batch rise");
        self.write(offset_delta, record.timestamp, record.attributes, record.key, record.value, |body| {
            put_varint(body, record.headers.len() as i32);
            body.extend_from_slice(record.headers.raw());
        });
    }

    fn write(
        &mut self,
        offset_delta: i32,
        timestamp: TimestampMs,
        attributes: i8,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        put_headers: impl FnOnce(&mut Vec<u8>),
    ) {
        if self.count == 0 {
            self.base_timestamp = timestamp;
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.body.clear();
        self.body.push(attributes as u8);
        put_varlong(&mut self.body, timestamp.0.wrapping_sub(self.base_timestamp.0));
        put_varint(&mut self.body, offset_delta);
        put_nullable(&mut self.body, key);
        put_nullable(&mut self.body, value);
        put_headers(&mut self.body);
        put_varint(&mut self.records, self.body.len() as i32);
        self.records.extend_from_slice(&self.body);
        self.count += 1;
        self.last_offset_delta = offset_delta;
    }

    /// The batch: compressed, with its checksum.
    pub fn finish(self) -> Result<BytesMut, CompressionError> {
        let options = &self.options;
        let mut batch = Vec::with_capacity(BATCH_OVERHEAD + self.records.len());
        batch.resize(BATCH_OVERHEAD, 0);
        let level = options.level.unwrap_or_else(|| options.codec.level_default());
        compress(options.codec, level, &self.records, &mut batch)?;
        let (timestamp_type, max_timestamp) = match options.log_append_time {
            Some(now) => (TimestampType::LogAppendTime, now),
            None => (TimestampType::CreateTime, self.max_timestamp),
        };
        let nobody = ProducerStamp { id: ProducerId::NONE, epoch: ProducerEpoch(-1), sequence: -1 };
        let producer = options.producer.unwrap_or(nobody);
        let mut header = BatchHeader {
            base_offset: options.base_offset,
            length: (batch.len() - LENGTH_PREFIX) as i32,
            partition_leader_epoch: options.partition_leader_epoch,
            crc: 0,
            attributes: header::attributes(
                options.codec,
                timestamp_type,
                options.transactional,
                options.control,
            ),
            last_offset_delta: self.last_offset_delta,
            base_timestamp: self.base_timestamp,
            max_timestamp,
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            base_sequence: producer.sequence,
            records_count: self.count,
        };
        header.write(&mut batch);
        header.crc = checksum(&batch);
        header.write(&mut batch);
        Ok(BytesMut::from(bytes::Bytes::from(batch)))
    }
}

fn put_varint(output: &mut Vec<u8>, value: i32) {
    put_unsigned(output, u64::from(((value << 1) ^ (value >> 31)) as u32));
}

fn put_varlong(output: &mut Vec<u8>, value: i64) {
    put_unsigned(output, ((value << 1) ^ (value >> 63)) as u64);
}

fn put_unsigned(output: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        output.push(value as u8 | 0x80);
        value >>= 7;
    }
    output.push(value as u8);
}

fn put_nullable(output: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            put_varint(output, bytes.len() as i32);
            output.extend_from_slice(bytes);
        }
        None => put_varint(output, -1),
    }
}
