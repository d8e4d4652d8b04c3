//! Reading the ring at start: which blocks of the named chains are in the files. Goes from block to block, and page by
//! page where there is none, so that a damaged block does not hide those after it.
//!
//! ```text
//!   a file:  [ covered blocks │ blocks that are needed │ torn? │ what was there before ]
//! ```
//!
//! A stale block is stepped over by its length: where one is found whole in its header, nothing was acknowledged that
//! overlaps it. A file that begins with zeros was never used. One that was left before the first block that is needed is
//! not looked at: the ring goes from file to file, so that it is older than a file that begins at or before that block.
//!
//! Where the newest block lies, the one after it would follow directly; or it would begin a file that holds nothing that
//! is needed. A place there that cannot be read leaves a doubt; elsewhere it can hide no block that nothing proves.

use std::io;
use std::sync::Arc;

use crate::block::{self, BlockError, Header};
use crate::disk::{ALIGNMENT, Aligned, File, align_up};
use crate::wal::{ChainId, Listed, Named, WalSeq};

use super::files::Files;

/// How much is read at once where blocks are needed,
const WINDOW_BYTES: u64 = 1 << 20;
/// and where they are stale.
const WINDOW_BYTES_STALE: u64 = 64 << 10;
/// How often a file's first block is read, alike each time, before it is believed which it is.
const FIRST_READS: u32 = 3;

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
    /// Pages that the device failed to read: file and position,
    pub(super) unreadable: Vec<((u32, bool), u64)>,
    /// and those of them where a block may begin that none of those that were found proves.
    pub(super) doubtful: Vec<((u32, bool), u64)>,
}

/// Looks through all files for blocks of these chains, each from its first block that is needed.
pub(super) async fn scan(files: &Files, named: &[Named]) -> Found {
    let mut found = Found::default();
    if named.is_empty() {
        return found;
    }
    let mut older = Older::than(named);
    let mut firsts = Vec::with_capacity(files.count());
    for (key, handle) in files.handles() {
        let first = if key.1 { None } else { first(handle.reader.clone()).await };
        older.saw(first);
        firsts.push(first);
    }
    for ((key, handle), first) in files.handles().zip(firsts) {
        if older.has(first) {
            continue;
        }
        let (first_bad, needed_before) = (found.unreadable.len(), found.blocks.len());
        // behind the newest block, whosever it is: numbers go on through all chains
        let mut newest = (WalSeq::NONE, 0);
        let mut window = Window::over(handle.reader.clone(), handle.length);
        let mut position = 0;
        // where the next block of a chain would lie, what seems empty is not believed either: a small block is little
        let mut may_follow = true;
        let mut before: Option<Header> = None;
        while position < handle.length {
            let header = match window.page(position).await {
                Some(page) => Header::decode(page).map_err(Some),
                None => Err(None),
            };
            let header = match header {
                Err(None) => match window.header_again(position).await {
                    Ok(header) => header,
                    Err(_) => {
                        found.unreadable.push((key, position));
                        None
                    }
                },
                Err(Some(_)) if may_follow || !window.is_zero(position) => {
                    window.header_again(position).await.unwrap_or_default()
                }
                header => header.ok(),
            };
            let header = match header {
                // The device may have gone astray, and brought another block.
                Some(header) if !before.is_some_and(|before| is_next(&before, &header)) => {
                    window.agreed_header(position, header).await
                }
                header => header,
            };
            may_follow = header.is_some();
            before = header;
            let Some(header) = header else {
                if position == 0 && window.is_zero(position) {
                    break;
                }
                window.ahead = WINDOW_BYTES;
                position += ALIGNMENT as u64;
                continue;
            };
            newest = newest.max((header.seq, position + align_up(header.length())));
            let is_needed = named.iter().any(|named| named.chain == header.chain && named.from <= header.seq);
            if !is_needed {
                window.ahead = WINDOW_BYTES_STALE;
                position += align_up(header.length());
                continue;
            }
            window.ahead = WINDOW_BYTES;
            let mut state = window.state_of(position, &header).await;
            if state != BlockState::Whole {
                state = window.state_after_all(position, &header).await;
            }
            let whole = state == BlockState::Whole;
            found.blocks.push(Block {
                chain: header.chain,
                file: key,
                position,
                listed: Listed {
                    seq: header.seq,
                    length: header.length(),
                    durable_below: header.durable_below,
                    whole,
                    unreadable: state == BlockState::Unreadable,
                },
            });
            // a block that is not whole may have been written over further on
            position += if whole { align_up(header.length()) } else { ALIGNMENT as u64 };
        }
        let is_free = found.blocks.len() == needed_before;
        let may_begin = |position| position == newest.1 || (position == 0 && is_free);
        let bad = found.unreadable[first_bad..].iter().filter(|(_, position)| may_begin(*position));
        found.doubtful.extend(bad);
    }
    found
}

/// Whether a block is the one that was put after another.
fn is_next(before: &Header, header: &Header) -> bool {
    header.chain == before.chain && header.seq == before.seq.next()
}

/// What a file begins with; none where that cannot be said.
pub(crate) async fn first(file: Arc<dyn File>) -> Option<(ChainId, WalSeq)> {
    let mut page = Aligned::zeroed(ALIGNMENT);
    let mut first = None;
    // The device may have gone astray, and brought another block: this decides what is not looked at.
    for _ in 0..FIRST_READS {
        file.read_exact_at(&mut page, 0).await.ok()?;
        let header = Header::decode(&page).ok()?;
        if *first.get_or_insert(header) != header {
            return None;
        }
    }
    first.map(|header| (header.chain, header.seq))
}

/// Tells which files of the ring were left before the first block that is needed. Goes by the last file that surely
/// begins no later than that block: it is of a chain that counts, and a block of such a chain that is covered, or would
/// be the first that is not, is where it belongs or was never acknowledged.
pub(crate) struct Older<'a> {
    named: &'a [Named],
    begins: Option<WalSeq>,
}

impl<'a> Older<'a> {
    /// `named` as in [`scan`].
    pub(crate) fn than(named: &'a [Named]) -> Self {
        Self { named, begins: None }
    }

    /// Takes note of what a file of the ring begins with.
    pub(crate) fn saw(&mut self, first: Option<(ChainId, WalSeq)>) {
        let Some(needed) = self.named.iter().map(|named| named.from).min() else { return };
        if let Some((chain, seq)) = first
            && seq <= needed
            && self.named.iter().any(|named| named.chain == chain)
        {
            self.begins = self.begins.max(Some(seq));
        }
    }

    /// Whether a file of the ring that begins so holds nothing that is needed.
    pub(crate) fn has(&self, first: Option<(ChainId, WalSeq)>) -> bool {
        first.is_some_and(|(_, seq)| self.begins.is_some_and(|begins| seq < begins))
    }
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

/// What became of a block whose header is whole.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BlockState {
    Whole,
    /// Its checksums do not hold: a torn write, or rot.
    Torn,
    /// The device fails to read it.
    Unreadable,
}

impl BlockState {
    fn of(header: &Header, bytes: &[u8]) -> Self {
        if block::check(bytes).as_ref() == Ok(header) { Self::Whole } else { Self::Torn }
    }
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

    async fn state_of(&mut self, position: u64, header: &Header) -> BlockState {
        let length = header.length();
        if length > self.length - position {
            return BlockState::Torn;
        }
        if !self.load(position, align_up(length)).await {
            return BlockState::Unreadable;
        }
        BlockState::of(header, self.slice(position, length))
    }

    /// The header of a page, read once more by itself: what decides where a chain ends is not believed the first time.
    async fn header_again(&self, position: u64) -> io::Result<Option<Header>> {
        let mut page = Aligned::zeroed(ALIGNMENT);
        self.file.read_exact_at(&mut page, position).await?;
        Ok(Header::decode(&page).ok())
    }

    /// The header on which two of three readings agree, where there is one. A reading that fails says nothing against it.
    async fn agreed_header(&self, position: u64, first: Header) -> Option<Header> {
        let second = self.header_again(position).await.unwrap_or(Some(first));
        if second == Some(first) {
            return second;
        }
        let third = self.header_again(position).await.unwrap_or(second);
        if third == Some(first) { third } else { second }
    }

    /// What became of a whole block, read once more by itself.
    async fn state_after_all(&self, position: u64, header: &Header) -> BlockState {
        let length = header.length();
        if length > self.length - position {
            return BlockState::Torn;
        }
        let mut buffer = Aligned::zeroed(usize::try_from(align_up(length)).expect("a block fits in memory"));
        let read = self.file.read_exact_at(&mut buffer, position).await;
        let length = usize::try_from(length).expect("a block fits in memory");
        read.map_or(BlockState::Unreadable, |()| BlockState::of(header, &buffer[..length]))
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
