//! A block as bytes: what one put of the write-ahead log makes durable. Drawn in `docs/formats.md`. Knows no disk and
//! no order of blocks.
//!
//! ```text
//!   header  80    magic, chain, seq, durable_below, shard, shard epoch, lengths, checksum of the header
//!   batches       as they came, sorted by partition
//!   index         one entry of 72 bytes per batch or control entry
//!   footer  32    seq, length of the whole, checksums of batches, index and footer
//! ```

use bytes::{Buf, BufMut, Bytes, BytesMut};
use crc_fast::{CrcAlgorithm, Digest};
use thalweg_model::batch::BatchHeader;
use thalweg_model::{
    LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, TimestampMs, TopicId, TopicPartition,
    Uuid,
};

use crate::wal::{ChainId, WalSeq};

/// The header's length in bytes.
pub const HEADER_BYTES: usize = 80;
/// An index entry's length in bytes.
pub const ENTRY_BYTES: usize = 72;
/// The footer's length in bytes.
pub const FOOTER_BYTES: usize = 32;
/// Positions in a block are 32 bits wide.
pub const BODY_BYTES_MAX: u64 = u32::MAX as u64 - HEADER_BYTES as u64;

/// `thlwgWB` and the format's version.
const MAGIC: [u8; 8] = *b"thlwgWB\x01";
/// The part of it that later versions share.
const MAGIC_COMMON: usize = 7;
const FLAG_SEGMENT_FIRST: u8 = 1;

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A record batch lies in the block.
    Data,
    /// The log start moved to `base_offset`; there are no bytes.
    StartMoved,
}

/// One batch (or control entry) of a block: all that recovery needs to know without reading the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it says.
    pub kind: EntryKind,
    /// Of whom.
    pub partition: TopicPartition,
    /// The epoch that the batch bears.
    pub leader_epoch: LeaderEpoch,
    /// The batch's first offset.
    pub base_offset: Offset,
    /// Its last offset, less the first.
    pub last_delta: u32,
    /// Its producer; -1 is none.
    pub producer_id: ProducerId,
    /// That producer's epoch.
    pub producer_epoch: ProducerEpoch,
    /// The first record's sequence number.
    pub base_sequence: i32,
    /// The batch's attributes.
    pub attributes: i16,
    /// The largest timestamp in it.
    pub max_timestamp: TimestampMs,
    /// Whether a new segment begins with this batch.
    pub segment_first: bool,
    /// Where the batch begins in the block, counted from the block's first byte. Set when the block is sealed.
    pub position: u32,
    /// How long the batch is.
    pub length: u32,
}

/// What stands before the batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whose block.
    pub chain: ChainId,
    /// Its number.
    pub seq: WalSeq,
    /// All blocks below this were durable when this one was put.
    pub durable_below: WalSeq,
    /// The shard that the entries belong to.
    pub shard: u32,
    /// Which leadership of that shard wrote it.
    pub shard_epoch: i32,
    /// Bytes of batches.
    pub body_length: u64,
    /// Number of index entries.
    pub entry_count: u32,
}

/// Why bytes are not a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// Nothing was written here, or something else.
    #[error("there is no block here")]
    Absent,
    /// A newer binary wrote it: use that.
    #[error("the block's format {0} is newer than this program")]
    Newer(u8),
    /// Its checksums do not hold: a torn write, or rot.
    #[error("the block's {0} is damaged")]
    Damaged(&'static str),
}

impl Header {
    /// The length of the whole block.
    pub fn length(&self) -> u64 {
        self.index_position() + self.index_length() + FOOTER_BYTES as u64
    }

    /// Where the index begins.
    pub fn index_position(&self) -> u64 {
        HEADER_BYTES as u64 + self.body_length
    }

    /// How long the index is.
    pub fn index_length(&self) -> u64 {
        u64::from(self.entry_count) * ENTRY_BYTES as u64
    }

    /// Reads it from the first bytes of a block.
    pub fn decode(bytes: &[u8]) -> Result<Self, BlockError> {
        let header = bytes.get(..HEADER_BYTES).ok_or(BlockError::Absent)?;
        if header[..MAGIC_COMMON] != MAGIC[..MAGIC_COMMON] {
            return Err(BlockError::Absent);
        }
        if header[MAGIC_COMMON] > MAGIC[MAGIC_COMMON] {
            return Err(BlockError::Newer(header[MAGIC_COMMON]));
        }
        let (checked, mut sum) = header.split_at(HEADER_BYTES - 4);
        if checksum(checked) != sum.get_u32_le() {
            return Err(BlockError::Damaged("header"));
        }
        let mut rest = &checked[MAGIC.len()..];
        let header = Self {
            chain: ChainId(Uuid::from_u128(rest.get_u128_le())),
            seq: WalSeq(rest.get_u64_le()),
            durable_below: WalSeq(rest.get_u64_le()),
            shard: rest.get_u32_le(),
            shard_epoch: rest.get_i32_le(),
            body_length: rest.get_u64_le(),
            entry_count: rest.get_u32_le(),
        };
        if header.body_length > BODY_BYTES_MAX {
            return Err(BlockError::Damaged("header"));
        }
        Ok(header)
    }

    fn encode(&self, out: &mut BytesMut) {
        let start = out.len();
        out.put_slice(&MAGIC);
        out.put_u128_le(self.chain.0.as_u128());
        out.put_u64_le(self.seq.0);
        out.put_u64_le(self.durable_below.0);
        out.put_u32_le(self.shard);
        out.put_i32_le(self.shard_epoch);
        out.put_u64_le(self.body_length);
        out.put_u32_le(self.entry_count);
        out.put_bytes(0, HEADER_BYTES - 4 - (out.len() - start));
        let sum = checksum(&out[start..]);
        out.put_u32_le(sum);
    }
}

/// Makes a block of entries (whose positions are set) and their batches, which are not copied: the pieces one after
/// another are the block. `lengths` of the header are filled in here.
pub fn encode(mut header: Header, batches: &[(Entry, Bytes)]) -> Vec<Bytes> {
    header.entry_count = u32::try_from(batches.len()).expect("a block has fewer than 2^32 entries");
    header.body_length = batches.iter().map(|(_, bytes)| bytes.len() as u64).sum();
    let mut body_sum = Digest::new(CrcAlgorithm::Crc32Iscsi);
    let mut own = BytesMut::with_capacity(HEADER_BYTES + batches.len() * ENTRY_BYTES + FOOTER_BYTES);
    header.encode(&mut own);
    let mut pieces = Vec::with_capacity(batches.len() + 2);
    pieces.push(own.split().freeze());
    for (entry, bytes) in batches {
        entry.encode(&mut own);
        if !bytes.is_empty() {
            body_sum.update(bytes);
            pieces.push(bytes.clone());
        }
    }
    let index_sum = checksum(&own);
    let footer = own.len();
    own.put_u64_le(header.seq.0);
    own.put_u64_le(header.length());
    own.put_u32_le(truncate(body_sum.finalize()));
    own.put_u32_le(index_sum);
    own.put_u32_le(0);
    let footer_sum = checksum(&own[footer..]);
    own.put_u32_le(footer_sum);
    pieces.push(own.freeze());
    pieces
}

/// Checks a whole block and reads its header.
pub fn check(block: &[u8]) -> Result<Header, BlockError> {
    let header = Header::decode(block)?;
    let length = usize::try_from(header.length()).map_err(|_| BlockError::Damaged("length"))?;
    let block = block.get(..length).ok_or(BlockError::Damaged("length"))?;
    let index =
        HEADER_BYTES + usize::try_from(header.body_length).map_err(|_| BlockError::Damaged("length"))?;
    let (batches, end) = block[HEADER_BYTES..].split_at(index - HEADER_BYTES);
    decode_index(&header, end)?;
    if body_sum(end) != Some(checksum(batches)) {
        return Err(BlockError::Damaged("body"));
    }
    Ok(header)
}

/// Checks a batch of a block, byte for byte, against its entry.
pub fn check_batch(entry: &Entry, batch: &[u8]) -> Result<(), String> {
    let header = BatchHeader::parse(batch).map_err(|error| error.to_string())?;
    if header.size() != batch.len() {
        return Err(format!("the batch says that it has {} bytes, not {}", header.size(), batch.len()));
    }
    let same = header.base_offset == entry.base_offset
        && u32::try_from(header.last_offset_delta) == Ok(entry.last_delta)
        && header.partition_leader_epoch == entry.leader_epoch;
    if !same {
        return Err("the batch's offsets or epoch are not those of the index".into());
    }
    header.check(batch).map_err(|error| error.to_string())
}

/// Reads a block's entries from its end: index and footer, which begin at [`Header::index_position`].
pub fn decode_index(header: &Header, end: &[u8]) -> Result<Vec<Entry>, BlockError> {
    let index_length = usize::try_from(header.index_length()).map_err(|_| BlockError::Damaged("length"))?;
    let end = end.get(..index_length + FOOTER_BYTES).ok_or(BlockError::Damaged("length"))?;
    let (mut index, mut footer) = end.split_at(index_length);
    let footer_sum = checksum(&footer[..FOOTER_BYTES - 4]);
    let (seq, length) = (footer.get_u64_le(), footer.get_u64_le());
    let (_body_sum, index_sum, _unused, own_sum) =
        (footer.get_u32_le(), footer.get_u32_le(), footer.get_u32_le(), footer.get_u32_le());
    if own_sum != footer_sum || seq != header.seq.0 || length != header.length() {
        return Err(BlockError::Damaged("footer"));
    }
    if checksum(index) != index_sum {
        return Err(BlockError::Damaged("index"));
    }
    let mut entries = Vec::with_capacity(index_length / ENTRY_BYTES);
    while index.has_remaining() {
        let entry = Entry::decode(&mut index)?;
        if !entry.lies_in(header) {
            return Err(BlockError::Damaged("index"));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// The checksum of the batches, as the footer has it, from the same bytes.
pub(crate) fn body_sum(end: &[u8]) -> Option<u32> {
    let mut footer = &end[end.len().checked_sub(FOOTER_BYTES)?..];
    footer.advance(16);
    Some(footer.get_u32_le())
}

impl Entry {
    fn encode(&self, out: &mut BytesMut) {
        out.put_u8(match self.kind {
            EntryKind::Data => 1,
            EntryKind::StartMoved => 2,
        });
        out.put_u8(if self.segment_first { FLAG_SEGMENT_FIRST } else { 0 });
        out.put_i16_le(self.attributes);
        out.put_u128_le(self.partition.topic.0.as_u128());
        out.put_i32_le(self.partition.partition.0);
        out.put_i32_le(self.leader_epoch.0);
        out.put_i64_le(self.base_offset.0);
        out.put_u32_le(self.last_delta);
        out.put_i64_le(self.producer_id.0);
        out.put_i16_le(self.producer_epoch.0);
        out.put_u16_le(0);
        out.put_i32_le(self.base_sequence);
        out.put_i64_le(self.max_timestamp.0);
        out.put_u32_le(self.position);
        out.put_u32_le(self.length);
    }

    /// Whether its batch lies where batches are.
    fn lies_in(&self, header: &Header) -> bool {
        let end = u64::from(self.position) + u64::from(self.length);
        self.length == 0 || (self.position as usize >= HEADER_BYTES && end <= header.index_position())
    }

    /// The caller has seen that [`ENTRY_BYTES`] are there.
    fn decode(input: &mut &[u8]) -> Result<Self, BlockError> {
        let kind = match input.get_u8() {
            1 => EntryKind::Data,
            2 => EntryKind::StartMoved,
            _ => return Err(BlockError::Damaged("index")),
        };
        let flags = input.get_u8();
        let attributes = input.get_i16_le();
        let topic = TopicId(Uuid::from_u128(input.get_u128_le()));
        let partition = TopicPartition { topic, partition: PartitionIndex(input.get_i32_le()) };
        let leader_epoch = LeaderEpoch(input.get_i32_le());
        let base_offset = Offset(input.get_i64_le());
        let last_delta = input.get_u32_le();
        let producer_id = ProducerId(input.get_i64_le());
        let producer_epoch = ProducerEpoch(input.get_i16_le());
        let _unused = input.get_u16_le();
        Ok(Self {
            kind,
            partition,
            leader_epoch,
            base_offset,
            last_delta,
            producer_id,
            producer_epoch,
            base_sequence: input.get_i32_le(),
            attributes,
            max_timestamp: TimestampMs(input.get_i64_le()),
            segment_first: flags & FLAG_SEGMENT_FIRST != 0,
            position: input.get_u32_le(),
            length: input.get_u32_le(),
        })
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    truncate(crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes))
}

fn truncate(sum: u64) -> u32 {
    u32::try_from(sum).expect("a 32-bit checksum has 32 bits")
}

#[cfg(test)]
mod tests;
