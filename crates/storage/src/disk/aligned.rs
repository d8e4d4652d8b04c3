//! Buffers that direct I/O accepts: they begin at an aligned address. Plain vectors with a margin, so that no unsafe
//! code is needed.

use std::ops::{Deref, DerefMut, Range};

use bytes::Bytes;

/// What positions, lengths and addresses of direct I/O are multiples of.
pub const ALIGNMENT: usize = 4096;

/// Where a copy's target is ahead of its source by 1 to 63 bytes, whole pages aside, some processors (AMD's, with the
/// instruction that the C library takes for large copies) do it at a fifth of their speed; in short pieces they do not.
const SLOW_AHEAD_BYTES: usize = 64;
const SHORT_BYTES: usize = 512;

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

    /// Copies bytes to a place in the buffer.
    pub fn put(&mut self, at: usize, bytes: &[u8]) {
        let into = &mut self[at..at + bytes.len()];
        let ahead = into.as_ptr().addr().wrapping_sub(bytes.as_ptr().addr()) % ALIGNMENT;
        if (1..SLOW_AHEAD_BYTES).contains(&ahead) {
            for (into, bytes) in into.chunks_mut(SHORT_BYTES).zip(bytes.chunks(SHORT_BYTES)) {
                into.copy_from_slice(bytes);
            }
        } else {
            into.copy_from_slice(bytes);
        }
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
        for (at, from) in (0..130).flat_map(|at| [0, 1, 63, 64, 4000].map(|from| (at, from))) {
            let mut buffer = Aligned::zeroed(20_000);
            let bytes = &source[from..from + 10_000];
            buffer.put(at, bytes);
            assert!(buffer[..at].iter().all(|byte| *byte == 0), "{at} {from}");
            assert!(buffer[at..at + 10_000] == *bytes, "{at} {from}");
            assert!(buffer[at + 10_000..].iter().all(|byte| *byte == 0), "{at} {from}");
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
