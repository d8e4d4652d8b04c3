//! Files of facts.

use std::io;

use super::source::{Source, Window};
use super::{Dump, number, text};
use crate::blobs::Blob;
use crate::facts::{FRAME_HEADER_BYTES, FRAME_PAGE_BYTES, FrameHead, frame_head};
use crate::manifest::record;

/// Before each record stands its length.
const LENGTH_BYTES: usize = 4;

impl Dump<'_, '_> {
    pub(super) fn facts(&mut self, source: &Source, is_cluster: bool) -> io::Result<()> {
        let (mut window, mut position) = (Window::over(source), 0);
        while position < source.len() {
            let Some(head) = frame_head(window.part(position, FRAME_HEADER_BYTES)?) else {
                position += FRAME_PAGE_BYTES;
                continue;
            };
            let is_whole = is_whole(source, &mut window, position, &head)?;
            self.line(
                "commit",
                position,
                vec![
                    ("kind", text(if head.is_image { "image" } else { "commit" })),
                    ("file_id", text(head.id)),
                    ("index", number(head.index)),
                    ("records", number(if is_whole { head.records } else { 0 })),
                    ("state", text(if is_whole { "whole" } else { "torn or damaged" })),
                ],
            )?;
            if !is_whole {
                position += FRAME_PAGE_BYTES;
                continue;
            }
            let mut at = position + FRAME_HEADER_BYTES as u64;
            for _ in 0..head.records {
                let length = length_at(&mut window, at)?.unwrap_or_default();
                let fact = window.part(at + LENGTH_BYTES as u64, length)?;
                self.fact(position, fact, is_cluster)?;
                at += (LENGTH_BYTES + length) as u64;
            }
            position += head.length();
        }
        Ok(())
    }

    fn fact(&mut self, position: u64, fact: &[u8], is_cluster: bool) -> io::Result<()> {
        if is_cluster {
            return match (self.wish.describe_fact)(fact) {
                Ok(words) => self.line("fact", position, vec![("says", text(words))]),
                Err(what) => self.damaged(position, what),
            };
        }
        let mut rest = fact;
        while !rest.is_empty() {
            match record::decode(&mut rest) {
                Ok(record) => self.line("fact", position, vec![("says", text(format!("{record:?}")))])?,
                Err(error) => return self.damaged(position, error),
            }
        }
        Ok(())
    }
}

fn length_at(window: &mut Window<'_>, at: u64) -> io::Result<Option<usize>> {
    let bytes = window.part(at, LENGTH_BYTES)?.try_into().ok();
    Ok(bytes.map(|bytes| u32::from_le_bytes(bytes) as usize))
}

/// Whether the checksum of a commit's records holds, and they are as many as it says.
fn is_whole(source: &Source, window: &mut Window<'_>, position: u64, head: &FrameHead) -> io::Result<bool> {
    let from = position + FRAME_HEADER_BYTES as u64;
    let Some(end) = from.checked_add(head.bytes).filter(|end| *end <= source.len()) else {
        return Ok(false);
    };
    if source.checksum(from, end)? != head.sum {
        return Ok(false);
    }
    let mut at = from;
    for _ in 0..head.records {
        if end - at < LENGTH_BYTES as u64 {
            return Ok(false);
        }
        let length = length_at(window, at)?.unwrap_or_default() as u64;
        at += LENGTH_BYTES as u64;
        if length > end - at {
            return Ok(false);
        }
        at += length;
    }
    Ok(at == end)
}
