//! Which granules of a region are taken, and which have memory that nobody has used for a while. Knows numbers alone;
//! what a granule is, [`super::large`] knows.

use std::ops::Range;

/// How many granules there are.
pub(super) const COUNT: usize = 1 << 17;

const WORD_BITS: usize = u64::BITS as usize;

type Bits = [u64; COUNT / WORD_BITS];

/// The granules of one region. The first that are free are taken, so that as few as possible ever have memory.
pub(super) struct Granules {
    taken: Bits,
    /// Have memory: were taken since it was given back last.
    backed: Bits,
    /// Were taken since the last round began.
    used: Bits,
    /// In the words below this all are taken.
    full_words: usize,
}

impl Granules {
    pub(super) const fn new() -> Self {
        const NONE: Bits = [0; COUNT / WORD_BITS];
        Self { taken: NONE, backed: NONE, used: NONE, full_words: 0 }
    }

    /// Takes so many granules in a row.
    pub(super) fn take(&mut self, count: usize) -> Option<Taken> {
        while self.taken.get(self.full_words) == Some(&u64::MAX) {
            self.full_words += 1;
        }
        let mut from = self.full_words * WORD_BITS;
        loop {
            let start = find(from..COUNT, |word| !self.taken[word])?;
            let range = start..start.checked_add(count).filter(|end| *end <= COUNT)?;
            if let Some(taken) = find(range.clone(), |word| self.taken[word]) {
                from = taken;
                continue;
            }
            let is_fresh = find(range.clone(), |word| self.backed[word]).is_none();
            for bits in [&mut self.taken, &mut self.backed, &mut self.used] {
                set(bits, range.clone(), true);
            }
            return Some(Taken { range, is_fresh });
        }
    }

    /// Frees granules that were taken.
    pub(super) fn free(&mut self, range: Range<usize>) {
        self.full_words = self.full_words.min(range.start / WORD_BITS);
        set(&mut self.taken, range, false);
    }

    /// At most so many granules in a row that have memory and were not used in this round: taken, for whoever gives
    /// their memory back.
    pub(super) fn take_unused(&mut self, most: usize) -> Option<Range<usize>> {
        let unused = |word: usize| self.backed[word] & !self.used[word] & !self.taken[word];
        let start = find(0..COUNT, unused)?;
        let most = COUNT.min(start + most);
        let end = find(start..most, |word| !unused(word)).unwrap_or(most);
        set(&mut self.taken, start..end, true);
        Some(start..end)
    }

    /// Frees granules whose memory was given back.
    pub(super) fn free_without_memory(&mut self, range: Range<usize>) {
        set(&mut self.backed, range.clone(), false);
        self.free(range);
    }

    /// From now on what is not taken counts as unused.
    pub(super) fn begin_round(&mut self) {
        self.used = self.taken;
    }
}

/// Granules that somebody has now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) range: Range<usize>,
    /// Whether none of them has memory yet.
    pub(super) is_fresh: bool,
}

/// The first of these granules of which `word` has the bit.
fn find(among: Range<usize>, word: impl Fn(usize) -> u64) -> Option<usize> {
    let mut below = (1_u64 << (among.start % WORD_BITS)) - 1;
    for index in among.start / WORD_BITS..among.end.div_ceil(WORD_BITS) {
        let bits = word(index) & !below;
        if bits != 0 {
            let found = index * WORD_BITS + bits.trailing_zeros() as usize;
            return (found < among.end).then_some(found);
        }
        below = 0;
    }
    None
}

fn set(bits: &mut Bits, range: Range<usize>, to: bool) {
    let mut start = range.start;
    while start < range.end {
        let (word, bit) = (start / WORD_BITS, start % WORD_BITS);
        let count = (range.end - start).min(WORD_BITS - bit);
        let mask = (u64::MAX >> (WORD_BITS - count)) << bit;
        if to {
            bits[word] |= mask;
        } else {
            bits[word] &= !mask;
        }
        start += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> Box<Granules> {
        Box::new(Granules::new())
    }

    fn take(granules: &mut Granules, count: usize) -> Option<Range<usize>> {
        granules.take(count).map(|taken| taken.range)
    }

    #[test]
    fn the_first_that_are_free_are_taken() {
        let mut granules = new();
        assert_eq!(
            [3, 64, 130].map(|count| take(&mut granules, count)),
            [Some(0..3), Some(3..67), Some(67..197)]
        );
        granules.free(3..67);
        assert_eq!(take(&mut granules, 65), Some(197..262), "the hole is too small");
        assert_eq!(take(&mut granules, 60), Some(3..63));
        assert_eq!(take(&mut granules, 4), Some(63..67));
        assert_eq!(take(&mut granules, 1), Some(262..263));
        granules.free(1..2);
        assert_eq!(take(&mut granules, 1), Some(1..2), "all below were taken before");
    }

    #[test]
    fn there_is_no_more_than_there_is() {
        let mut granules = new();
        assert_eq!(take(&mut granules, COUNT + 1), None);
        assert_eq!(take(&mut granules, usize::MAX), None);
        assert_eq!(take(&mut granules, COUNT - 1), Some(0..COUNT - 1));
        assert_eq!(take(&mut granules, 2), None);
        assert_eq!(take(&mut granules, 1), Some(COUNT - 1..COUNT));
        assert_eq!(take(&mut granules, 1), None);
        granules.free(COUNT - 2..COUNT);
        assert_eq!(take(&mut granules, 2), Some(COUNT - 2..COUNT));
    }

    #[test]
    fn what_a_round_did_not_use_is_given_back_once() {
        let mut granules = new();
        take(&mut granules, 110).expect("room");
        granules.begin_round();
        granules.free(0..100);
        assert_eq!(granules.take_unused(COUNT), None, "it was in use when the round began");
        granules.begin_round();
        take(&mut granules, 20).expect("room");
        assert_eq!(granules.take_unused(70), Some(20..90), "no more than is asked for");
        assert_eq!(take(&mut granules, 15), Some(110..125), "what is being given back is not free");
        granules.free_without_memory(20..90);
        assert_eq!(granules.take_unused(COUNT), Some(90..100));
        granules.free(90..100);
        assert_eq!(granules.take_unused(COUNT), Some(90..100), "it was not given back");
        granules.free_without_memory(90..100);
        assert_eq!(granules.take_unused(COUNT), None);
    }

    #[test]
    fn fresh_is_what_has_no_memory_at_all() {
        let mut granules = new();
        let is_fresh =
            |granules: &mut Granules, count| granules.take(count).is_some_and(|taken| taken.is_fresh);
        assert!(is_fresh(&mut granules, 10));
        granules.free(0..10);
        assert!(!is_fresh(&mut granules, 5));
        assert!(!is_fresh(&mut granules, 6), "five of these had memory");
        assert!(is_fresh(&mut granules, 6));
        granules.free(0..17);
        granules.begin_round();
        granules.take_unused(COUNT).into_iter().for_each(|unused| granules.free_without_memory(unused));
        assert!(is_fresh(&mut granules, 17));
    }

    /// Against a plain list of what is taken.
    #[test]
    fn nothing_is_taken_twice() {
        let mut granules = new();
        let mut held: Vec<Range<usize>> = Vec::new();
        let mut random = 1_u64;
        for _ in 0..20_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let count = (random >> 33) as usize % 150 + 1;
            if random >> 63 == 0 || held.is_empty() {
                let taken = take(&mut granules, count).expect("room");
                assert_eq!(taken.len(), count);
                assert!(held.iter().all(|other| other.end <= taken.start || taken.end <= other.start));
                held.push(taken);
            } else {
                granules.free(held.swap_remove(count % held.len()));
            }
        }
        held.drain(..).for_each(|range| granules.free(range));
        assert_eq!(take(&mut granules, COUNT), Some(0..COUNT));
    }
}
