//! Reading what a segment file or pack says of itself: its header, its footer, its directory. For the scrub, the check
//! and the dump; readers of records go by the manifest.

use std::io;

use bytes::Buf;
use thalweg_model::TopicPartition;

use super::{FOOTER_BYTES, HEADER_BYTES, MAGIC, MAGIC_COMMON, sum};
use crate::blobs::Blob;
use crate::extent::{Extent, FileNumber};
use crate::manifest::record;

/// What a file says of itself.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) number: FileNumber,
    /// Where the directory begins, and the runs end.
    pub(crate) position: u64,
    /// Parts of snapshots among them: [`Stored::of`](crate::kept::Stored::of) tells.
    pub(crate) runs: Vec<(TopicPartition, Extent)>,
}

/// Why a file does not explain itself.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileFault {
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("the file's format {0} is newer than this program")]
    Newer(u8),
    #[error("the file's {what} is damaged at byte {position}")]
    Damaged { position: u64, what: &'static str },
}

/// The version of the format that a file's first bytes name; none where they name none of ours.
pub(crate) fn format_of(first: &[u8]) -> Option<u8> {
    let ours = first.len() >= MAGIC.len() && first[..MAGIC_COMMON] == MAGIC[..MAGIC_COMMON];
    ours.then(|| first[MAGIC_COMMON])
}

/// The version of the format of a file that is newer than this program, by its header: in all versions the checksum at
/// its end holds. Where it does not, the version may be what rotted.
pub(crate) fn newer_format(header: &[u8; HEADER_BYTES as usize]) -> Option<u8> {
    format_of(header).filter(|format| *format > MAGIC[MAGIC_COMMON] && is_whole(header))
}

/// Whether the checksum at the end of a part holds.
fn is_whole(part: &[u8]) -> bool {
    let (checked, stored) = part.split_at(part.len() - 4);
    sum(checked).to_le_bytes() == stored
}

/// Reads header, footer and directory.
pub(crate) fn directory(blob: &dyn Blob) -> Result<Directory, FileFault> {
    let damaged = |position, what| FileFault::Damaged { position, what };
    let length = blob.len();
    if length < HEADER_BYTES + FOOTER_BYTES {
        return Err(damaged(length, "length"));
    }
    let mut header = [0; HEADER_BYTES as usize];
    blob.read(&mut header, 0)?;
    if let Some(newer) = newer_format(&header) {
        return Err(FileFault::Newer(newer));
    }
    // The first version had no parts of snapshots, and is the same else.
    if format_of(&header).is_none() || !is_whole(&header) {
        return Err(damaged(0, "header"));
    }
    let number = (&header[MAGIC.len()..]).get_u64_le();
    let footer_position = length - FOOTER_BYTES;
    let mut footer = [0; FOOTER_BYTES as usize];
    blob.read(&mut footer, footer_position)?;
    if !is_whole(&footer) {
        return Err(damaged(footer_position, "footer"));
    }
    let mut fields = &footer[..];
    let (position, bytes) = (fields.get_u64_le(), fields.get_u64_le());
    let (count, directory_sum) = (fields.get_u32_le(), fields.get_u32_le());
    if position < HEADER_BYTES || position.checked_add(bytes) != Some(footer_position) {
        return Err(damaged(footer_position, "footer"));
    }
    let mut rows = vec![0; usize::try_from(bytes).map_err(|_| damaged(footer_position, "footer"))?];
    blob.read(&mut rows, position)?;
    if sum(&rows) != directory_sum {
        return Err(damaged(position, "directory"));
    }
    let (mut rest, mut runs) = (&rows[..], Vec::new());
    for _ in 0..count {
        let row = record::partition(&mut rest)
            .and_then(|partition| Ok((partition, record::extent_or_state(&mut rest)?)));
        runs.push(row.map_err(|_| damaged(position, "directory"))?);
    }
    let ordered = runs.iter().try_fold(HEADER_BYTES, |at, (_, run): &(_, Extent)| {
        (run.position == at).then_some(at + u64::from(run.length))
    });
    if !rest.is_empty() || ordered != Some(position) {
        return Err(damaged(position, "directory"));
    }
    Ok(Directory { number, position, runs })
}
