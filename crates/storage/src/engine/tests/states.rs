//! What callers keep, where it is large: it lies in files, which a start does not read, and is theirs until they take it
//! over.

use super::*;
use crate::disk::{Access, Create, Disk, Open};
use crate::manifest::STATE_FILE;
use crate::run_file::path_of;

fn disk(folder: &Folder) -> &MemoryDisk {
    match &folder.ground {
        Ground::Disk(disk) => disk,
        _ => unreachable!("these tests need a disk"),
    }
}

/// What the caller keeps of a partition.
fn state_of(index: i32, bytes: usize) -> Bytes {
    (0..bytes).map(|at| (at as i32 ^ index) as u8).collect()
}

/// A folder with so many partitions, each with so much kept of it by a checkpoint of its own.
fn folder_with(partitions: i32, bytes: usize) -> Folder {
    let folder = Folder::disk(true, 5);
    let engine = folder.open();
    for index in 0..partitions {
        keep(&folder, &engine, index, bytes);
    }
    block_on(engine.close());
    folder
}

fn keep(folder: &Folder, engine: &Engine, index: i32, bytes: usize) {
    let log = engine.create(partition(1, index));
    let seq = engine.put(&log, 1, 100, 0);
    let snapshot = Snapshot { part: SnapshotPart::Whole, bytes: state_of(index, bytes), seq };
    folder.snapshots.0.lock().insert(log.partition(), snapshot);
    block_on(engine.wait(seq));
    block_on(engine.checkpoint());
}

fn taken(engine: &Engine, index: i32) -> Vec<Bytes> {
    let log = engine.get(partition(1, index)).expect("it is there");
    let recovered = block_on(log.take_recovered()).expect("it can be read");
    recovered.expect("nobody took it").snapshot
}

fn bytes_read_by_a_start(folder: &Folder) -> u64 {
    let before = disk(folder).counts().bytes_read;
    let engine = folder.open();
    let read = disk(folder).counts().bytes_read - before;
    block_on(engine.close());
    read
}

#[test]
fn a_start_reads_nothing_of_what_callers_keep() {
    let (small, large) = (folder_with(50, 5_000), folder_with(50, 200_000));
    let read = [bytes_read_by_a_start(&small), bytes_read_by_a_start(&large)];
    assert!(read[1] < read[0] + 20_000, "{read:?} where 250 KB and 10 MB are kept");
    let engine = large.open();
    assert_eq!(engine.0.figures.states_read.get(), 0);
    for index in 0..50 {
        assert_eq!(taken(&engine, index), [state_of(index, 200_000)]);
    }
    assert_eq!(engine.0.figures.states_read.get(), 50);
    block_on(engine.close());
}

#[test]
fn what_is_not_taken_over_stays_whatever_happens_to_files_and_manifest() {
    const PARTITIONS: i32 = 80;
    let mut folder = folder_with(PARTITIONS, 5_000);
    folder.options.delete_delay = Duration::ZERO;
    // A caller that has taken over nothing has nothing to tell.
    folder.snapshots.0.lock().clear();
    let engine = folder.open();
    // Small ones, whole each time: enough for an image of the manifest.
    for _ in 0..300 {
        keep(&folder, &engine, PARTITIONS, 4_000);
    }
    block_on(engine.close());
    let engine = folder.open();
    let states = disk(&folder);
    let names = block_on(states.list("segments")).expect("it is there").len();
    assert!(names < PARTITIONS as usize, "{names} files: those of snapshots are merged");
    for index in 0..PARTITIONS {
        assert_eq!(taken(&engine, index), [state_of(index, 5_000)], "{index}");
    }
    assert_eq!(taken(&engine, PARTITIONS), [state_of(PARTITIONS, 4_000)]);
    // Taken over, and grown: the files that held them before are nobody's.
    for index in 0..PARTITIONS {
        keep(&folder, &engine, index, 6_000);
    }
    block_on(engine.close());
    let engine = folder.open();
    for index in 0..PARTITIONS {
        assert_eq!(taken(&engine, index), [state_of(index, 6_000)], "{index}");
    }
    let usage = engine.usage();
    assert!(usage.live_bytes > 80 * 6_000 && usage.segment_bytes < 4 * 80 * 6_000, "{usage:?}");
    block_on(engine.close());
}

#[test]
fn what_an_older_format_has_in_the_manifest_moves_into_files() {
    use crate::manifest::record::{Record, encode};
    let folder = Folder::memory(1);
    let engine = folder.open();
    let seq = engine.put(&engine.create(partition(1, 0)), 1, 100, 0);
    block_on(engine.wait(seq));
    block_on(engine.close());
    let Ground::Memory(backends) = &folder.ground else { unreachable!("it was made in memory") };
    let mut record = bytes::BytesMut::new();
    let bytes = &state_of(0, 100_000);
    encode(&Record::Snapshot { partition: partition(1, 0), offset: 1, bytes }, &mut record);
    block_on(async {
        let index = backends.manifest.load().await.expect("it is there").index;
        backends.manifest.commit(index, vec![record.freeze()]).await.expect("memory takes it");
    });
    let snapshot = Snapshot { part: SnapshotPart::Whole, bytes: bytes.clone(), seq: WalSeq::NONE };
    folder.snapshots.0.lock().insert(partition(1, 0), snapshot);
    for was_taken in [false, true] {
        let engine = folder.open();
        block_on(engine.checkpoint());
        assert!(backends.manifest.bytes() > 100_000, "while it is not taken over it stays");
        if was_taken {
            assert_eq!(taken(&engine, 0), [state_of(0, 100_000)]);
        }
        block_on(engine.close());
    }
    assert!(backends.manifest.bytes() < 10_000, "{}", backends.manifest.bytes());
    let engine = folder.open();
    assert_eq!(taken(&engine, 0), [state_of(0, 100_000)]);
    block_on(engine.close());
}

#[test]
fn a_removed_topic_leaves_none_of_it_behind() {
    let mut folder = folder_with(3, 50_000);
    folder.options.delete_delay = Duration::ZERO;
    let engine = folder.open();
    block_on(engine.checkpoint());
    assert!(engine.usage().live_bytes > 150_000);
    engine.remove(partition(1, 0).topic);
    for _ in 0..3 {
        block_on(engine.checkpoint());
    }
    assert_eq!(engine.usage().live_bytes, 0);
    block_on(engine.close());
}

#[test]
fn what_is_damaged_is_told_and_costs_no_other() {
    let folder = folder_with(2, 5_000);
    let engine = folder.open();
    let log = engine.get(partition(1, 0)).expect("it is there");
    let stored = *log.kept().expect("it is kept").stored().next().expect("it is large");
    block_on(engine.close());
    block_on(async {
        let existing = Open { access: Access::Buffered, create: Create::Existing };
        let file = disk(&folder).open(&path_of(stored.file), existing).await.expect("it is there");
        let mut byte = [0];
        file.read_exact_at(&mut byte, stored.position + 99).await.expect("it can be read");
        file.write_all_at(&[byte[0] ^ 4], stored.position + 99).await.expect("it can be written");
    });
    let engine = folder.open();
    assert_eq!(taken(&engine, 0), [Bytes::new()]);
    assert_eq!(taken(&engine, 1), [state_of(1, 5_000)]);
    block_on(engine.close());
}

#[test]
fn a_file_of_snapshots_is_told_from_packs() {
    let folder = folder_with(1, 5_000);
    let Ground::Disk(disk) = &folder.ground else { unreachable!("it was made on a disk") };
    let (options, world) = (folder.options.clone(), folder.world.clone());
    let storage = block_on(Storage::on_disk(Arc::new(disk.clone()), NodeId(1), options, world));
    let image = storage.expect("it can be opened").image;
    let levels: Vec<u8> = image.files.values().map(|row| row.level).collect();
    assert_eq!(levels, [0, STATE_FILE]);
}
