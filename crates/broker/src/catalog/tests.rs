//! The catalog over facts: what a restart finds, what it refuses.

use bytes::Bytes;
use thalweg_model::world::{Threads, block_on};
use thalweg_model::{TopicId, Uuid};
use thalweg_storage::facts::MemoryFacts;

use super::*;
use crate::config::{NamedKind, Overrides};

fn topic(number: u128, name: &str, partitions: u32) -> TopicRecord {
    let settings = [("retention.ms", "1000"), ("cleanup.policy", "")];
    TopicRecord {
        id: TopicId(Uuid::from_u128(number)),
        name: name.into(),
        runs: vec![
            PartitionRun { count: partitions, epoch_base: -1 },
            PartitionRun { count: 2, epoch_base: -9 },
        ],
        overrides: Arc::new(Overrides::from(settings.map(|(name, value)| (name.into(), value.into())))),
    }
}

fn named(kind: NamedKind) -> Record {
    Record::Named { kind, name: "g".into(), overrides: Arc::new(Overrides::from([("a".into(), "b".into())])) }
}

fn all() -> Vec<Record> {
    vec![
        Record::Cluster("abc".into()),
        Record::Topic(topic(1, "a.b", 3)),
        Record::Removed(TopicId(Uuid::from_u128(2))),
        Record::Broker { node: "".into(), overrides: topic(1, "x", 1).overrides },
        Record::ProducerIds { end: 3000 },
        named(NamedKind::Group),
        named(NamedKind::ClientMetrics),
    ]
}

#[test]
fn records_come_back_as_they_were() {
    for record in all() {
        assert_eq!(Record::decode(record.encode()), Ok(record));
    }
}

#[test]
fn damaged_records_are_errors() {
    for record in all() {
        let good = record.encode();
        for end in 0..good.len() {
            assert!(Record::decode(good.slice(..end)).is_err(), "{record:?} cut at {end}");
        }
        let mut longer = good.to_vec();
        longer.push(0);
        assert!(Record::decode(longer.into()).is_err(), "{record:?}");
        let mut newer = good.to_vec();
        newer[0] = 2;
        assert!(Record::decode(newer.into()).is_err(), "{record:?}");
    }
    assert!(Record::decode(Bytes::from_static(&[1, 99])).is_err());
}

#[test]
fn the_format_stays() {
    let record = Record::Topic(TopicRecord {
        runs: vec![PartitionRun { count: 3, epoch_base: -1 }],
        overrides: Arc::new(Overrides::from([("a".into(), "bc".into())])),
        ..topic(1, "t", 0)
    });
    let mut expect = vec![1, 2];
    expect.extend([0; 15]);
    expect.extend([
        1, 0, 1, b't', 0, 1, 0, 0, 0, 3, 255, 255, 255, 255, 0, 1, 0, 1, b'a', 0, 0, 0, 2, b'b', b'c',
    ]);
    assert_eq!(record.encode(), expect);
    let expect = [1, 6, 32, 0, 1, b'g', 0, 1, 0, 1, b'a', 0, 0, 0, 1, b'b'];
    assert_eq!(named(NamedKind::Group).encode(), expect[..]);
}

#[test]
fn the_state_outlives_a_restart_and_an_image() {
    block_on(async {
        let facts = Arc::new(MemoryFacts::default());
        let (catalog, topics) =
            Catalog::load(facts.clone(), Arc::new(Threads)).await.expect("empty facts are facts");
        assert!(topics.is_empty());
        let mut changing = catalog.change().await;
        changing.commit(vec![Record::Cluster("abc".into())]).await.expect("there is space");
        for number in 0..3 {
            let record = Record::Topic(topic(number, &format!("t{number}"), 1));
            changing.commit(vec![record]).await.expect("there is space");
        }
        changing.commit(vec![Record::Removed(TopicId(Uuid::from_u128(1)))]).await.expect("there is space");
        changing.commit(vec![Record::Topic(topic(2, "t2", 5))]).await.expect("there is space");
        for image in [false, true] {
            if image {
                changing.shorten().await;
                let loaded = facts.load().await.expect("they were written");
                assert_eq!(loaded.records.len(), 4, "cluster, producer ids and two topics");
            }
            let (again, topics) =
                Catalog::load(facts.clone(), Arc::new(Threads)).await.expect("they were written");
            let names: Vec<_> = topics.iter().map(|t| (t.name.to_string(), t.partitions())).collect();
            assert_eq!(names, [("t0".to_string(), 3), ("t2".to_string(), 7)]);
            assert_eq!(again.read(|state| state.cluster_id().cloned()), Some("abc".into()));
        }
    });
}

#[test]
fn producer_ids_are_never_given_twice() {
    block_on(async {
        let facts = Arc::new(MemoryFacts::default());
        let mut given = Vec::new();
        for _ in 0..3 {
            let (catalog, _) = Catalog::load(facts.clone(), Arc::new(Threads)).await.expect("they are facts");
            for _ in 0..1500 {
                given.push(catalog.next_producer_id().await.expect("there is space").0);
            }
        }
        let count = given.len();
        assert!(given.is_sorted());
        given.dedup();
        assert_eq!(given.len(), count);
        // A block is one commit, and what is left of one at the end of a life is lost.
        assert_eq!(given[1500], 2000);
        assert_eq!(facts.load().await.expect("they were written").index, 6);
    });
}
