//! Where a record's fields are read from, and the one description of a record's layout.
//!
//! A record that lies in memory gives slices; one that comes out of a decompressor, and shall only be checked, is
//! passed by without being kept.

use super::record::RecordFault;

/// The bytes of one record's body, read front to back.
pub(super) trait Source {
    /// A run of bytes as this source gives it: a slice, or nothing.
    type Run;
    /// A place in the body.
    type Mark: Copy;

    /// The next byte.
    fn byte(&mut self) -> Result<u8, RecordFault>;
    /// The next `length` bytes, of which there must be that many.
    fn take(&mut self, length: usize) -> Result<Self::Run, RecordFault>;
    /// How many bytes of the body are left.
    fn left(&self) -> usize;
    /// This place.
    fn mark(&self) -> Self::Mark;
    /// What was read since `mark`.
    fn since(&self, mark: Self::Mark) -> Self::Run;

    /// A zigzag number of up to 32 bits.
    #[inline]
    fn varint(&mut self) -> Result<i32, RecordFault> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(unzigzag(u32::from(first)));
        }
        let mut value = u32::from(first & 0x7f);
        let mut shift = 7;
        loop {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(unzigzag(value));
            }
            shift += 7;
            if shift > 28 {
                return Err(RecordFault::Varint);
            }
        }
    }

    /// A zigzag number of up to 64 bits.
    #[inline]
    fn varlong(&mut self) -> Result<i64, RecordFault> {
        let mut value = 0u64;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
            shift += 7;
            if shift > 63 {
                return Err(RecordFault::Varint);
            }
        }
    }

    /// Bytes behind their length; any negative length is none, as in Kafka.
    #[inline]
    fn nullable(&mut self) -> Result<Option<Self::Run>, RecordFault> {
        let length = self.varint()?;
        if length < 0 {
            return Ok(None);
        }
        self.take(length as usize).map(Some)
    }
}

#[inline]
fn unzigzag(value: u32) -> i32 {
    (value >> 1) as i32 ^ -((value & 1) as i32)
}

/// A record's fields as they stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<R> {
    pub(super) attributes: i8,
    pub(super) timestamp_delta: i64,
    pub(super) offset_delta: i32,
    pub(super) key: Option<R>,
    pub(super) value: Option<R>,
    pub(super) headers_count: u32,
    pub(super) headers: R,
}

/// Reads a record's body: all of it, and nothing beyond.
#[inline]
pub(super) fn fields<S: Source>(source: &mut S) -> Result<Fields<S::Run>, RecordFault> {
    let attributes = source.byte()? as i8;
    let timestamp_delta = source.varlong()?;
    let offset_delta = source.varint()?;
    let key = source.nullable()?;
    let value = source.nullable()?;
    let headers_count = source.varint()?;
    // A header has at least two bytes, so that a count from the wire costs no more than the bytes it came with.
    if headers_count < 0 || headers_count as usize > source.left() / 2 {
        return Err(RecordFault::HeadersCount(headers_count));
    }
    let mark = source.mark();
    for _ in 0..headers_count {
        let length = source.varint()?;
        if length < 0 {
            return Err(RecordFault::HeaderKeyMissing);
        }
        source.take(length as usize)?;
        source.nullable()?;
    }
    let headers = source.since(mark);
    if source.left() != 0 {
        return Err(RecordFault::BytesLeft(source.left()));
    }
    Ok(Fields {
        attributes,
        timestamp_delta,
        offset_delta,
        key,
        value,
        headers_count: headers_count as u32,
        headers,
    })
}

/// A body in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice<'a>(pub(super) &'a [u8]);

impl<'a> Source for Slice<'a> {
    type Run = &'a [u8];
    type Mark = &'a [u8];

    #[inline]
    fn byte(&mut self) -> Result<u8, RecordFault> {
        match self.0.split_first() {
            Some((byte, rest)) => {
                self.0 = rest;
                Ok(*byte)
            }
            None => Err(RecordFault::EndsEarly),
        }
    }

    #[inline]
    fn take(&mut self, length: usize) -> Result<&'a [u8], RecordFault> {
        match self.0.split_at_checked(length) {
            Some((run, rest)) => {
                self.0 = rest;
                Ok(run)
            }
            None => Err(RecordFault::EndsEarly),
        }
    }

    #[inline]
    fn left(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn mark(&self) -> &'a [u8] {
        self.0
    }

    #[inline]
    fn since(&self, mark: &'a [u8]) -> &'a [u8] {
        &mark[..mark.len() - self.0.len()]
    }
}
