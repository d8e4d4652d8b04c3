//! Files of the write-ahead log.

use std::io;

use super::source::{Source, Window};
use super::{Dump, number, text};
use crate::blobs::Blob;
use crate::block::{self, BlockError, Entry, FOOTER_BYTES, HEADER_BYTES, Header};
use crate::disk::{ALIGNMENT, align_up};

impl Dump<'_, '_> {
    pub(super) fn blocks(&mut self, source: &Source) -> io::Result<()> {
        let (mut window, mut position) = (Window::over(source), 0);
        while position < source.len() {
            let mut step = ALIGNMENT as u64;
            match Header::decode(window.part(position, ALIGNMENT)?) {
                Ok(header) if self.block(source, position, &header)? => step = align_up(header.length()),
                Ok(_) | Err(BlockError::Absent) => {}
                Err(error) => self.damaged(position, error)?,
            }
            position += step;
        }
        Ok(())
    }

    /// Shows a block, and says whether it is whole.
    fn block(&mut self, source: &Source, position: u64, header: &Header) -> io::Result<bool> {
        let entries = entries_of(source, position, header)?;
        let state = match &entries {
            Ok((_, true)) => text("whole"),
            Ok((_, false)) => text(BlockError::Damaged("body")),
            Err(error) => text(error),
        };
        self.line(
            "block",
            position,
            vec![
                ("chain", text(header.chain)),
                ("seq", number(header.seq.0)),
                ("durable_below", number(header.durable_below.0)),
                ("shard", number(header.shard)),
                ("shard_epoch", number(header.shard_epoch)),
                ("entries", number(header.entry_count)),
                ("bytes", number(header.length())),
                ("state", state),
            ],
        )?;
        let Ok((entries, is_whole)) = entries else { return Ok(false) };
        let mut window = Window::over(source);
        for entry in entries {
            let at = position + u64::from(entry.position);
            let kind = match entry.kind {
                block::EntryKind::Data => "data",
                block::EntryKind::StartMoved => "start moved",
            };
            self.line(
                "entry",
                at,
                vec![
                    ("kind", text(kind)),
                    ("partition", text(entry.partition)),
                    ("base", number(entry.base_offset.0)),
                    ("last_delta", number(entry.last_delta)),
                    ("epoch", number(entry.leader_epoch.0)),
                    ("bytes", number(entry.length)),
                    ("segment_first", text(entry.segment_first)),
                ],
            )?;
            if entry.length > 0 {
                let batch = window.part(at, entry.length as usize)?;
                match block::check_batch(&entry, batch) {
                    Ok(()) => self.batch(at, batch)?,
                    Err(what) => self.damaged(at, what)?,
                }
            }
        }
        Ok(is_whole)
    }
}

/// The index of a block, where that can be read, and whether the batches are what was written.
fn entries_of(
    source: &Source,
    position: u64,
    header: &Header,
) -> io::Result<Result<(Vec<Entry>, bool), BlockError>> {
    if header.length() > source.len() - position {
        return Ok(Err(BlockError::Damaged("length")));
    }
    let index = position + header.index_position();
    let length = header.index_length() + FOOTER_BYTES as u64;
    let mut end = vec![0; usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?];
    source.read(&mut end, index)?;
    Ok(match block::decode_index(header, &end) {
        Ok(entries) => {
            let sum = source.checksum(position + HEADER_BYTES as u64, index)?;
            Ok((entries, block::body_sum(&end) == Some(sum)))
        }
        Err(error) => Err(error),
    })
}
