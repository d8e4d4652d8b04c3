//! The manifest's records as bytes: one byte says which, the fields follow, little-endian, at their full width. Drawn in
//! `docs/formats.md`. A kind's fields never change; what changes gets a new kind.

use bytes::{Buf, BufMut, BytesMut};
use thalweg_model::{NodeId, PartitionIndex, TopicId, TopicPartition, Uuid};

use super::FileRow;
use crate::extent::{Extent, FileNumber, Mark};
use crate::kept::Stored;
use crate::log::{EpochRow, SegmentRow};
use crate::storage::OpenError;
use crate::wal::{ChainId, WalSeq};

/// One record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Record<'a> {
    /// The first record of all.
    Format { version: u32, node: NodeId },
    /// Another start.
    ShardEpoch(i32),
    /// A chain may have blocks from `first` on.
    ChainBegun { chain: ChainId, first: WalSeq },
    /// Nothing of it counts after `end`.
    ChainEnded { chain: ChainId, end: WalSeq },
    /// All of it is covered.
    ChainForgotten(ChainId),
    /// Everything up to here lies in files.
    Covered(WalSeq),
    /// File numbers below this were given.
    NextFile(FileNumber),
    /// A file of runs is there.
    File { number: FileNumber, row: FileRow },
    /// It will be deleted.
    FileGone(FileNumber),
    /// Where a partition begins and ends, its borders.
    Partition(PartitionRow),
    /// Its extents within these offsets are these now.
    Extents { partition: TopicPartition, from: i64, to: i64, add: Vec<Extent> },
    /// It was removed.
    PartitionGone(TopicPartition),
    /// What the caller keeps of it.
    Snapshot { partition: TopicPartition, offset: i64, bytes: &'a [u8] },
    /// Nothing any more.
    SnapshotGone(TopicPartition),
    /// What the caller adds to the snapshot that is there: what has changed since its offset.
    SnapshotChanges { partition: TopicPartition, offset: i64, bytes: &'a [u8] },
    /// Its next batch begins here at the earliest: what lies before was perhaps acknowledged, and is lost.
    Skip { partition: TopicPartition, to: i64 },
    /// As one of the two, with the bytes in a file.
    SnapshotStored { partition: TopicPartition, offset: i64, whole: bool, at: Stored },
    /// What was stored there lies elsewhere now.
    SnapshotMoved { partition: TopicPartition, file: FileNumber, position: u64, to: Stored },
}

/// A partition's borders: those before the first one that is given stay as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PartitionRow {
    pub(crate) partition: TopicPartition,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) epochs: Vec<EpochRow>,
    pub(crate) segments: Vec<SegmentRow>,
}

/// No number of a block or a file, and no offset, is larger.
const NUMBER_MAX: u64 = 1 << 62;
/// Nor is a folder started more often: a partition's leader epoch is this and more.
const SHARD_EPOCH_MAX: i32 = 1 << 30;

const EPOCH_BYTES: usize = 12;
const SEGMENT_BYTES: usize = 40;
const MARK_ROW_BYTES: usize = 20;
const EXTENT_BYTES: usize = 48;

pub(crate) fn encode(record: &Record<'_>, out: &mut BytesMut) {
    match record {
        Record::Format { version, node } => {
            out.put_u8(1);
            out.put_u32_le(*version);
            out.put_i32_le(node.0);
        }
        Record::ShardEpoch(epoch) => {
            out.put_u8(2);
            out.put_i32_le(*epoch);
        }
        Record::ChainBegun { chain, first } => {
            out.put_u8(3);
            out.put_u128_le(chain.0.as_u128());
            out.put_u64_le(first.0);
        }
        Record::ChainEnded { chain, end } => {
            out.put_u8(4);
            out.put_u128_le(chain.0.as_u128());
            out.put_u64_le(end.0);
        }
        Record::ChainForgotten(chain) => {
            out.put_u8(5);
            out.put_u128_le(chain.0.as_u128());
        }
        Record::Covered(seq) => {
            out.put_u8(6);
            out.put_u64_le(seq.0);
        }
        Record::NextFile(number) => {
            out.put_u8(7);
            out.put_u64_le(*number);
        }
        Record::File { number, row } => {
            out.put_u8(8);
            out.put_u64_le(*number);
            out.put_u64_le(row.bytes);
            out.put_u8(row.level);
        }
        Record::FileGone(number) => {
            out.put_u8(9);
            out.put_u64_le(*number);
        }
        Record::Partition(row) => {
            out.put_u8(10);
            put_partition(out, row.partition);
            out.put_i64_le(row.start);
            out.put_i64_le(row.end);
            out.put_u32_le(row.epochs.len() as u32);
            for epoch in &row.epochs {
                out.put_i64_le(epoch.start);
                out.put_i32_le(epoch.epoch);
            }
            out.put_u32_le(row.segments.len() as u32);
            for segment in &row.segments {
                out.put_i64_le(segment.base);
                out.put_u64_le(segment.bytes);
                out.put_i64_le(segment.max_timestamp);
                out.put_i64_le(segment.first_timestamp);
                out.put_i64_le(segment.created);
            }
        }
        Record::Extents { partition, from, to, add } => {
            out.put_u8(11);
            put_partition(out, *partition);
            out.put_i64_le(*from);
            out.put_i64_le(*to);
            out.put_u32_le(add.len() as u32);
            for extent in add {
                put_extent(out, extent);
            }
        }
        Record::PartitionGone(partition) => {
            out.put_u8(12);
            put_partition(out, *partition);
        }
        Record::Snapshot { partition, offset, bytes } => {
            out.put_u8(13);
            put_snapshot(out, *partition, *offset, bytes);
        }
        Record::SnapshotGone(partition) => {
            out.put_u8(14);
            put_partition(out, *partition);
        }
        Record::SnapshotChanges { partition, offset, bytes } => {
            out.put_u8(15);
            put_snapshot(out, *partition, *offset, bytes);
        }
        Record::Skip { partition, to } => {
            out.put_u8(16);
            put_partition(out, *partition);
            out.put_i64_le(*to);
        }
        Record::SnapshotStored { partition, offset, whole, at } => {
            out.put_u8(17);
            put_partition(out, *partition);
            out.put_i64_le(*offset);
            out.put_u8(u8::from(!whole));
            put_stored(out, at);
        }
        Record::SnapshotMoved { partition, file, position, to } => {
            out.put_u8(18);
            put_partition(out, *partition);
            out.put_u64_le(*file);
            out.put_u64_le(*position);
            put_stored(out, to);
        }
    }
}

fn put_stored(out: &mut BytesMut, stored: &Stored) {
    out.put_u64_le(stored.file);
    out.put_u64_le(stored.position);
    out.put_u32_le(stored.length);
    out.put_u32_le(stored.sum);
}

fn put_snapshot(out: &mut BytesMut, partition: TopicPartition, offset: i64, bytes: &[u8]) {
    put_partition(out, partition);
    out.put_i64_le(offset);
    out.put_u32_le(u32::try_from(bytes.len()).expect("a snapshot is smaller than 4 GiB"));
    out.put_slice(bytes);
}

pub(crate) fn put_partition(out: &mut BytesMut, partition: TopicPartition) {
    out.put_u128_le(partition.topic.0.as_u128());
    out.put_i32_le(partition.partition.0);
}

pub(crate) fn put_extent(out: &mut BytesMut, extent: &Extent) {
    out.put_u64_le(extent.file);
    out.put_u64_le(extent.position);
    out.put_u32_le(extent.length);
    out.put_i64_le(extent.base);
    out.put_i64_le(extent.end);
    out.put_i64_le(extent.max_timestamp);
    out.put_u32_le(extent.marks().len() as u32);
    for mark in extent.marks() {
        out.put_i64_le(mark.offset);
        out.put_u32_le(mark.position);
        out.put_i64_le(mark.max_before);
    }
}

/// Reads one record from the front.
pub(crate) fn decode<'a>(input: &mut &'a [u8]) -> Result<Record<'a>, OpenError> {
    let kind = need(input, 1)?.get_u8();
    Ok(match kind {
        1 => {
            let fields = need(input, 8)?;
            Record::Format { version: fields.get_u32_le(), node: NodeId(fields.get_i32_le()) }
        }
        2 => Record::ShardEpoch(within(need(input, 4)?.get_i32_le(), 0, SHARD_EPOCH_MAX)?),
        3 | 4 => {
            let fields = need(input, 24)?;
            let (chain, seq) = (chain(fields), WalSeq(number(fields)?));
            match kind {
                3 => Record::ChainBegun { chain, first: seq },
                _ => Record::ChainEnded { chain, end: seq },
            }
        }
        5 => Record::ChainForgotten(chain(need(input, 16)?)),
        6 => Record::Covered(WalSeq(number(input)?)),
        7 => Record::NextFile(number(input)?),
        8 => {
            let fields = need(input, 17)?;
            let number = number(fields)?;
            Record::File { number, row: FileRow { bytes: fields.get_u64_le(), level: fields.get_u8() } }
        }
        9 => Record::FileGone(number(input)?),
        10 => Record::Partition(partition_row(input)?),
        11 => {
            let partition = partition(input)?;
            let fields = need(input, 16)?;
            let (from, to) = (fields.get_i64_le(), fields.get_i64_le());
            let count = count(input, EXTENT_BYTES)?;
            let add = (0..count).map(|_| extent(input)).collect::<Result<_, _>>()?;
            Record::Extents { partition, from, to, add }
        }
        12 => Record::PartitionGone(partition(input)?),
        13 | 15 => {
            let partition = partition(input)?;
            let offset = need(input, 8)?.get_i64_le();
            let length = count(input, 1)?;
            let (bytes, rest) = input.split_at(length);
            *input = rest;
            match kind {
                13 => Record::Snapshot { partition, offset, bytes },
                _ => Record::SnapshotChanges { partition, offset, bytes },
            }
        }
        14 => Record::SnapshotGone(partition(input)?),
        16 => {
            let partition = partition(input)?;
            Record::Skip { partition, to: offset(need(input, 8)?.get_i64_le())? }
        }
        17 => {
            let partition = partition(input)?;
            let fields = need(input, 9)?;
            let (offset, whole) = (fields.get_i64_le(), fields.get_u8() == 0);
            Record::SnapshotStored { partition, offset, whole, at: stored(input)? }
        }
        18 => {
            let partition = partition(input)?;
            let fields = need(input, 16)?;
            let (file, position) = (fields.get_u64_le(), fields.get_u64_le());
            Record::SnapshotMoved { partition, file, position, to: stored(input)? }
        }
        kind => return Err(OpenError::Damaged(format!("the manifest has a record of unknown kind {kind}"))),
    })
}

fn stored(input: &mut &[u8]) -> Result<Stored, OpenError> {
    let fields = need(input, 24)?;
    Ok(Stored {
        file: fields.get_u64_le(),
        position: fields.get_u64_le(),
        length: fields.get_u32_le(),
        sum: fields.get_u32_le(),
    })
}

fn need<'a, 'b>(input: &'b mut &'a [u8], bytes: usize) -> Result<&'b mut &'a [u8], OpenError> {
    match input.len() >= bytes {
        true => Ok(input),
        false => Err(cut_short()),
    }
}

/// What is counted: nobody comes so far, and one more is always a number.
fn number(input: &mut &[u8]) -> Result<u64, OpenError> {
    within(need(input, 8)?.get_u64_le(), 0, NUMBER_MAX)
}

fn offset(found: i64) -> Result<i64, OpenError> {
    within(found, 0, NUMBER_MAX.cast_signed())
}

fn within<T: PartialOrd + std::fmt::Display>(found: T, least: T, most: T) -> Result<T, OpenError> {
    match found >= least && found <= most {
        true => Ok(found),
        false => Err(OpenError::Damaged(format!("the manifest has a number that cannot be: {found}"))),
    }
}

fn cut_short() -> OpenError {
    OpenError::Damaged("a record of the manifest is cut short".into())
}

/// A count, of which that many at this size are really there.
fn count(input: &mut &[u8], bytes_each: usize) -> Result<usize, OpenError> {
    let count = need(input, 4)?.get_u32_le() as usize;
    match count <= input.len() / bytes_each {
        true => Ok(count),
        false => Err(cut_short()),
    }
}

fn chain(fields: &mut &[u8]) -> ChainId {
    ChainId(Uuid::from_u128(fields.get_u128_le()))
}

pub(crate) fn partition(input: &mut &[u8]) -> Result<TopicPartition, OpenError> {
    let fields = need(input, 20)?;
    let topic = TopicId(Uuid::from_u128(fields.get_u128_le()));
    Ok(TopicPartition { topic, partition: PartitionIndex(fields.get_i32_le()) })
}

fn partition_row(input: &mut &[u8]) -> Result<PartitionRow, OpenError> {
    let partition = partition(input)?;
    let fields = need(input, 16)?;
    let (start, end) = (offset(fields.get_i64_le())?, offset(fields.get_i64_le())?);
    let epochs = count(input, EPOCH_BYTES)?;
    let epochs =
        (0..epochs).map(|_| EpochRow { start: input.get_i64_le(), epoch: input.get_i32_le() }).collect();
    let segments = count(input, SEGMENT_BYTES)?;
    let segment = |_| SegmentRow {
        base: input.get_i64_le(),
        bytes: input.get_u64_le(),
        max_timestamp: input.get_i64_le(),
        first_timestamp: input.get_i64_le(),
        created: input.get_i64_le(),
    };
    let segments = (0..segments).map(segment).collect();
    Ok(PartitionRow { partition, start, end, epochs, segments })
}

pub(crate) fn extent(input: &mut &[u8]) -> Result<Extent, OpenError> {
    let extent = extent_or_state(input)?;
    match Stored::of(&extent) {
        None => Ok(extent),
        Some(_) => Err(contradiction()),
    }
}

/// As it stands in a file's directory, which has parts of snapshots too.
pub(crate) fn extent_or_state(input: &mut &[u8]) -> Result<Extent, OpenError> {
    let fields = need(input, EXTENT_BYTES - 4)?;
    let mut extent = Extent {
        file: fields.get_u64_le(),
        position: fields.get_u64_le(),
        length: fields.get_u32_le(),
        base: fields.get_i64_le(),
        end: fields.get_i64_le(),
        max_timestamp: fields.get_i64_le(),
        marks: None,
    };
    let marks = count(input, MARK_ROW_BYTES)?;
    if marks > 0 {
        let mark = |_| Mark {
            offset: input.get_i64_le(),
            position: input.get_u32_le(),
            max_before: input.get_i64_le(),
        };
        extent.marks = Some((0..marks).map(mark).collect());
    }
    let has_batches = extent.base >= 0 && extent.base < extent.end && offset(extent.end).is_ok();
    let ends = extent.position.checked_add(u64::from(extent.length)).is_some();
    match ends && (has_batches || Stored::of(&extent).is_some()) {
        true => Ok(extent),
        false => Err(contradiction()),
    }
}

fn contradiction() -> OpenError {
    OpenError::Damaged("an extent of the manifest contradicts itself".into())
}

#[cfg(test)]
mod tests;
