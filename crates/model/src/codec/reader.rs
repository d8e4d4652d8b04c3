//! Takes a frame apart.

use bytes::{Buf, Bytes, BytesMut};
use uuid::Uuid;

use super::{ARRAY_ELEMENTS_MAX, ARRAY_RESERVATION_MAX, Error, TAGGED_FIELDS_MAX, TEXT_BYTES_MAX, Text};
use crate::Region;

/// A cursor over a frame. Nothing that it gives is copied: texts, bytes and records are parts of the frame.
///
/// Where a method takes `flexible`, it says which of Kafka's two forms the length has: a varint, or a number of fixed
/// size.
#[derive(Debug)]
pub struct Reader {
    frame: Frame,
    /// Where the next byte is.
    at: usize,
    /// Where what may be read ends.
    end: usize,
}

#[derive(Debug)]
enum Frame {
    Own(BytesMut),
    Shared(Bytes),
}

/// The records of one partition, as they lie in a Produce request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordBytes {
    /// Their part of a frame: offsets and epochs are patched in place.
    Frame(BytesMut),
    /// Bytes that others may hold too: what a client sends.
    Shared(Bytes),
}

impl RecordBytes {
    /// As bytes that may be patched; copied only if they are shared.
    pub fn into_mut(self) -> BytesMut {
        match self {
            Self::Frame(bytes) => bytes,
            Self::Shared(bytes) => bytes.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..])),
        }
    }

    /// As bytes that may be shared.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Frame(bytes) => bytes.freeze(),
            Self::Shared(bytes) => bytes,
        }
    }

    /// The bytes themselves.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Frame(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

impl From<BytesMut> for Reader {
    /// Over a frame of one's own, of which records come out as [`RecordBytes::Frame`].
    fn from(frame: BytesMut) -> Self {
        let end = frame.len();
        Self { frame: Frame::Own(frame), at: 0, end }
    }
}

impl From<Bytes> for Reader {
    /// Over bytes that others may hold too.
    fn from(frame: Bytes) -> Self {
        let end = frame.len();
        Self { frame: Frame::Shared(frame), at: 0, end }
    }
}

macro_rules! fixed {
    ($($(#[$doc:meta])* $name:ident: $type:ty),* $(,)?) => {$(
        $(#[$doc])*
        pub fn $name(&mut self) -> Result<$type, Error> {
            Ok(<$type>::from_be_bytes(self.fixed()?))
        }
    )*};
}

impl Reader {
    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.end - self.at
    }

    fixed! {
        /// One byte.
        i8: i8,
        /// Two bytes.
        i16: i16,
        /// Two bytes without a sign.
        u16: u16,
        /// Four bytes.
        i32: i32,
        /// Four bytes without a sign.
        u32: u32,
        /// Eight bytes.
        i64: i64,
        /// A floating point number of eight bytes.
        f64: f64,
    }

    /// One byte; all but zero is true.
    pub fn bool(&mut self) -> Result<bool, Error> {
        Ok(self.i8()? != 0)
    }

    /// Sixteen bytes.
    pub fn uuid(&mut self) -> Result<Uuid, Error> {
        Ok(Uuid::from_bytes(self.fixed()?))
    }

    /// A number of at most 32 bits in as few bytes as it needs.
    pub fn unsigned_varint(&mut self) -> Result<u32, Error> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.fixed()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Error::Varint)
    }

    /// A number with a sign, small ones of either sign in few bytes.
    pub fn varint(&mut self) -> Result<i32, Error> {
        let value = self.unsigned_varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// The same for 64 bits.
    pub fn varlong(&mut self) -> Result<i64, Error> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let [byte] = self.fixed()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        Err(Error::Varint)
    }

    /// A text that is never null.
    pub fn text(&mut self, flexible: bool) -> Result<Text, Error> {
        self.nullable_text(flexible)?.ok_or(Error::Null("text"))
    }

    /// A text or null.
    pub fn nullable_text(&mut self, flexible: bool) -> Result<Option<Text>, Error> {
        let length = if flexible { self.compact_length()? } else { i64::from(self.i16()?) };
        match self.checked_length("text", length)? {
            Some(length) if length > TEXT_BYTES_MAX => {
                Err(Error::Length { what: "text", length: length as i64 })
            }
            Some(length) => Ok(Some(Text::from_frame(self.cut(length).into_bytes()))),
            None => Ok(None),
        }
    }

    /// Bytes that are never null.
    pub fn bytes(&mut self, flexible: bool) -> Result<Bytes, Error> {
        self.nullable_bytes(flexible)?.ok_or(Error::Null("run of bytes"))
    }

    /// Bytes or null.
    pub fn nullable_bytes(&mut self, flexible: bool) -> Result<Option<Bytes>, Error> {
        Ok(self.nullable_record_bytes(flexible)?.map(RecordBytes::into_bytes))
    }

    /// Records that are never null.
    pub fn record_bytes(&mut self, flexible: bool) -> Result<RecordBytes, Error> {
        self.nullable_record_bytes(flexible)?.ok_or(Error::Null("run of records"))
    }

    /// Records or null, to be patched in place.
    pub fn nullable_record_bytes(&mut self, flexible: bool) -> Result<Option<RecordBytes>, Error> {
        let length = if flexible { self.compact_length()? } else { i64::from(self.i32()?) };
        let length = self.checked_length("run of bytes", length)?;
        Ok(length.map(|length| self.cut(length)))
    }

    /// Records that are never null, as an answer bears them.
    pub fn regions(&mut self, flexible: bool) -> Result<Vec<Region>, Error> {
        self.nullable_regions(flexible)?.ok_or(Error::Null("run of records"))
    }

    /// Records or null, as an answer bears them.
    pub fn nullable_regions(&mut self, flexible: bool) -> Result<Option<Vec<Region>>, Error> {
        let bytes = self.nullable_bytes(flexible)?;
        Ok(bytes.map(|bytes| if bytes.is_empty() { Vec::new() } else { vec![Region::Memory(bytes)] }))
    }

    /// An array that is never null.
    ///
    /// `smallest` is the smallest number of bytes that an element can have; `element` reads one.
    pub fn array<T>(
        &mut self,
        flexible: bool,
        smallest: usize,
        element: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.nullable_array(flexible, smallest, element)?.ok_or(Error::Null("array"))
    }

    /// An array or null.
    pub fn nullable_array<T>(
        &mut self,
        flexible: bool,
        smallest: usize,
        mut element: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<Option<Vec<T>>, Error> {
        let count = if flexible { self.compact_length()? } else { i64::from(self.i32()?) };
        let count = match count {
            -1 => return Ok(None),
            0.. => count as usize,
            _ => return Err(Error::Length { what: "array", length: count }),
        };
        let limit = ARRAY_ELEMENTS_MAX.min(self.remaining() / smallest.max(1));
        if count > limit {
            return Err(Error::TooMany { what: "array", count, limit });
        }
        let mut elements = Vec::with_capacity(count.min(ARRAY_RESERVATION_MAX));
        for _ in 0..count {
            elements.push(element(self)?);
        }
        Ok(Some(elements))
    }

    /// Whether a structure follows, where one may be null.
    pub fn present(&mut self) -> Result<bool, Error> {
        match self.i8()? {
            -1 => Ok(false),
            1 => Ok(true),
            other => Err(Error::Length { what: "nullable structure", length: other.into() }),
        }
    }

    /// The tagged fields at the end of a structure. `field` reads those it knows and says whether it knew it; the others
    /// are passed over.
    pub fn tagged_fields(
        &mut self,
        mut field: impl FnMut(&mut Self, u32) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let count = self.unsigned_varint()? as usize;
        // A tagged field has at least its tag and its size.
        let limit = TAGGED_FIELDS_MAX.min(self.remaining() / 2);
        if count > limit {
            return Err(Error::TooMany { what: "set of tagged fields", count, limit });
        }
        for _ in 0..count {
            let tag = self.unsigned_varint()?;
            let size = self.unsigned_varint()? as usize;
            let behind = self
                .remaining()
                .checked_sub(size)
                .ok_or(Error::Truncated { needed: size, remaining: self.remaining() })?;
            self.end = self.at + size;
            if !field(self, tag)? {
                self.at = self.end;
            }
            if self.at != self.end {
                return Err(Error::TaggedSize(self.remaining()));
            }
            self.end += behind;
        }
        Ok(())
    }

    /// Passes over tagged fields where none is known.
    pub fn skip_tagged_fields(&mut self) -> Result<(), Error> {
        self.tagged_fields(|_, _| Ok(false))
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> Bytes {
        self.cut(self.remaining()).into_bytes()
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let truncated = Error::Truncated { needed: N, remaining: self.remaining() };
        let frame: &[u8] = match &self.frame {
            Frame::Own(bytes) => bytes,
            Frame::Shared(bytes) => bytes,
        };
        let value = *frame[self.at..self.end].first_chunk().ok_or(truncated)?;
        self.at += N;
        Ok(value)
    }

    /// A length with one added, so that zero can stand for null: -1 here.
    fn compact_length(&mut self) -> Result<i64, Error> {
        Ok(i64::from(self.unsigned_varint()?) - 1)
    }

    /// `None` for null; what is left is no less than the length.
    fn checked_length(&self, what: &'static str, length: i64) -> Result<Option<usize>, Error> {
        match usize::try_from(length) {
            Ok(needed) if needed > self.remaining() => {
                Err(Error::Truncated { needed, remaining: self.remaining() })
            }
            Ok(length) => Ok(Some(length)),
            Err(_) if length == -1 => Ok(None),
            Err(_) => Err(Error::Length { what, length }),
        }
    }

    /// The next `length` bytes, which are there.
    fn cut(&mut self, length: usize) -> RecordBytes {
        match &mut self.frame {
            Frame::Own(frame) => {
                frame.advance(self.at);
                let part = frame.split_to(length);
                self.end -= self.at + length;
                self.at = 0;
                RecordBytes::Frame(part)
            }
            Frame::Shared(frame) => {
                let part = frame.slice(self.at..self.at + length);
                self.at += length;
                RecordBytes::Shared(part)
            }
        }
    }
}
