//! The ring by itself: its files are written over and never extended, and free again when covered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use thalweg_model::TimestampMs;
use thalweg_model::world::{ManualClock, SeededRandom, Spawner, Threads, World, block_on};
use thalweg_storage::disk::{Access, Create, Disk, Fault, MemoryDisk, Open};
use thalweg_storage::wal::{Doubt, Named, PutError, Ring, RingOptions, Room, Wal};
use thalweg_storage::{Durability, WalSeq};

use crate::world::{block, block_after, chain, named, world};

const OPTIONS: RingOptions = RingOptions {
    first_bytes: 64 << 10,
    file_bytes: 128 << 10,
    files: 6,
    files_uncovered_max: 4,
    durability: Durability::Fsync,
};

fn open(disk: &MemoryDisk, chains: &[(u128, u64)]) -> Ring {
    let chains: Vec<_> = chains.iter().map(|(name, from)| named(*name, *from)).collect();
    block_on(Ring::open(Arc::new(disk.clone()), OPTIONS, world(), &chains)).expect("the ring opens")
}

fn put(ring: &Ring, name: u128, seq: u64, length: usize) {
    block_on(ring.put(chain(name), WalSeq(seq), &block(chain(name), seq, length))).expect("the disk works");
}

fn files(disk: &MemoryDisk) -> Vec<String> {
    block_on(disk.list("wal")).expect("the disk works")
}

fn until_made(ring: &Ring) {
    while ring.file_count() < 7 {
        std::thread::yield_now();
    }
}

#[test]
fn a_ring_without_load_stays_one_file_for_ever() {
    let disk = MemoryDisk::new(true);
    let ring = open(&disk, &[]);
    for seq in 1..=200 {
        put(&ring, 1, seq, 3000);
        block_on(ring.trim(chain(1), WalSeq(seq + 1)));
    }
    assert_eq!(files(&disk), ["ring-0"]);
    assert_eq!(ring.bytes_held(), OPTIONS.first_bytes);
}

#[test]
fn one_put_is_one_wait_for_the_device_and_extends_nothing() {
    for (direct, waits) in [(true, 1), (false, 1)] {
        let disk = MemoryDisk::new(direct);
        let ring = open(&disk, &[]);
        for (seq, length) in [(1, 10), (2, 9000), (3, 4000)] {
            let before = disk.counts();
            put(&ring, 1, seq, length);
            let after = disk.counts();
            assert_eq!(after.syncs - before.syncs, waits);
            assert_eq!(after.writes - before.writes, 1);
        }
        assert_eq!(block_on(disk.space()).expect("it works").total, u64::MAX);
        assert_eq!(ring.bytes_held(), OPTIONS.first_bytes);
    }
}

#[test]
fn under_load_the_ring_is_made_whole_and_goes_round() {
    let disk = MemoryDisk::new(true);
    let ring = open(&disk, &[]);
    for seq in 1..=15 {
        put(&ring, 1, seq, 10_000);
    }
    until_made(&ring);
    let held = OPTIONS.first_bytes + 6 * OPTIONS.file_bytes;
    for seq in 16..=500 {
        put(&ring, 1, seq, 10_000);
        block_on(ring.trim(chain(1), WalSeq(seq - 10)));
        assert_eq!(ring.list(chain(1), WalSeq(0)).len(), 11);
    }
    assert_eq!(ring.bytes_held(), held);
    for seq in 490..=500 {
        let expect = block(chain(1), seq, 10_000).concat();
        let read = block_on(ring.read(chain(1), WalSeq(seq), 0..expect.len() as u64));
        assert_eq!(read.expect("it is there"), expect);
    }
}

#[test]
fn with_four_files_uncovered_there_is_no_room_until_one_is_covered() {
    let disk = MemoryDisk::new(true);
    let ring = open(&disk, &[]);
    put(&ring, 1, 1, 50_000);
    until_made(&ring);
    let mut seq = 1;
    while ring.room(1) != Room::Bytes(0) {
        seq += 1;
        put(&ring, 1, seq, 50_000);
    }
    // the small file with one block, three large ones with two, and the first block of the next
    assert_eq!(seq, 8);
    // what was promised before still finds its place
    put(&ring, 1, seq + 1, 50_000);
    block_on(ring.trim(chain(1), WalSeq(2)));
    assert_ne!(ring.room(1), Room::Bytes(0));
}

#[test]
fn a_block_larger_than_a_file_has_its_own_until_it_is_covered() {
    let disk = MemoryDisk::new(true);
    let ring = open(&disk, &[]);
    let length = 300_000;
    assert!(block_on(ring.allocate_alone(length as u64 + 4096)));
    assert_eq!(files(&disk), ["own-0", "ring-0"]);
    put(&ring, 1, 1, length);
    put(&ring, 1, 2, 10);
    drop(ring);
    let ring = open(&disk, &[(1, 1)]);
    assert_eq!(block_on(ring.close(named(1, 1))).expect("it works").end, WalSeq(2));
    let read = block_on(ring.read(chain(1), WalSeq(1), 80..80 + length as u64)).expect("it is there");
    assert_eq!(read, block(chain(1), 1, length)[1]);
    block_on(ring.trim(chain(1), WalSeq(2)));
    assert_eq!(files(&disk), ["ring-0"]);
}

#[test]
fn own_files_that_are_not_used_go_away() {
    let disk = MemoryDisk::new(true);
    let ring = open(&disk, &[]);
    assert!(block_on(ring.allocate_alone(300_000)));
    ring.release_alone(300_000);
    block_on(ring.trim(chain(1), WalSeq(1)));
    assert_eq!(files(&disk), ["ring-0"]);
    disk.set_room(300_000);
    assert!(!block_on(ring.allocate_alone(300_000)));
    assert_eq!(files(&disk), ["ring-0"]);
}

#[test]
fn a_full_disk_is_told_and_the_next_chain_goes_on_in_the_same_file() {
    let disk = MemoryDisk::new(true);
    disk.set_room(OPTIONS.first_bytes);
    let ring = open(&disk, &[]);
    for seq in 1..=3 {
        put(&ring, 1, seq, 10_000);
    }
    drop(ring);
    let ring = open(&disk, &[(1, 2)]);
    assert_eq!(block_on(ring.close(named(1, 2))).expect("it works").end, WalSeq(3));
    put(&ring, 2, 4, 10_000);
    drop(ring);
    let ring = open(&disk, &[(1, 2), (2, 4)]);
    let numbers =
        |name| ring.list(chain(name), WalSeq(0)).iter().map(|found| found.seq.0).collect::<Vec<_>>();
    assert_eq!((numbers(1), numbers(2)), (vec![2, 3], vec![4]));
    assert_eq!(files(&disk), ["ring-0"]);
    while ring.room(1 << 20) != Room::Full {
        let Room::Bytes(room) = ring.room(1 << 20) else { break };
        if room == 0 {
            std::thread::yield_now();
            continue;
        }
        let seq = 5 + ring.list(chain(2), WalSeq(5)).len() as u64;
        put(&ring, 2, seq, 10);
    }
}

#[test]
fn a_put_that_waits_for_a_file_goes_on_when_the_disk_has_room_again() {
    let clock = ManualClock::new(TimestampMs(0));
    let disk = MemoryDisk::new(true);
    disk.set_room(OPTIONS.first_bytes);
    let surroundings = World { clock: Arc::new(clock.clone()), ..world() };
    let ring = block_on(Ring::open(Arc::new(disk.clone()), OPTIONS, surroundings, &[])).expect("it opens");
    put(&ring, 1, 1, 50_000);
    let (waiting, done) = (ring.clone(), Arc::new(AtomicBool::new(false)));
    let tell = done.clone();
    let task = Threads.spawn_blocking(
        "put",
        Box::new(move || {
            put(&waiting, 1, 2, 50_000);
            tell.store(true, Ordering::Release);
        }),
    );
    while clock.next_deadline().is_none() {
        std::thread::yield_now();
    }
    assert!(!done.load(Ordering::Acquire));
    disk.set_room(u64::MAX);
    while !done.load(Ordering::Acquire) {
        clock.advance(Duration::from_secs(1));
        std::thread::yield_now();
    }
    block_on(task);
    assert_eq!(ring.list(chain(1), WalSeq(1)).len(), 2);
}

#[test]
fn damage_is_told_apart_from_the_end() {
    let disk = MemoryDisk::new(true);
    let ring = open(&disk, &[]);
    for seq in 1..=5 {
        put(&ring, 1, seq, 5000);
    }
    drop(ring);
    // each block takes two pages: the third one's body
    disk.rot("wal/ring-0", 4 * 4096 + 100);
    let ring = open(&disk, &[(1, 1)]);
    let end = block_on(ring.close(named(1, 1))).expect("it works");
    assert_eq!((end.end, end.damaged), (WalSeq(5), vec![WalSeq(3)]));
    drop(ring);
    // its header too: it cannot be found, and is damage still
    disk.rot("wal/ring-0", 4 * 4096 + 10);
    let ring = open(&disk, &[(1, 1)]);
    let end = block_on(ring.close(named(1, 1))).expect("it works");
    assert_eq!((end.end, end.damaged), (WalSeq(5), vec![WalSeq(3)]));
    drop(ring);
    // the last one: nothing proves it
    disk.rot("wal/ring-0", 8 * 4096 + 10);
    let ring = open(&disk, &[(1, 1)]);
    assert_eq!(block_on(ring.close(named(1, 1))).expect("it works").end, WalSeq(4));
    // and it is overwritten by the next chain
    put(&ring, 2, 5, 5000);
    drop(ring);
    let ring = open(&disk, &[(1, 1), (2, 5)]);
    assert_eq!(block_on(ring.close(named(1, 1))).expect("it works").end, WalSeq(4));
    assert_eq!(block_on(ring.close(named(2, 5))).expect("it works").end, WalSeq(5));
}

#[test]
fn a_damaged_head_of_a_file_hides_nothing_behind_it() {
    let disk = MemoryDisk::new(true);
    let ring = open(&disk, &[]);
    for seq in 1..=5 {
        put(&ring, 1, seq, 5000);
    }
    drop(ring);
    disk.rot("wal/ring-0", 10);
    let ring = open(&disk, &[(1, 1)]);
    let end = block_on(ring.close(named(1, 1))).expect("it works");
    assert_eq!((end.end, end.damaged), (WalSeq(5), vec![WalSeq(1)]));
}

#[test]
fn a_device_that_cannot_read_where_the_next_block_may_lie_leaves_a_doubt() {
    let (file, place) = ("wal/ring-0".to_owned(), 2 * 8192);
    for length in [300, 5000] {
        let disk = MemoryDisk::new(true);
        let ring = open(&disk, &[]);
        for seq in 1..=3 {
            put(&ring, 1, seq, if seq == 3 { length } else { 5000 });
        }
        drop(ring);
        // the third block begins there; nobody can say that it does
        disk.make_unreadable(&file, place..place + 1);
        let ring = open(&disk, &[(1, 1)]);
        let end = block_on(ring.close(named(1, 1))).expect("it works");
        let position = place;
        assert_eq!((end.end, end.doubt), (WalSeq(2), Some(Doubt { file: file.clone(), position })));
        // where its end was written down it is damage
        let written = Named { end: Some(WalSeq(3)), ..named(1, 1) };
        let again =
            block_on(Ring::open(Arc::new(disk.clone()), OPTIONS, world(), &[written])).expect("it opens");
        let end = block_on(again.close(written)).expect("it works");
        assert_eq!((end.end, end.damaged, end.doubt), (WalSeq(3), vec![WalSeq(3)], None));
    }
}

#[test]
fn what_cannot_be_read_elsewhere_leaves_none() {
    let disk = MemoryDisk::new(true);
    let ring = open(&disk, &[]);
    for seq in 1..=4 {
        put(&ring, 1, seq, 5000);
    }
    drop(ring);
    // behind the place where the fifth would begin; the second's header; the fourth's body
    for place in [4 * 8192 + 4096, 8192, 3 * 8192 + 4096] {
        disk.make_unreadable("wal/ring-0", place..place + 1);
    }
    let ring = open(&disk, &[(1, 1)]);
    let end = block_on(ring.close(named(1, 1))).expect("it works");
    assert_eq!((end.end, end.damaged, end.doubt), (WalSeq(4), vec![WalSeq(2), WalSeq(4)], None));
    drop(ring);
    // all of it is covered: the block that is not is looked for at the beginning too
    let ring = open(&disk, &[(1, 5)]);
    assert_eq!(block_on(ring.close(named(1, 5))).expect("it works").doubt, None);
    disk.make_unreadable("wal/ring-0", 0..1);
    let ring = open(&disk, &[(1, 5)]);
    let doubt = block_on(ring.close(named(1, 5))).expect("it works").doubt.expect("it may begin there");
    assert_eq!(doubt.position, 0);
}

#[test]
fn without_syncs_a_hole_is_the_end() {
    let disk = MemoryDisk::new(true);
    let ring = open(&disk, &[]);
    for seq in 1..=4 {
        let pieces = block_after(chain(1), seq, 1, 5000);
        block_on(ring.put(chain(1), WalSeq(seq), &pieces)).expect("the disk works");
    }
    drop(ring);
    disk.rot("wal/ring-0", 2 * 4096 + 100);
    let ring = open(&disk, &[(1, 1)]);
    let end = block_on(ring.close(named(1, 1))).expect("it works");
    assert_eq!((end.end, end.damaged), (WalSeq(1), vec![]));
    assert_eq!(ring.list(chain(1), WalSeq(0)).len(), 1);
}

#[test]
fn after_a_failed_put_no_other_succeeds() {
    for direct in [true, false] {
        let disk = MemoryDisk::new(direct);
        let ring = open(&disk, &[]);
        put(&ring, 1, 1, 100);
        disk.fail_at(0, Fault::SyncFails);
        for seq in [2, 3] {
            let failed = block_on(ring.put(chain(1), WalSeq(seq), &block(chain(1), seq, 100)));
            assert!(matches!(failed, Err(PutError::Failed(_))));
        }
    }
}

#[test]
fn a_file_that_was_being_made_is_thrown_away() {
    let disk = MemoryDisk::new(true);
    drop(open(&disk, &[]));
    let how = Open { access: Access::Buffered, create: Create::New };
    drop(block_on(disk.open("wal/ring-1.new", how)).expect("it works"));
    drop(open(&disk, &[]));
    assert_eq!(files(&disk), ["ring-0"]);
}

#[test]
fn blocks_behind_covered_ones_of_the_same_file_are_found() {
    let disk = MemoryDisk::new(true);
    let ring = open(&disk, &[]);
    for seq in 1..=5 {
        put(&ring, 1, seq, 5_000);
    }
    drop(ring);
    let ring = open(&disk, &[(1, 3)]);
    assert_eq!(block_on(ring.close(named(1, 3))).expect("it works").end, WalSeq(5));
    let listed: Vec<u64> = ring.list(chain(1), WalSeq(0)).iter().map(|block| block.seq.0).collect();
    assert_eq!(listed, [3, 4, 5]);
}

#[test]
fn what_was_found_once_survives_though_its_sync_had_failed() {
    for seed in 0..20 {
        let disk = MemoryDisk::new(false);
        let ring = open(&disk, &[]);
        put(&ring, 1, 1, 5_000);
        disk.fail_at(0, Fault::SyncFails);
        let failed = block_on(ring.put(chain(1), WalSeq(2), &block(chain(1), 2, 20_000)));
        assert!(matches!(failed, Err(PutError::Failed(_))));
        drop(ring);
        // the process begins anew and finds the block in the page cache
        let ring = open(&disk, &[(1, 1)]);
        let end = block_on(ring.close(named(1, 1))).expect("it works");
        assert_eq!(end.end, WalSeq(2));
        drop(ring);
        let disk = disk.power_cut(&SeededRandom::new(seed));
        let ring = open(&disk, &[(1, 1)]);
        assert_eq!(block_on(ring.close(named(1, 1))).expect("it works"), end);
    }
}

#[test]
fn the_name_of_a_file_survives_from_the_moment_that_it_was_found() {
    let mut renamed = 0;
    for seed in 0..60 {
        let disk = MemoryDisk::new(true);
        // where it is the sync of the folder that fails, the file has its name, and the process ends
        disk.fail_at(seed % 12, Fault::SyncFails);
        let begun = block_on(Ring::open(Arc::new(disk.clone()), OPTIONS, world(), &[]));
        if begun.is_ok() || files(&disk) != ["ring-0"] {
            continue;
        }
        renamed += 1;
        let ring = open(&disk, &[]);
        put(&ring, 1, 1, 5_000);
        drop(ring);
        let disk = disk.power_cut(&SeededRandom::new(seed));
        let ring = open(&disk, &[(1, 1)]);
        assert_eq!(block_on(ring.close(named(1, 1))).expect("it works").end, WalSeq(1));
    }
    assert!(renamed > 0, "the file got its name before a sync failed");
}

#[test]
fn one_bad_read_moves_no_end() {
    let disk = MemoryDisk::new(true);
    let ring = open(&disk, &[]);
    for seq in 1..=5 {
        put(&ring, 1, seq, 5_000);
    }
    drop(ring);
    let before = disk.counts().reads;
    drop(open(&disk, &[(1, 1)]));
    let reads = disk.counts().reads - before;
    assert!(reads > 0, "the ring is read at start");
    // in the first block, and in the last one's header and body
    for (read, byte) in
        (0..reads).flat_map(|read| [20, 4 * 8192 + 20, 4 * 8192 + 5_000].map(|byte| (read, byte)))
    {
        disk.misread_at(disk.counts().reads + read, byte);
        let ring = open(&disk, &[(1, 1)]);
        let end = block_on(ring.close(named(1, 1))).expect("it works");
        assert_eq!((end.end, end.damaged), (WalSeq(5), vec![]), "read {read} of {reads}");
    }
}
