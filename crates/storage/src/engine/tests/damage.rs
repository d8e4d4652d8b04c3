//! Flipped bits in every kind of file and place: what is told, and what is served.

use super::*;
use crate::disk::{Access, Create, Disk, Open};
use crate::facts::{Facts, LocalFacts, Reserve};
use crate::run_file::{directory, name_of, path_of};

fn disk(folder: &Folder) -> &MemoryDisk {
    match &folder.ground {
        Ground::Disk(disk) => disk,
        _ => unreachable!("these tests need a disk"),
    }
}

/// Two partitions with ten batches of two records each, in one pack.
fn packed(seed: u64) -> (Folder, Engine, Vec<Log>) {
    let mut folder = Folder::disk(true, seed);
    folder.options.tail_bytes = 0;
    folder.options.scrub_interval = Duration::from_secs(1);
    let engine = folder.open();
    let logs: Vec<Log> = (0..2).map(|index| engine.create(partition(1, index))).collect();
    for log in &logs {
        for index in 0..10 {
            block_on(engine.wait(engine.put(log, 2, 300, index)));
        }
    }
    block_on(engine.checkpoint());
    (folder, engine, logs)
}

/// Lets time pass until the scrub has been through once more.
fn scrub(folder: &Folder, engine: &Engine) {
    let _passing = Passing::begin(folder.clock.clone());
    let before = engine.0.figures.scrubs.get();
    while engine.0.figures.scrubs.get() < before + 2 {
        std::thread::yield_now();
    }
}

fn told(engine: &Engine) -> Vec<(TopicPartition, i64, i64)> {
    engine.damages().iter().map(|damage| (damage.partition, damage.from.0, damage.to.0)).collect()
}

/// Every offset that can be read, by single batches; fails where nothing is read and nothing told.
fn offsets(log: &Log) -> Vec<i64> {
    let (mut from, mut read) = (log.start(), Vec::new());
    while from < log.high_watermark() {
        match block_on(log.read(from, log.high_watermark(), 1)) {
            Ok(found) => {
                let bytes: Vec<u8> =
                    found.regions.iter().flat_map(|part| part.bytes().expect("memory")).collect();
                let header = BatchHeader::parse(&bytes).expect("a batch is given");
                assert_eq!(header.check(&bytes), Ok(()), "what is given is what was written");
                read.extend(header.base_offset.0..found.next.0);
                from = found.next;
            }
            Err(crate::ReadError::Damaged { to, .. }) => from = to,
            Err(error) => panic!("{error}"),
        }
    }
    read
}

fn all_but(lost: std::ops::Range<i64>, end: i64) -> Vec<i64> {
    (0..end).filter(|offset| !lost.contains(offset)).collect()
}

#[test]
fn the_scrub_finds_a_flipped_bit_and_tells_partition_and_offsets() {
    let (folder, engine, logs) = packed(20);
    scrub(&folder, &engine);
    assert_eq!(told(&engine), []);
    let extent = &logs[1].extents()[0];
    let batch_bytes = u64::from(extent.length) / 10;
    // the base offset, the leader epoch, the checksum, a record
    for (index, within) in [(1, 7), (3, 15), (5, 18), (7, 100)] {
        disk(&folder).rot(&path_of(extent.file), extent.position + index * batch_bytes + within);
    }
    disk(&folder).set_cold(true);
    let reads = engine.0.figures.cold_reads.get();
    scrub(&folder, &engine);
    let lost: Vec<_> = [2, 6, 10, 14].map(|from| (partition(1, 1), from, from + 2)).into();
    assert_eq!(told(&engine), lost);
    let damage = &engine.damages()[3];
    let place = extent.position + 7 * batch_bytes;
    assert_eq!((damage.file.as_str(), damage.position), (path_of(extent.file).as_str(), Some(place)));
    assert!(damage.what.contains("checksum"), "{damage:?}");
    assert_eq!(engine.0.figures.cold_reads.get(), reads, "nobody read");
    assert_eq!(offsets(&logs[0]), all_but(0..0, 20));
    assert_eq!(offsets(&logs[1]), [0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 18, 19]);
    // What is deleted is no damage any more.
    block_on(engine.wait(logs[1].set_start(Offset(12))));
    assert_eq!(told(&engine), [(partition(1, 1), 14, 16)]);
    block_on(engine.close());
}

#[test]
fn damage_beside_the_records_is_found_and_costs_none() {
    let (folder, engine, logs) = packed(21);
    let file = logs[0].extents()[0].file;
    let blob = block_on(engine.0.files.blobs.open(&name_of(file))).expect("it is there");
    let found = directory(&*blob).expect("it is whole");
    let length = blob.len();
    for place in [2, 9, 20, found.position + 3, length - 60, length - 20, length - 1] {
        disk(&folder).rot(&path_of(file), place);
        let before = engine.0.damage.count();
        scrub(&folder, &engine);
        assert!(engine.0.damage.count() > before, "byte {place} of {length} is found");
        assert_eq!(told(&engine), []);
        for log in &logs {
            assert_eq!(offsets(log), all_but(0..0, 20));
        }
        disk(&folder).rot(&path_of(file), place);
    }
    // Both: without a directory the scrub goes by what partitions know.
    let extent = &logs[1].extents()[0];
    disk(&folder).rot(&path_of(file), length - 1);
    disk(&folder).rot(&path_of(file), extent.position + 100);
    scrub(&folder, &engine);
    assert_eq!(told(&engine), [(partition(1, 1), 0, 2)]);
    block_on(engine.close());
}

#[test]
fn what_is_at_hand_and_was_never_looked_at_is_not_trusted() {
    let (folder, engine, logs) = packed(22);
    let extent = &logs[0].extents()[0];
    disk(&folder).rot(&path_of(extent.file), extent.position + 100);
    let read = block_on(logs[0].read(Offset(0), Offset(20), 1 << 20));
    assert!(
        matches!(read, Err(crate::ReadError::Damaged { from: Offset(0), to: Offset(2), .. })),
        "{read:?}"
    );
    assert_eq!(told(&engine), [(partition(1, 0), 0, 2)]);
    let found = block_on(logs[0].find(TimestampMs(0), Offset(20)));
    assert!(matches!(found, Err(crate::ReadError::Damaged { from: Offset(0), .. })), "{found:?}");
    assert_eq!(offsets(&logs[0]), all_but(0..2, 20));
    assert_eq!(told(&engine).len(), 1, "it is told once");
    block_on(engine.close());
}

#[test]
fn a_merge_carries_damage_along_and_nothing_more() {
    let (folder, engine, logs) = packed(23);
    let extent = logs[0].extents()[0].clone();
    let batch_bytes = u64::from(extent.length) / 10;
    disk(&folder).rot(&path_of(extent.file), extent.position + 3 * batch_bytes + 7);
    for round in 0..40 {
        block_on(engine.wait(engine.put(&logs[0], 2, 100, round)));
        block_on(engine.checkpoint());
    }
    assert_ne!(logs[0].extents()[0].file, extent.file, "it was merged");
    assert_eq!(offsets(&logs[0]), all_but(6..8, 100));
    block_on(engine.close());
}

#[test]
fn a_damaged_block_of_the_wal_costs_the_batch_that_is_bad() {
    // The body of the fifth block; then its index; then its header; then its footer.
    for (place, lost) in [(200, 8..10), (790, 8..10), (30, 8..10), (840, 8..10)] {
        let folder = Folder::disk(true, 24);
        let engine = folder.open();
        let log = engine.create(partition(1, 0));
        for index in 0..10 {
            block_on(engine.wait(engine.put(&log, 2, 300, index)));
        }
        engine.kill();
        disk(&folder).rot("wal/ring-0", 4 * 4096 + place);
        let engine = folder.open();
        assert_eq!(told(&engine), [(partition(1, 0), lost.start, lost.end)], "byte {place}");
        let log = engine.get(partition(1, 0)).expect("it was written");
        assert_eq!(log.end(), Offset(20));
        assert_eq!(offsets(&log), all_but(lost.clone(), 20), "byte {place}");
        block_on(engine.checkpoint());
        assert_eq!(offsets(&log), all_but(lost.clone(), 20), "byte {place}, from files");
        engine.kill();
        let engine = folder.open();
        let log = engine.get(partition(1, 0)).expect("it was written");
        assert_eq!(offsets(&log), all_but(lost, 20), "byte {place}, after another start");
        block_on(engine.close());
    }
}

#[test]
fn a_block_that_rots_before_its_checkpoint_is_saved_from_memory() {
    let mut folder = Folder::disk(true, 25);
    folder.options.scrub_interval = Duration::from_secs(1);
    folder.options.checkpoint_interval = Duration::from_secs(1_000_000);
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    for index in 0..5 {
        block_on(engine.wait(engine.put(&log, 2, 300, index)));
    }
    disk(&folder).rot("wal/ring-0", 2 * 4096 + 200);
    scrub(&folder, &engine);
    block_on(engine.checkpoint());
    assert!(engine.0.damage.count() > 0, "it was told");
    engine.kill();
    let engine = folder.open();
    let log = engine.get(partition(1, 0)).expect("it was written");
    assert_eq!((offsets(&log), told(&engine)), (all_but(0..0, 10), vec![]));
    block_on(engine.close());
}

#[test]
fn the_scrub_takes_the_time_that_it_is_given() {
    let mut folder = Folder::disk(true, 26);
    folder.options.tail_bytes = 0;
    folder.options.scrub_interval = Duration::from_secs(1);
    folder.options.scrub_bytes_per_second = 1 << 20;
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    for index in 0..40 {
        block_on(engine.wait(engine.put(&log, 1, 100_000, index)));
    }
    block_on(engine.checkpoint());
    scrub(&folder, &engine);
    let (began, before) = (folder.clock.elapsed(), engine.0.figures.scrubbed_bytes.get());
    scrub(&folder, &engine);
    let took = folder.clock.elapsed() - began;
    let read = engine.0.figures.scrubbed_bytes.get() - before;
    assert!(read >= 4_000_000, "once through 4 MB at least: {read}");
    let least = (read - (2 << 20)) as f64 / f64::from(1 << 20);
    assert!(took.as_secs_f64() >= least, "{took:?} for {read} bytes");
    block_on(engine.close());
}

#[test]
fn lives_too_short_for_a_pass_find_what_is_damaged_together() {
    const FILES: i64 = 6;
    const LIVES_MAX: usize = 200;
    let mut folder = Folder::disk(true, 27);
    folder.options.own_file_bytes = 1 << 19;
    folder.options.ring_first_bytes = 8 << 20;
    folder.options.scrub_interval = Duration::from_secs(1);
    // after its first step it rests for longer than the life lasts
    folder.options.scrub_bytes_per_second = 1;
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    for index in 0..FILES {
        block_on(engine.wait(engine.put(&log, 1, 1 << 20, index)));
        block_on(engine.checkpoint());
    }
    let last = log.extents().pop().expect("it was written");
    engine.kill();
    disk(&folder).rot(&path_of(last.file), last.position + 100);
    let found = (0..LIVES_MAX).any(|_| {
        let engine = folder.open();
        {
            let _passing = Passing::begin(folder.clock.clone());
            while engine.0.figures.scrubbed_bytes.get() == 0 {
                std::thread::yield_now();
            }
        }
        let scrubber = engine.0.scrubber.lock().take();
        let shared = engine.0.clone();
        engine.kill();
        shared.scrub_bell.notify_one();
        block_on(scrubber.expect("it runs"));
        let read = shared.figures.scrubbed_bytes.get();
        assert!(read < 3 << 20, "no life gets far: {read}");
        !shared.damage.all().is_empty()
    });
    assert!(found, "some life began there");
}

#[test]
fn direct_reads_of_the_scrub_give_the_same_bytes() {
    let disk = MemoryDisk::new(true);
    let bytes: Vec<u8> = (0..10_000_u32).map(|at| (at % 251) as u8).collect();
    let how = Open { access: Access::Buffered, create: Create::New };
    let file = block_on(disk.open("segments/x", how)).expect("memory takes it");
    block_on(file.write_all_at(&bytes, 0)).expect("memory takes it");
    let blobs = block_on(crate::blobs::LocalBlobs::open(Arc::new(disk), "segments")).expect("it opens");
    let blob = block_on(crate::blobs::Blobs::open_once(&blobs, "x")).expect("it is there");
    for (position, length) in [
        (0, 10_000),
        (0, 32),
        (9_990, 10),
        (4_095, 2),
        (8_191, 1_000),
        (8_192, 1_808),
        (100, 8_092),
        (5_000, 0),
    ] {
        let mut read = vec![0; length];
        blob.read(&mut read, position as u64).expect("all of it is there");
        assert_eq!(read, bytes[position..position + length], "{position} {length}");
    }
    assert!(blob.read(&mut [0; 20], 9_990).is_err());
}

#[test]
fn what_is_read_wrong_once_is_neither_told_nor_kept() {
    let (folder, engine, logs) = packed(31);
    disk(&folder).set_cold(true);
    // a read for a client
    disk(&folder).misread_at(disk(&folder).counts().reads, 150);
    assert_eq!(offsets(&logs[0]), all_but(0..0, 20));
    // of the WAL, for a checkpoint: nothing is in memory
    block_on(engine.wait(engine.put(&logs[0], 2, 300, 10)));
    disk(&folder).misread_at(disk(&folder).counts().reads, 150);
    block_on(engine.checkpoint());
    assert_eq!(offsets(&logs[0]), all_but(0..0, 22));
    // of a file that is mostly dead, to gather what lives
    for log in &logs {
        for index in 0..30 {
            block_on(engine.wait(engine.put(log, 2, 3_000, 20 + index)));
        }
    }
    block_on(engine.checkpoint());
    let merged = engine.0.figures.merged_bytes.get();
    block_on(engine.wait(logs[0].set_start(logs[0].end())));
    disk(&folder).misread_at(disk(&folder).counts().reads, 150);
    block_on(engine.checkpoint());
    block_on(engine.checkpoint());
    assert!(engine.0.figures.merged_bytes.get() > merged, "something was gathered");
    assert_eq!(offsets(&logs[1]), all_but(0..0, 80));
    assert_eq!(told(&engine), []);
    block_on(engine.close());
}

#[test]
fn a_start_that_reads_wrong_once_loses_nothing() {
    let folder = Folder::disk(true, 32);
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    for index in 0..10 {
        block_on(engine.wait(engine.put(&log, 2, 300, index)));
    }
    engine.kill();
    let before = disk(&folder).counts().reads;
    folder.open().kill();
    for read in 0..disk(&folder).counts().reads - before {
        for byte in [20, 100, 3 * 4096 + 20] {
            disk(&folder).misread_at(disk(&folder).counts().reads + read, byte);
            let engine = folder.open();
            let log = engine.create(partition(1, 0));
            assert_eq!(offsets(&log), all_but(0..0, 20), "read {read}, byte {byte}");
            engine.kill();
        }
    }
}

#[test]
fn a_start_that_is_led_astray_once_loses_nothing() {
    let folder = Folder::disk(true, 33);
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    for index in 0..6 {
        // A block with all its sums lies in one sector.
        block_on(engine.wait(engine.put(&log, 1, 10, index)));
    }
    engine.kill();
    let before = disk(&folder).counts().reads;
    folder.open().kill();
    for read in 0..disk(&folder).counts().reads - before {
        for page in [0, 2, 5, 9] {
            disk(&folder).misdirect_at(disk(&folder).counts().reads + read, 0, page * 4096);
            let engine = folder.open();
            let log = engine.create(partition(1, 0));
            assert_eq!(offsets(&log), all_but(0..0, 6), "read {read}, page {page}");
            assert_eq!(told(&engine), [], "read {read}, page {page}");
            engine.kill();
        }
    }
    // And what a start wrote again is what was there.
    assert_eq!(offsets(&folder.open().create(partition(1, 0))), all_but(0..0, 6));
}

#[test]
fn facts_that_a_reading_does_not_show_are_not_written_over() {
    let folder = Folder::disk(true, 34);
    let facts = || {
        let reserve = block_on(Reserve::open(Arc::new(disk(&folder).clone()))).expect("the disk works");
        LocalFacts::new(Arc::new(disk(&folder).clone()), "a", reserve, Arc::new(SeededRandom::new(1)))
    };
    let commits = [&b"1"[..], b"2", b"3"].map(Bytes::from_static);
    let writer = facts();
    for (index, commit) in commits.iter().enumerate() {
        block_on(writer.commit(index as u64, vec![commit.clone()])).expect("the disk works");
    }
    for page in 1..3 {
        // An empty place of the file, instead of the commit on that page.
        disk(&folder).misdirect_at(disk(&folder).counts().reads, page * 4096, 10 * 4096);
        let loaded = block_on(facts().load()).expect("the disk works");
        assert_eq!((loaded.index, loaded.records), (3, commits.to_vec()), "page {page}");
    }
}
