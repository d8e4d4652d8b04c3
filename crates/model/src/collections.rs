//! Hash maps whose seed belongs to the run: a simulated run with one seed iterates in one order, and a real one is
//! seeded by chance, so that nobody outside can aim at collisions.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

static SEED: AtomicU64 = AtomicU64::new(0);

/// Sets the seed of all maps made from now on; called once, first thing in `main`.
pub fn seed(seed: u64) {
    SEED.store(seed, Ordering::Relaxed);
}

/// The hasher's seed, taken when a map is made.
#[derive(Clone, Debug)]
pub struct Seeded(foldhash::fast::SeedableRandomState);

impl Default for Seeded {
    fn default() -> Self {
        let shared = foldhash::SharedSeed::global_fixed();
        Self(foldhash::fast::SeedableRandomState::with_seed(SEED.load(Ordering::Relaxed), shared))
    }
}

impl BuildHasher for Seeded {
    type Hasher = <foldhash::fast::SeedableRandomState as BuildHasher>::Hasher;

    fn build_hasher(&self) -> Self::Hasher {
        self.0.build_hasher()
    }
}

/// A map; make it with `HashMap::default()`.
pub type HashMap<K, V> = hashbrown::HashMap<K, V, Seeded>;
/// A set; make it with `HashSet::default()`.
pub type HashSet<K> = hashbrown::HashSet<K, Seeded>;
