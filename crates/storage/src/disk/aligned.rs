//! Buffers that direct I/O accepts: they begin at an aligned address. Plain vectors with a margin, so that no unsafe
//! code is needed.

use std::ops::{Deref, DerefMut, Range};

use bytes::Bytes;

use super::past;

/// What positions, lengths and addresses of direct I/O are multiples of.
pub const ALIGNMENT: usize = 4096;

/// A copy is made in pieces of this length: where its target is ahead of its source by 1 to 63 bytes, whole pages aside,
/// some processors (AMD's, with the instruction that the C library takes for large copies) make it at a tenth of their
/// speed in one, and in short pieces they do not.
const PIECE_BYTES: usize = 1024;

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

    /// Copies bytes to a place in the buffer, to be read by the processor again.
    pub fn put(&mut self, at: usize, bytes: &[u8]) {
        let into = &mut self[at..at + bytes.len()];
        for (into, bytes) in into.chunks_mut(PIECE_BYTES).zip(bytes.chunks(PIECE_BYTES)) {
            into.copy_from_slice(bytes);
        }
    }

    /// Copies bytes to a place in the buffer, to be read by the device alone: direct I/O.
    pub fn put_for_device(&mut self, at: usize, bytes: &[u8]) {
        past::copy(&mut self[at..at + bytes.len()], bytes);
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
    fn what_is_put_is_there_however_the_two_lie() {
        let source: Vec<u8> = (0..20_000).map(|at| (at % 251) as u8).collect();
        let puts: [fn(&mut Aligned, usize, &[u8]); 2] = [Aligned::put, Aligned::put_for_device];
        for (at, from) in (0..130).flat_map(|at| [0, 1, 63, 64, 4000].map(|from| (at, from))) {
            for put in puts {
                let mut buffer = Aligned::zeroed(20_000);
                let bytes = &source[from..from + 10_000];
                put(&mut buffer, at, bytes);
                assert!(buffer[..at].iter().all(|byte| *byte == 0), "{at} {from}");
                assert!(buffer[at..at + 10_000] == *bytes, "{at} {from}");
                assert!(buffer[at + 10_000..].iter().all(|byte| *byte == 0), "{at} {from}");
            }
        }
    }

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
