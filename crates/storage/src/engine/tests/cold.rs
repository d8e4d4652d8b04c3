//! Reading what is in files: from the page cache what was written by this life; of what an earlier one wrote, past it the
//! first time, through it the second, from it after that.

use thalweg_model::Region;

use super::*;
use crate::disk::Counts;

const BATCH_BYTES: usize = 100 << 10;
const BATCHES: i64 = 60;

/// A folder with one log of about six windows, all of it in files; what it holds.
fn filled(seed: u64, window_bytes: u64) -> (Folder, Engine, Log, Vec<u8>) {
    let mut folder = Folder::disk(true, seed);
    folder.options.ring_first_bytes = 8 << 20;
    folder.options.ring_file_bytes = 8 << 20;
    folder.options.tail_bytes = 0;
    folder.options.window_bytes = window_bytes;
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    let mut all = Vec::new();
    for time in 0..BATCHES {
        let piece = batch(log.end().0, 1, BATCH_BYTES, time, engine.shard_epoch());
        all.extend_from_slice(&piece.bytes);
        let reservation = block_on(engine.reserve(piece.bytes.len())).expect("there is room");
        block_on(engine.wait(log.append(reservation, |_| piece)));
    }
    block_on(engine.checkpoint());
    let in_files = log.extents().iter().map(|extent| extent.end).max();
    assert_eq!(in_files, Some(BATCHES), "all of it is in files");
    (folder, engine, log, all)
}

/// The same, in a life that has not written it.
fn found(seed: u64, window_bytes: u64) -> (Folder, Engine, Log, Vec<u8>) {
    let (folder, engine, log, all) = filled(seed, window_bytes);
    let partition = log.partition();
    drop(log);
    block_on(engine.close());
    let engine = folder.open();
    let log = engine.get(partition).expect("it was written");
    (folder, engine, log, all)
}

fn counts(folder: &Folder) -> Counts {
    let Ground::Disk(disk) = &folder.ground else { unreachable!("counts are taken of a disk") };
    disk.counts()
}

fn region_at(log: &Log, offset: i64) -> Region {
    let read = block_on(log.read(Offset(offset), log.high_watermark(), 1)).expect("it is there");
    read.regions.into_iter().next().expect("a batch is there")
}

#[test]
fn what_was_written_just_now_is_sent_from_the_page_cache() {
    let (folder, engine, log, all) = filled(35, 32 << 20);
    let (before, waits) = (counts(&folder).bytes_read, engine.0.figures.cold_reads.get());
    assert!(matches!(region_at(&log, 7), Region::File(_)));
    assert!(counts(&folder).bytes_read - before < 100 << 10, "headers are read, and no checksum is compared");
    assert!(contents(&log, Offset(0), 1 << 20) == all);
    assert_eq!(engine.0.figures.cold_reads.get(), waits);
    // What the cache did not keep comes from the device, and is compared.
    let Ground::Disk(disk) = &folder.ground else { unreachable!("this test needs a disk") };
    let extent = &log.extents()[0];
    disk.rot(&crate::run_file::path_of(extent.file), extent.position + BATCH_BYTES as u64 / 2);
    let read = block_on(log.read(Offset(0), log.high_watermark(), 1));
    assert!(matches!(read, Err(crate::ReadError::Damaged { from: Offset(0), .. })), "{read:?}");
    block_on(engine.close());
}

#[test]
fn a_first_reader_brings_each_byte_once_and_the_next_windows_before_he_asks() {
    let (folder, engine, log, all) = found(31, 32 << 20);
    let (before, waits) = (counts(&folder).bytes_read, engine.0.figures.cold_reads.get());
    // Slowly enough for the windows ahead to come.
    let (mut from, mut found) = (Offset(0), Vec::new());
    while from < log.high_watermark() {
        let read = block_on(log.read(from, log.high_watermark(), 300 << 10)).expect("it is there");
        for region in &read.regions {
            assert!(matches!(region, Region::Memory(_)), "{region:?} at {from}");
            found.extend_from_slice(&region.bytes().expect("it is in memory"));
        }
        from = read.next;
        block_on(async {
            while engine.0.windows.are_coming() {
                tokio::task::yield_now().await
            }
        });
    }
    assert!(found == all);
    let read = counts(&folder).bytes_read - before;
    // Pages where two windows meet are read twice.
    assert!((all.len() as u64..all.len() as u64 + (128 << 10)).contains(&read), "{read} of {}", all.len());
    let waits = engine.0.figures.cold_reads.get() - waits;
    assert!(waits <= log.extents().len() as u64, "{waits}");
    assert_eq!(engine.0.windows.count(), 0, "what was read to its end is not kept");
    block_on(engine.close());
}

#[test]
fn what_is_read_again_goes_through_the_page_cache_and_then_from_it() {
    let (folder, engine, log, all) = found(32, 32 << 20);
    assert!(contents(&log, Offset(0), 1 << 20) == all);
    assert!(contents(&log, Offset(0), 1 << 20) == all);
    let before = (counts(&folder).bytes_read, engine.0.figures.cold_reads.get());
    assert!(matches!(region_at(&log, 7), Region::File(_)));
    // A look at three pages and a header or two.
    assert!(counts(&folder).bytes_read - before.0 < 100 << 10);
    assert_eq!(engine.0.figures.cold_reads.get(), before.1);
    let Ground::Disk(disk) = &folder.ground else { unreachable!("this test needs a disk") };
    // The machine's memory did not keep it: there is no use in filling it again.
    disk.set_cold(true);
    assert!(matches!(region_at(&log, 7), Region::Memory(_)));
    assert!(contents(&log, Offset(0), 1 << 20) == all);
    block_on(engine.close());
}

#[test]
fn without_memory_for_windows_all_goes_through_the_page_cache() {
    let (_folder, engine, log, all) = found(33, 0);
    assert!(contents(&log, Offset(0), 1 << 20) == all);
    assert!(matches!(region_at(&log, 7), Region::File(_)));
    block_on(engine.close());
}

#[test]
fn who_does_not_send_what_he_read_stops_nobody() {
    let (_folder, engine, log, all) = found(34, 2 << 20);
    let held = region_at(&log, 0);
    assert!(matches!(held, Region::Memory(_)));
    assert!(contents(&log, Offset(0), 1 << 20) == all);
    assert_eq!(held.bytes().expect("it is in memory")[..], all[..held.len()]);
    block_on(engine.close());
}
