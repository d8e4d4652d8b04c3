//! What the caller keeps of its partitions: whole at first, then only what changed, and after a restart the same again.

use std::collections::BTreeMap;

use bytes::{Buf, BufMut};

use super::*;

on_all_grounds! { what_changed_is_enough }

/// What the caller remembers of a partition: by the batch's number modulo a few, the last one. An entry is long, so that
/// changes outgrow what they change, and goes into a file, or into the manifest, or now here and now there.
type Kept = BTreeMap<i64, i64>;

const KEYS: i64 = 7;
const ENTRY_BYTES: [usize; 4] = [6000, 40, 1500, 9000];

fn entry_bytes(partition: TopicPartition) -> usize {
    ENTRY_BYTES[partition.partition.0 as usize]
}

#[derive(Default)]
struct Caller {
    kept: Mutex<HashMap<TopicPartition, Kept>>,
    whole: AtomicU64,
    changes: AtomicU64,
}

impl Snapshots for Caller {
    fn snapshot(&self, partition: TopicPartition, since: Option<Offset>) -> Option<Snapshot> {
        let kept = self.kept.lock();
        let changed =
            kept.get(&partition)?.iter().filter(|(_, base)| since.is_none_or(|since| **base >= since.0));
        let mut bytes = Vec::new();
        for (key, base) in changed {
            bytes.put_i64(*key);
            bytes.put_i64(*base);
            bytes.resize(bytes.len() + entry_bytes(partition) - 16, 0);
        }
        let (part, count) = match since {
            Some(_) => (SnapshotPart::Changes, &self.changes),
            None => (SnapshotPart::Whole, &self.whole),
        };
        count.fetch_add(1, Ordering::Relaxed);
        Some(Snapshot { part, bytes: bytes.into(), seq: WalSeq::NONE })
    }
}

impl Caller {
    fn append(&self, engine: &Engine, partition: TopicPartition) {
        let log = engine.create(partition);
        let piece = batch(log.end().0, 1, 100, 0, engine.shard_epoch());
        let base = piece.facts.base_offset.0;
        let reservation = block_on(engine.reserve(piece.bytes.len())).expect("there is room");
        let mut kept = self.kept.lock();
        log.append(reservation, |_| piece);
        kept.entry(partition).or_default().insert(base % KEYS, base);
    }

    /// What a new life finds.
    fn recovered(engine: &Engine, partitions: i32) -> HashMap<TopicPartition, Kept> {
        let mut all = HashMap::default();
        for partition in (0..partitions).map(|index| partition(1, index)) {
            let Some(log) = engine.get(partition) else { continue };
            let Some(found) = block_on(log.take_recovered()).expect("it can be read") else { continue };
            let mut kept = Kept::new();
            for mut part in found.snapshot {
                while part.has_remaining() {
                    kept.insert(part.get_i64(), part.get_i64());
                    part.advance(entry_bytes(partition) - 16);
                }
            }
            for facts in found.replay {
                kept.insert(facts.base_offset.0 % KEYS, facts.base_offset.0);
            }
            all.insert(partition, kept);
        }
        all
    }
}

fn what_changed_is_enough(folder: Folder) {
    const PARTITIONS: i32 = 4;
    let chance = SeededRandom::new(9);
    let below = |bound: u64| chance.next() % bound;
    let mut caller = Arc::new(Caller::default());
    let mut engine = folder.open_with(&|_: TopicPartition| true, caller.clone());
    let (mut whole, mut changes) = (0, 0);
    for step in 0..900 {
        match below(100) {
            0..60 => caller.append(&engine, partition(1, below(PARTITIONS as u64) as i32)),
            60..95 => block_on(engine.checkpoint()),
            what => {
                engine.settle();
                match what {
                    95..98 => engine.kill(),
                    _ => block_on(engine.close()),
                }
                whole += caller.whole.load(Ordering::Relaxed);
                changes += caller.changes.load(Ordering::Relaxed);
                let before = std::mem::take(&mut *caller.kept.lock());
                let after = Arc::new(Caller::default());
                engine = folder.open_with(&|_: TopicPartition| true, after.clone());
                *after.kept.lock() = Caller::recovered(&engine, PARTITIONS);
                assert_eq!(*after.kept.lock(), before, "step {step}");
                caller = after;
            }
        }
    }
    block_on(engine.close());
    assert!(changes > 3 * whole, "{whole} were written whole, {changes} as changes");
    assert!(whole > PARTITIONS as u64, "changes that have outgrown what they change end in a whole one");
}

#[test]
fn a_snapshot_that_is_not_there_cannot_be_changed() {
    use crate::manifest::record::{Record, encode};
    let folder = Folder::memory(1);
    let Ground::Memory(backends) = &folder.ground else { unreachable!("it was made in memory") };
    let mut bytes = bytes::BytesMut::new();
    encode(&Record::SnapshotChanges { partition: partition(1, 0), offset: 3, bytes: b"x" }, &mut bytes);
    block_on(async {
        backends.manifest.commit(0, vec![bytes.freeze()]).await.expect("memory takes it");
        let (options, world) = (folder.options.clone(), folder.world.clone());
        let opened = Storage::over(backends.clone(), NodeId(1), options, world).await;
        assert!(matches!(opened, Err(crate::OpenError::Damaged(_))));
    });
}
