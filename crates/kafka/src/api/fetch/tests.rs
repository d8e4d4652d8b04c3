//! Fetch through a connection: waiting, limits, sessions.

use std::time::Duration;

use thalweg_model::codec::Text;
use thalweg_wire::fetch_response::PartitionData;
use thalweg_wire::{FetchRequest, FetchResponse};

use crate::testing::{House, fetch, produce};

fn partitions(answer: &FetchResponse) -> Vec<(Text, i32)> {
    let topic = |topic: &thalweg_wire::fetch_response::FetchableTopicResponse| {
        let name = topic.topic.clone();
        topic.partitions.iter().map(move |p| (name.clone(), p.partition_index)).collect::<Vec<_>>()
    };
    answer.responses.iter().flat_map(topic).collect()
}

fn bytes(data: &PartitionData) -> usize {
    data.records.iter().flatten().map(thalweg_model::Region::len).sum()
}

#[tokio::test]
async fn records_come_back_as_they_went_in_every_version() {
    let house = House::new().await;
    house.topic("t", 1).await;
    let mut client = house.connect();
    for version in 3..=12 {
        let answer = client.ask(version, &produce("t", 0, &["one", "two"])).await;
        let partition = &answer.responses[0].partition_responses[0];
        assert_eq!((partition.error_code, partition.base_offset), (0, i64::from(version - 3) * 2));
    }
    for version in 4..=12 {
        let answer = client.ask(version, &fetch("t", &[(0, 0)], 1_000)).await;
        let data = &answer.responses[0].partitions[0];
        assert_eq!(
            (data.error_code, data.high_watermark, data.last_stable_offset),
            (0, 20, 20),
            "v{version}"
        );
        let region = &data.records.as_ref().expect("records")[0];
        let first = region.bytes().expect("it is in memory");
        assert_eq!(&first[..8], 0_i64.to_be_bytes(), "base offset of the first batch");
    }
}

#[tokio::test]
async fn a_fetch_at_the_end_waits_for_records_and_no_longer_than_it_said() {
    let house = House::new().await;
    house.topic("t", 2).await;
    let mut consumer = house.connect();
    let mut producer = house.connect();
    consumer.send(12, &fetch("t", &[(0, 0), (1, 0)], 60_000)).await;
    producer.ask(9, &produce("t", 1, &["x"])).await;
    let (_, answer) = consumer.answer::<FetchRequest>(12).await;
    let found: Vec<_> =
        answer.responses[0].partitions.iter().map(|p| (p.partition_index, bytes(p) > 0)).collect();
    assert_eq!(found, [(0, false), (1, true)]);
    // Nothing comes any more: the clock ends the wait.
    consumer.send(12, &fetch("t", &[(0, 0), (1, 1)], 5_000)).await;
    let advance = async {
        loop {
            house.clock.advance(Duration::from_millis(100));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        (_, answer) = consumer.answer::<FetchRequest>(12) => {
            assert!(answer.responses[0].partitions.iter().all(|p| p.error_code == 0 && bytes(p) == 0));
        }
        () = advance => {}
    }
}

#[tokio::test]
async fn the_first_batch_leaves_whatever_its_size_and_limits_hold_after_it() {
    let house = House::new().await;
    house.topic("t", 2).await;
    let mut client = house.connect();
    for partition in [0, 1] {
        client.ask(9, &produce("t", partition, &["a value of some length"])).await;
    }
    let small = FetchRequest { max_bytes: 1, ..fetch("t", &[(0, 0), (1, 0)], 0) };
    let answer = client.ask(12, &small).await;
    let found: Vec<_> = answer.responses[0].partitions.iter().map(|p| bytes(p) > 0).collect();
    assert_eq!(found, [true, false]);
    assert_eq!(answer.responses[0].partitions[1].high_watermark, 1, "it is told where it stands");
}

#[tokio::test]
async fn errors_are_told_by_partition_and_at_once() {
    let house = House::new().await;
    house.topic("t", 1).await;
    let mut client = house.connect();
    let answer = client.ask(12, &fetch("t", &[(0, 5), (7, 0)], 60_000)).await;
    let found: Vec<_> =
        answer.responses[0].partitions.iter().map(|p| (p.error_code, p.high_watermark)).collect();
    assert_eq!(found, [(1, -1), (3, -1)]);
    let answer = client.ask(13, &fetch("t", &[(0, 0)], 60_000)).await;
    assert_eq!(answer.responses[0].partitions[0].error_code, 100, "an id of no topic");
}

#[tokio::test]
async fn readers_of_committed_records_get_an_empty_list_of_aborted_transactions() {
    let house = House::new().await;
    house.topic("t", 1).await;
    let mut client = house.connect();
    client.ask(9, &produce("t", 0, &["x"])).await;
    for (isolation_level, expect) in [(0, None), (1, Some(0))] {
        let answer = client.ask(12, &FetchRequest { isolation_level, ..fetch("t", &[(0, 0)], 0) }).await;
        let aborted = &answer.responses[0].partitions[0].aborted_transactions;
        assert_eq!(aborted.as_ref().map(Vec::len), expect);
    }
}

#[tokio::test]
async fn a_session_is_told_news_alone() {
    let house = House::new().await;
    house.topic("t", 3).await;
    let mut client = house.connect();
    let mut producer = house.connect();
    producer.ask(9, &produce("t", 0, &["x"])).await;
    let new = FetchRequest { session_epoch: 0, ..fetch("t", &[(0, 0), (1, 0), (2, 0)], 0) };
    let answer = client.ask(12, &new).await;
    let session_id = answer.session_id;
    assert_ne!(session_id, 0);
    assert_eq!(partitions(&answer).len(), 3, "a full fetch tells all");

    // The client goes on behind what it read: nothing is new.
    let next = |session_epoch, changed: &[(i32, i64)]| {
        let asked = if changed.is_empty() {
            FetchRequest { topics: Vec::new(), ..fetch("t", &[], 0) }
        } else {
            fetch("t", changed, 0)
        };
        FetchRequest { session_id, session_epoch, ..asked }
    };
    let answer = client.ask(12, &next(1, &[(0, 1)])).await;
    assert_eq!((answer.error_code, answer.session_id, partitions(&answer)), (0, session_id, vec![]));

    // One moves: it alone is told, and told again until the client moves on. Who asks after the producer was answered
    // need not wait for it.
    producer.ask(9, &produce("t", 2, &["y"])).await;
    for epoch in [2, 3] {
        let answer = client.ask(12, &next(epoch, &[])).await;
        assert_eq!(partitions(&answer), [("t".into(), 2)], "epoch {epoch}");
        assert!(bytes(&answer.responses[0].partitions[0]) > 0);
    }
    let answer = client.ask(12, &next(4, &[(2, 1)])).await;
    assert_eq!(partitions(&answer), []);

    // An epoch that is not the next one.
    let answer = client.ask(12, &next(9, &[])).await;
    assert_eq!((answer.error_code, answer.session_id), (71, 0));
    let unknown = FetchRequest { session_id: session_id ^ 1, session_epoch: 5, ..fetch("t", &[], 0) };
    assert_eq!(client.ask(12, &unknown).await.error_code, 70);
    // Ids of topics in a session of names.
    assert_eq!(client.ask(13, &next(5, &[])).await.error_code, 106);
}

#[tokio::test]
async fn a_session_waits_for_a_move_and_forgets_what_it_is_told_to() {
    let house = House::new().await;
    house.topic("t", 2).await;
    let mut client = house.connect();
    let mut producer = house.connect();
    let new = FetchRequest { session_epoch: 0, ..fetch("t", &[(0, 0), (1, 0)], 0) };
    let session_id = client.ask(12, &new).await.session_id;
    let mut forgetful = FetchRequest { session_id, session_epoch: 1, ..fetch("t", &[], 60_000) };
    forgetful.forgotten_topics_data = vec![thalweg_wire::fetch_request::ForgottenTopic {
        topic: "t".into(),
        partitions: vec![0],
        ..Default::default()
    }];
    client.send(12, &forgetful).await;
    producer.ask(9, &produce("t", 0, &["not asked for"])).await;
    producer.ask(9, &produce("t", 1, &["asked for"])).await;
    let (_, answer) = client.answer::<FetchRequest>(12).await;
    assert_eq!(partitions(&answer), [("t".into(), 1)]);
}
