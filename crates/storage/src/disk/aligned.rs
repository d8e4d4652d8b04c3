//! Buffers that direct I/O accepts: they begin at an aligned address. Plain vectors with a margin, so that no unsafe
//! code is needed.

use std::ops::{Deref, DerefMut, Range};

use bytes::Bytes;

/// What positions, lengths and addresses of direct I/O are multiples of.
pub const ALIGNMENT: usize = 4096;

/// The next multiple of [`ALIGNMENT`].
pub fn align_up(length: u64) -> u64 {
    length.next_multiple_of(ALIGNMENT as u64)
}

/// A buffer of fixed length at an aligned address.
#[derive(Debug, Default)]
pub struct Aligned {
    bytes: Vec<u8>,
    start: usize,
    length: usize,
}

impl Aligned {
    /// A buffer of zeros of this many bytes, rounded up to the alignment.
    pub fn zeroed(length: usize) -> Self {
        let length = length.next_multiple_of(ALIGNMENT);
        let bytes = vec![0; length + ALIGNMENT - 1];
        let start = bytes.as_ptr().align_offset(ALIGNMENT);
        assert!(start < ALIGNMENT, "a byte's address can be aligned");
        Self { bytes, start, length }
    }

    /// The buffer, frozen, cut to a range of it; nothing is copied.
    pub fn into_bytes(self, range: Range<usize>) -> Bytes {
        assert!(range.end <= self.length, "the range lies in the buffer");
        Bytes::from(self.bytes).slice(self.start + range.start..self.start + range.end)
    }
}

impl Deref for Aligned {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.length]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_and_freeze_without_moving() {
        for length in [1, 4096, 4097, 1 << 20] {
            let mut buffer = Aligned::zeroed(length);
            assert_eq!(buffer.len(), length.next_multiple_of(ALIGNMENT));
            assert_eq!(buffer.as_ptr().align_offset(ALIGNMENT), 0);
            buffer[0] = 7;
            let address = buffer.as_ptr();
            let frozen = buffer.into_bytes(0..length);
            assert_eq!((frozen.as_ptr(), frozen[0], frozen.len()), (address, 7, length));
        }
    }
}
