//! The ring's account of its files: which block lies where, which file is free, where the next block goes. No I/O.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::disk::{File, align_up};
use crate::wal::{ChainEnd, ChainId, Doubt, Listed, Named, WalSeq, decide_end};

use super::scan::Found;

/// The name of a ring file, without its folder.
pub(super) fn ring_name(number: u32) -> String {
    format!("ring-{number}")
}

/// The name of a single block's file.
pub(super) fn own_name(number: u32) -> String {
    format!("own-{number}")
}

/// Whether a file of this name is written over again and again.
pub(crate) fn is_of_ring(name: &str) -> bool {
    parse(name).is_some_and(|(_, own)| !own)
}

/// A file's number, and whether it is a single block's.
pub(super) fn parse(name: &str) -> Option<(u32, bool)> {
    let (own, number) = match name.strip_prefix("ring-") {
        Some(number) => (false, number),
        None => (true, name.strip_prefix("own-")?),
    };
    Some((number.parse().ok()?, own))
}

/// An open file; whoever holds it beside [`Files`] keeps it from being written over.
pub(super) struct Handle {
    pub(super) name: String,
    pub(super) length: u64,
    pub(super) file: Arc<dyn File>,
    /// The same file through the page cache, for what an earlier life wrote.
    pub(super) reader: Arc<dyn File>,
}

/// Where a block lies.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) file: (u32, bool),
    pub(super) position: u64,
    pub(super) length: u64,
    pub(super) durable_below: WalSeq,
    pub(super) whole: bool,
    pub(super) unreadable: bool,
    pub(super) earlier: bool,
}

/// A place for a new block.
pub(super) struct Taken {
    pub(super) handle: Arc<Handle>,
    pub(super) position: u64,
}

struct RingFile {
    handle: Arc<Handle>,
    /// The last block of each chain in it that is not covered.
    needed: BTreeMap<ChainId, WalSeq>,
}

impl RingFile {
    fn is_free(&self) -> bool {
        self.needed.is_empty() && Arc::strong_count(&self.handle) == 1
    }
}

/// All files. Keyed by number and whether it is a single block's.
#[derive(Default)]
pub(super) struct Files {
    files: BTreeMap<(u32, bool), RingFile>,
    /// The file that is being filled, and where the next block goes.
    current: Option<((u32, bool), u64)>,
    places: BTreeMap<(ChainId, WalSeq), Place>,
    /// Files of single blocks that wait for theirs.
    prepared: Vec<(u32, bool)>,
}

impl Files {
    pub(super) fn add(&mut self, number: u32, own: bool, handle: Arc<Handle>) {
        self.files.insert((number, own), RingFile { handle, needed: BTreeMap::new() });
    }

    pub(super) fn add_prepared(&mut self, number: u32, handle: Arc<Handle>) {
        self.add(number, true, handle);
        self.prepared.push((number, true));
    }

    pub(super) fn handles(&self) -> impl Iterator<Item = ((u32, bool), &Arc<Handle>)> {
        self.files.iter().map(|(key, file)| (*key, &file.handle))
    }

    /// Takes over what a scan found: the blocks that count. The rest is free, and the file with the newest block is
    /// filled on.
    pub(super) fn adopt(&mut self, named: &[Named], found: Found) -> Vec<(ChainId, ChainEnd)> {
        let mut ends = Vec::new();
        for named in named {
            let mut blocks: Vec<_> =
                found.blocks.iter().filter(|block| block.chain == named.chain).copied().collect();
            blocks.sort_by_key(|block| block.listed.seq);
            let listed: Vec<Listed> = blocks.iter().map(|block| block.listed).collect();
            let mut end = decide_end(*named, &listed);
            if named.end.is_none() {
                end.doubt = self.doubt(&found);
            }
            if let Some(next) = blocks.iter().find(|block| block.listed.seq == end.end.next())
                && !next.listed.whole
                && named.end.is_none()
            {
                tracing::warn!(
                    file = self.name_of(next.file),
                    position = next.position,
                    seq = %next.listed.seq,
                    "the newest block of the write-ahead log is not whole and counts as never written: torn when the \
                     broker ended, or, if it was acknowledged, damaged since"
                );
            }
            for block in blocks.into_iter().filter(|block| block.listed.seq <= end.end) {
                self.settle(named.chain, block.listed.seq, block.into());
            }
            ends.push((named.chain, end));
        }
        let newest = self.places.iter().filter(|(_, place)| !place.file.1).max_by_key(|((_, seq), _)| *seq);
        if let Some((_, newest)) = newest {
            let file = newest.file;
            let in_file = self.places.values().filter(|place| place.file == file);
            let end = in_file.map(|place| place.position + align_up(place.length)).max().unwrap_or(0);
            self.current = Some((file, end));
        }
        ends
    }

    /// A place that cannot be read and may hold a block that none of those that were found proves.
    pub(super) fn doubt(&self, found: &Found) -> Option<Doubt> {
        let (key, position) = *found.doubtful.first()?;
        Some(Doubt { file: self.name_of(key)?, position })
    }

    pub(super) fn name_of(&self, key: (u32, bool)) -> Option<String> {
        Some(self.files.get(&key)?.handle.name.clone())
    }

    fn settle(&mut self, chain: ChainId, seq: WalSeq, place: Place) {
        self.places.insert((chain, seq), place);
        let file = self.files.get_mut(&place.file).expect("a block lies in a known file");
        let last = file.needed.entry(chain).or_default();
        *last = (*last).max(seq);
    }

    /// A place in the ring for a block that fits in one of its files; none where no file is free.
    pub(super) fn take(&mut self, chain: ChainId, seq: WalSeq, length: u64) -> Option<Taken> {
        let padded = align_up(length);
        if let Some((key, position)) = self.current {
            let file = &self.files[&key];
            // all of it is covered: begin anew rather than go on to another file
            let position = if file.is_free() { 0 } else { position };
            if position + padded <= file.handle.length {
                return Some(self.take_at(key, position, chain, seq, length));
            }
        }
        let fits = |file: &RingFile| file.is_free() && file.handle.length >= padded;
        let mut candidates = self.files.iter().filter(|((_, own), file)| !own && fits(file));
        let (key, _) = candidates.next()?;
        Some(self.take_at(*key, 0, chain, seq, length))
    }

    fn take_at(
        &mut self,
        key: (u32, bool),
        position: u64,
        chain: ChainId,
        seq: WalSeq,
        length: u64,
    ) -> Taken {
        if !key.1 {
            self.current = Some((key, position + align_up(length)));
        }
        let place = Place {
            file: key,
            position,
            length,
            durable_below: WalSeq::NONE,
            whole: true,
            unreadable: false,
            earlier: false,
        };
        self.settle(chain, seq, place);
        Taken { handle: self.files[&key].handle.clone(), position }
    }

    /// The smallest prepared file that holds the block.
    pub(super) fn take_own(&mut self, chain: ChainId, seq: WalSeq, length: u64) -> Option<Taken> {
        let lengths = self.prepared.iter().enumerate().map(|(at, key)| (self.files[key].handle.length, at));
        let (_, at) = lengths.filter(|(file, _)| *file >= length).min()?;
        let key = self.prepared.swap_remove(at);
        Some(self.take_at(key, 0, chain, seq, length))
    }

    /// A prepared file of this length waits for no block any more.
    pub(super) fn release_own(&mut self, length: u64) {
        if let Some(at) = self.prepared.iter().position(|key| self.files[key].handle.length == length) {
            self.prepared.swap_remove(at);
        }
    }

    pub(super) fn find(&self, chain: ChainId, seq: WalSeq) -> Option<(Arc<Handle>, Place)> {
        let place = self.places.get(&(chain, seq))?;
        Some((self.files[&place.file].handle.clone(), *place))
    }

    pub(super) fn list(&self, chain: ChainId, from: WalSeq) -> Vec<Listed> {
        let blocks = self.places.range((chain, from)..=(chain, WalSeq(u64::MAX)));
        blocks
            .map(|((_, seq), place)| Listed {
                seq: *seq,
                length: place.length,
                durable_below: place.durable_below,
                whole: place.whole,
                unreadable: place.unreadable,
            })
            .collect()
    }

    pub(super) fn handles_of(&self, chain: ChainId) -> Vec<Arc<Handle>> {
        let files = self.files.values().filter(|file| file.needed.contains_key(&chain));
        files.map(|file| file.handle.clone()).collect()
    }

    pub(super) fn trim(&mut self, chain: ChainId, below: WalSeq) {
        let mut rest = self.places.split_off(&(chain, WalSeq::NONE));
        self.places.append(&mut rest.split_off(&(chain, below)));
        for file in self.files.values_mut() {
            if file.needed.get(&chain).is_some_and(|last| *last < below) {
                file.needed.remove(&chain);
            }
        }
    }

    /// Forgets the files of single blocks that nobody needs and gives their names; who reads one still holds it open.
    pub(super) fn remove_covered_own(&mut self) -> Vec<String> {
        let mut gone = Vec::new();
        let prepared = &self.prepared;
        self.files.retain(|key, file| {
            let stays = !key.1 || !file.needed.is_empty() || prepared.contains(key);
            if !stays {
                gone.push(file.handle.name.clone());
            }
            stays
        });
        gone
    }

    /// What can still be written; `margin` is what may be lost at a file's end.
    pub(super) fn room(&self, margin: u64) -> u64 {
        let rest = |(key, file): (&(u32, bool), &RingFile)| match self.current {
            _ if key.1 => 0,
            _ if file.is_free() => file.handle.length.saturating_sub(margin),
            Some((current, position)) if current == *key => {
                file.handle.length.saturating_sub(position + margin)
            }
            _ => 0,
        };
        self.files.iter().map(rest).sum()
    }

    /// Files that are not filled any more and not covered either.
    pub(super) fn full_and_uncovered(&self) -> usize {
        let current = self.current.map(|(key, _)| key);
        self.files.iter().filter(|(key, file)| Some(**key) != current && !file.needed.is_empty()).count()
    }

    /// Whether there is load that a ring of one small file will not carry.
    pub(super) fn only_small_file_is_half_used(&self, file_bytes: u64) -> bool {
        let Some((key, position)) = self.current else { return false };
        self.files.values().all(|file| file.handle.length < file_bytes)
            && position > self.files[&key].handle.length / 2
    }

    pub(super) fn ring_count(&self) -> usize {
        self.files.keys().filter(|(_, own)| !own).count()
    }

    pub(super) fn count(&self) -> usize {
        self.files.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.handle.length).sum()
    }

    /// A number that no file of this kind bears.
    pub(super) fn unused_number(&self, own: bool) -> u32 {
        (0..)
            .find(|number| !self.files.contains_key(&(*number, own)))
            .expect("there are more numbers than files")
    }
}
