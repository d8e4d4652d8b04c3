//! Puts a frame together.

use bytes::Bytes;
use uuid::Uuid;

use super::{ARRAY_ELEMENTS_MAX, EncodeError, RecordBytes, TEXT_BYTES_MAX, Text};
use crate::Region;

/// Records up to this size are copied: an entry of a `writev` costs more than that.
const COPIED_BYTES_MAX: usize = 256;
/// A frame's length is a number of four bytes with a sign.
const FRAME_BYTES_MAX: usize = i32::MAX as usize;
/// How many bytes the length before a frame has.
const FRAME_LENGTH_BYTES: usize = 4;

/// A frame in the making: bytes, with holes where records go.
///
/// Where a method takes `flexible`, it says which of Kafka's two forms the length has: a varint, or a number of fixed
/// size.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
    holes: Vec<Hole>,
    hole_bytes: usize,
}

#[derive(Debug)]
struct Hole {
    /// How many of the writer's bytes come before it.
    at: usize,
    region: Region,
}

/// Where a tagged field began.
#[derive(Debug)]
#[must_use]
pub struct TagMark(usize);

macro_rules! fixed {
    ($($(#[$doc:meta])* $name:ident: $type:ty),* $(,)?) => {$(
        $(#[$doc])*
        pub fn $name(&mut self, value: $type) {
            self.bytes.extend_from_slice(&value.to_be_bytes());
        }
    )*};
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// A writer with room for `bytes` bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// A writer that begins with room for the length of the frame, which [`Writer::into_frame`] fills in.
    pub fn frame(bytes: usize) -> Self {
        let mut writer = Self::with_capacity(bytes + FRAME_LENGTH_BYTES);
        writer.i32(0);
        writer
    }

    /// How many bytes were written, records included.
    pub fn len(&self) -> usize {
        self.bytes.len() + self.hole_bytes
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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

    /// One byte.
    pub fn bool(&mut self, value: bool) {
        self.bytes.push(value.into());
    }

    /// Sixteen bytes.
    pub fn uuid(&mut self, value: Uuid) {
        self.bytes.extend_from_slice(value.as_bytes());
    }

    /// A number of at most 32 bits in as few bytes as it needs.
    pub fn unsigned_varint(&mut self, value: u32) {
        self.unsigned_varlong(value.into());
    }

    /// A number with a sign, small ones of either sign in few bytes.
    pub fn varint(&mut self, value: i32) {
        self.unsigned_varint(((value << 1) ^ (value >> 31)).cast_unsigned());
    }

    /// The same for 64 bits.
    pub fn varlong(&mut self, value: i64) {
        self.unsigned_varlong(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    /// A text.
    pub fn text(&mut self, flexible: bool, text: &Text) -> Result<(), EncodeError> {
        let bytes = text.as_bytes();
        if bytes.len() > TEXT_BYTES_MAX {
            return Err(EncodeError::Length { what: "text", length: bytes.len() });
        }
        if flexible {
            self.unsigned_varint(bytes.len() as u32 + 1);
        } else {
            self.i16(bytes.len() as i16);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// A text or null.
    pub fn nullable_text(&mut self, flexible: bool, text: Option<&Text>) -> Result<(), EncodeError> {
        match text {
            Some(text) => self.text(flexible, text),
            None => {
                if flexible {
                    self.unsigned_varint(0);
                } else {
                    self.i16(-1);
                }
                Ok(())
            }
        }
    }

    /// Bytes.
    pub fn bytes(&mut self, flexible: bool, bytes: &[u8]) -> Result<(), EncodeError> {
        self.long_length(flexible, "run of bytes", bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Bytes or null.
    pub fn nullable_bytes(&mut self, flexible: bool, bytes: Option<&[u8]>) -> Result<(), EncodeError> {
        match bytes {
            Some(bytes) => self.bytes(flexible, bytes),
            None => {
                self.long_null(flexible);
                Ok(())
            }
        }
    }

    /// Records of a request.
    pub fn record_bytes(&mut self, flexible: bool, records: &RecordBytes) -> Result<(), EncodeError> {
        match records {
            RecordBytes::Frame(bytes) => self.bytes(flexible, bytes),
            RecordBytes::Shared(bytes) => {
                self.long_length(flexible, "run of records", bytes.len())?;
                self.hole(Region::Memory(bytes.clone()));
                Ok(())
            }
        }
    }

    /// Records of a request, or null.
    pub fn nullable_record_bytes(
        &mut self,
        flexible: bool,
        records: Option<&RecordBytes>,
    ) -> Result<(), EncodeError> {
        match records {
            Some(records) => self.record_bytes(flexible, records),
            None => {
                self.long_null(flexible);
                Ok(())
            }
        }
    }

    /// Records of an answer: they are not copied, but leave between what was written before and what comes after.
    pub fn regions(&mut self, flexible: bool, records: &[Region]) -> Result<(), EncodeError> {
        let length = records.iter().map(Region::len).sum();
        self.long_length(flexible, "run of records", length)?;
        for region in records {
            self.hole(region.clone());
        }
        Ok(())
    }

    /// Records of an answer, or null.
    pub fn nullable_regions(
        &mut self,
        flexible: bool,
        records: Option<&[Region]>,
    ) -> Result<(), EncodeError> {
        match records {
            Some(records) => self.regions(flexible, records),
            None => {
                self.long_null(flexible);
                Ok(())
            }
        }
    }

    /// The length of an array whose elements the caller writes next.
    pub fn array(&mut self, flexible: bool, elements: usize) -> Result<(), EncodeError> {
        if elements > ARRAY_ELEMENTS_MAX {
            return Err(EncodeError::Length { what: "array", length: elements });
        }
        self.long_length(flexible, "array", elements)
    }

    /// Null in place of an array.
    pub fn null_array(&mut self, flexible: bool) {
        self.long_null(flexible);
    }

    /// What stands before a structure that may be null.
    pub fn present(&mut self, present: bool) {
        self.i8(if present { 1 } else { -1 });
    }

    /// Begins a tagged field.
    pub fn begin_tag(&mut self, tag: u32) -> TagMark {
        self.unsigned_varint(tag);
        TagMark(self.bytes.len())
    }

    /// Ends a tagged field: its size goes before what was written since its begin. No records are in it.
    pub fn end_tag(&mut self, mark: TagMark) {
        debug_assert!(self.holes.last().is_none_or(|hole| hole.at <= mark.0), "no tagged field has records");
        let mut size = Self::new();
        size.unsigned_varint((self.bytes.len() - mark.0) as u32);
        self.bytes.splice(mark.0..mark.0, size.bytes);
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// What was written, in the order in which it leaves.
    pub fn into_regions(self) -> Vec<Region> {
        let mut regions = Vec::with_capacity(2 * self.holes.len() + 1);
        let mut rest = Bytes::from(self.bytes);
        let mut written = 0;
        for hole in self.holes {
            if hole.at > written {
                regions.push(Region::Memory(rest.split_to(hole.at - written)));
                written = hole.at;
            }
            regions.push(hole.region);
        }
        if !rest.is_empty() {
            regions.push(Region::Memory(rest));
        }
        regions
    }

    /// A frame begun with [`Writer::frame`], its length filled in.
    pub fn into_frame(mut self) -> Result<Vec<Region>, EncodeError> {
        let length = self.len() - FRAME_LENGTH_BYTES;
        if length > FRAME_BYTES_MAX {
            return Err(EncodeError::Length { what: "frame", length });
        }
        self.bytes[..FRAME_LENGTH_BYTES].copy_from_slice(&(length as u32).to_be_bytes());
        Ok(self.into_regions())
    }

    /// What was written as one run, for messages that have no records in them: keys and values of internal topics.
    pub fn into_bytes(self) -> Bytes {
        assert!(self.holes.is_empty(), "only messages without records are written as one run");
        self.bytes.into()
    }

    fn unsigned_varlong(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn long_length(&mut self, flexible: bool, what: &'static str, length: usize) -> Result<(), EncodeError> {
        // One less, because the varint has one added; a frame of that size could not leave anyway.
        if length >= FRAME_BYTES_MAX {
            return Err(EncodeError::Length { what, length });
        }
        if flexible {
            self.unsigned_varint(length as u32 + 1);
        } else {
            self.i32(length as i32);
        }
        Ok(())
    }

    fn long_null(&mut self, flexible: bool) {
        if flexible {
            self.unsigned_varint(0);
        } else {
            self.i32(-1);
        }
    }

    fn hole(&mut self, region: Region) {
        match region {
            Region::Memory(bytes) if bytes.len() <= COPIED_BYTES_MAX => self.bytes.extend_from_slice(&bytes),
            region => {
                self.hole_bytes += region.len();
                self.holes.push(Hole { at: self.bytes.len(), region });
            }
        }
    }
}

/// The value of a field that may not be null in the version being written.
pub fn require<T>(value: Option<T>, field: &'static str) -> Result<T, EncodeError> {
    value.ok_or(EncodeError::Null(field))
}
