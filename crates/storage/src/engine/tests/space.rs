//! Where the bytes are, and when they are free again.

use super::*;

on_all_grounds! {
    a_large_run_has_a_file_of_its_own
    files_that_nobody_needs_go_after_the_delay
    a_file_stays_for_the_longest_time_of_those_who_had_something_in_it
    files_that_are_mostly_dead_are_gathered
    a_log_that_begins_within_a_file_keeps_no_more_dead_bytes_than_live_ones
    small_packs_are_merged
    removed_topics_leave_nothing
    the_unknown_is_garbage
    idle_partitions_cost_a_checkpoint_nothing
    room_is_told
}

fn room_is_told(folder: Folder) {
    let engine = folder.open();
    let space = block_on(engine.space()).expect("it can be asked");
    match &folder.ground {
        Ground::Memory(_) => assert_eq!(space, None, "without a cap"),
        Ground::Disk(_) | Ground::Real(_) => {
            let space = space.expect("a disk has an end");
            assert!(0 < space.free && space.free <= space.total, "{space:?}");
        }
    }
    block_on(engine.close());
}

fn files_of(folder: &Folder) -> usize {
    match &folder.ground {
        Ground::Memory(backends) => block_on(backends.blobs.list()).expect("it can be listed").len(),
        Ground::Real(folder) => {
            std::fs::read_dir(folder.path().join("segments")).expect("it can be listed").count()
        }
        Ground::Disk(disk) => {
            use crate::disk::Disk;
            block_on(disk.list("segments")).expect("it can be listed").len()
        }
    }
}

fn a_large_run_has_a_file_of_its_own(mut folder: Folder) {
    folder.options.own_file_bytes = 10_000;
    folder.leave_checkpoints_to_the_test();
    let engine = folder.open();
    let logs: Vec<Log> = (0..3).map(|index| engine.create(partition(1, index))).collect();
    for index in 0..20 {
        engine.put(&logs[0], 1, 1000, index);
        engine.put(&logs[1], 1, 10, index);
        engine.put(&logs[2], 1, 10, index);
    }
    engine.settle();
    block_on(engine.checkpoint());
    let usage = engine.usage();
    assert_eq!((usage.files, usage.uncovered_bytes), (2, 0));
    let sizes: u64 = logs.iter().map(Log::size).sum();
    assert_eq!(usage.live_bytes, sizes);
    block_on(engine.close());
}

fn files_that_nobody_needs_go_after_the_delay(folder: Folder) {
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    block_on(engine.wait(engine.put(&log, 5, 100, 0)));
    block_on(engine.checkpoint());
    assert_eq!(files_of(&folder), 1);
    block_on(engine.wait(log.set_start(Offset(5))));
    block_on(engine.checkpoint());
    assert_eq!((engine.usage().files, files_of(&folder)), (0, 1));
    folder.clock.advance(folder.options.delete_delay);
    block_on(engine.checkpoint());
    assert_eq!(files_of(&folder), 0);
    block_on(engine.close());
}

fn a_file_stays_for_the_longest_time_of_those_who_had_something_in_it(folder: Folder) {
    let engine = folder.open();
    let [short, long, other] = [1, 2, 3].map(|topic| engine.create(partition(topic, 0)));
    let second = Duration::from_secs(1);
    engine.set_delete_delay(3 * second);
    for (log, delay) in [(&short, second), (&long, 9 * second)] {
        engine.set_topic_delete_delay(log.partition().topic, Some(delay));
    }
    // Each step: who has something in one pack, all of it let go; and the time that it stays.
    let steps = [(vec![&short], 1), (vec![&other], 3), (vec![&short, &long], 9), (vec![&short, &other], 3)];
    for (logs, stays) in steps {
        for log in &logs {
            engine.put(log, 1, 100, 0);
        }
        engine.settle();
        block_on(engine.checkpoint());
        for log in &logs {
            log.set_start(log.end());
        }
        engine.settle();
        block_on(engine.checkpoint());
        assert_eq!((engine.usage().files, files_of(&folder)), (0, 1));
        // What is due already keeps its time.
        engine.set_delete_delay(30 * second);
        folder.clock.advance(stays * second - Duration::from_millis(100));
        block_on(engine.checkpoint());
        assert_eq!(files_of(&folder), 1, "{logs:?}");
        engine.set_delete_delay(3 * second);
        folder.clock.advance(Duration::from_millis(100));
        block_on(engine.checkpoint());
        assert_eq!(files_of(&folder), 0, "{logs:?}");
    }
    // A topic that is removed takes its time with it.
    block_on(engine.wait(engine.put(&short, 1, 100, 0)));
    block_on(engine.checkpoint());
    engine.remove(short.partition().topic);
    block_on(engine.checkpoint());
    folder.clock.advance(second);
    block_on(engine.checkpoint());
    assert_eq!(files_of(&folder), 0);
    block_on(engine.close());
}

fn files_that_are_mostly_dead_are_gathered(mut folder: Folder) {
    folder.leave_checkpoints_to_the_test();
    let engine = folder.open();
    let logs: Vec<Log> = (0..4).map(|index| engine.create(partition(1, index))).collect();
    for log in &logs {
        for index in 0..20 {
            engine.put(log, 1, 1000, index);
        }
    }
    engine.settle();
    block_on(engine.checkpoint());
    let before = engine.usage();
    let kept = contents(&logs[3], Offset(0), 3000);
    for log in &logs[..3] {
        log.set_start(Offset(20));
    }
    engine.settle();
    block_on(engine.checkpoint());
    let after = engine.usage();
    assert_eq!(after.files, 1);
    assert!(after.segment_bytes < before.segment_bytes / 3, "{before:?} {after:?}");
    assert_eq!(contents(&logs[3], Offset(0), 3000), kept);
    block_on(engine.close());
    let engine = folder.open();
    assert_eq!(files_of(&folder), 1, "the start deletes what no manifest names");
    let log = engine.get(partition(1, 3)).expect("it was written");
    assert_eq!(contents(&log, Offset(0), 3000), kept);
    block_on(engine.close());
}

fn a_log_that_begins_within_a_file_keeps_no_more_dead_bytes_than_live_ones(mut folder: Folder) {
    for own_file_bytes in [1, u64::MAX] {
        folder.options.own_file_bytes = own_file_bytes;
        let engine = folder.open();
        // Some with marks within their runs, some without, and one that shares the pack and stays whole.
        let logs = [(3, 100), (4, 2_000), (5, 60_000)]
            .map(|(index, size)| (engine.create(partition(own_file_bytes.into(), index)), size));
        let (whole, _) = &logs[0];
        for (log, size) in &logs {
            for index in 0..60 {
                engine.put(log, 2, *size, index);
                // More than the tail's share of the log must have room in the ring.
                if index % 8 == 7 {
                    engine.settle();
                }
            }
        }
        engine.settle();
        block_on(engine.checkpoint());
        let all = contents(whole, Offset(0), 1 << 20);
        // Within a batch: the rest of that batch stays.
        let start = Offset(119 - 2);
        let kept: Vec<_> = logs[1..].iter().map(|(log, _)| contents(log, start, 1 << 20)).collect();
        let live = (all.len() + kept.iter().map(Vec::len).sum::<usize>()) as u64;
        for (log, _) in &logs[1..] {
            log.set_start(start);
        }
        engine.settle();
        for life in 0..2 {
            block_on(engine.checkpoint());
            let usage = engine.usage();
            assert_eq!(usage.live_bytes, live, "life {life}");
            assert!(usage.segment_bytes <= 2 * live, "life {life}: {usage:?}");
        }
        engine.kill();
        let engine = folder.open();
        let usage = engine.usage();
        for (index, kept) in [(4, &kept[0]), (5, &kept[1])] {
            let log = engine.get(partition(own_file_bytes.into(), index)).expect("it was written");
            assert_eq!((log.start(), &contents(&log, start, 1 << 20)), (start, kept));
        }
        assert!(usage.segment_bytes <= 2 * live, "{usage:?}");
        engine.remove(partition(own_file_bytes.into(), 0).topic);
        block_on(engine.close());
    }
}

fn small_packs_are_merged(folder: Folder) {
    let engine = folder.open();
    let logs: Vec<Log> = (0..3).map(|index| engine.create(partition(1, index))).collect();
    let mut expected = Vec::new();
    for round in 0..40 {
        for log in &logs {
            if round % 3 == log.partition().partition.0 {
                continue;
            }
            block_on(engine.wait(engine.put(log, 2, 100, i64::from(round))));
        }
        block_on(engine.checkpoint());
    }
    assert!(engine.usage().files < 20, "{:?}", engine.usage());
    for log in &logs {
        expected.push(contents(log, Offset(0), 500));
        assert!(log.extents().len() < 20);
    }
    engine.kill();
    let engine = folder.open();
    for (index, expected) in (0..).zip(expected) {
        let log = engine.get(partition(1, index)).expect("it was written");
        assert_eq!(contents(&log, Offset(0), 500), expected);
    }
    block_on(engine.close());
}

fn removed_topics_leave_nothing(folder: Folder) {
    let engine = folder.open();
    let (log, other) = (engine.create(partition(1, 0)), engine.create(partition(2, 0)));
    block_on(engine.wait(engine.put(&log, 5, 100, 0)));
    block_on(engine.checkpoint());
    block_on(engine.wait(engine.put(&other, 5, 100, 0)));
    block_on(engine.checkpoint());
    engine.remove(log.partition().topic);
    block_on(engine.checkpoint());
    assert_eq!(engine.usage().files, 1);
    block_on(engine.close());
    let engine = folder.open();
    assert!(engine.get(partition(1, 0)).is_none());
    assert_eq!(engine.get(partition(2, 0)).map(|log| log.end()), Some(Offset(5)));
    block_on(engine.close());
}

fn the_unknown_is_garbage(folder: Folder) {
    let engine = folder.open();
    let logs = [engine.create(partition(1, 0)), engine.create(partition(2, 0))];
    for log in &logs {
        block_on(engine.wait(engine.put(log, 5, 100, 0)));
    }
    block_on(engine.checkpoint());
    for log in &logs {
        block_on(engine.wait(engine.put(log, 5, 100, 0)));
    }
    engine.kill();
    let second = partition(2, 0);
    let engine = folder.open_knowing(&|partition: TopicPartition| partition == second);
    assert!(engine.get(partition(1, 0)).is_none());
    assert_eq!(engine.get(second).map(|log| log.end()), Some(Offset(10)));
    block_on(engine.close());
    let engine = folder.open();
    assert!(engine.get(partition(1, 0)).is_none(), "garbage does not come back");
    block_on(engine.close());
}

fn idle_partitions_cost_a_checkpoint_nothing(folder: Folder) {
    let engine = folder.open();
    for index in 0..1000 {
        engine.put(&engine.create(partition(1, index)), 1, 10, 0);
    }
    engine.settle();
    block_on(engine.checkpoint());
    let before = engine.usage().segment_bytes;
    for _ in 0..5 {
        engine.put(&engine.create(partition(1, 3)), 1, 10, 0);
        engine.settle();
        block_on(engine.checkpoint());
    }
    let written = engine.usage().segment_bytes - before;
    assert!(written < 5 * 400, "{written}");
    block_on(engine.close());
}

#[test]
fn a_full_disk_becomes_free_by_deleting() {
    let mut folder = Folder::disk(true, 6);
    folder.options.reserve_wait_max = Duration::from_millis(1);
    let engine = folder.open();
    let (old, new) = (engine.create(partition(1, 0)), engine.create(partition(2, 0)));
    for index in 0..30 {
        block_on(engine.wait(engine.put(&old, 1, 5000, index)));
    }
    block_on(engine.checkpoint());
    block_on(engine.wait(engine.put(&new, 1, 5000, 0)));
    let Ground::Disk(disk) = &folder.ground else { unreachable!("this test needs a disk") };
    let space = block_on(crate::disk::Disk::space(disk)).expect("memory can be asked");
    disk.set_room(space.total - space.free);
    block_on(engine.checkpoint());
    assert!(engine.usage().uncovered_bytes > 0, "there is no room for a checkpoint");
    let kept = contents(&new, Offset(0), 100);
    block_on(engine.wait(old.set_start(Offset(30))));
    let before = files_of(&folder);
    block_on(engine.checkpoint());
    for _ in 0..100 {
        if files_of(&folder) < before {
            break;
        }
        folder.clock.advance(Duration::from_secs(3));
        block_on(engine.checkpoint());
    }
    assert!(files_of(&folder) < before, "what was released is gone although nothing could be written");
    folder.clock.advance(Duration::from_secs(3));
    block_on(engine.checkpoint());
    block_on(engine.close());
    let engine = folder.open();
    let (old, new) = (engine.create(partition(1, 0)), engine.create(partition(2, 0)));
    assert_eq!((old.start(), old.end()), (Offset(30), Offset(30)));
    assert_eq!(contents(&new, Offset(0), 100), kept);
    block_on(engine.close());
}

#[test]
fn memory_has_a_cap() {
    let mut folder = Folder::memory(7);
    folder.options.memory_bytes_max = Some(20_000);
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    let mut appended = 0;
    let refused = loop {
        let piece = batch(log.end().0, 1, 1000, 0, 1);
        match block_on(engine.reserve(piece.bytes.len())) {
            Ok(reservation) => {
                block_on(engine.wait(log.append(reservation, |_| piece)));
                appended += 1;
                if appended % 5 == 0 {
                    block_on(engine.checkpoint());
                }
            }
            Err(refused) => break refused,
        }
        assert!(appended < 30, "the cap holds");
    };
    assert_eq!(refused, Refused::Full);
    assert!(appended > 10, "{appended}");
    let space = || block_on(engine.space()).expect("memory can be asked").expect("there is a cap");
    assert_eq!((space().total, space().free < 2000), (20_000, true));
    block_on(engine.wait(log.set_start(log.end())));
    block_on(engine.checkpoint());
    assert!(block_on(engine.reserve(1000)).is_ok(), "what is deleted makes room");
    assert!(space().free > 10_000);
    block_on(engine.close());
}

#[test]
fn on_a_full_disk_appends_are_refused_as_full_and_heal_when_something_is_deleted() {
    let mut folder = Folder::disk(true, 40);
    folder.options.reserve_wait_max = Duration::from_millis(1);
    let engine = folder.open();
    let (old, new) = (engine.create(partition(1, 0)), engine.create(partition(2, 0)));
    let Ground::Disk(disk) = &folder.ground else { unreachable!("this test needs a disk") };
    let space = block_on(crate::disk::Disk::space(disk)).expect("memory can be asked");
    // Room for one file of the ring, and not for copies of what is in it.
    disk.set_room(space.total - space.free + (600 << 10));
    let _passing = Passing::begin(folder.clock.clone());
    let mut acknowledged = 0;
    let refused = loop {
        let piece = batch(old.end().0, 1, 20_000, 0, 1);
        match block_on(engine.reserve(piece.bytes.len())) {
            Ok(reservation) => {
                block_on(engine.wait(old.append(reservation, |_| piece)));
                acknowledged += 1;
            }
            // The checkpoint that is to make room may not have seen yet that there is none.
            Err(Refused::Timeout) => std::thread::yield_now(),
            Err(refused) => break refused,
        }
        assert!(acknowledged < 200, "the disk is small");
    };
    assert_eq!((refused, old.end()), (Refused::Full, Offset(acknowledged)), "no offset was given");
    let read = contents(&old, Offset(0), 1 << 20);
    assert_eq!(read.len(), acknowledged as usize * batch(0, 1, 20_000, 0, 1).bytes.len());
    block_on(engine.wait(old.set_start(old.end())));
    let piece = batch(0, 1, 20_000, 0, 1);
    let reservation = loop {
        match block_on(engine.reserve(piece.bytes.len())) {
            Ok(reservation) => break reservation,
            Err(Refused::Full | Refused::Timeout) => std::thread::yield_now(),
            Err(Refused::Closed) => panic!("the engine lives on"),
        }
    };
    block_on(engine.wait(new.append(reservation, |_| piece)));
    assert_eq!(new.high_watermark(), Offset(1));
    block_on(engine.close());
}
