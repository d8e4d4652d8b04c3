//! Order, pipelining, and what ends a connection.

mod allocations;

use std::time::Duration;

use thalweg_broker::WalSeq;
use thalweg_broker::{Durable, TopicRef};
use thalweg_model::PartitionIndex;
use thalweg_wire::{ApiVersionsRequest, ApiVersionsResponse, MetadataRequest, ProduceRequest};
use tokio::sync::watch;

use crate::testing::{House, produce, soon};

/// A house whose disk is as fast as the sender says.
async fn slow_house() -> (House, watch::Sender<WalSeq>) {
    let (disk, told) = watch::channel(WalSeq(u64::MAX));
    let house = House::with(|head| head.durable = Durable::new(told)).await;
    (house, disk)
}

fn frame(body: &[u8]) -> Vec<u8> {
    let mut frame = (body.len() as u32).to_be_bytes().to_vec();
    frame.extend_from_slice(body);
    frame
}

/// Key, version, correlation id 9, client id `x`.
fn header(key: i16, version: i16) -> Vec<u8> {
    let mut header = key.to_be_bytes().to_vec();
    header.extend_from_slice(&version.to_be_bytes());
    header.extend_from_slice(&[0, 0, 0, 9, 0, 1, b'x']);
    header
}

#[tokio::test]
async fn a_slow_disk_does_not_stop_the_next_produce_and_answers_keep_their_order() {
    let (house, disk) = slow_house().await;
    house.topic("t", 1).await;
    disk.send_replace(WalSeq(0));
    let mut client = house.connect();
    let first = client.send(9, &produce("t", 0, &["a"])).await;
    let second = client.send(9, &produce("t", 0, &["b", "c"])).await;
    let third = client.send(9, &MetadataRequest { topics: Some(Vec::new()), ..Default::default() }).await;
    let session = house.connect_session();
    let partition =
        session.records().partition(&TopicRef::Name("t".into()), PartitionIndex(0)).expect("it is there");
    // The engine's own disk is quick: what was taken in shows in its high watermark.
    soon("the second produce", async {
        while partition.high_watermark().0 < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let nothing = tokio::time::timeout(Duration::from_millis(50), client.frame()).await;
    assert!(nothing.is_err(), "no answer leaves before its records are durable");
    disk.send_replace(WalSeq(u64::MAX));
    let (id, answer) = client.answer::<ProduceRequest>(9).await;
    assert_eq!((id, answer.responses[0].partition_responses[0].base_offset), (first, 0));
    let (id, answer) = client.answer::<ProduceRequest>(9).await;
    assert_eq!((id, answer.responses[0].partition_responses[0].base_offset), (second, 1));
    let (id, _) = client.answer::<MetadataRequest>(9).await;
    assert_eq!(id, third);
}

#[tokio::test]
async fn a_version_from_the_future_is_answered_by_api_versions_alone() {
    let house = House::new().await;
    let mut client = house.connect();
    let mut request = header(18, 99);
    request.extend_from_slice(&[0, 2, b'a', 2, b'b', 0]);
    client.send_raw(&frame(&request)).await;
    let answer = client.frame().await.expect("an answer");
    let mut reader = thalweg_model::codec::Reader::from(bytes::Bytes::from(answer));
    assert_eq!(reader.i32().expect("an id"), 9);
    let answer = ApiVersionsResponse::decode(&mut reader, 0).expect("a body of v0");
    assert_eq!(answer.error_code, 35);
    let own = &answer.api_keys[0];
    assert_eq!((answer.api_keys.len(), own.api_key, own.min_version, own.max_version), (1, 18, 0, 5));
    // And the client may ask again on the same connection.
    let software = |name: &str| ApiVersionsRequest {
        client_software_name: name.into(),
        client_software_version: "1.0".into(),
        ..Default::default()
    };
    let answer = client.ask(3, &software("a-client")).await;
    assert_eq!(answer.error_code, 0);
    let produce = answer.api_keys.iter().find(|api| api.api_key == 0).expect("it is served");
    assert_eq!((produce.min_version, produce.max_version), (0, 13));
    assert!(answer.api_keys.iter().all(|api| api.api_key != 24), "no transactions yet");
    assert_eq!(answer.finalized_features.len(), 1);
    assert_eq!(client.ask(3, &software("not a name")).await.error_code, 42);
}

#[tokio::test]
async fn what_cannot_be_understood_ends_the_connection() {
    let house = House::new().await;
    let mut truncated = header(3, 1);
    truncated.extend_from_slice(&[0, 0, 0, 1, 0, 9, b't']);
    let mut lying = header(3, 1);
    lying.extend_from_slice(&[0x7f, 0xff, 0xff, 0xff]);
    let mut lying_client_id = vec![0, 18, 0, 0, 0, 0, 0, 1];
    lying_client_id.extend_from_slice(&[0x0f, 0xff, b'x']);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("unknown key", frame(&header(999, 0))),
        ("negative key", frame(&header(-1, 0))),
        ("key without transactions", frame(&header(24, 0))),
        ("version too new", frame(&header(3, 14))),
        ("version too old", frame(&header(1, 3))),
        ("produce before magic 2", frame(&header(0, 2))),
        ("truncated body", frame(&truncated)),
        ("array that lies", frame(&lying)),
        ("client id that lies", frame(&lying_client_id)),
        ("empty frame", frame(&[])),
        ("half a header", frame(&[0, 18, 0, 0])),
        ("negative length", vec![0xff, 0xff, 0xff, 0xf0]),
        ("huge length", vec![0x7f, 0xff, 0xff, 0xff]),
        ("another protocol", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
    ];
    for (what, bytes) in cases {
        let mut client = house.connect();
        client.send_raw(&bytes).await;
        assert_eq!(client.frame().await, None, "{what}");
    }
    assert_eq!(house.head.frame_budget.used(), 0, "nothing of them is left in memory");
}

#[tokio::test]
async fn bytes_behind_a_body_are_passed_over() {
    let house = House::new().await;
    let mut client = house.connect();
    let mut request = header(3, 1);
    request.extend_from_slice(&[0, 0, 0, 0]);
    request.extend_from_slice(b"more");
    client.send_raw(&frame(&request)).await;
    assert!(client.frame().await.is_some());
}

#[tokio::test]
async fn acks_0_has_no_answer_and_an_error_ends_the_connection() {
    let house = House::new().await;
    house.topic("t", 1).await;
    let mut client = house.connect();
    let unanswered = ProduceRequest { acks: 0, ..produce("t", 0, &["a"]) };
    client.send(9, &unanswered).await;
    // The next request is answered, and it is the first answer.
    let metadata = MetadataRequest { topics: Some(Vec::new()), ..Default::default() };
    client.ask(9, &metadata).await;
    client.send(9, &ProduceRequest { acks: 0, ..produce("t", 5, &["a"]) }).await;
    assert_eq!(client.frame().await, None);
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let house = House::new().await;
    let mut client = house.connect();
    client.ask(9, &MetadataRequest { topics: Some(Vec::new()), ..Default::default() }).await;
    let advance = async {
        loop {
            house.clock.advance(Duration::from_secs(60));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        end = client.frame() => assert_eq!(end, None),
        () = advance => {}
    }
}

#[tokio::test]
async fn shutdown_ends_connections_and_those_who_wait_in_a_fetch() {
    let house = House::new().await;
    house.topic("t", 1).await;
    let mut quiet = house.connect();
    quiet.ask(9, &MetadataRequest { topics: Some(Vec::new()), ..Default::default() }).await;
    let mut waiting = house.connect();
    waiting.send(12, &crate::testing::fetch("t", &[(0, 0)], 1_000_000)).await;
    house.trigger.request();
    assert_eq!(quiet.frame().await, None);
    // The waiting fetch is answered, or was not begun; then comes the end.
    while waiting.frame().await.is_some() {}
}

#[tokio::test]
async fn who_leaves_while_a_request_waits_is_not_waited_for() {
    let house = House::new().await;
    house.topic("t", 1).await;
    let mut waiting = house.connect();
    waiting.send(12, &crate::testing::fetch("t", &[(0, 0)], i32::MAX)).await;
    drop(waiting);
    soon("the end of the connection", async {
        while std::sync::Arc::strong_count(&house.head) > 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_comes_during_a_wait_is_answered_after_it() {
    let house = House::new().await;
    house.topic("t", 1).await;
    let mut client = house.connect();
    let first = client.send(12, &crate::testing::fetch("t", &[(0, 0)], i32::MAX)).await;
    let second = client.send(9, &MetadataRequest { topics: Some(Vec::new()), ..Default::default() }).await;
    house.connect().ask(9, &produce("t", 0, &["x"])).await;
    assert_eq!(client.answer::<thalweg_wire::FetchRequest>(12).await.0, first);
    assert_eq!(client.answer::<MetadataRequest>(9).await.0, second);
}
