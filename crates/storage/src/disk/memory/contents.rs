//! What a file in memory holds, and what a power cut would leave of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use thalweg_model::world::Random;

use super::ALIGNMENT;

#[derive(Clone, Default)]
pub(super) struct Contents {
    pub(super) bytes: Vec<u8>,
    /// What the pages held that were written since the last sync.
    pub(super) undo: BTreeMap<usize, Vec<u8>>,
    /// The same of pages that a failed sync gave up: written over, they have another chance.
    pub(super) lost: BTreeMap<usize, Vec<u8>>,
    pub(super) durable_length: usize,
    /// Pages that cannot be read until they are written over.
    pub(super) unreadable: BTreeSet<usize>,
    /// A bit of it flipped on the device: what the page cache had of it is gone, or nobody would ever see that.
    pub(super) rotten: bool,
}

impl Contents {
    /// Changes bits of a byte, as a device does that rots.
    pub(super) fn flip(&mut self, position: usize, bits: u8) {
        self.bytes[position] ^= bits;
        self.rotten = true;
    }

    pub(super) fn write(&mut self, buffer: &[u8], position: usize) {
        let end = position + buffer.len();
        self.remember(position, end);
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[position..end].copy_from_slice(buffer);
    }

    /// Keeps what the pages of this range hold, unless an older content is kept already.
    pub(super) fn remember(&mut self, position: usize, end: usize) {
        for page in pages(position, end) {
            self.unreadable.remove(&page);
            let from = (page * ALIGNMENT).min(self.bytes.len());
            let to = (from + ALIGNMENT).min(self.bytes.len());
            let old = &self.bytes[from..to];
            let lost = self.lost.remove(&page);
            self.undo.entry(page).or_insert_with(|| lost.unwrap_or_else(|| old.to_vec()));
        }
    }

    pub(super) fn sync(&mut self) {
        self.undo.clear();
        self.durable_length = self.bytes.len();
    }

    /// A sync failed: the system takes the pages for written, and they are not.
    pub(super) fn lose(&mut self) {
        for (page, old) in std::mem::take(&mut self.undo) {
            self.lost.entry(page).or_insert(old);
        }
    }

    pub(super) fn after_cut(&self, chance: &dyn Random, pages_undone: &mut u64) -> Self {
        let mut bytes = self.bytes.clone();
        if bytes.len() != self.durable_length && chance.next().is_multiple_of(2) {
            bytes.resize(self.durable_length, 0);
        }
        let kept = |page: &(&usize, &Vec<u8>)| {
            !(chance.next().is_multiple_of(2) || *page.0 * ALIGNMENT >= bytes.len())
        };
        let undone: Vec<_> = self.undo.iter().filter(kept).chain(&self.lost).collect();
        for (page, old) in undone {
            let from = page * ALIGNMENT;
            if from >= bytes.len() {
                continue;
            }
            *pages_undone += 1;
            let to = (from + ALIGNMENT).min(bytes.len());
            bytes[from..to].fill(0);
            let kept = old.len().min(to - from);
            bytes[from..from + kept].copy_from_slice(&old[..kept]);
        }
        let unreadable = self.unreadable.clone();
        Self { durable_length: bytes.len(), bytes, unreadable, ..Self::default() }
    }
}

pub(super) fn pages(from: usize, to: usize) -> Range<usize> {
    from / ALIGNMENT..to.div_ceil(ALIGNMENT)
}
