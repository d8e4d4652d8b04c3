//! Records as a consumer gets them.

use std::sync::Arc;

use bytes::Bytes;
use thalweg_model::batch::{BatchError, Batches, Codec, Records};
use thalweg_model::collections::HashMap;

/// A record. Key and value are parts of the answer that brought them, where it was not compressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedRecord {
    /// Its place in the partition.
    pub offset: i64,
    /// When it was made or appended, in milliseconds since 1970.
    pub timestamp: i64,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its value; none is a tombstone.
    pub value: Option<Bytes>,
    /// Its headers in order.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
}

/// New records of a partition.
#[derive(Clone, Debug)]
pub struct FetchedPartition {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The records in order; transactions' marks are not among them.
    pub records: Vec<FetchedRecord>,
    /// How many bytes they had on the way.
    pub bytes: usize,
    /// Where reading goes on.
    pub next_offset: i64,
    /// The leadership that wrote the last batch.
    pub leader_epoch: i32,
    /// Where the partition ended when the answer was made.
    pub high_watermark: i64,
}

/// What a run of batches gave.
pub(super) struct Unpacked {
    pub(super) records: Vec<FetchedRecord>,
    pub(super) next_offset: i64,
    pub(super) leader_epoch: i32,
}

/// The records from `from` on, without those of transactions that were aborted: `aborted` has each one's producer and
/// first offset. A batch that is cut at the end is left for the next read.
pub(super) fn unpack(bytes: &Bytes, from: i64, mut aborted: Vec<(i64, i64)>) -> Result<Unpacked, BatchError> {
    aborted.sort_by_key(|(_, first)| std::cmp::Reverse(*first));
    let mut aborting: HashMap<i64, ()> = HashMap::default();
    let mut unpacked = Unpacked { records: Vec::new(), next_offset: from, leader_epoch: -1 };
    for batch in Batches::new(bytes) {
        let (header, batch) = match batch {
            Ok(batch) => batch,
            Err(BatchError::Truncated { .. }) => break,
            Err(error) => return Err(error),
        };
        header.check(batch)?;
        unpacked.next_offset = unpacked.next_offset.max(header.next_offset().0);
        unpacked.leader_epoch = header.partition_leader_epoch.0;
        while aborted.last().is_some_and(|(_, first)| *first <= header.last_offset().0) {
            aborting.extend(aborted.pop().map(|(producer, _)| (producer, ())));
        }
        if header.is_control() {
            aborting.remove(&header.producer_id.0);
            continue;
        }
        if header.is_transactional() && aborting.contains_key(&header.producer_id.0) {
            continue;
        }
        // What was not compressed is part of the answer.
        let plain = header.codec()? == Codec::None;
        let own = |part: &[u8]| if plain { bytes.slice_ref(part) } else { Bytes::copy_from_slice(part) };
        let mut records = Records::new(batch)?;
        unpacked.records.reserve(usize::try_from(header.records_count).unwrap_or_default().min(batch.len()));
        while let Some(record) = records.next() {
            let record = record?;
            if record.offset.0 >= from {
                unpacked.records.push(FetchedRecord {
                    offset: record.offset.0,
                    timestamp: record.timestamp.0,
                    key: record.key.map(own),
                    value: record.value.map(own),
                    headers: record
                        .headers
                        .iter()
                        .map(|header| (own(header.key), header.value.map(own)))
                        .collect(),
                });
            }
        }
    }
    Ok(unpacked)
}
