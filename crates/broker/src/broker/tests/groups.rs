//! Groups over the real offsets topic: commits, restarts, deleted topics.

use thalweg_model::LeaderEpoch;

use super::*;
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
        let listed = bench.broker.coordinator().list().value;
        assert_eq!(listed.len(), 1);
        let lag = bench.broker.coordinator().figures();
        let (group, _, offsets) = &lag[0];
        assert_eq!(&**group, "g");
        assert_eq!(offsets.values().collect::<Vec<_>>(), [&Offset(42)]);
    });
}
