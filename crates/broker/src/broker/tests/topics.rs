//! Topics made, widened, deleted and made again.

use thalweg_model::NodeId;

use super::*;
use crate::session::records::PartitionError;
use crate::session::topics::{Cursor, MetadataError, NewPartitions, TopicDescription, Wanted};
use crate::{FetchError, Isolation};

#[test]
fn wishes_are_checked_as_kafka_does() {
    bench(&[("num.partitions", "3")], async |bench| {
        let made = bench.create("a.b", -1, &[("retention.ms", "5")]).await;
        assert_eq!((made.partitions, made.replication_factor), (3, 1));
        let entry = made.configs.iter().find(|entry| &*entry.name == "retention.ms").expect("it is listed");
        assert_eq!(entry.value.as_deref(), Some("5"));

        let kind = async |topic: NewTopic| match bench.create_one(topic).await {
            Ok(_) => "made",
            Err(TopicError::InvalidTopic(_)) => "invalid topic",
            Err(TopicError::Exists(_)) => "exists",
            Err(TopicError::InvalidPartitions(_)) => "invalid partitions",
            Err(TopicError::InvalidReplicationFactor(_)) => "invalid replication factor",
            Err(TopicError::InvalidAssignment(_)) => "invalid assignment",
            Err(TopicError::InvalidConfig(_)) => "invalid config",
            Err(TopicError::InvalidRequest(_)) => "invalid request",
            Err(TopicError::TooManyPartitions(_)) => "policy",
            Err(other) => panic!("{other}"),
        };
        assert_eq!(kind(wish("a.b", 1, &[])).await, "exists");
        assert_eq!(kind(wish("a_b", 1, &[])).await, "invalid topic");
        assert_eq!(kind(wish("a b", 1, &[])).await, "invalid topic");
        assert_eq!(kind(wish("__cluster_metadata", 1, &[])).await, "invalid request");
        assert_eq!(kind(wish("t", 0, &[])).await, "invalid partitions");
        assert_eq!(kind(wish("t", -2, &[])).await, "invalid partitions");
        assert_eq!(kind(wish("t", 10_001, &[])).await, "policy");
        assert_eq!(kind(wish("t", i32::MAX, &[])).await, "policy");
        assert_eq!(kind(wish("t", 1, &[("no.such", "1")])).await, "invalid config");
        assert_eq!(kind(wish("t", 1, &[("retention.ms", "x")])).await, "invalid config");
        let replicas = |replication_factor| NewTopic { replication_factor, ..wish("t", 1, &[]) };
        assert_eq!(kind(replicas(2)).await, "invalid replication factor");
        assert_eq!(kind(replicas(0)).await, "invalid replication factor");
        let assigned = |partitions, assignments: &[(i32, &[i32])]| NewTopic {
            assignments: assignments
                .iter()
                .map(|(index, nodes)| (PartitionIndex(*index), nodes.iter().map(|n| NodeId(*n)).collect()))
                .collect(),
            ..wish("t", partitions, &[])
        };
        assert_eq!(kind(assigned(1, &[(0, &[1])])).await, "invalid request");
        assert_eq!(kind(assigned(-1, &[(0, &[1]), (0, &[1])])).await, "invalid assignment");
        assert_eq!(kind(assigned(-1, &[(0, &[1]), (2, &[1])])).await, "invalid assignment");
        assert_eq!(kind(assigned(-1, &[(0, &[])])).await, "invalid assignment");
        assert_eq!(kind(assigned(-1, &[(0, &[1, 1])])).await, "invalid assignment");
        assert_eq!(kind(assigned(-1, &[(0, &[2])])).await, "invalid assignment");
        assert_eq!(kind(assigned(-1, &[(1, &[1]), (0, &[1])])).await, "made");
        assert_eq!(bench.broker.find_topic(&name("t")).expect("it was made").2, 2);
    });
}

#[test]
fn checking_only_makes_nothing_and_twice_is_wrong() {
    bench(&[], async |bench| {
        let topics = bench.session.topics();
        let checked = topics.create(&[wish("t", 2, &[])], true).await.value.remove(0).expect("sound");
        assert_eq!((checked.id, checked.partitions), (TopicId::ZERO, 2));
        assert!(bench.broker.find_topic(&name("t")).is_none());
        let results =
            topics.create(&[wish("t", 1, &[]), wish("u", 1, &[]), wish("t", 1, &[])], false).await.value;
        assert!(matches!(results[0], Err(TopicError::InvalidRequest(_))));
        assert!(results[1].is_ok());
        assert!(matches!(results[2], Err(TopicError::InvalidRequest(_))));
        let settings = [("retention.ms", "1"), ("retention.ms", "2")];
        topics.create(&[wish("w", 1, &settings)], false).await.value.remove(0).expect("the last one counts");
        let (w, ..) = bench.broker.find_topic(&name("w")).expect("it was made");
        assert_eq!(
            bench.broker.find_entry(&TopicRef::Name(w)).expect("it is there").topic.config().retention_ms,
            2
        );
        let results = topics.create(&[wish("v.x", 1, &[]), wish("v_x", 1, &[])], false).await.value;
        // Names are compared with those that are there, not with each other.
        assert!(results.iter().all(Result::is_ok));
    });
}

#[test]
fn the_offsets_topic_has_the_partitions_that_groups_belong_to() {
    bench(&[("offsets.topic.num.partitions", "5")], async |bench| {
        let refused = bench.create_one(wish("__consumer_offsets", 2, &[])).await;
        assert!(matches!(refused, Err(TopicError::InvalidPartitions(_))), "{refused:?}");
        assert_eq!(bench.create("__consumer_offsets", -1, &[]).await.partitions, 5);
        let deleted = bench.session.topics().delete(&[name("__consumer_offsets")]).await.value;
        assert!(matches!(deleted[0].result, Err(TopicError::InvalidRequest(_))));
        let wider = NewPartitions { topic: "__consumer_offsets".into(), count: 6, assignments: None };
        let refused = bench.session.topics().create_partitions(&[wider], false).await.value.remove(0);
        assert!(matches!(refused, Err(TopicError::InvalidRequest(_))));
    });
}

#[test]
fn a_topic_made_again_is_another_one() {
    bench(&[], async |bench| {
        let first = bench.create("t", 1, &[]).await;
        bench.append_values("t", &["a"]).await;
        let old = bench.partition("t");
        let deleted = bench.session.topics().delete(&[name("t"), name("u")]).await.value;
        assert_eq!((deleted[0].id, &deleted[0].result), (Some(first.id), &Ok(())));
        assert_eq!(deleted[1].result, Err(TopicError::Unknown));
        assert!(bench.broker.find_topic(&name("t")).is_none());
        assert!(bench.broker.engine().get(old.id()).is_none());
        let second = bench.create("t", 1, &[]).await;
        assert_ne!(first.id, second.id);
        assert_eq!(bench.partition("t").high_watermark(), Offset(0));
        // Who holds the old one is told.
        let late = old.append(encode(Batch { values: &["b"], ..Batch::default() }), ACKS_ALL).await.value;
        assert_eq!(late, Err(AppendError::Partition(PartitionError::Unknown)));
        let gone = old.read(Offset(0), Isolation::ReadUncommitted, 100).await;
        assert!(matches!(gone, Err(FetchError::Partition(_))), "{gone:?}");
        let by_id = bench.session.topics().delete(&[TopicRef::Id(first.id)]).await.value;
        assert_eq!(by_id[0].result, Err(TopicError::UnknownId));
        let by_id = bench.session.topics().delete(&[TopicRef::Id(second.id)]).await.value;
        assert_eq!(by_id[0].name, Some("t".into()));
    });
}

#[test]
fn deletion_can_be_forbidden() {
    bench(&[("delete.topic.enable", "false")], async |bench| {
        bench.create("t", 1, &[]).await;
        let deleted = bench.session.topics().delete(&[name("t")]).await.value;
        assert_eq!(deleted[0].result, Err(TopicError::DeletionDisabled));
    });
}

#[test]
fn partitions_can_be_added_and_never_taken_away() {
    bench(&[], async |bench| {
        let id = bench.create("t", 2, &[]).await.id;
        bench.append_values("t", &["a"]).await;
        let add = async |topic: &str, count: i32, assignments: Option<&[&[i32]]>, validate_only: bool| {
            let assignments = assignments
                .map(|all| all.iter().map(|nodes| nodes.iter().map(|n| NodeId(*n)).collect()).collect());
            let wish = NewPartitions { topic: topic.into(), count, assignments };
            bench.session.topics().create_partitions(&[wish], validate_only).await.value.remove(0)
        };
        assert_eq!(add("u", 3, None, false).await, Err(TopicError::Unknown));
        assert!(matches!(add("t", 2, None, false).await, Err(TopicError::InvalidPartitions(_))));
        assert!(matches!(add("t", 1, None, false).await, Err(TopicError::InvalidPartitions(_))));
        assert!(matches!(add("t", 20_000, None, false).await, Err(TopicError::TooManyPartitions(_))));
        let wrong: [&[&[i32]]; 3] = [&[&[1], &[1]], &[&[2]], &[&[]]];
        for assignments in wrong {
            let refused = add("t", 3, Some(assignments), false).await;
            assert!(matches!(refused, Err(TopicError::InvalidAssignment(_))), "{refused:?}");
        }
        assert_eq!(add("t", 3, None, true).await, Ok(()));
        assert_eq!(bench.broker.find_topic(&name("t")).expect("it is there").2, 2);
        assert_eq!(add("t", 3, Some(&[&[1]]), false).await, Ok(()));
        let (_, same, partitions) = bench.broker.find_topic(&name("t")).expect("it is there");
        assert_eq!((same, partitions), (id, 3));
        assert_eq!(bench.partition("t").high_watermark(), Offset(1), "what was there stays");
        let described = bench.session.topics().metadata(Wanted::These(&[name("t")]), false).value.remove(0);
        let described = described.expect("it is there");
        assert!(described.partitions.iter().all(|partition| partition.leader_epoch.0 == 0));
    });
}

/// Asks until a topic is there; those asked for before it were looked at then.
fn ask_until_made(bench: &Bench, topic: &str) -> TopicDescription {
    let asked = [name(topic)];
    loop {
        match bench.session.topics().metadata(Wanted::These(&asked), true).value.remove(0) {
            Ok(found) => return found,
            Err(error) => assert!(matches!(error, MetadataError::Creating(_)), "{error}"),
        }
        std::thread::yield_now();
    }
}

#[test]
fn topics_are_made_by_asking_for_them() {
    bench(&[], async |bench| {
        let asked = [name("t"), name("bad name"), TopicRef::Id(TopicId::ZERO), name("__consumer_offsets")];
        let ask = |create: bool| bench.session.topics().metadata(Wanted::These(&asked), create).value;
        let without = ask(false);
        assert_eq!(without[0], Err(MetadataError::Unknown("t".into())));
        assert!(matches!(without[1], Err(MetadataError::InvalidName { .. })));
        assert_eq!(without[2], Err(MetadataError::UnknownId(TopicId::ZERO)));
        let with = ask(true);
        assert_eq!(with[0], Err(MetadataError::Creating("t".into())), "it is there in a later answer");
        assert!(matches!(with[1], Err(MetadataError::InvalidName { .. })));
        assert_eq!(with[3], Err(MetadataError::Creating("__consumer_offsets".into())));
        assert_eq!(ask_until_made(bench, "t").partitions.len(), 1);
        let offsets = ask_until_made(bench, "__consumer_offsets");
        assert_eq!((offsets.internal, offsets.partitions.len()), (true, 50));
    });
}

#[test]
fn what_cannot_be_made_is_never_there() {
    bench(&[], async |bench| {
        bench.create("a.b", 1, &[]).await;
        let asked = [name("a_b"), name("__transaction_state"), name("__share_group_state")];
        let found = bench.session.topics().metadata(Wanted::These(&asked), true).value;
        assert_eq!(found[0], Err(MetadataError::Creating("a_b".into())));
        for error in found[1..].iter().map(|found| found.as_ref().expect_err("nobody needs it yet")) {
            assert!(matches!(error, MetadataError::Unknown(_)) && error.is_of_internal_topic());
        }
        ask_until_made(bench, "z");
        assert!(asked.iter().all(|topic| bench.broker.find_topic(topic).is_none()));
    });
    bench(&[("default.replication.factor", "3")], async |bench| {
        let found = bench.session.topics().metadata(Wanted::These(&[name("t")]), true).value;
        assert_eq!(found[0], Err(MetadataError::Creating("t".into())));
        ask_until_made(bench, "__consumer_offsets");
        assert!(bench.broker.find_topic(&name("t")).is_none(), "there are no three brokers");
    });
    bench(&[("auto.create.topics.enable", "false")], async |bench| {
        let found = bench.session.topics().metadata(Wanted::These(&[name("t")]), true).value;
        assert_eq!(found[0], Err(MetadataError::Unknown("t".into())));
    });
}

#[test]
fn topics_asked_for_together_may_have_more_partitions_than_one_change_makes() {
    bench(&[("num.partitions", "6000")], async |bench| {
        let asked = [name("t"), name("u")];
        let found = bench.session.topics().metadata(Wanted::These(&asked), true).value;
        assert!(found.iter().all(|found| matches!(found, Err(MetadataError::Creating(_)))));
        ask_until_made(bench, "u");
        assert!(asked.iter().all(|topic| bench.broker.find_topic(topic).is_some()));
    });
}

#[test]
fn descriptions_come_in_pages() {
    bench(&[], async |bench| {
        for (topic, partitions) in [("a", 2), ("b", 3), ("c", 1)] {
            bench.create(topic, partitions, &[]).await;
        }
        let page = |names: &[&str], cursor: Option<(&str, i32)>, most: usize| {
            let names: Vec<_> = names.iter().map(|n| TopicName::from(*n)).collect();
            let cursor =
                cursor.map(|(topic, index)| Cursor { topic: topic.into(), partition: PartitionIndex(index) });
            let described = bench.session.topics().describe(&names, cursor.as_ref(), most).value;
            let topics: Vec<String> = described
                .topics
                .iter()
                .map(|topic| match topic {
                    Ok(topic) => {
                        let indexes: Vec<_> = topic.partitions.iter().map(|p| p.index.0).collect();
                        format!("{} {indexes:?}", topic.name)
                    }
                    Err(error) => error.to_string(),
                })
                .collect();
            (topics.join(", "), described.next.map(|next| format!("{} {}", next.topic, next.partition)))
        };
        assert_eq!(page(&[], None, 100), ("a [0, 1], b [0, 1, 2], c [0]".into(), None));
        assert_eq!(page(&[], None, 3), ("a [0, 1], b [0]".into(), Some("b 1".into())));
        assert_eq!(page(&[], Some(("b", 1)), 3), ("b [1, 2], c [0]".into(), None));
        assert_eq!(page(&[], None, 2), ("a [0, 1]".into(), Some("b 0".into())));
        assert_eq!(page(&["c", "a"], None, 2), ("a [0, 1]".into(), Some("c 0".into())));
        assert_eq!(page(&["c", "a"], Some(("c", 0)), 2), ("c [0]".into(), None));
        assert_eq!(page(&["x"], None, 2), ("the topic 'x' does not exist".into(), None));
    });
}
