//! Chance for one purpose, from the seed and the purpose's name.

use std::sync::Arc;
use std::time::Duration;

use thalweg_model::world::{Random, SeededRandom};

/// A stream of chance; clones go on with the same stream.
#[derive(Clone, Debug)]
pub struct Chance(Arc<SeededRandom>);

impl Chance {
    /// The stream of a purpose.
    pub fn new(seed: u64, purpose: &str) -> Self {
        // FNV-1a of the name keeps the streams apart.
        let mut state = seed ^ 0xcbf2_9ce4_8422_2325;
        for byte in purpose.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let random = SeededRandom::new(state);
        // The first value mixes seeds that lie side by side.
        let mixed = random.next();
        Self(Arc::new(SeededRandom::new(mixed)))
    }

    /// A number below `bound`; 0 where the bound is 0.
    pub fn below(&self, bound: u64) -> u64 {
        self.0.next() % bound.max(1)
    }

    /// A number from `least` to `most`.
    pub fn between(&self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// True one time in `count`; never for 0.
    pub fn one_in(&self, count: u64) -> bool {
        count > 0 && self.below(count) == 0
    }

    /// True so many times in a hundred.
    pub fn percent(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn pick<'a, T>(&self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }

    /// A time between two others.
    pub fn micros(&self, least: u64, most: u64) -> Duration {
        Duration::from_micros(self.between(least, most))
    }
}

impl Random for Chance {
    fn next(&self) -> u64 {
        self.0.next()
    }
}
