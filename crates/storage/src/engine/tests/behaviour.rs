//! Appending, reading, checkpoints, restarts.

use super::*;

on_all_grounds! {
    what_is_appended_is_read_when_it_is_durable
    several_partitions_are_one_block
    what_left_the_tail_is_read_from_the_wal_and_from_files
    a_restart_finds_everything
    segments_and_epochs_survive
    records_are_found_by_time
    the_start_moves
    snapshots_come_back_with_what_followed
    reads_say_what_is_out_of_range
    watchers_are_told
    a_closed_engine_leaves_nothing_behind
}

fn what_is_appended_is_read_when_it_is_durable(folder: Folder) {
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    assert_eq!((log.start(), log.end(), log.high_watermark()), (Offset(0), Offset(0), Offset(0)));
    let mut expected = Vec::new();
    for index in 0..10 {
        let piece = batch(log.end().0, 3, 100, index, 1);
        expected.extend_from_slice(&piece.bytes);
        let reservation = block_on(engine.reserve(piece.bytes.len())).expect("there is room");
        let seq = log.append(reservation, |_| piece);
        block_on(engine.wait(seq));
        assert_eq!(log.high_watermark(), log.end());
    }
    assert_eq!(log.end(), Offset(30));
    assert_eq!(contents(&log, Offset(0), 1), expected);
    assert_eq!(contents(&log, Offset(0), 1 << 20), expected);
    // From the middle of a batch the whole batch comes.
    let read = log.read_tail(Offset(4), Offset(9), 1 << 20).expect("it is in the tail");
    assert_eq!((read.next, read.regions.len()), (Offset(9), 2));
    let read = log.read_tail(Offset(4), Offset(8), 1 << 20).expect("it is in the tail");
    assert_eq!(read.next, Offset(6), "a batch that ends beyond the limit is not given");
    assert_eq!(log.size(), expected.len() as u64);
    block_on(engine.close());
}

fn several_partitions_are_one_block(folder: Folder) {
    let engine = folder.open();
    let logs: Vec<Log> = (0..5).map(|index| engine.create(partition(1, index))).collect();
    let parts: Vec<_> = logs.iter().rev().map(|log| (log, vec![batch(0, 1, 10, 0, 1)])).collect();
    let reservation = block_on(engine.reserve(5 * 100)).expect("there is room");
    let seq = engine.append(reservation, parts);
    block_on(engine.wait(seq));
    for log in &logs {
        assert_eq!((log.high_watermark(), log.seq_of_state()), (Offset(1), seq));
    }
    block_on(engine.close());
}

fn what_left_the_tail_is_read_from_the_wal_and_from_files(mut folder: Folder) {
    folder.options.tail_bytes = 20_000;
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    let mut expected = Vec::new();
    for index in 0..100 {
        expected.extend_from_slice(&batch(log.end().0, 2, 500, index, 1).bytes);
        block_on(engine.wait(engine.put(&log, 2, 500, index)));
    }
    assert!(log.read_tail(Offset(0), Offset(10), 100).is_none());
    assert_eq!(contents(&log, Offset(0), 5_000), expected);
    assert!(engine.usage().tail_bytes <= 20_000 + 5_000, "{:?}", engine.usage());
    block_on(engine.checkpoint());
    let usage = engine.usage();
    assert_eq!(usage.uncovered_bytes, 0);
    assert!(usage.files >= 1);
    assert_eq!(contents(&log, Offset(0), 5_000), expected);
    for index in 0..100 {
        expected.extend_from_slice(&batch(log.end().0, 2, 500, index, 1).bytes);
        block_on(engine.wait(engine.put(&log, 2, 500, index)));
    }
    assert_eq!(contents(&log, Offset(0), 5_000), expected);
    block_on(engine.close());
    let engine = folder.open();
    let log = engine.get(partition(1, 0)).expect("it was written");
    assert_eq!(contents(&log, Offset(0), 5_000), expected);
    block_on(engine.close());
}

fn a_restart_finds_everything(folder: Folder) {
    let mut expected: HashMap<TopicPartition, Vec<u8>> = HashMap::default();
    for life in 1..=4 {
        let engine = folder.open();
        assert_eq!(engine.shard_epoch(), life);
        for index in 0..20 {
            let partition = partition(1, index % 7);
            let log = engine.create(partition);
            expected
                .entry(partition)
                .or_default()
                .extend_from_slice(&batch(log.end().0, 2, 300, 5, life).bytes);
            engine.put(&log, 2, 300, 5);
        }
        for (partition, bytes) in &expected {
            let log = engine.get(*partition).expect("it was written");
            block_on(engine.wait(log.seq_of_state()));
            assert_eq!(&contents(&log, Offset(0), 700), bytes);
        }
        match life {
            2 => engine.kill(),
            _ => block_on(engine.close()),
        }
        // The second life ends without a word: all it wrote is in the WAL alone.
    }
    let engine = folder.open();
    for (partition, bytes) in &expected {
        let log = engine.get(*partition).expect("it was written");
        assert_eq!(&contents(&log, Offset(0), 700), bytes);
        let epochs: Vec<_> = log.epochs().iter().map(|row| row.epoch.0).collect();
        assert_eq!(epochs, [1, 2, 3, 4]);
    }
    block_on(engine.close());
}

fn segments_and_epochs_survive(folder: Folder) {
    let mut before = None;
    for life in 1..=3 {
        let engine = folder.open();
        let log = engine.create(partition(1, 0));
        if let Some(before) = before.take() {
            assert_eq!((log.segments(), log.epochs(), log.size()), before);
        }
        for index in 0..6 {
            let mut piece = batch(log.end().0, 2, 300, i64::from(life) * 100 + index, life);
            piece.facts.starts_segment = index % 2 == 0;
            let reservation = block_on(engine.reserve(piece.bytes.len())).expect("there is room");
            block_on(engine.wait(log.append(reservation, |_| piece)));
            if index == 3 {
                block_on(engine.checkpoint());
            }
        }
        let segments = log.segments();
        assert_eq!(segments.len(), 3 * life as usize);
        assert!(segments.windows(2).all(|pair| pair[0].end == pair[1].base && !pair[0].active));
        assert_eq!(segments.last().map(|last| (last.end, last.active)), Some((log.end(), true)));
        let mut expected = segments;
        if life == 2 {
            engine.kill();
        } else {
            block_on(engine.close());
        }
        // When a segment was made is known again only where a checkpoint has seen it; here the clock stands still.
        expected.iter_mut().for_each(|segment| segment.created = folder.clock.now());
        let log_after = folder.open();
        let log = log_after.get(partition(1, 0)).expect("it was written");
        let mut found = log.segments();
        found.iter_mut().for_each(|segment| segment.created = folder.clock.now());
        assert_eq!(found, expected);
        before = Some((log.segments(), log.epochs(), log.size()));
        block_on(log_after.close());
    }
}

fn records_are_found_by_time(mut folder: Folder) {
    folder.options.tail_bytes = 3_000;
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    for index in 0..30 {
        // Three records a batch, at 100·n, +1, +2.
        block_on(engine.wait(engine.put(&log, 3, 200, index * 100)));
        if index == 10 {
            block_on(engine.checkpoint());
        }
    }
    let check = |time: i64, upto: i64, expected: Option<i64>| {
        let found = block_on(log.find(TimestampMs(time), Offset(upto))).expect("it can be read");
        assert_eq!(found.map(|found| found.offset.0), expected, "{time} before {upto}");
    };
    for _ in 0..2 {
        check(0, 90, Some(0));
        check(1, 90, Some(1));
        check(3, 90, Some(3));
        check(1502, 90, Some(47));
        check(1503, 90, Some(48));
        check(1503, 48, None);
        check(2902, 90, Some(89));
        check(2903, 90, None);
        let latest = block_on(log.find_max_timestamp(Offset(90))).expect("it can be read");
        assert_eq!(latest.map(|found| (found.offset.0, found.timestamp.0)), Some((89, 2902)));
        let latest = block_on(log.find_max_timestamp(Offset(31))).expect("it can be read");
        assert_eq!(latest.map(|found| found.offset.0), Some(30));
        block_on(engine.checkpoint());
    }
    log.set_start(Offset(50));
    engine.settle();
    check(0, 90, Some(50));
    block_on(engine.close());
}

fn the_start_moves(folder: Folder) {
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    for index in 0..10 {
        let mut piece = batch(log.end().0, 2, 300, index, 1);
        piece.facts.starts_segment = true;
        let reservation = block_on(engine.reserve(piece.bytes.len())).expect("there is room");
        block_on(engine.wait(log.append(reservation, |_| piece)));
    }
    block_on(engine.checkpoint());
    let seq = log.set_start(Offset(7));
    assert_eq!(log.start(), Offset(7));
    assert_eq!(log.set_start(Offset(3)), seq, "it never goes back");
    assert_eq!(log.segments().first().map(|first| first.base), Some(Offset(6)));
    assert!(matches!(
        block_on(log.read(Offset(6), Offset(20), 100)),
        Err(crate::ReadError::OutOfRange { start: Offset(7), .. })
    ));
    block_on(engine.wait(seq));
    engine.kill();
    let engine = folder.open();
    let log = engine.get(partition(1, 0)).expect("it was written");
    assert_eq!((log.start(), log.end()), (Offset(7), Offset(20)));
    assert_eq!(log.segments().first().map(|first| first.base), Some(Offset(6)));
    let seq = log.set_start(Offset(100));
    block_on(engine.wait(seq));
    assert_eq!((log.start(), log.end(), log.segments().len(), log.size()), (Offset(20), Offset(20), 0, 0));
    block_on(engine.close());
    let engine = folder.open();
    let log = engine.get(partition(1, 0)).expect("its offsets go on");
    assert_eq!((log.start(), log.end(), log.segments().len()), (Offset(20), Offset(20), 0));
    assert_eq!(engine.usage().files, 0);
    block_on(engine.close());
}

fn snapshots_come_back_with_what_followed(folder: Folder) {
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    let seq = engine.put(&log, 2, 100, 0);
    let snapshot = Snapshot { part: SnapshotPart::Whole, bytes: Bytes::from_static(b"two"), seq };
    folder.snapshots.0.lock().insert(log.partition(), snapshot);
    block_on(engine.wait(seq));
    block_on(engine.checkpoint());
    let seq = engine.put(&log, 3, 100, 0);
    block_on(engine.wait(seq));
    engine.kill();
    let engine = folder.open();
    let log = engine.get(partition(1, 0)).expect("it was written");
    let recovered = block_on(log.take_recovered()).expect("it can be read").expect("it was there");
    assert_eq!((recovered.snapshot, recovered.from), (vec![Bytes::from_static(b"two")], Offset(2)));
    let replay: Vec<_> =
        recovered.replay.iter().map(|facts| (facts.base_offset.0, facts.last_delta)).collect();
    assert_eq!(replay, [(2, 2)]);
    assert!(block_on(log.take_recovered()).expect("nothing is read").is_none());
    block_on(engine.close());
    // The last checkpoint asked again, and got the same answer for the whole log.
    let engine = folder.open();
    let log = engine.get(partition(1, 0)).expect("it was written");
    let recovered = block_on(log.take_recovered()).expect("it can be read").expect("it was there");
    assert_eq!((recovered.from, recovered.replay.len()), (Offset(5), 0));
    block_on(engine.close());
}

fn reads_say_what_is_out_of_range(folder: Folder) {
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    block_on(engine.wait(engine.put(&log, 2, 100, 0)));
    let read = block_on(log.read(Offset(2), Offset(2), 100)).expect("the end is no error");
    assert_eq!((read.bytes, read.next), (0, Offset(2)));
    assert!(matches!(block_on(log.read(Offset(3), Offset(9), 1)), Err(crate::ReadError::OutOfRange { .. })));
    engine.remove(log.partition().topic);
    assert!(engine.get(log.partition()).is_none());
    assert!(matches!(block_on(log.read(Offset(0), Offset(9), 1)), Err(crate::ReadError::Removed)));
    block_on(engine.close());
}

fn watchers_are_told(folder: Folder) {
    struct Told(std::sync::mpsc::Sender<u64>);
    impl crate::Watcher for Told {
        fn moved(&self, token: u64) {
            let _ = self.0.send(token);
        }
    }
    let engine = folder.open();
    let (tell, told) = std::sync::mpsc::channel();
    let watcher: Arc<dyn crate::Watcher> = Arc::new(Told(tell));
    let (log, other) = (engine.create(partition(1, 0)), engine.create(partition(1, 1)));
    log.watch(watcher.clone(), 17);
    block_on(engine.wait(engine.put(&other, 1, 1, 0)));
    block_on(engine.wait(engine.put(&log, 1, 1, 0)));
    assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok(17));
    log.unwatch(&watcher, 17);
    block_on(engine.wait(engine.put(&log, 1, 1, 0)));
    block_on(engine.close());
    assert!(told.try_recv().is_err());
}

#[test]
fn cold_reads_find_rot_and_serve_around_it() {
    let mut folder = Folder::disk(true, 8);
    folder.options.tail_bytes = 0;
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    for index in 0..10 {
        block_on(engine.wait(engine.put(&log, 2, 300, index)));
    }
    block_on(engine.checkpoint());
    let Ground::Disk(disk) = &folder.ground else { unreachable!("this test needs a disk") };
    let expected = contents(&log, Offset(0), 1500);
    disk.set_cold(true);
    let before = engine.0.figures.cold_reads.get();
    assert_eq!(contents(&log, Offset(0), 1500), expected);
    assert!(engine.0.figures.cold_reads.get() > before, "the cold readers read it");
    // In the middle of the fifth batch: offsets 8 and 9.
    let extent = &log.extents()[0];
    let batch_bytes = u64::from(extent.length) / 10;
    let name = format!("segments/{}", crate::run_file::name_of(extent.file));
    disk.rot(&name, extent.position + 4 * batch_bytes + batch_bytes / 2);
    let read = block_on(log.read(Offset(8), Offset(20), 1 << 20));
    assert!(
        matches!(read, Err(crate::ReadError::Damaged { from: Offset(8), to: Offset(10), .. })),
        "{read:?}"
    );
    let read = block_on(log.read(Offset(0), Offset(20), 1 << 20)).expect("what lies before it is good");
    assert_eq!(read.next, Offset(8));
    assert_eq!(contents(&log, Offset(10), 1 << 20).len() as u64, 10 * batch_bytes / 2);
    block_on(engine.close());
}

fn a_closed_engine_leaves_nothing_behind(folder: Folder) {
    let engine = folder.open();
    engine.put(&engine.create(partition(1, 0)), 1, 10, 0);
    let left = Arc::downgrade(&engine.0);
    block_on(engine.close());
    assert_eq!(left.strong_count(), 0);
}
