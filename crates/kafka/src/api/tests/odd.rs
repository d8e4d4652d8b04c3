//! Requests that no client sends, answered as a running Kafka 4.4 answers them.

use thalweg_model::codec::RecordBytes;
use thalweg_wire::create_partitions_request::CreatePartitionsTopic;
use thalweg_wire::create_topics_request::CreatableTopic;
use thalweg_wire::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use thalweg_wire::delete_topics_request::DeleteTopicState;
use thalweg_wire::describe_log_dirs_request::DescribableLogDirTopic;
use thalweg_wire::describe_producers_request::TopicRequest;
use thalweg_wire::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use thalweg_wire::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use thalweg_wire::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use thalweg_wire::*;

use crate::errors::Code;
use crate::testing::{Client, House, batch, fetch, produce};

async fn house() -> (House, Client) {
    let house = House::new().await;
    house.topic("t", 2).await;
    let client = house.connect();
    (house, client)
}

#[tokio::test]
async fn sasl_is_answered_on_a_plain_listener_and_not_advertised() {
    let (_house, mut client) = house().await;
    let told = client.ask(0, &ApiVersionsRequest::default()).await;
    for key in [ApiKey::SaslHandshake, ApiKey::SaslAuthenticate] {
        assert!(told.api_keys.iter().all(|api| api.api_key != key.number()), "{}", key.name());
    }
    let code = Code::IllegalSaslState.number();
    let asked = SaslHandshakeRequest { mechanism: "PLAIN".into() };
    for version in 0..=1 {
        let answer = client.ask(version, &asked).await;
        assert_eq!((answer.error_code, answer.mechanisms.len()), (code, 0));
    }
    for version in 0..=2 {
        let answer = client.ask(version, &SaslAuthenticateRequest::default()).await;
        assert_eq!((answer.error_code, answer.auth_bytes.len()), (code, 0));
        assert!(answer.error_message.is_some_and(|text| text.contains("SASL")));
    }
}

#[tokio::test]
async fn no_time_at_all_is_too_little_for_changes_of_topics() {
    let (_house, mut client) = house().await;
    let late = Code::RequestTimedOut.number();
    let topic = |name: &str| CreatableTopic {
        name: name.into(),
        num_partitions: 1,
        replication_factor: 1,
        ..Default::default()
    };
    for timeout_ms in [0, -1] {
        for validate_only in [false, true] {
            let topics = vec![topic("new"), topic("not a name"), topic("t")];
            let request = CreateTopicsRequest { topics, timeout_ms, validate_only };
            let made = client.ask(7, &request).await;
            assert_eq!(made.topics.iter().map(|topic| topic.error_code).collect::<Vec<_>>(), [late; 3]);
        }
        let topics = vec![topic("twice"), topic("twice")];
        let made = client.ask(7, &CreateTopicsRequest { topics, timeout_ms, validate_only: false }).await;
        let codes: Vec<_> = made.topics.iter().map(|topic| topic.error_code).collect();
        assert_eq!(codes, [Code::InvalidRequest.number()]);
        let topics = vec![CreatePartitionsTopic { name: "t".into(), count: 3, assignments: None }];
        let request = CreatePartitionsRequest { topics, timeout_ms, validate_only: false };
        assert_eq!(client.ask(3, &request).await.results[0].error_code, late);
        let topics = vec![DeleteTopicState { name: Some("t".into()), ..Default::default() }];
        let request = DeleteTopicsRequest { topics, timeout_ms, ..Default::default() };
        assert_eq!(client.ask(6, &request).await.responses[0].error_code, late);
    }
    let metadata = client.ask(9, &MetadataRequest { topics: None, ..Default::default() }).await;
    let left: Vec<_> = metadata.topics.iter().map(|topic| topic.partitions.len()).collect();
    assert_eq!(left, [2], "nothing was made, widened or deleted");
}

#[tokio::test]
async fn a_fetch_of_a_follower_finds_no_leader() {
    let (_house, mut client) = house().await;
    client.ask(9, &produce("t", 0, &["a"])).await;
    let not_leader = Code::NotLeaderOrFollower.number();
    for replica_id in [0, 1, 7] {
        for version in [4, 12] {
            let request = FetchRequest { replica_id, ..fetch("t", &[(0, 0), (9, 0)], 0) };
            let partitions = &client.ask(version, &request).await.responses[0].partitions;
            assert_eq!((partitions[0].error_code, partitions[0].high_watermark), (not_leader, -1));
            assert_eq!(partitions[1].error_code, Code::UnknownTopicOrPartition.number());
        }
    }
    // What debuggers call themselves reads as a consumer does.
    let request = FetchRequest { replica_id: -2, ..fetch("t", &[(0, 0)], 0) };
    assert_eq!(client.ask(12, &request).await.responses[0].partitions[0].error_code, 0);
}

#[tokio::test]
async fn an_isolation_level_that_is_none_is_an_error_of_each_partition() {
    let (_house, mut client) = house().await;
    let unknown = Code::UnknownServerError.number();
    for (version, whole) in [(4, 0), (7, unknown), (12, unknown)] {
        let request = FetchRequest { isolation_level: 7, ..fetch("t", &[(0, 0), (1, 0)], 0) };
        let answer = client.ask(version, &request).await;
        assert_eq!((answer.error_code, answer.session_id), (whole, 0), "v{version}");
        let codes: Vec<_> = answer.responses[0].partitions.iter().map(|found| found.error_code).collect();
        assert_eq!(codes, [unknown; 2], "v{version}");
    }
    let request = ListOffsetsRequest { isolation_level: 7, ..list("t", &[(0, -1)]) };
    let found = &client.ask(5, &request).await.topics[0].partitions[0];
    assert_eq!((found.error_code, found.offset), (unknown, -1));
}

#[tokio::test]
async fn what_is_not_there_has_an_empty_list_of_aborted_transactions() {
    let (_house, mut client) = house().await;
    let answer = client.ask(11, &fetch("t", &[(0, 0), (5, 0), (1, 99)], 0)).await;
    let aborted = answer.responses[0].partitions.iter();
    let mut aborted: Vec<_> =
        aborted.map(|found| (found.error_code, found.aborted_transactions.is_some())).collect();
    aborted.sort_unstable();
    assert_eq!(aborted, [(0, false), (1, false), (3, true)]);
}

#[tokio::test]
async fn a_session_may_begin_with_nothing() {
    let (_house, mut client) = house().await;
    let begin = FetchRequest { session_epoch: 0, ..fetch("t", &[], 0) };
    let begin = FetchRequest { topics: Vec::new(), ..begin };
    let session_id = client.ask(12, &begin).await.session_id;
    assert_ne!(session_id, 0);
    let go_on = FetchRequest { session_id, session_epoch: 1, ..fetch("t", &[(0, 0)], 0) };
    let answer = client.ask(12, &go_on).await;
    assert_eq!((answer.error_code, answer.session_id), (0, session_id));
    assert_eq!(answer.responses[0].partitions.len(), 1);
}

fn list(topic: &str, partitions: &[(i32, i32)]) -> ListOffsetsRequest {
    let partition = |(partition_index, current_leader_epoch): &(i32, i32)| ListOffsetsPartition {
        partition_index: *partition_index,
        current_leader_epoch: *current_leader_epoch,
        timestamp: -1,
        ..Default::default()
    };
    let partitions = partitions.iter().map(partition).collect();
    let topics = vec![ListOffsetsTopic { name: topic.into(), partitions }];
    ListOffsetsRequest { replica_id: -1, topics, ..Default::default() }
}

#[tokio::test]
async fn an_epoch_below_none_is_fenced() {
    let (_house, mut client) = house().await;
    let fenced = Code::FencedLeaderEpoch.number();
    for (epoch, code) in [(-1, 0), (-2, fenced), (-9, fenced)] {
        let listed = client.ask(5, &list("t", &[(0, epoch)])).await;
        assert_eq!(listed.topics[0].partitions[0].error_code, code, "{epoch}");
        let end = client.ask(3, &epoch_end(epoch, 0)).await;
        assert_eq!(end.topics[0].partitions[0].error_code, code, "{epoch}");
    }
    // One that is older than all ends where the first one begins; none has no end.
    for (epoch, expect) in [(-1, (-1, -1)), (-2, (-2, 0)), (-3, (-3, 0))] {
        let end = &client.ask(3, &epoch_end(-1, epoch)).await.topics[0].partitions[0];
        assert_eq!((end.leader_epoch, end.end_offset), expect, "{epoch}");
    }
}

fn epoch_end(current_leader_epoch: i32, leader_epoch: i32) -> OffsetForLeaderEpochRequest {
    let partition = OffsetForLeaderPartition { partition: 0, current_leader_epoch, leader_epoch };
    let topics = vec![OffsetForLeaderTopic { topic: "t".into(), partitions: vec![partition] }];
    OffsetForLeaderEpochRequest { replica_id: -1, topics }
}

#[tokio::test]
async fn producers_of_a_name_that_no_topic_can_have_are_refused() {
    let (_house, mut client) = house().await;
    let unknown = Code::UnknownTopicOrPartition.number();
    let invalid = Code::InvalidTopicException.number();
    for (name, code) in [("a b", invalid), ("", invalid), ("..", invalid), ("no", unknown), ("t", 0)] {
        let topics = vec![TopicRequest { name: name.into(), partition_indexes: vec![0] }];
        let answer = client.ask(0, &DescribeProducersRequest { topics }).await;
        assert_eq!(answer.topics[0].partitions[0].error_code, code, "{name:?}");
    }
}

#[tokio::test]
async fn wrong_acks_say_first_what_is_not_there() {
    let (_house, mut client) = house().await;
    let wrong = Code::InvalidRequiredAcks.number();
    let unknown = Code::UnknownTopicOrPartition.number();
    for (topic, partition, code) in [("t", 0, wrong), ("t", 9, unknown), ("no", 0, unknown)] {
        let request = ProduceRequest { acks: 2, ..produce(topic, partition, &["a"]) };
        let answer = client.ask(9, &request).await;
        assert_eq!(answer.responses[0].partition_responses[0].error_code, code, "{topic}-{partition}");
    }
}

#[tokio::test]
async fn of_a_partition_that_is_named_twice_the_last_naming_counts() {
    let (_house, mut client) = house().await;
    let mut request = produce("t", 0, &["a", "b"]);
    let mut again = request.topic_data[0].partition_data[0].clone();
    again.records = Some(RecordBytes::Frame(batch(&["c", "d", "e"])));
    request.topic_data[0].partition_data.push(again);
    let answer = client.ask(9, &request).await;
    let answered = &answer.responses[0].partition_responses;
    assert_eq!((answered.len(), answered[0].error_code, answered[0].base_offset), (1, 0, 0));

    let listed = client.ask(5, &list("t", &[(0, -1)])).await;
    assert_eq!(listed.topics[0].partitions[0].offset, 3);
    let listed = client.ask(5, &list("t", &[(0, -1), (1, -1), (0, -1)])).await;
    let mut codes: Vec<_> =
        listed.topics[0].partitions.iter().map(|found| (found.partition_index, found.error_code)).collect();
    codes.sort_unstable();
    assert_eq!(codes, [(0, Code::InvalidRequest.number()), (1, 0)]);

    let topics = Some(vec![DescribableLogDirTopic { topic: "t".into(), partitions: vec![0, 1, 0] }]);
    let described = client.ask(1, &DescribeLogDirsRequest { topics }).await;
    assert_eq!(described.results[0].topics[0].partitions.len(), 2);

    let before = |offset| DeleteRecordsPartition { partition_index: 0, offset };
    let topics = vec![DeleteRecordsTopic { name: "t".into(), partitions: vec![before(3), before(1)] }];
    let deleted = client.ask(2, &DeleteRecordsRequest { topics, timeout_ms: 1000 }).await;
    let deleted = &deleted.topics[0].partitions;
    assert_eq!((deleted.len(), deleted[0].low_watermark), (1, 1));
}

#[tokio::test]
async fn wrong_settings_are_told_before_that_their_topic_is_not_there() {
    let (_house, mut client) = house().await;
    let (unknown, invalid) = (Code::UnknownTopicOrPartition.number(), Code::InvalidConfig.number());
    let (request, fault) = (Code::InvalidRequest.number(), Code::InvalidTopicException.number());
    for (topic, value, code) in [
        ("no", Some("5"), unknown),
        ("no", Some("x"), invalid),
        ("no", None, request),
        ("a b", Some("x"), fault),
        ("", Some("x"), request),
        ("t", Some("x"), invalid),
        ("t", Some("5"), 0),
    ] {
        let value = value.map(Into::into);
        let configs = vec![AlterableConfig { name: "retention.ms".into(), config_operation: 0, value }];
        let resource = AlterConfigsResource { resource_type: 2, resource_name: topic.into(), configs };
        let asked = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: true };
        let answer = client.ask(1, &asked).await;
        assert_eq!(answer.responses[0].error_code, code, "{topic:?}");
    }
}
