//! Topics through a connection, in every version.

use super::*;

#[tokio::test]
async fn topics_are_made_widened_and_deleted_in_every_version() {
    let house = House::new().await;
    let mut client = house.connect();
    let name = |version: i16| -> Text { format!("t{version}").into() };
    let create = |version| CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: name(version),
            num_partitions: 1,
            replication_factor: 1,
            configs: vec![thalweg_wire::create_topics_request::CreatableTopicConfig {
                name: "retention.ms".into(),
                value: Some("1000".into()),
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    each_version(&mut client, create, |version, answer: CreateTopicsResponse| {
        let topic = &answer.topics[0];
        assert_eq!((topic.error_code, topic.num_partitions), (0, if version >= 5 { 1 } else { -1 }));
        let shown = topic.configs.iter().flatten().any(|config| config.name == "retention.ms");
        assert_eq!(shown, version >= 5, "v{version}");
    })
    .await;
    let twice = CreateTopicsRequest { topics: [create(2).topics, create(2).topics].concat(), ..create(2) };
    let answer = client.ask(7, &twice).await;
    assert_eq!((answer.topics.len(), answer.topics[0].error_code), (1, 42));
    assert_eq!(client.ask(7, &create(2)).await.topics[0].error_code, 36, "it exists");

    let widen = |version: i16| CreatePartitionsRequest {
        topics: vec![thalweg_wire::create_partitions_request::CreatePartitionsTopic {
            name: name(version + 2),
            count: 3,
            assignments: None,
        }],
        timeout_ms: 1000,
        ..Default::default()
    };
    each_version(&mut client, widen, |version, answer: CreatePartitionsResponse| {
        assert_eq!(answer.results[0].error_code, 0, "v{version}");
    })
    .await;
    let describe = DescribeTopicPartitionsRequest {
        topics: vec![
            thalweg_wire::describe_topic_partitions_request::TopicRequest { name: "t2".into() },
            thalweg_wire::describe_topic_partitions_request::TopicRequest { name: "none".into() },
        ],
        ..Default::default()
    };
    let answer = client.ask(0, &describe).await;
    let found: Vec<_> =
        answer.topics.iter().map(|topic| (topic.error_code, topic.partitions.len())).collect();
    assert_eq!(found, [(3, 0), (0, 3)], "in the order of names");
    for (topic_name, partition_index, expect) in
        [("t2", 1, vec![(0, 2)]), ("t2", -1, vec![(42, 0), (42, 0)]), ("t1", 0, vec![(42, 0), (42, 0)])]
    {
        use thalweg_wire::describe_topic_partitions_request::Cursor;
        let cursor = Some(Cursor { topic_name: topic_name.into(), partition_index });
        let answer = client.ask(0, &DescribeTopicPartitionsRequest { cursor, ..describe.clone() }).await;
        let found: Vec<_> =
            answer.topics.iter().map(|topic| (topic.error_code, topic.partitions.len())).collect();
        assert_eq!(found, expect, "{topic_name} {partition_index}: a cursor is one of the topics asked for");
    }

    let delete = |version: i16| DeleteTopicsRequest {
        topic_names: if version < 6 { vec![name(version + 1)] } else { Vec::new() },
        topics: if version < 6 {
            Vec::new()
        } else {
            vec![thalweg_wire::delete_topics_request::DeleteTopicState {
                name: Some(name(version + 1)),
                topic_id: Uuid::nil(),
            }]
        },
        timeout_ms: 1000,
    };
    each_version(&mut client, delete, |version, answer: DeleteTopicsResponse| {
        assert_eq!(answer.responses[0].error_code, 0, "v{version}");
    })
    .await;
    assert_eq!(client.ask(5, &delete(5)).await.responses[0].error_code, 3, "it is gone");
    house.topic("twice", 1).await;
    let named = MetadataRequest {
        topics: Some(vec![topic_named("twice"), topic_named("twice")]),
        ..Default::default()
    };
    assert_eq!(client.ask(9, &named).await.topics.len(), 1);
    let twice = DeleteTopicsRequest {
        topic_names: vec!["twice".into(), "twice".into()],
        ..DeleteTopicsRequest::default()
    };
    let answer = client.ask(5, &twice).await;
    assert_eq!((answer.responses.len(), answer.responses[0].error_code), (1, 42));
    assert_eq!(client.ask(9, &named).await.topics[0].error_code, 0, "it is still there");
}
