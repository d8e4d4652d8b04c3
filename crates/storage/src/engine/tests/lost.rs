//! What a start does where the write-ahead log is lost for good: pages that cannot be read, indexes that rotted.

use super::*;
use crate::OpenError;
use crate::disk::{ALIGNMENT, Access, Create, Disk, Open};

const PAGE: u64 = ALIGNMENT as u64;

fn disk(folder: &Folder) -> &MemoryDisk {
    match &folder.ground {
        Ground::Disk(disk) => disk,
        _ => unreachable!("these tests need a disk"),
    }
}

/// Puts batches of two records of this size, each in a block of its own, and dies.
fn folder_with(seed: u64, puts: &[(i32, usize)]) -> Folder {
    let mut folder = Folder::disk(true, seed);
    folder.options.checkpoint_interval = Duration::from_secs(1_000_000);
    let engine = folder.open();
    for (time, (index, size)) in puts.iter().enumerate() {
        let log = engine.create(partition(1, *index));
        block_on(engine.wait(engine.put(&log, 2, *size, time as i64)));
    }
    engine.kill();
    folder
}

fn try_open(folder: &Folder) -> Result<Engine, OpenError> {
    block_on(async {
        let (options, world) = (folder.options.clone(), folder.world.clone());
        let storage = Storage::on_disk(Arc::new(disk(folder).clone()), NodeId(1), options, world).await?;
        storage.start(&|_: TopicPartition| true, folder.snapshots.clone()).await
    })
}

fn told(engine: &Engine) -> Vec<(TopicPartition, i64, i64)> {
    engine.damages().iter().map(|damage| (damage.partition, damage.from.0, damage.to.0)).collect()
}

/// Where each partition's next batch begins.
fn next(engine: &Engine, index: i32) -> i64 {
    let log = engine.create(partition(1, index));
    let mut next = 0;
    let reservation = block_on(engine.reserve(1_000)).expect("there is room");
    let seq = log.append(reservation, |end| {
        next = end.offset.0;
        batch(next, 1, 10, 0, engine.shard_epoch())
    });
    block_on(engine.wait(seq));
    next
}

#[test]
fn offsets_of_a_block_without_an_index_are_not_given_again() {
    // the fourth block has the newest batch of partition 0, the fifth proves it
    let puts = [(0, 300), (1, 300), (2, 300), (0, 300), (1, 300)];
    for checkpoints in [false, true] {
        let folder = folder_with(40, &puts);
        // its index
        disk(&folder).rot("wal/ring-0", 3 * PAGE + 790);
        let engine = folder.open();
        // partition 2 ends where that batch begins, too: nobody can say which of them it was
        let lost = vec![(partition(1, 0), 2, 4), (partition(1, 2), 2, 4)];
        assert_eq!(told(&engine), lost);
        if checkpoints {
            block_on(engine.checkpoint());
        }
        engine.kill();
        let engine = folder.open();
        for (index, offset) in [(0, 4), (1, 4), (2, 4), (3, 0)] {
            assert_eq!(next(&engine, index), offset, "partition {index}, checkpoints {checkpoints}");
            assert_eq!(next(&engine, index), offset + 1);
        }
        let log = engine.create(partition(1, 0));
        assert_eq!(block_on(log.read(Offset(2), Offset(6), 1)).expect("it goes on").next, Offset(5));
        block_on(engine.checkpoint());
        engine.kill();
        let engine = folder.open();
        assert_eq!(next(&engine, 0), 6, "what was left out is left out once");
        block_on(engine.close());
    }
}

#[test]
fn a_block_of_which_nothing_is_left_may_have_been_anybodys() {
    let folder = folder_with(41, &[(0, 300), (2, 300), (0, 300), (1, 300)]);
    // the third one's header
    disk(&folder).rot("wal/ring-0", 2 * PAGE + 30);
    for life in 0..2 {
        let engine = folder.open();
        assert_eq!(told(&engine), [], "by block alone");
        assert_eq!(engine.create(partition(1, 0)).high_watermark(), Offset(2));
        if life == 1 {
            let left_out = 1 << 32;
            assert_eq!(next(&engine, 0), 2 + left_out);
            assert_eq!(next(&engine, 1), 2, "it went on after that block, and lost nothing");
            assert_eq!(next(&engine, 2), 2 + left_out);
            assert_eq!(next(&engine, 3), 0, "it was made afterwards");
        }
        engine.kill();
    }
}

/// Partition 0 of a topic, which is all there is.
struct One;

impl Existing for One {
    fn has(&self, partition: TopicPartition) -> bool {
        self.all().contains(&partition)
    }

    fn all(&self) -> Vec<TopicPartition> {
        vec![partition(1, 0)]
    }
}

#[test]
fn who_may_have_had_his_first_records_in_a_lost_block_does_not_begin_anew() {
    let folder = folder_with(42, &[(0, 300), (1, 300)]);
    disk(&folder).rot("wal/ring-0", 790);
    let engine = folder.open_knowing(&One);
    assert_eq!(told(&engine), [(partition(1, 0), 0, 2)]);
    assert_eq!(next(&engine, 0), 2);
    block_on(engine.close());
}

#[test]
fn a_start_stops_where_the_newest_block_may_lie_and_nothing_can_be_read() {
    // all of the third one; then its index alone: whose it was cannot be known
    for place in [2 * PAGE..5 * PAGE, 4 * PAGE..4 * PAGE + 1] {
        let folder = folder_with(43, &[(0, 300), (1, 300), (0, 5_000)]);
        let disk = disk(&folder);
        disk.make_unreadable("wal/ring-0", place);
        for _ in 0..2 {
            let refused = try_open(&folder).expect_err("what was acknowledged may be there");
            assert!(matches!(refused, OpenError::Unreadable { .. }), "{refused}");
        }
        // what the operator is told to do
        let existing = Open { access: Access::Buffered, create: Create::Existing };
        let file = block_on(disk.open("wal/ring-0", existing)).expect("it is there");
        block_on(file.write_all_at(&vec![0; 3 * ALIGNMENT], 2 * PAGE)).expect("the disk works");
        let engine = folder.open();
        assert_eq!((next(&engine, 0), next(&engine, 1)), (2, 2));
        engine.kill();
    }
}

#[test]
fn a_page_that_cannot_be_read_costs_its_batch_wherever_it_lies() {
    // a block in the middle, and the newest one
    for block in [0, 1] {
        let folder = folder_with(44, &[(0, 5_000), (0, 5_000)]);
        let length = 3 * PAGE;
        disk(&folder).make_unreadable("wal/ring-0", block * length + PAGE..block * length + PAGE + 1);
        let lost = (partition(1, 0), block as i64 * 2, block as i64 * 2 + 2);
        for life in 0..2 {
            let engine = folder.open();
            assert_eq!(told(&engine), [lost], "block {block} life {life}");
            let log = engine.create(partition(1, 0));
            assert_eq!(log.end(), Offset(4));
            let _time = Passing::begin(folder.clock.clone());
            block_on(engine.checkpoint());
            let good = Offset(2 - lost.1);
            assert_eq!(block_on(log.read(good, Offset(4), 1)).expect("it is whole").next, Offset(good.0 + 2));
            assert!(block_on(log.read(Offset(lost.1), Offset(4), 1)).is_err(), "block {block} life {life}");
            engine.kill();
        }
    }
}
