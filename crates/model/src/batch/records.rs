//! Walking the records of one batch, compressed or not.
//!
//! Plain records are given as they lie in the batch. Compressed ones come out of the decompressor into a window that
//! is kept per thread; a record larger than the window grows it as its bytes arrive.

use std::cell::Cell;

use crate::{Offset, TimestampMs};

use super::compression::{CompressionError, DECOMPRESSED_BYTES_MAX, Decompressor};
use super::header::{BATCH_OVERHEAD, BatchError, BatchHeader};
use super::record::{Record, RecordFault};
use super::source::{Fields, Slice, Source, fields};

/// The window's length as long as no record is larger.
const WINDOW_BYTES: usize = 64 << 10;
/// A window that grew larger than this is not kept.
const WINDOW_BYTES_KEPT: usize = 1 << 20;
/// A number of 32 bits in zigzag has no more bytes than this.
const VARINT_BYTES_MAX: usize = 5;

thread_local! {
    static WINDOW: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The records of one batch in their order: a lending iterator, as a decompressed record lives until the next.
///
/// After the last record the batch must be at its end: a batch with fewer records than it says, or bytes after them,
/// ends with an error, and so does the first record that does not parse. Checksums are not compared here.
pub struct Records<'a> {
    header: BatchHeader,
    bytes: Bytes<'a>,
    index: u32,
    over: bool,
}

enum Bytes<'a> {
    Plain(&'a [u8]),
    Compressed(Box<Window<'a>>),
}

impl<'a> Records<'a> {
    /// Of `batch`, which begins with a batch and may be longer.
    pub fn new(batch: &'a [u8]) -> Result<Self, BatchError> {
        Self::with_limit(batch, DECOMPRESSED_BYTES_MAX)
    }

    /// As [`new`](Self::new), with a limit of one's own to what may come out of compressed records.
    pub fn with_limit(batch: &'a [u8], decompressed_bytes_max: usize) -> Result<Self, BatchError> {
        let header = BatchHeader::parse(batch)?;
        let present = batch.len();
        let Some(records) = batch.get(BATCH_OVERHEAD..header.size()) else {
            return Err(BatchError::Truncated { needed: header.size(), present });
        };
        let bytes = match Decompressor::new(header.codec()?, records, decompressed_bytes_max) {
            None => Bytes::Plain(records),
            Some(stream) => Bytes::Compressed(Box::new(Window::new(stream, decompressed_bytes_max))),
        };
        Ok(Self { header, bytes, index: 0, over: false })
    }

    /// The batch's header.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The next record.
    #[allow(clippy::should_implement_trait, reason = "it lends: an `Iterator` cannot")]
    #[inline]
    pub fn next(&mut self) -> Option<Result<Record<'_>, BatchError>> {
        if self.over {
            return None;
        }
        if i64::from(self.index) >= i64::from(self.header.records_count) {
            self.over = true;
            return self.end().err().map(Err);
        }
        let index = self.index;
        self.index += 1;
        let body = match &mut self.bytes {
            Bytes::Plain(rest) => plain_body(rest),
            Bytes::Compressed(window) => window.body(),
        };
        let fields = body.and_then(|body| Ok(fields(&mut Slice(body))?));
        Some(match fields {
            Ok(fields) => {
                let offset = self.header.base_offset.0.wrapping_add(i64::from(fields.offset_delta));
                Ok(Record::new(Offset(offset), self.header.timestamp(fields.timestamp_delta), fields))
            }
            Err(stop) => {
                self.over = true;
                Err(stop.error(index, self.header.records_count))
            }
        })
    }

    /// Passes over the next record's key, value and headers, keeping none of it: what a check needs, at any size of
    /// record in the same memory. Key and value are told by whether they are there.
    #[inline]
    pub(super) fn next_skipping(&mut self) -> Option<Result<Passed, BatchError>> {
        if self.over {
            return None;
        }
        if i64::from(self.index) >= i64::from(self.header.records_count) {
            self.over = true;
            return self.end().err().map(Err);
        }
        let index = self.index;
        self.index += 1;
        let passed = match &mut self.bytes {
            Bytes::Plain(rest) => {
                plain_body(rest).and_then(|body| Ok(Passed::new(&fields(&mut Slice(body))?)))
            }
            Bytes::Compressed(window) => window.pass(),
        };
        Some(passed.map_err(|stop| {
            self.over = true;
            stop.error(index, self.header.records_count)
        }))
    }

    /// That nothing is left.
    fn end(&mut self) -> Result<(), BatchError> {
        let left = match &mut self.bytes {
            Bytes::Plain(rest) => !rest.is_empty(),
            Bytes::Compressed(window) => !window.is_over()?,
        };
        if left { Err(BatchError::BytesLeft(self.header.records_count)) } else { Ok(()) }
    }
}

/// What [`Records::next_skipping`] tells of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passed {
    pub(super) timestamp_delta: i64,
    pub(super) offset_delta: i32,
    pub(super) has_key: bool,
}

impl Passed {
    #[inline]
    fn new<R>(fields: &Fields<R>) -> Self {
        Self {
            timestamp_delta: fields.timestamp_delta,
            offset_delta: fields.offset_delta,
            has_key: fields.key.is_some(),
        }
    }
}

/// The first record of `batch` whose timestamp is `target` or later, with that timestamp.
pub fn find_timestamp(
    batch: &[u8],
    target: TimestampMs,
) -> Result<Option<(Offset, TimestampMs)>, BatchError> {
    let mut records = Records::new(batch)?;
    while let Some(passed) = records.next_skipping() {
        let passed = passed?;
        let timestamp = records.header.timestamp(passed.timestamp_delta);
        if timestamp >= target {
            let offset = records.header.base_offset.0.wrapping_add(i64::from(passed.offset_delta));
            return Ok(Some((Offset(offset), timestamp)));
        }
    }
    Ok(None)
}

/// Why the walk stops.
enum Stop {
    /// At a record's border: there are no more bytes.
    Over,
    Fault(RecordFault),
    Compression(CompressionError),
}

impl Stop {
    #[cold]
    fn error(self, index: u32, declared: i32) -> BatchError {
        match self {
            Self::Over => BatchError::RecordsMissing { declared, present: index },
            Self::Fault(fault) => BatchError::Record { index, fault },
            Self::Compression(error) => BatchError::Compression(error),
        }
    }
}

impl From<RecordFault> for Stop {
    fn from(fault: RecordFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<CompressionError> for Stop {
    fn from(error: CompressionError) -> Self {
        Self::Compression(error)
    }
}

#[inline]
fn plain_body<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Stop> {
    if rest.is_empty() {
        return Err(Stop::Over);
    }
    let mut source = Slice(rest);
    let length = source.varint()?;
    if length < 0 {
        return Err(RecordFault::Length(length).into());
    }
    let body = source.take(length as usize)?;
    *rest = source.0;
    Ok(body)
}

/// The decompressed bytes that are at hand.
struct Window<'a> {
    stream: Decompressor<'a>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// How much more may come out.
    allowed: usize,
    limit: usize,
}

impl<'a> Window<'a> {
    fn new(stream: Decompressor<'a>, limit: usize) -> Self {
        let mut buffer = WINDOW.take();
        buffer.resize(WINDOW_BYTES.max(buffer.len()), 0);
        Self { stream, buffer, start: 0, end: 0, allowed: limit, limit }
    }

    #[inline]
    fn at_hand(&self) -> usize {
        self.end - self.start
    }

    /// Brings more bytes into the window; false at the end of the stream. There must be room.
    fn fill(&mut self) -> Result<bool, CompressionError> {
        let read = self.stream.read(&mut self.buffer[self.end..])?;
        match self.allowed.checked_sub(read) {
            Some(allowed) => self.allowed = allowed,
            None => return Err(CompressionError::TooLarge { limit: self.limit }),
        }
        self.end += read;
        Ok(read > 0)
    }

    /// Brings bytes until `length` are at hand; false where the stream ends before. The window grows by doubling, and
    /// only when it is full: never by what a record says of itself.
    fn gather(&mut self, length: usize) -> Result<bool, CompressionError> {
        while self.at_hand() < length {
            if self.start > 0 && self.start + length > self.buffer.len() {
                self.buffer.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            }
            if self.end == self.buffer.len() {
                let grown = (self.buffer.len() * 2).min(length.max(WINDOW_BYTES));
                self.buffer.resize(grown.max(self.end + 1), 0);
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The length of the next record's body; leaves the window at its first byte.
    #[inline]
    fn body_length(&mut self) -> Result<usize, Stop> {
        if self.at_hand() < VARINT_BYTES_MAX && !self.gather(VARINT_BYTES_MAX)? && self.at_hand() == 0 {
            return Err(Stop::Over);
        }
        let mut source = Slice(&self.buffer[self.start..self.end]);
        let length = source.varint()?;
        self.start = self.end - source.left();
        usize::try_from(length).map_err(|_| Stop::Fault(RecordFault::Length(length)))
    }

    /// The next record's body, all of it.
    fn body(&mut self) -> Result<&[u8], Stop> {
        let length = self.body_length()?;
        if length > self.allowed + self.at_hand() {
            return Err(CompressionError::TooLarge { limit: self.limit }.into());
        }
        if !self.gather(length)? {
            return Err(RecordFault::EndsEarly.into());
        }
        let body = &self.buffer[self.start..self.start + length];
        self.start += length;
        Ok(body)
    }

    /// Passes over the next record.
    #[inline]
    fn pass(&mut self) -> Result<Passed, Stop> {
        let length = self.body_length()?;
        if length <= WINDOW_BYTES {
            if !self.gather(length)? {
                return Err(RecordFault::EndsEarly.into());
            }
            let body = &self.buffer[self.start..self.start + length];
            self.start += length;
            return Ok(Passed::new(&fields(&mut Slice(body))?));
        }
        let mut passing = Passing { window: self, left: length, error: None };
        match fields(&mut passing) {
            Ok(fields) => Ok(Passed::new(&fields)),
            Err(fault) => Err(passing.error.map_or(Stop::Fault(fault), Stop::Compression)),
        }
    }

    fn is_over(&mut self) -> Result<bool, CompressionError> {
        Ok(self.at_hand() == 0 && !self.gather(1)?)
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        if self.buffer.len() <= WINDOW_BYTES_KEPT {
            WINDOW.set(std::mem::take(&mut self.buffer));
        }
    }
}

/// A record larger than the window, of which nothing is kept.
struct Passing<'w, 'a> {
    window: &'w mut Window<'a>,
    left: usize,
    /// What the decompressor said, where the fault is not the record's.
    error: Option<CompressionError>,
}

impl Passing<'_, '_> {
    /// That some bytes are at hand.
    fn some(&mut self) -> Result<(), RecordFault> {
        match self.window.gather(1) {
            Ok(true) => Ok(()),
            Ok(false) => Err(RecordFault::EndsEarly),
            Err(error) => {
                self.error = Some(error);
                Err(RecordFault::EndsEarly)
            }
        }
    }
}

impl Source for Passing<'_, '_> {
    type Run = ();
    type Mark = ();

    fn byte(&mut self) -> Result<u8, RecordFault> {
        self.left = self.left.checked_sub(1).ok_or(RecordFault::EndsEarly)?;
        self.some()?;
        let byte = self.window.buffer[self.window.start];
        self.window.start += 1;
        Ok(byte)
    }

    fn take(&mut self, mut length: usize) -> Result<(), RecordFault> {
        self.left = self.left.checked_sub(length).ok_or(RecordFault::EndsEarly)?;
        while length > 0 {
            self.some()?;
            let step = length.min(self.window.at_hand());
            self.window.start += step;
            length -= step;
        }
        Ok(())
    }

    fn left(&self) -> usize {
        self.left
    }

    fn mark(&self) {}

    fn since(&self, (): ()) {}
}

impl std::fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records")
            .field("header", &self.header)
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}
