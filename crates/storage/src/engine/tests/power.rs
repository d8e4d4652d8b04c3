//! As `crash`, but the power may also go while a life begins (recovery, the first commit, the ring being made), and while
//! a checkpoint is under way; time passes by itself. Some lives end with a kill, and the next one serves what that left,
//! until the power goes.

use super::*;
use crate::disk::Fault;
use crate::options::Durability;
use crate::storage::OpenError;

/// What is known of a partition.
#[derive(Default)]
struct Known {
    /// Every batch that was appended and may be there.
    batches: Vec<(i64, i64, Bytes)>,
    acknowledged: i64,
    /// The start that is sure, and the one that was asked for last.
    start: (i64, i64),
}

impl Known {
    fn check(&mut self, log: &Log, what: &str) {
        let (start, end) = (log.start().0, log.end().0);
        assert!(end >= self.acknowledged, "{what}: ends at {end}, acknowledged {}", self.acknowledged);
        assert!(self.start.0 <= start && start <= self.start.1, "{what}: {start} is not in {:?}", self.start);
        self.batches.retain(|(_, batch_end, _)| *batch_end <= end);
        assert_eq!(self.batches.last().map_or(0, |(_, end, _)| *end), end, "{what}: no batch ends here");
        let wanted = self.batches.iter().filter(|(_, batch_end, _)| *batch_end > start);
        let wanted: Vec<u8> = wanted.flat_map(|(_, _, bytes)| bytes.to_vec()).collect();
        assert_eq!(log.high_watermark().0, end, "{what}");
        assert!(contents(log, Offset(start), 10_000) == wanted, "{what}: other bytes");
        (self.acknowledged, self.start) = (end, (start, start));
    }
}

#[test]
fn nothing_acknowledged_is_lost_wherever_the_power_is_cut() {
    for seed in 0..60 {
        let direct = seed % 2 == 0;
        let chance = SeededRandom::new(seed);
        let mut folder = Folder::disk(direct, seed);
        folder.options.tail_bytes = 30_000;
        folder.options.own_file_bytes = 20_000;
        folder.options.delete_delay = Duration::ZERO;
        let _time = Passing::begin(folder.clock.clone());
        let mut known: HashMap<TopicPartition, Known> = HashMap::default();
        for life in 0..6 {
            let Ground::Disk(disk) = &folder.ground else { unreachable!("it was made on a disk") };
            let disk = disk.clone();
            // most lives are long enough to checkpoint, some end while they begin
            let changes = if life % 3 == 2 { chance.next() % 12 } else { 12 + chance.next() % 150 };
            disk.fail_at(disk.counts().changes + changes, Fault::Cut);
            let what = format!("seed {seed} life {life} cut after {changes}");
            match block_on(open(&folder, &disk)) {
                Ok(engine) => live(&engine, &disk, &mut known, &chance, &what),
                Err(error) => assert!(disk.is_dead(), "{what}: {error}"),
            }
            let killed = chance.next().is_multiple_of(2);
            folder.ground = Ground::Disk(if killed { disk.kill() } else { disk.power_cut(&chance) });
        }
        let engine = folder.open();
        for (partition, known) in &mut known {
            known.check(&engine.create(*partition), &format!("seed {seed} at the end"));
        }
        block_on(engine.close());
    }
}

#[test]
fn what_a_killed_process_left_undurable_is_made_durable_before_it_is_built_on() {
    for change in 0..30 {
        for seed in 0..4 {
            let chance = SeededRandom::new(seed);
            let mut folder = Folder::disk(true, seed);
            folder.options.delete_delay = Duration::ZERO;
            let _time = Passing::begin(folder.clock.clone());
            let mut known: HashMap<TopicPartition, Known> = HashMap::default();
            let Ground::Disk(disk) = &folder.ground else { unreachable!("it was made on a disk") };
            let disk = disk.clone();
            disk.fail_at(change, Fault::Cut);
            let what = format!("seed {seed} killed at {change}");
            match block_on(open(&folder, &disk)) {
                Ok(engine) => live(&engine, &disk, &mut known, &chance, &what),
                Err(error) => assert!(disk.is_dead(), "{what}: {error}"),
            }
            let disk = disk.kill();
            let engine = block_on(open(&folder, &disk)).expect(&what);
            live(&engine, &disk, &mut known, &chance, &what);
            folder.ground = Ground::Disk(disk.power_cut(&chance));
            let engine = folder.open();
            for (partition, known) in &mut known {
                known.check(&engine.create(*partition), &what);
            }
            block_on(engine.close());
        }
    }
}

/// Chance by which a power cut takes all that it may take.
struct Worst;

impl Random for Worst {
    fn next(&self) -> u64 {
        1
    }
}

/// A caller to whose partition something comes just before each look at it.
#[derive(Default)]
struct Busy(Mutex<Option<Engine>>);

impl Snapshots for Busy {
    fn snapshot(&self, partition: TopicPartition, _: Option<Offset>) -> Option<Snapshot> {
        let engine = self.0.lock().clone()?;
        let log = engine.create(partition);
        let seq = engine.put(&log, 1, 100, 0);
        Some(Snapshot { part: SnapshotPart::Whole, bytes: log.end().0.to_be_bytes().to_vec().into(), seq })
    }
}

#[test]
fn what_the_manifest_says_rests_on_nothing_that_a_power_cut_takes() {
    let mut folder = Folder::disk(true, 5);
    folder.options.durability = Durability::Os;
    let busy = Arc::new(Busy::default());
    let engine = folder.open_with(&|_| true, busy.clone());
    let log = engine.create(partition(1, 0));
    block_on(engine.wait(engine.put(&log, 2, 100, 0)));
    *busy.0.lock() = Some(engine.clone());
    block_on(engine.checkpoint());
    busy.0.lock().take();
    let kept = log.end();
    // Nobody promises this one.
    block_on(engine.wait(engine.put(&log, 1, 100, 0)));
    let Ground::Disk(disk) = &folder.ground else { unreachable!("it was made on a disk") };
    let disk = disk.power_cut(&Worst);
    engine.kill();
    folder.ground = Ground::Disk(disk);
    let engine = folder.open();
    let log = engine.get(partition(1, 0)).expect("it was checkpointed");
    assert_eq!(log.end(), kept);
    assert!(!contents(&log, Offset(0), 10_000).is_empty());
    let found = block_on(log.take_recovered()).expect("it can be read").expect("a snapshot was taken");
    assert_eq!(found.snapshot.concat(), kept.0.to_be_bytes(), "the snapshot tells of what is there");
}

#[test]
fn what_a_failed_sync_gave_up_is_written_again_though_nothing_is_synced() {
    for change in 0..12 {
        let mut folder = Folder::disk(true, change);
        folder.options.durability = Durability::Os;
        let engine = folder.open();
        let log = engine.create(partition(1, 0));
        block_on(engine.wait(engine.put(&log, 2, 100, 0)));
        let Ground::Disk(disk) = &folder.ground else { unreachable!("it was made on a disk") };
        let disk = disk.clone();
        disk.fail_at(disk.counts().changes + change, Fault::SyncFails);
        block_on(engine.checkpoint());
        engine.kill();
        // The next life builds on what it finds, so that a power cut must not take it any more.
        let killed = disk.kill();
        folder.ground = Ground::Disk(killed.clone());
        folder.open().kill();
        folder.ground = Ground::Disk(killed.power_cut(&Worst));
        let engine = folder.open();
        let log = engine.get(partition(1, 0)).expect("it was there");
        assert_eq!(log.end(), Offset(2), "sync {change} failed");
        assert!(!contents(&log, Offset(0), 10_000).is_empty(), "sync {change} failed");
        assert_eq!(engine.damages(), [], "sync {change} failed");
    }
}

async fn open(folder: &Folder, disk: &MemoryDisk) -> Result<Engine, OpenError> {
    let (options, world) = (folder.options.clone(), folder.world.clone());
    let storage = Storage::on_disk(Arc::new(disk.clone()), NodeId(1), options, world).await?;
    storage.start(&|_: TopicPartition| true, folder.snapshots.clone()).await
}

fn live(
    engine: &Engine,
    disk: &MemoryDisk,
    known: &mut HashMap<TopicPartition, Known>,
    chance: &SeededRandom,
    what: &str,
) {
    let below = |bound: u64| chance.next() % bound;
    for (partition, known) in &mut *known {
        if !disk.is_dead() {
            let log = engine.create(*partition);
            // reading may meet the end of the disk
            let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| known.check(&log, what)));
            if let Err(panic) = checked
                && !disk.is_dead()
            {
                std::panic::resume_unwind(panic);
            }
        }
    }
    for step in 0..400 {
        let partition = partition(1, below(4) as i32);
        let log = engine.create(partition);
        let model = known.entry(partition).or_default();
        let mut waits = WalSeq::NONE;
        match below(100) {
            0..80 => {
                let size = if below(10) == 0 { 6000 } else { below(600) as usize };
                let piece = batch(log.end().0, 1 + below(4) as usize, size, step, engine.shard_epoch());
                let Some(Ok(reservation)) = until_cut(engine, engine.reserve(piece.bytes.len())) else {
                    break;
                };
                model.batches.push((log.end().0, piece.facts.next_offset().0, piece.bytes.clone()));
                waits = log.append(reservation, |_| piece);
            }
            80..86 => {
                let to = log.start().0 + below((model.acknowledged - log.start().0 + 1).max(1) as u64) as i64;
                model.start.1 = to.max(model.start.1);
                waits = log.set_start(Offset(to));
            }
            86..92 if until_cut(engine, engine.checkpoint()).is_none() => break,
            _ => {}
        }
        if waits > WalSeq::NONE && below(3) > 0 {
            if until_cut(engine, engine.wait(waits)).is_none() {
                break;
            }
            (model.acknowledged, model.start.0) = (log.end().0, log.start().0);
        }
    }
    engine.clone().kill();
    if !disk.is_dead() {
        // a life without a cut: what was not waited for may be on its way still
        engine.settle();
    }
}

/// What a future gives, unless the storage fails before.
fn until_cut<T>(engine: &Engine, future: impl Future<Output = T>) -> Option<T> {
    let mut failure = engine.failure();
    block_on(async {
        tokio::select! {
            biased;
            value = future => Some(value),
            failed = failure.wait_for(Option::is_some) => {
                drop(failed.expect("the engine is held"));
                None
            }
        }
    })
}
