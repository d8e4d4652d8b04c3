//! One record: a view of bytes, and of its headers.

use crate::{Offset, TimestampMs};

use super::source::{Fields, Slice, Source};

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// A field reaches beyond the record, or the record beyond its batch.
    #[error("it ends early")]
    EndsEarly,
    /// Bytes are left after its last header.
    #[error("{0} bytes are left after its last field")]
    BytesLeft(usize),
    /// A length that no record has.
    #[error("impossible record length {0}")]
    Length(i32),
    /// A number of variable length that does not end.
    #[error("a number does not end")]
    Varint,
    /// A negative number of headers, or more than the record has room for.
    #[error("impossible number of headers {0}")]
    HeadersCount(i32),
    /// A header without a key.
    #[error("a header has no key")]
    HeaderKeyMissing,
}

/// A record, as it lies in its batch.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its place in the partition (in a batch that was not appended yet: in the batch).
    pub offset: Offset,
    /// When it was made, or appended.
    pub timestamp: TimestampMs,
    /// Unused bits; always 0 today.
    pub attributes: i8,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value; none is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Its headers.
    pub headers: Headers<'a>,
}

impl<'a> Record<'a> {
    #[inline]
    pub(super) fn new(offset: Offset, timestamp: TimestampMs, fields: Fields<&'a [u8]>) -> Self {
        Self {
            offset,
            timestamp,
            attributes: fields.attributes,
            key: fields.key,
            value: fields.value,
            headers: Headers { count: fields.headers_count, bytes: fields.headers },
        }
    }
}

/// The headers of a record: a list in which a key may stand more than once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a> {
    count: u32,
    bytes: &'a [u8],
}

impl<'a> Headers<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The headers in the order in which they were written.
    pub fn iter(&self) -> impl Iterator<Item = Header<'a>> + use<'a> {
        let mut source = Slice(self.bytes);
        (0..self.count).map_while(move |_| {
            // They were walked when the record was read, so that nothing is missing here.
            let length = source.varint().ok()?;
            let key = source.take(usize::try_from(length).ok()?).ok()?;
            let value = source.nullable().ok()?;
            Some(Header { key, value })
        })
    }

    /// The headers as they lie in the record, after their count.
    pub(super) fn raw(&self) -> &'a [u8] {
        self.bytes
    }
}

/// One header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its key: UTF-8 by convention, not checked, as in Kafka.
    pub key: &'a [u8],
    /// Its value.
    pub value: Option<&'a [u8]>,
}
