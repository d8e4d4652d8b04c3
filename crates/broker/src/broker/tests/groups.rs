use thalweg_model::LeaderEpoch;

use super::*;
use crate::{CommitPartition, CommitTopic, Committer, Isolation};

#[test]
fn commits_lie_in_the_offsets_topic_and_can_be_replayed() {
    bench(&[("offsets.topic.num.partitions", "3")], async |bench| {
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
        bench.broker.engine().wait(answer.after).await;
        let index = bench.broker.coordinator().partition_of("g");
        let offsets = name("__consumer_offsets");
        let found = bench.broker.find_partition(&offsets, index).expect("the topic was made");
        assert_eq!(found.high_watermark(), Offset(1));
        assert!(found.topic().config().cleanup_policy.compact);
        let read = found.read(Offset(0), Isolation::ReadUncommitted, 1000).await.expect("it is there");
        let bytes = read.regions[0].bytes().expect("it is in memory");
        let next = bench.broker.replay_groups(index, Offset(0), &bytes);
        assert_eq!(next, Ok(Offset(1)));
    });
}
