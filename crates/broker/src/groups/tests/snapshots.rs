//! What storage keeps of groups: whole, then what changed; and that both together are what the log holds.

use thalweg_model::world::Random;
use thalweg_storage::SnapshotPart;

use super::*;

#[test]
fn a_snapshot_holds_all_that_the_log_does() {
    let bench = bench();
    let joined = bench.alone();
    assert_eq!(bench.commit(&joined.member, 1, 5, "note"), Ok(()));
    let list = Arc::<List>::default();
    let mut nexts = 0;
    for partition in (0..3).map(PartitionIndex) {
        let bytes = bench.coordinator.snapshot(partition, None).expect("a partition").bytes;
        let decode = |bytes| snapshot::decode_all(Offset(0), vec![bytes]).map(|(next, _)| next);
        assert_eq!(decode(bytes.slice(..bytes.len() - 1)), Err(SnapshotError::Short));
        nexts += decode(bytes.clone()).expect("it can be read").0;
        list.kept.lock().insert(partition, (Offset(0), vec![bytes]));
    }
    let again = bench_with(settings(), list);
    assert_eq!(nexts, 2, "one record for the group, one for the offset");
    assert_eq!(again.committed(), Some(5));
    assert_eq!(again.heartbeat(&joined.member, 1), Ok(()));
    assert_eq!(again.described(), bench.described());
}

/// What storage has of a partition.
#[derive(Default)]
struct Kept {
    upto: Option<Offset>,
    parts: Vec<Bytes>,
}

impl Bench {
    fn end_of(&self, partition: PartitionIndex) -> Offset {
        let records = self.list.records.lock();
        Offset(records.get(&partition).map_or(0, |records| records.len() as i64))
    }

    /// As a checkpoint does; one that fails leaves everything as it was.
    fn checkpoint(&self, partition: PartitionIndex, kept: &mut Kept, succeeds: bool) -> SnapshotPart {
        let upto = self.end_of(partition);
        let snapshot = self.coordinator.snapshot(partition, kept.upto).expect("a partition");
        if succeeds {
            if snapshot.part == SnapshotPart::Whole {
                kept.parts.clear();
            }
            kept.upto = Some(upto);
            kept.parts.push(snapshot.bytes);
        }
        snapshot.part
    }

    /// A new life over what storage has and the log after it.
    fn reborn(&self, kept: &BTreeMap<PartitionIndex, Kept>) -> Bench {
        let storage = |(partition, kept): (&PartitionIndex, &Kept)| {
            Some((*partition, (kept.upto?, kept.parts.clone())))
        };
        *self.list.kept.lock() = kept.iter().filter_map(storage).collect();
        let again = unloaded(settings(), self.list.clone());
        again.clock.advance(self.clock_elapsed());
        block_on(again.coordinator.load_all());
        again
    }

    fn whole(&self, partition: PartitionIndex) -> Bytes {
        self.coordinator.snapshot(partition, None).expect("a partition").bytes
    }

    fn act(&self, act: impl AsyncFnOnce(Arc<Coordinator>) + 'static) {
        let coordinator = self.coordinator.clone();
        // A join may wait for others; whoever waits is forgotten here, as one whose connection ended.
        Pending::start(async move { act(coordinator).await }).poll();
    }
}

#[test]
fn what_changed_and_what_was_before_are_what_the_log_holds() {
    for seed in 0..30 {
        let chance = SeededRandom::new(seed);
        let below = move |bound: u64| chance.next() % bound;
        let mut bench = bench();
        let mut kept: BTreeMap<PartitionIndex, Kept> = BTreeMap::new();
        let mut changes = 0;
        for step in 0..400 {
            let group = ["a", "b", "g", "i"][below(4) as usize];
            let topic = ["t", "u"][below(2) as usize];
            let index = PartitionIndex(below(3) as i32);
            match below(100) {
                0..40 => bench.act(async move |coordinator| {
                    let offset = CommitOffset {
                        topic,
                        topic_id: TopicId::ZERO,
                        partition: index,
                        offset: Offset(step),
                        leader_epoch: None,
                        metadata: "",
                    };
                    let (member, instance, retention) = ("", None, None);
                    let offsets = vec![offset];
                    let generation = -1;
                    let commit = Commit { group, member, instance, generation, retention, offsets };
                    drop(coordinator.commit(commit).await);
                }),
                40..55 => {
                    let list = bench.described();
                    let known = list.map(|group| group.members).unwrap_or_default();
                    let member = known.first().map_or(String::new(), |member| member.id.to_string());
                    if let Some(Ok(joined)) = bench.join(who(&member)).poll() {
                        // A rebalance stays where it is now and then.
                        if below(3) > 0 {
                            let given: [(&str, &'static [u8]); 1] = [(&joined.member, b"all")];
                            let _ = bench.sync(&joined.member, joined.generation, &given).poll();
                        }
                    }
                }
                55..60 => {
                    let list = bench.described();
                    for member in list.map(|group| group.members).unwrap_or_default() {
                        let _ = bench.leave(&member.id);
                    }
                }
                60..63 => bench.act(async move |coordinator| drop(coordinator.delete(group).await)),
                63..66 => bench.act(async move |coordinator| {
                    drop(coordinator.delete_offsets(group, &[(topic, index)]).await);
                }),
                66..68 => bench.act(async move |coordinator| coordinator.forget_topic(topic).await),
                68..70 => {
                    bench.pass(Duration::from_secs(1800));
                    bench.act(async move |coordinator| coordinator.expire_offsets().await);
                }
                70..95 => {
                    let part = bench.checkpoint(index, kept.entry(index).or_default(), below(4) > 0);
                    changes += usize::from(part == SnapshotPart::Changes);
                }
                _ => {
                    let again = bench.reborn(&kept);
                    for partition in (0..3).map(PartitionIndex) {
                        let (is, was) = (again.whole(partition), bench.whole(partition));
                        assert_eq!(is, was, "seed {seed} step {step} partition {partition}");
                    }
                    bench = again;
                }
            }
        }
        assert!(changes > 50, "seed {seed}: {changes}");
    }
}

#[test]
fn a_rebalance_that_a_start_interrupts_leaves_the_group_as_it_was_written() {
    let bench = bench();
    let joined = bench.alone();
    let partition = bench.coordinator.partition_of(GROUP);
    // The leader joins again, and does not bring an assignment any more.
    let again = bench.join(who(&joined.member)).done().expect("a leader may");
    assert_eq!((bench.state(), again.generation), (GroupState::CompletingRebalance, 2));
    let whole = Kept { upto: Some(bench.end_of(partition)), parts: vec![bench.whole(partition)] };
    let reborn = bench.reborn(&BTreeMap::from([(partition, whole)]));
    assert_eq!(reborn.heartbeat(&joined.member, 2), Err(GroupError::IllegalGeneration));
    assert_eq!(reborn.heartbeat(&joined.member, 1), Ok(()));
    let assignment = reborn.sync(&joined.member, 1, &[]).done().expect("it is stable").assignment;
    assert_eq!(assignment, "all");
}

#[test]
fn after_a_damaged_snapshot_the_next_one_is_whole() {
    let bench = bench();
    assert_eq!(bench.commit("", -1, 7, ""), Ok(()));
    let partition = bench.coordinator.partition_of(GROUP);
    let damaged = Kept { upto: Some(Offset(1)), parts: vec![Bytes::from_static(&[9])] };
    let again = bench.reborn(&BTreeMap::from([(partition, damaged)]));
    assert_eq!(again.committed(), Some(7));
    let part = |since| again.coordinator.snapshot(partition, Some(Offset(since))).expect("a partition").part;
    assert_eq!(part(1), SnapshotPart::Whole);
    assert_eq!(again.commit("", -1, 8, ""), Ok(()));
    assert_eq!((part(1), part(2)), (SnapshotPart::Whole, SnapshotPart::Changes));
}
