//! Copies that leave the processor's caches alone: for bytes that only the device reads next.

/// What the processor puts together before it writes to memory.
const LINE_BYTES: usize = 64;

/// Copies bytes of equal number, on x86-64 by stores that do not read what they replace. Lines that a device (or a host's
/// thread in its place) has just read belong to another cache, and to take each back takes many times as long as to copy.
pub(super) fn copy(into: &mut [u8], bytes: &[u8]) {
    assert_eq!(into.len(), bytes.len(), "as much room as there are bytes");
    let head = into.as_ptr().align_offset(LINE_BYTES).min(into.len());
    let (into_head, into) = into.split_at_mut(head);
    let (head, bytes) = bytes.split_at(head);
    into_head.copy_from_slice(head);
    let (lines, tail) = bytes.as_chunks();
    let (into_lines, into_tail) = into.as_chunks_mut();
    copy_lines(into_lines, lines);
    into_tail.copy_from_slice(tail);
}

#[cfg(not(target_arch = "x86_64"))]
fn copy_lines(into: &mut [[u8; LINE_BYTES]], lines: &[[u8; LINE_BYTES]]) {
    into.copy_from_slice(lines);
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "such stores have no safe form")]
fn copy_lines(into: &mut [[u8; LINE_BYTES]], lines: &[[u8; LINE_BYTES]]) {
    use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_sfence, _mm_stream_si128};

    const WORD_BYTES: usize = size_of::<__m128i>();
    let aligned = |line: &[u8; LINE_BYTES]| line.as_ptr().cast::<__m128i>().is_aligned();
    assert!(into.first().is_none_or(aligned), "lines begin where lines do");
    for (into, line) in into.iter_mut().zip(lines) {
        for (into, word) in into.chunks_exact_mut(WORD_BYTES).zip(line.chunks_exact(WORD_BYTES)) {
            // SAFETY: SSE2 is part of x86-64. Both pieces have the length of a word; a load may begin anywhere, and the
            // target is aligned, for it is a whole number of words into an aligned line.
            unsafe { _mm_stream_si128(into.as_mut_ptr().cast(), _mm_loadu_si128(word.as_ptr().cast())) };
        }
    }
    // These stores may be late beside others: whoever hears of the bytes from here on finds them.
    // SAFETY: SSE is part of x86-64.
    unsafe { _mm_sfence() };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_a_copy_however_the_two_lie() {
        let source: Vec<u8> = (0..2_000).map(|at| (at % 251) as u8).collect();
        let lengths = [0, 1, 15, 63, 64, 65, 127, 128, 1_000];
        for (at, from) in (0..66).flat_map(|at| [0, 1, 16, 63].map(|from| (at, from))) {
            for length in lengths {
                let mut target = vec![0xff; 1_200];
                let bytes = &source[from..from + length];
                copy(&mut target[at..at + length], bytes);
                assert_eq!(target[at..at + length], *bytes, "{at} {from} {length}");
                let rest = target[..at].iter().chain(&target[at + length..]);
                assert!(rest.copied().all(|byte| byte == 0xff), "{at} {from} {length}");
            }
        }
    }
}
