//! A file of facts as bytes.
//!
//! ```text
//!   commit, on 4 KiB:  header 56 │ records, each: length u32, bytes │ zeros to the next 4 KiB
//!   header:            magic 8, file id 16, index u64, kind u32, records u32, bytes u64, checksums 4 + 4
//!   file:              image │ commit │ commit │ … │ zeros, or a torn commit
//! ```

use bytes::{Buf, BufMut, Bytes, BytesMut};
use crc_fast::CrcAlgorithm;
use thalweg_model::Uuid;

use crate::facts::{FactsError, Loaded};

/// `thlwgFA` and the format's version.
const MAGIC: [u8; 8] = *b"thlwgFA\x01";
/// The part of it that later versions share.
const MAGIC_COMMON: usize = 7;
pub(crate) const HEADER_BYTES: usize = 56;
const PAGE_BYTES: usize = 4096;
/// Commits begin on these.
pub(crate) const FRAME_PAGE_BYTES: u64 = PAGE_BYTES as u64;
/// What a device writes whole or not at all.
const SECTOR_BYTES: usize = 512;
/// A sector with so few bytes that are not zero holds no header.
const FLIPPED_BYTES_MAX: usize = 4;

/// What a commit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It begins a file and takes the place of all before.
    Image = 1,
    /// It adds to what is before.
    Commit = 2,
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) loaded: Loaded,
    pub(super) id: Uuid,
    pub(super) image_bytes: u64,
    /// Where the last commit after the image begins.
    pub(super) last_commit: Option<u64>,
    /// Where the next commit goes.
    pub(super) end: u64,
    /// Whether there is something behind that: a torn commit, which must not be mixed up with the next one.
    pub(super) leftover: bool,
}

/// What stands before the records of a commit, for people who look into a file.
pub(crate) struct FrameHead {
    pub(crate) is_image: bool,
    pub(crate) id: Uuid,
    pub(crate) index: u64,
    pub(crate) records: u32,
    /// Of all records with their lengths.
    pub(crate) bytes: u64,
    /// The checksum of these.
    pub(crate) sum: u32,
}

impl FrameHead {
    /// How long the commit is, padded; its records are there.
    pub(crate) fn length(&self) -> u64 {
        (HEADER_BYTES as u64 + self.bytes).next_multiple_of(PAGE_BYTES as u64)
    }
}

/// The head of a commit, where there is one in these bytes.
pub(crate) fn frame_head(bytes: &[u8]) -> Option<FrameHead> {
    let Header { id, index, kind, records, bytes, sum } = decode_header(bytes)?;
    Some(FrameHead { is_image: kind == Kind::Image as u32, id, index, records, bytes, sum })
}

struct Header {
    id: Uuid,
    index: u64,
    kind: u32,
    records: u32,
    bytes: u64,
    sum: u32,
}

/// A commit as it lies in the file, padded.
pub(super) fn encode(kind: Kind, id: Uuid, index: u64, records: &[Bytes]) -> Bytes {
    let length: usize = records.iter().map(|record| 4 + record.len()).sum();
    let mut frame = BytesMut::with_capacity((HEADER_BYTES + length).next_multiple_of(PAGE_BYTES));
    frame.put_bytes(0, HEADER_BYTES);
    for record in records {
        frame.put_u32_le(u32::try_from(record.len()).expect("a fact is small"));
        frame.put_slice(record);
    }
    let sum = checksum(&frame[HEADER_BYTES..]);
    let mut header = &mut frame[..HEADER_BYTES];
    header.put_slice(&MAGIC);
    header.put_u128_le(id.as_u128());
    header.put_u64_le(index);
    header.put_u32_le(kind as u32);
    header.put_u32_le(u32::try_from(records.len()).expect("a commit has fewer than 2^32 records"));
    header.put_u64_le(length as u64);
    header.put_u32_le(sum);
    let header_sum = checksum(&frame[..HEADER_BYTES - 4]);
    frame[HEADER_BYTES - 4..HEADER_BYTES].copy_from_slice(&header_sum.to_le_bytes());
    frame.resize(frame.len().next_multiple_of(PAGE_BYTES), 0);
    frame.freeze()
}

/// Reads a whole file: its image and the commits after it, up to the first that is not whole. If there is a later one
/// that is, or if all of it was written and its checksum does not hold, the file is damaged.
pub(super) fn scan(name: &str, file: Bytes) -> Result<Found, FactsError> {
    let damaged = |position: usize, what| FactsError::Damaged {
        name: name.to_owned(),
        position: position as u64,
        what,
    };
    if let Some(format) = newer(&file) {
        return Err(FactsError::Newer { name: name.to_owned(), format });
    }
    // the image was synced before the file got its name: it cannot be torn
    let image = decode_header(&file).ok_or_else(|| damaged(0, "header"))?;
    if image.kind != Kind::Image as u32 {
        return Err(damaged(0, "kind"));
    }
    let mut found = Found {
        loaded: Loaded { records: Vec::new(), index: image.index },
        id: image.id,
        image_bytes: 0,
        last_commit: None,
        end: 0,
        leftover: false,
    };
    let records = decode_records(&file, &image).ok_or_else(|| damaged(0, "image"))?;
    found.loaded.records = records;
    let mut position = frame_bytes(&image);
    found.image_bytes = position as u64;
    while let Some(header) = file.get(position..).and_then(decode_header) {
        let expected = header.id == image.id
            && header.kind == Kind::Commit as u32
            && header.index == found.loaded.index + 1;
        let Some(records) = decode_records(&file.slice(position..), &header).filter(|_| expected) else {
            break;
        };
        found.loaded.records.extend(records);
        found.loaded.index = header.index;
        found.last_commit = Some(position as u64);
        position += frame_bytes(&header);
    }
    found.end = position as u64;
    let rest = file.get(position..).unwrap_or_default();
    if let Some(format) = newer(rest) {
        return Err(FactsError::Newer { name: name.to_owned(), format });
    }
    if was_written(rest, &image) {
        return Err(damaged(position, "last commit"));
    }
    found.leftover = rest.iter().any(|byte| *byte != 0);
    let later = (position..file.len()).step_by(PAGE_BYTES).skip(1);
    for page in later {
        let follows = |header: &Header| header.id == image.id && header.index > found.loaded.index + 1;
        if decode_header(&file[page..]).as_ref().is_some_and(follows) {
            return Err(damaged(position, "commit"));
        }
    }
    Ok(found)
}

/// The format of a commit, where it is newer than ours.
fn newer(commit: &[u8]) -> Option<u8> {
    let format = *commit.get(MAGIC_COMMON)?;
    (commit[..MAGIC_COMMON] == MAGIC[..MAGIC_COMMON] && format > MAGIC[MAGIC_COMMON]).then_some(format)
}

/// Whether a commit that is not whole was written whole once. A device writes a sector or does not, and what lies behind
/// the last commit is zeros: so a torn one lacks a sector at least, and one that lacks none is damaged.
fn was_written(rest: &[u8], image: &Header) -> bool {
    let is_missing = |sector: &[u8]| sector.iter().all(|byte| *byte == 0);
    let Some(first) = rest.get(..SECTOR_BYTES) else { return false };
    if first.iter().filter(|byte| **byte != 0).count() <= FLIPPED_BYTES_MAX {
        // Nothing was written here; a flipped bit in what nobody needs is no harm.
        return false;
    }
    let length = match decode_header(rest) {
        None => HEADER_BYTES,
        Some(header) if header.id != image.id => return false,
        Some(header) => HEADER_BYTES + usize::try_from(header.bytes).unwrap_or(usize::MAX - HEADER_BYTES),
    };
    let Some(written) = rest.get(..length.next_multiple_of(SECTOR_BYTES)) else { return false };
    !written.chunks(SECTOR_BYTES).any(is_missing)
}

fn frame_bytes(header: &Header) -> usize {
    // decode_records has seen that so many bytes are there
    (HEADER_BYTES + header.bytes as usize).next_multiple_of(PAGE_BYTES)
}

fn decode_header(page: &[u8]) -> Option<Header> {
    let header = page.get(..HEADER_BYTES)?;
    let (checked, sum) = header.split_at(HEADER_BYTES - 4);
    if checked[..MAGIC.len()] != MAGIC || checksum(checked).to_le_bytes() != sum {
        return None;
    }
    let mut rest = &checked[MAGIC.len()..];
    Some(Header {
        id: Uuid::from_u128(rest.get_u128_le()),
        index: rest.get_u64_le(),
        kind: rest.get_u32_le(),
        records: rest.get_u32_le(),
        bytes: rest.get_u64_le(),
        sum: rest.get_u32_le(),
    })
}

fn decode_records(file: &Bytes, header: &Header) -> Option<Vec<Bytes>> {
    let length = usize::try_from(header.bytes).ok()?;
    let end = HEADER_BYTES.checked_add(length)?;
    if end > file.len() {
        return None;
    }
    let mut rest = file.slice(HEADER_BYTES..end);
    if checksum(&rest) != header.sum {
        return None;
    }
    // each takes four bytes at least
    let mut records = Vec::with_capacity((header.records as usize).min(length / 4));
    for _ in 0..header.records {
        let length = rest.try_get_u32_le().ok()? as usize;
        if length > rest.len() {
            return None;
        }
        records.push(rest.split_to(length));
    }
    rest.is_empty().then_some(records)
}

fn checksum(bytes: &[u8]) -> u32 {
    let sum = crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes);
    u32::try_from(sum).expect("a 32-bit checksum has 32 bits")
}
