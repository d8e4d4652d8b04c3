//! Reading the ring at start: which blocks of the named chains are in the files. Goes from block to block, and page by
//! page where there is none, so that a damaged block does not hide those after it.
//!
//! ```text
//!   a file:  [ covered blocks │ blocks that are needed │ torn? │ what was there before ]
//! ```
//!
//! A stale block is stepped over by its length: where one is found whole in its header, nothing was acknowledged that
//! overlaps it. A file that begins with zeros was never used.

use std::io;
use std::sync::Arc;

use crate::block::{self, BlockError, Header};
use crate::disk::{ALIGNMENT, Aligned, File, align_up};
use crate::wal::{ChainId, Listed, WalSeq};

use super::files::Files;

/// How much is read at once where blocks are needed,
const WINDOW_BYTES: u64 = 1 << 20;
/// and where they are stale.
const WINDOW_BYTES_STALE: u64 = 64 << 10;

/// A block that was found.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub(super) chain: ChainId,
    pub(super) file: (u32, bool),
    pub(super) position: u64,
    pub(super) listed: Listed,
}

/// What a scan gives.
#[derive(Default)]
pub(super) struct Found {
    pub(super) blocks: Vec<Block>,
    /// Whether the device failed to read a place that may hold blocks.
    pub(super) unreadable: bool,
}

/// Looks through all files for blocks of these chains, each from its first block that is needed.
pub(super) async fn scan(files: &Files, named: &[(ChainId, WalSeq)]) -> Found {
    let mut found = Found::default();
    if named.is_empty() {
        return found;
    }
    for (key, handle) in files.handles() {
        let mut window = Window::over(handle.reader.clone(), handle.length);
        let mut position = 0;
        // where the next block of a chain would lie, what seems empty is not believed either: a small block is little
        let mut may_follow = true;
        while position < handle.length {
            let header = match window.page(position).await {
                Some(page) => Header::decode(page),
                None => {
                    found.unreadable = true;
                    Err(BlockError::Damaged("page"))
                }
            };
            let header = match header {
                Err(_) if may_follow || !window.is_zero(position) => window.header_again(position).await,
                header => header.ok(),
            };
            may_follow = header.is_some();
            let Some(header) = header else {
                if position == 0 && window.is_zero(position) {
                    break;
                }
                window.ahead = WINDOW_BYTES;
                position += ALIGNMENT as u64;
                continue;
            };
            let is_needed = named.iter().any(|(chain, from)| *chain == header.chain && *from <= header.seq);
            if !is_needed {
                window.ahead = WINDOW_BYTES_STALE;
                position += align_up(header.length());
                continue;
            }
            window.ahead = WINDOW_BYTES;
            let whole = window.is_whole(position, &header).await
                || window.is_whole_after_all(position, &header).await;
            found.blocks.push(Block {
                chain: header.chain,
                file: key,
                position,
                listed: Listed {
                    seq: header.seq,
                    length: header.length(),
                    durable_below: header.durable_below,
                    whole,
                },
            });
            // a block that is not whole may have been written over further on
            position += if whole { align_up(header.length()) } else { ALIGNMENT as u64 };
        }
    }
    found
}

/// The first block in a file whose format is newer than ours: where, and which. Goes by headers alone, and only where
/// something was written: files are filled from their beginning.
pub(crate) async fn find_newer(file: Arc<dyn File>) -> io::Result<Option<(u64, u8)>> {
    let length = file.len().await?;
    let mut window = Window::over(file, length);
    window.ahead = ALIGNMENT as u64;
    let mut position = 0;
    while position + ALIGNMENT as u64 <= length {
        let header = match window.page(position).await {
            Some(page) => Header::decode(page),
            // What cannot be read is told when it is wanted.
            None => Err(BlockError::Damaged("page")),
        };
        position += match header {
            Ok(header) => align_up(header.length()),
            Err(BlockError::Newer(format)) => return Ok(Some((position, format))),
            Err(_) if window.is_zero(position) => return Ok(None),
            Err(_) => ALIGNMENT as u64,
        };
    }
    Ok(None)
}

/// A part of a file in memory.
struct Window {
    file: Arc<dyn File>,
    length: u64,
    buffer: Aligned,
    start: u64,
    end: u64,
    /// How much to read at once.
    ahead: u64,
}

impl Window {
    fn over(file: Arc<dyn File>, length: u64) -> Self {
        Self { file, length, buffer: Aligned::default(), start: 0, end: 0, ahead: WINDOW_BYTES_STALE }
    }

    /// The page at a position; none where it cannot be read.
    async fn page(&mut self, position: u64) -> Option<&[u8]> {
        self.load(position, ALIGNMENT as u64).await.then(|| self.slice(position, ALIGNMENT as u64))
    }

    async fn is_whole(&mut self, position: u64, header: &Header) -> bool {
        let length = header.length();
        if length > self.length - position || !self.load(position, align_up(length)).await {
            return false;
        }
        block::check(self.slice(position, length)).is_ok()
    }

    /// The header of a page, read once more by itself: what decides where a chain ends is not believed the first time.
    async fn header_again(&self, position: u64) -> Option<Header> {
        let mut page = Aligned::zeroed(ALIGNMENT);
        self.file.read_exact_at(&mut page, position).await.ok()?;
        Header::decode(&page).ok()
    }

    /// The same for a whole block.
    async fn is_whole_after_all(&self, position: u64, header: &Header) -> bool {
        let length = header.length();
        if length > self.length - position {
            return false;
        }
        let mut buffer = Aligned::zeroed(usize::try_from(align_up(length)).expect("a block fits in memory"));
        let read = self.file.read_exact_at(&mut buffer, position).await;
        let length = usize::try_from(length).expect("a block fits in memory");
        read.is_ok() && block::check(&buffer[..length]).is_ok()
    }

    /// Whether the page that was read last holds nothing.
    fn is_zero(&self, position: u64) -> bool {
        self.start <= position
            && position + ALIGNMENT as u64 <= self.end
            && self.slice(position, ALIGNMENT as u64).iter().all(|byte| *byte == 0)
    }

    fn slice(&self, position: u64, length: u64) -> &[u8] {
        let from = usize::try_from(position - self.start).expect("a window fits in memory");
        &self.buffer[from..from + usize::try_from(length).expect("a window fits in memory")]
    }

    async fn load(&mut self, position: u64, length: u64) -> bool {
        if self.start <= position && position + length <= self.end {
            return true;
        }
        let rest = self.length - position;
        // where a large read fails, a small one may not
        for wanted in [length.max(self.ahead).min(rest), length.min(rest)] {
            let wanted_here = usize::try_from(wanted).expect("a window fits in memory");
            if self.buffer.len() < wanted_here {
                self.buffer = Aligned::zeroed(wanted_here);
            }
            (self.start, self.end) = (0, 0);
            if self.file.read_exact_at(&mut self.buffer[..wanted_here], position).await.is_ok() {
                (self.start, self.end) = (position, position + wanted);
                return wanted >= length;
            }
        }
        false
    }
}
