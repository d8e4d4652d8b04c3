//! The power is cut at every change of the disk, for many seeds: what was acknowledged is found, as it was.

use std::sync::Arc;

use thalweg_model::world::{Random, SeededRandom, block_on};
use thalweg_storage::disk::{Fault, MemoryDisk};
use thalweg_storage::wal::{Named, Ring, RingOptions, Wal};
use thalweg_storage::{Durability, WalSeq};

use crate::world::{block, chain, named, world};

const OPTIONS: RingOptions = RingOptions {
    first_bytes: 64 << 10,
    file_bytes: 64 << 10,
    files: 1,
    files_uncovered_max: 4,
    durability: Durability::Fsync,
};

/// What outlives a life: what facts would say, and what clients were told.
#[derive(Clone, Default)]
struct Known {
    /// Each chain with its first block, and its end once it is written down.
    chains: Vec<(u128, u64, Option<u64>)>,
    /// The length of each block that was put, acknowledged or not.
    lengths: Vec<(u64, u128, usize)>,
    acknowledged: u64,
    covered: u64,
}

#[test]
fn nothing_acknowledged_is_lost_wherever_the_power_is_cut() {
    for seed in 0..40 {
        for direct in [true, false] {
            let disk = MemoryDisk::new(direct);
            let mut known = Known::default();
            let random = SeededRandom::new(seed);
            let mut disk = disk;
            make_whole(&disk);
            for life in 0..6 {
                let cut = disk.counts().changes + random.next() % 40;
                disk.fail_at(cut, Fault::Cut);
                let what = format!("seed {seed}, direct {direct}, life {life}, cut at {cut}");
                live(&disk, life, &mut known, &random, &what);
                disk = disk.power_cut(&random);
            }
        }
    }
}

/// Makes the second file, so that nothing goes on in the background later.
fn make_whole(disk: &MemoryDisk) {
    let ring = block_on(Ring::open(Arc::new(disk.clone()), OPTIONS, world(), &[])).expect("the ring opens");
    ring.room(u64::MAX);
    while ring.file_count() < 2 {
        std::thread::yield_now();
    }
}

/// One life: recovers, checks what is there, and writes until the power goes.
fn live(disk: &MemoryDisk, life: u128, known: &mut Known, random: &SeededRandom, what: &str) {
    let from = known.covered + 1;
    let named: Vec<_> = known
        .chains
        .iter()
        .map(|(name, first, end)| Named { end: end.map(WalSeq), ..named(*name, from.max(*first)) })
        .collect();
    let Ok(ring) = block_on(Ring::open(Arc::new(disk.clone()), OPTIONS, world(), &named)) else {
        assert!(disk.is_dead(), "{what}");
        return;
    };
    let mut end_of_all = known.covered;
    for (index, named) in named.iter().enumerate() {
        let Named { chain: name, from, .. } = named;
        let Ok(found) = block_on(ring.close(*named)) else {
            assert!(disk.is_dead(), "{what}");
            return;
        };
        assert_eq!((found.damaged, found.doubt), (vec![], None), "{what}");
        let end = match known.chains[index].2 {
            Some(end) => {
                assert!(end < from.0 || found.end.0 >= end, "{what}: a written end went back");
                end
            }
            None => found.end.0,
        };
        for seq in from.0..=end {
            let (_, owner, length) = known
                .lengths
                .iter()
                .rev()
                .find(|(number, owner, _)| *number == seq && chain(*owner) == *name)
                .unwrap_or_else(|| panic!("{what}: block {seq} was never put"));
            let expect = block(chain(*owner), seq, *length).concat();
            match block_on(ring.read(*name, WalSeq(seq), 0..expect.len() as u64)) {
                Ok(read) => assert_eq!(read, expect, "{what}: block {seq}"),
                Err(error) => assert!(disk.is_dead(), "{what}: block {seq}: {error}"),
            }
        }
        known.chains[index].2 = Some(end);
        end_of_all = end_of_all.max(end);
    }
    assert!(end_of_all >= known.acknowledged, "{what}: {end_of_all} < {}", known.acknowledged);
    let covered = known.covered;
    known.chains.retain(|(name, _, end)| {
        let stays = end.is_some_and(|end| end > covered);
        if !stays {
            block_on(ring.trim(chain(*name), WalSeq(u64::MAX)));
        }
        stays
    });
    let first = end_of_all + 1;
    known.chains.push((life + 1, first, None));
    let name = chain(life + 1);
    for seq in first.. {
        let length = 1 + (random.next() % 14_000) as usize;
        known.lengths.push((seq, life + 1, length));
        if block_on(ring.put(name, WalSeq(seq), &block(name, seq, length))).is_err() {
            assert!(disk.is_dead(), "{what}");
            return;
        }
        known.acknowledged = seq;
        // the ring is small: what is covered must be let go
        if seq - known.covered > 3 {
            known.covered += 1 + random.next() % 3;
            for (name, _, _) in &known.chains {
                block_on(ring.trim(chain(*name), WalSeq(known.covered + 1)));
            }
        }
    }
}
