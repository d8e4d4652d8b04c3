//! Groups over the real offsets topic: commits, restarts, deleted topics.

use std::collections::BTreeMap;

use thalweg_model::LeaderEpoch;
use thalweg_model::world::Random;

use super::*;
use crate::groups::{Commit, CommitOffset, GroupError};
use crate::{CommitPartition, CommitTopic, Committer, Isolation};

#[test]
fn commits_lie_in_the_offsets_topic_and_outlive_a_restart() {
    for killed in [false, true] {
        commit_and_restart(killed);
    }
}

/// From a snapshot after a clean end, from the log after a kill.
fn commit_and_restart(killed: bool) {
    let backends = memory();
    let settings = [("offsets.topic.num.partitions", "3")];
    bench_over(backends.clone(), &settings, async |bench| {
        bench.killed.store(killed, Ordering::Relaxed);
        bench.create("t", 1, &[]).await;
        let partition = CommitPartition {
            partition: PartitionIndex(0),
            offset: Offset(42),
            leader_epoch: Some(LeaderEpoch(0)),
            metadata: "here",
        };
        let topic = CommitTopic { topic: name("t"), partitions: vec![partition] };
        let committer = Committer { group: "g", member: "", instance: None, generation: -1, retention: None };
        let answer = bench.session.groups().commit(committer, &[topic]).await;
        bench.durable(answer.after);
        let index = bench.broker.coordinator().partition_of("g");
        let offsets = name("__consumer_offsets");
        let found = bench.broker.find_partition(&offsets, index).expect("the topic was made");
        assert_eq!(found.high_watermark(), Offset(1));
        assert!(found.topic().config().cleanup_policy.compact);
        let read = found.read(Offset(0), Isolation::ReadUncommitted, 1000).await.expect("it is there");
        assert!(read.bytes > 0, "consuming works");
    });
    bench_over(backends, &settings, async |bench| {
        let listed = bench.broker.coordinator().list().await.value.expect("all is loaded");
        assert_eq!(listed.iter().map(|group| &*group.group).collect::<Vec<_>>(), ["g"]);
        let fetched = bench.broker.coordinator().fetch("g", None).await.value.expect("it is loaded");
        let offsets = fetched.iter().filter_map(|(_, _, committed)| committed.as_ref());
        assert_eq!(offsets.map(|committed| committed.offset).collect::<Vec<_>>(), [Offset(42)]);
    });
}

fn one(partition: i32, offset: i64) -> CommitPartition<'static> {
    let (partition, offset) = (PartitionIndex(partition), Offset(offset));
    CommitPartition { partition, offset, leader_epoch: None, metadata: "" }
}

const NOBODY: Committer<'static> =
    Committer { group: "g", member: "", instance: None, generation: -1, retention: None };

#[test]
fn what_is_not_there_is_said_whatever_else_is_wrong() {
    bench(&[], async |bench| {
        bench.create("t", 1, &[]).await;
        let known = CommitTopic { topic: name("t"), partitions: vec![one(0, 1), one(7, 1)] };
        let unknown = CommitTopic { topic: name("no"), partitions: vec![one(0, 1)] };
        let stranger = Committer { member: "m", generation: 1, ..NOBODY };
        let commit = async |committer, topics: &[CommitTopic<'_>]| {
            bench.session.groups().commit(committer, topics).await.value
        };
        let missing = Err(GroupError::UnknownPartition);
        let topics = [unknown, known];
        assert_eq!(
            commit(stranger, &topics).await,
            [vec![missing], vec![Err(GroupError::GroupNotFound), missing]]
        );
        assert_eq!(commit(NOBODY, &topics).await, [vec![missing], vec![Ok(()), missing]]);
        // Where nothing is left the group is not asked.
        assert_eq!(commit(stranger, &topics[..1]).await, [vec![missing]]);
    });
}

#[test]
fn a_commit_that_is_not_durable_in_time_is_answered_all_the_same() {
    let (backends, held) = memory_that_can_be_held();
    bench_over(backends, &[("offsets.commit.timeout.ms", "3000")], async |bench| {
        bench.create("t", 1, &[]).await;
        let commit = async |offset| {
            let topics = [CommitTopic { topic: name("t"), partitions: vec![one(0, offset)] }];
            let answer = bench.session.groups().commit(NOBODY, &topics).await;
            (answer.value[0][0], answer.after)
        };
        assert_eq!(commit(1).await.0, Ok(()));
        held.send_replace(true);
        let mut late = std::pin::pin!(commit(2));
        for waited in 0..30 {
            let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
            assert!(late.as_mut().poll(context).is_pending(), "after {waited} times 100 ms");
            bench.advance_ms(100);
        }
        // It says nothing of what became of it, and waits for nothing.
        assert_eq!(late.await, (Err(GroupError::TimedOut), thalweg_storage::WalSeq::default()));
        held.send_replace(false);
        assert_eq!(commit(3).await.0, Ok(()));
    });
}

#[test]
fn without_brokers_for_its_replicas_the_offsets_topic_is_not_made() {
    bench(&[("offsets.topic.replication.factor", "3")], async |bench| {
        bench.create("t", 1, &[]).await;
        let topics = [CommitTopic { topic: name("t"), partitions: vec![one(0, 1)] }];
        let commit = bench.session.groups().commit(NOBODY, &topics).await.value;
        assert_eq!(commit, [vec![Err(GroupError::Unavailable)]]);
        assert!(bench.broker.find_topic(&name("__consumer_offsets")).is_none());
    });
}

/// What is kept of groups and producers, by partition, for comparing.
type Kept = BTreeMap<(TopicName, PartitionIndex), bytes::Bytes>;

impl Bench {
    /// Commits for a range of partitions of a topic, which need not be there.
    async fn commit_range(&self, group: &str, topic: &str, partitions: std::ops::Range<i32>, offset: i64) {
        let one = |partition| CommitOffset {
            topic,
            topic_id: TopicId::ZERO,
            partition: PartitionIndex(partition),
            offset: Offset(offset),
            leader_epoch: None,
            metadata: "",
        };
        let (member, instance, generation, retention) = ("", None, -1, None);
        let offsets = partitions.map(one).collect();
        let commit = Commit { group, member, instance, generation, retention, offsets };
        let answer = self.broker.coordinator().commit(commit).await;
        assert!(answer.value.is_ok_and(|results| results.iter().all(Result::is_ok)), "nobody forbids it");
        self.durable(answer.after);
    }

    async fn kept(&self) -> Kept {
        self.broker.coordinator().load_all().await;
        let entries: Vec<_> = self.broker.catalog().read(|state| state.entries().cloned().collect());
        let partitions = entries.iter().flat_map(|entry| entry.partitions.iter());
        let snapshot = |partition: &Partition| {
            let key = (partition.topic().name.clone(), partition.index());
            let groups = key.0.as_str() == offsets_topic::NAME;
            let snapshot = match groups {
                true => self.broker.coordinator().snapshot(key.1, None),
                false => partition.snapshot(None),
            };
            Some((key, snapshot?.bytes))
        };
        partitions.filter_map(snapshot).collect()
    }
}

#[test]
fn a_checkpoint_after_one_commit_writes_little_however_many_offsets_there_are() {
    let backends = memory();
    let manifest = backends.manifest.clone();
    bench_over(backends, &[("offsets.topic.num.partitions", "1")], async |bench| {
        for batch in 0..50 {
            bench.commit_range("g", "t", batch * 2000..(batch + 1) * 2000, 1).await;
        }
        let engine = bench.broker.engine();
        engine.checkpoint().await;
        let kept = engine.usage().segment_bytes;
        assert!(kept > 8_000_000 && manifest.bytes() < 10_000, "{kept}, {}", manifest.bytes());
        for offset in 2..10 {
            let written = || manifest.bytes() + engine.usage().segment_bytes;
            let before = written();
            bench.commit_range("g", "t", 77..78, offset).await;
            engine.checkpoint().await;
            let written = written() - before;
            assert!((1..2000).contains(&written), "{written}");
        }
    });
}

#[test]
fn a_group_with_more_offsets_than_a_batch_holds_can_be_forgotten() {
    bench(&[("offsets.topic.num.partitions", "1")], async |bench| {
        let coordinator = bench.broker.coordinator();
        for group in ["deleted", "expired"] {
            for batch in 0..5 {
                bench.commit_range(group, "t", batch * 2000..(batch + 1) * 2000, 1).await;
            }
            bench.commit_range(group, "u", 0..1, 1).await;
        }
        let count = async |group| coordinator.fetch(group, None).await.value.expect("it is loaded").len();
        coordinator.forget_topic("t").await;
        assert_eq!((count("deleted").await, count("expired").await), (1, 1));
        for batch in 0..5 {
            bench.commit_range("deleted", "t", batch * 2000..(batch + 1) * 2000, 1).await;
            bench.commit_range("expired", "t", batch * 2000..(batch + 1) * 2000, 1).await;
        }
        assert_eq!(count("deleted").await, 10_001);
        assert_eq!(coordinator.delete("deleted").await.value, Ok(()));
        assert_eq!((count("deleted").await, count("expired").await), (0, 10_001));
        bench.advance_ms(10_080 * 60_000);
        coordinator.expire_offsets().await;
        assert!(coordinator.list().await.value.expect("all is loaded").is_empty());
    });
}

#[test]
fn what_is_kept_is_the_same_after_each_of_many_lives() {
    let chance = SeededRandom::new(17);
    let below = |bound: u64| chance.next() % bound;
    let backends = memory();
    let mut kept: Option<Kept> = None;
    for life in 0..40 {
        bench_over(backends.clone(), &[("offsets.topic.num.partitions", "3")], async |bench| {
            if life == 0 {
                bench.create("t", 1, &[]).await;
            }
            if let Some(kept) = kept.take() {
                assert_eq!(bench.kept().await, kept, "life {life}");
            }
            for _ in 0..below(25) {
                let group = ["a", "b", "c", "d"][below(4) as usize];
                match below(10) {
                    0..5 => {
                        let first = below(20) as i32;
                        bench.commit_range(group, "u", first..first + 3, below(1000) as i64).await;
                    }
                    5 => bench.durable(bench.broker.coordinator().delete(group).await.after),
                    6 | 7 => {
                        let producer = below(6) as i64;
                        let epoch = life as i16;
                        let batch = Batch {
                            values: &["v"],
                            producer: Some((producer, epoch, 0)),
                            ..Batch::default()
                        };
                        // The second time in one life it is a duplicate.
                        bench.append("t", batch).await.expect("a new epoch begins at 0");
                    }
                    _ => bench.broker.engine().checkpoint().await,
                }
            }
            bench.killed.store(life % 3 > 0, Ordering::Relaxed);
            kept = Some(bench.kept().await);
        });
    }
}
