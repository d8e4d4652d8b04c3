//! What things cost, in counts: waits for the device, bytes read and written, memory by its rows.

use super::*;

fn disk_of(folder: &Folder) -> &MemoryDisk {
    match &folder.ground {
        Ground::Disk(disk) => disk,
        _ => unreachable!("counts are taken of a disk"),
    }
}

/// A folder with so many partitions of one batch each, all in files.
fn folder_with(partitions: i32) -> Folder {
    let folder = Folder::disk(true, 5);
    let engine = folder.open();
    for index in 0..partitions {
        engine.put(&engine.create(partition(1, index)), 1, 100, 0);
        if index % 500 == 0 {
            engine.settle_one(partition(1, index));
        }
    }
    engine.settle();
    block_on(engine.close());
    folder
}

#[test]
fn an_append_to_many_partitions_is_one_wait() {
    let folder = Folder::disk(true, 5);
    let engine = folder.open();
    let logs: Vec<Log> = (0..50).map(|index| engine.create(partition(1, index))).collect();
    block_on(engine.wait(engine.put(&logs[0], 1, 100, 0)));
    let before = disk_of(&folder).counts();
    let parts: Vec<_> = logs.iter().map(|log| (log, vec![batch(log.end().0, 1, 10, 0, 1)])).collect();
    let reservation = block_on(engine.reserve_batches(50 * 100, 50)).expect("there is room");
    block_on(engine.wait(engine.append(reservation, parts)));
    let after = disk_of(&folder).counts();
    assert_eq!((after.syncs - before.syncs, after.writes - before.writes), (1, 1));
    block_on(engine.close());
}

#[test]
fn a_start_reads_the_manifest_and_not_the_records() {
    let folder = folder_with(2000);
    // As much again per partition: the start must not notice.
    let engine = folder.open();
    for round in 0..3 {
        for index in 0..2000 {
            engine.put(&engine.create(partition(1, index)), 4, 2000, round);
            if index % 100 == 0 {
                engine.settle_one(partition(1, index));
            }
        }
        engine.settle();
        block_on(engine.checkpoint());
    }
    let kept = engine.usage().segment_bytes;
    block_on(engine.close());
    let before = disk_of(&folder).counts().bytes_read;
    let engine = folder.open();
    let read = disk_of(&folder).counts().bytes_read - before;
    assert!(kept > 48_000_000, "{kept}");
    // The facts twice: their formats are looked at before anything is touched.
    assert!(read < 5_500_000, "{read} of {kept}");
    assert_eq!(engine.usage().partitions, 2000);
    block_on(engine.close());
}

#[test]
fn a_start_looks_at_what_of_the_ring_may_be_needed_and_no_further() {
    let folder = Folder::disk(true, 5);
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    // Several times around the ring of 3 MiB, in blocks of 8 KiB.
    for round in 0..2000 {
        block_on(engine.wait(engine.put(&log, 1, 6000, round)));
        if round % 50 == 0 {
            block_on(engine.checkpoint());
        }
    }
    block_on(engine.close());
    let before = disk_of(&folder).counts().bytes_read;
    let engine = folder.open();
    let clean = disk_of(&folder).counts().bytes_read - before;
    let log = engine.get(partition(1, 0)).expect("it is there");
    for round in 0..10 {
        block_on(engine.wait(engine.put(&log, 1, 6000, round)));
    }
    engine.kill();
    let before = disk_of(&folder).counts().bytes_read;
    let engine = folder.open();
    let killed = disk_of(&folder).counts().bytes_read - before;
    assert_eq!(engine.get(partition(1, 0)).expect("it is there").end(), Offset(2010));
    assert!(clean < 500_000, "{clean} after a clean end");
    // The ten blocks lie in two files of the ring at most: these, and the headers and indexes in them again.
    assert!(
        killed < clean + 2 * folder.options.ring_file_bytes + (128 << 10),
        "{killed} after a kill, {clean} after a clean end"
    );
    block_on(engine.close());
}

#[test]
fn a_checkpoint_of_a_few_writes_little_whatever_the_number_of_the_others() {
    let folder = folder_with(5000);
    let engine = folder.open();
    let before = disk_of(&folder).counts().bytes_written;
    let mut records = 0;
    for round in 0..100 {
        for index in 0..10 {
            engine.put(&engine.create(partition(1, index * 7)), 1, 100, round);
            records += 200;
        }
        for index in 0..10 {
            engine.settle_one(partition(1, index * 7));
        }
        block_on(engine.checkpoint());
    }
    let written = disk_of(&folder).counts().bytes_written - before;
    assert!(written / 100 < 100_000, "{written} for {records} of records");
    block_on(engine.close());
}

#[test]
fn an_idle_folder_is_small() {
    let mut folder = Folder::disk(true, 5);
    folder.options.ring_first_bytes = Options::default().ring_first_bytes;
    let engine = folder.open();
    for index in 0..10 {
        block_on(engine.wait(engine.put(&engine.create(partition(1, index)), 1, 100, 0)));
    }
    block_on(engine.checkpoint());
    let space = block_on(crate::disk::Disk::space(disk_of(&folder))).expect("memory can be asked");
    let taken = space.total - space.free;
    assert!(taken < 8 << 20, "{taken}");
    block_on(engine.close());
}

#[test]
fn an_idle_partition_is_a_few_rows() {
    use crate::extent::Extent;
    use crate::log::{EpochRow, SegmentRow};
    let rows = size_of::<Extent>() + size_of::<EpochRow>() + size_of::<SegmentRow>();
    let named = size_of::<(TopicPartition, Log)>();
    // A map keeps a quarter of its places empty, more or less.
    let all = Log::inner_bytes() + rows + 2 * named;
    assert!(all < 700, "{all}");
}
