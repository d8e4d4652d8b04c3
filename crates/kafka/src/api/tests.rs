//! The table itself, and every API in every version through a connection.

mod odd;
mod topics;
mod unstable;

use super::{TABLE, row};
use crate::testing::{Client, House, NOW, produce, soon};
use thalweg_model::Uuid;
use thalweg_model::codec::Text;
use thalweg_wire::create_topics_request::CreatableTopic;
use thalweg_wire::describe_configs_request::DescribeConfigsResource;
use thalweg_wire::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use thalweg_wire::metadata_request::MetadataRequestTopic;
use thalweg_wire::*;

#[test]
fn rows_are_found_by_their_keys() {
    for (index, api) in TABLE.iter().enumerate() {
        assert_eq!(row(api.key.number()), Some(index), "{} is in its place", api.name());
    }
    assert_eq!(row(4), None);
    assert_eq!(row(-1), None);
}

/// Asks in each version that is served; an answer that cannot be written would end the connection.
async fn each_version<R: Request>(
    client: &mut Client,
    request: impl Fn(i16) -> R,
    check: impl Fn(i16, R::Response),
) {
    let row = row(R::API_KEY.number()).expect("it is served");
    for version in TABLE[row].served(false) {
        check(version, client.ask(version, &request(version)).await);
    }
}

#[tokio::test]
async fn topics_and_offsets_in_every_version() {
    let house = House::new().await;
    house.topic("t", 2).await;
    let mut client = house.connect();
    client.ask(9, &produce("t", 0, &["a", "b"])).await;
    let id = client.ask(12, &MetadataRequest::default()).await.topics[0].topic_id;
    let named = |version: i16| MetadataRequestTopic {
        name: Some("t".into()),
        topic_id: if version >= 13 { Uuid::nil() } else { Uuid::default() },
    };
    let metadata = |version: i16| MetadataRequest {
        topics: Some(vec![named(version)]),
        include_topic_authorized_operations: version >= 8,
        include_cluster_authorized_operations: (8..=10).contains(&version),
        ..Default::default()
    };
    each_version(&mut client, metadata, |version, answer: MetadataResponse| {
        let topic = &answer.topics[0];
        assert_eq!((topic.error_code, topic.partitions.len()), (0, 2), "v{version}");
        assert_eq!(answer.brokers[0].host, "broker.test");
        assert_eq!(topic.topic_authorized_operations == 0b1101_1111_1000, version >= 8);
        assert_eq!(topic.topic_id == id, version >= 10);
    })
    .await;
    for timestamp in [-1, -2, NOW, NOW + 1] {
        let list = |version: i16| ListOffsetsRequest {
            replica_id: -1,
            isolation_level: i8::from(version >= 2),
            topics: vec![ListOffsetsTopic {
                name: "t".into(),
                partitions: vec![ListOffsetsPartition { timestamp, ..Default::default() }],
            }],
            ..Default::default()
        };
        let expect = match timestamp {
            -1 => (2, -1),
            -2 => (0, -1),
            NOW => (0, NOW),
            _ => (-1, -1),
        };
        each_version(&mut client, list, |version, answer: ListOffsetsResponse| {
            let found = &answer.topics[0].partitions[0];
            assert_eq!(found.error_code, 0, "v{version}");
            assert_eq!((found.offset, found.timestamp), expect, "v{version} {timestamp}");
        })
        .await;
    }
    let epochs = |_| OffsetForLeaderEpochRequest {
        replica_id: -1,
        topics: vec![thalweg_wire::offset_for_leader_epoch_request::OffsetForLeaderTopic {
            topic: "t".into(),
            partitions: vec![thalweg_wire::offset_for_leader_epoch_request::OffsetForLeaderPartition {
                partition: 0,
                current_leader_epoch: -1,
                leader_epoch: 1_000,
            }],
        }],
    };
    each_version(&mut client, epochs, |version, answer: OffsetForLeaderEpochResponse| {
        assert_eq!(answer.topics[0].partitions[0].error_code, 0, "v{version}");
    })
    .await;
}

#[tokio::test]
async fn a_topic_made_by_asking_is_there_in_a_later_answer() {
    let house = House::new().await;
    let mut client = house.connect();
    let metadata = |version: i16| MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: Some(format!("t{version}").into()),
            ..Default::default()
        }]),
        allow_auto_topic_creation: true,
        include_topic_authorized_operations: version >= 8,
        ..Default::default()
    };
    let with_operations = |version: i16| if version >= 8 { 0b1101_1111_1000 } else { i32::MIN };
    each_version(&mut client, metadata, |version, answer: MetadataResponse| {
        let topic = &answer.topics[0];
        assert_eq!((topic.error_code, topic.partitions.len()), (3, 0), "v{version}");
        assert_eq!(topic.name.as_deref(), Some(format!("t{version}").as_str()));
        assert_eq!((topic.topic_id, topic.is_internal), (Uuid::default(), false));
        assert_eq!(topic.topic_authorized_operations, with_operations(version), "v{version}");
    })
    .await;
    // They are made in the order in which they were asked for.
    soon("the last topic", async {
        while client.ask(13, &metadata(13)).await.topics[0].error_code != 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    each_version(&mut client, metadata, |version, answer: MetadataResponse| {
        assert_eq!((answer.topics[0].error_code, answer.topics[0].partitions.len()), (0, 1), "v{version}");
    })
    .await;
    let internal = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: Some("__consumer_offsets".into()),
            ..Default::default()
        }]),
        ..Default::default()
    };
    let answer = client.ask(12, &internal).await;
    assert_eq!((answer.topics[0].error_code, answer.topics[0].is_internal), (3, true));
}

#[tokio::test]
async fn topics_asked_for_by_id_too_early_fail_the_whole_request() {
    let house = House::new().await;
    house.topic("t", 1).await;
    let mut client = house.connect();
    let id = client.ask(12, &MetadataRequest::default()).await.topics[0].topic_id;
    let by_id = MetadataRequestTopic { topic_id: id, name: None };
    let by_name = MetadataRequestTopic { name: Some("t".into()), ..Default::default() };
    let both = MetadataRequest { topics: Some(vec![by_id, by_name]), ..Default::default() };
    let codes =
        |answer: &MetadataResponse| answer.topics.iter().map(|topic| topic.error_code).collect::<Vec<_>>();
    assert_eq!(codes(&client.ask(11, &both).await), [42, 42]);
    assert_eq!(codes(&client.ask(12, &both).await), [0, 0]);
}

#[tokio::test]
async fn special_timestamps_are_known_from_their_versions_on_and_twice_is_refused() {
    let house = House::new().await;
    house.topic("t", 1).await;
    let mut client = house.connect();
    for (timestamp, since) in [(-3, 7), (-4, 8), (-5, 9), (-6, 11)] {
        for (version, expect) in [(since - 1, 35), (since, 0)] {
            let partition = ListOffsetsPartition { timestamp, ..Default::default() };
            let topics = vec![ListOffsetsTopic { name: "t".into(), partitions: vec![partition] }];
            let answer = client.ask(version, &ListOffsetsRequest { topics, ..Default::default() }).await;
            assert_eq!(answer.topics[0].partitions[0].error_code, expect, "{timestamp} v{version}");
        }
    }
    let partition = ListOffsetsPartition { timestamp: -1, ..Default::default() };
    let topics = vec![ListOffsetsTopic { name: "t".into(), partitions: vec![partition.clone(), partition] }];
    let answer = client.ask(7, &ListOffsetsRequest { topics, ..Default::default() }).await;
    assert!(answer.topics[0].partitions.iter().all(|p| p.error_code == 42));
}

#[tokio::test]
async fn settings_are_told_and_changed_in_every_version() {
    let house = House::new().await;
    house.topic("t", 1).await;
    let mut client = house.connect();
    let describe = |_| DescribeConfigsRequest {
        resources: vec![
            DescribeConfigsResource {
                resource_type: 2,
                resource_name: "t".into(),
                configuration_keys: Some(vec!["retention.ms".into()]),
            },
            DescribeConfigsResource {
                resource_type: 77,
                resource_name: "x".into(),
                configuration_keys: None,
            },
        ],
        ..Default::default()
    };
    each_version(&mut client, describe, |version, answer: DescribeConfigsResponse| {
        let config = &answer.results[0].configs[0];
        assert_eq!((&*config.name, config.value.as_deref()), ("retention.ms", Some("604800000")));
        assert_eq!(config.is_default, version == 0);
        assert_eq!(config.config_source, if version == 0 { -1 } else { 5 });
        assert_eq!(answer.results[1].error_code, 42);
    })
    .await;
    let alter = |version: i16| AlterConfigsRequest {
        resources: vec![thalweg_wire::alter_configs_request::AlterConfigsResource {
            resource_type: 2,
            resource_name: "t".into(),
            configs: vec![thalweg_wire::alter_configs_request::AlterableConfig {
                name: "retention.ms".into(),
                value: Some(format!("{}", 1_000 + version).into()),
            }],
        }],
        validate_only: false,
    };
    each_version(&mut client, alter, |version, answer: AlterConfigsResponse| {
        assert_eq!(answer.responses[0].error_code, 0, "v{version}");
    })
    .await;
    for (operation, expect) in [(0, 0), (1, 0), (9, 42)] {
        let change = |_| IncrementalAlterConfigsRequest {
            resources: vec![thalweg_wire::incremental_alter_configs_request::AlterConfigsResource {
                resource_type: 2,
                resource_name: "t".into(),
                configs: vec![thalweg_wire::incremental_alter_configs_request::AlterableConfig {
                    name: "retention.ms".into(),
                    config_operation: operation,
                    value: (operation == 0).then(|| "77".into()),
                }],
            }],
            validate_only: false,
        };
        each_version(&mut client, change, |version, answer: IncrementalAlterConfigsResponse| {
            assert_eq!(answer.responses[0].error_code, expect, "v{version} {operation}");
        })
        .await;
    }
    let list = |version: i16| ListConfigResourcesRequest {
        resource_types: if version == 0 { Vec::new() } else { vec![2] },
    };
    each_version(&mut client, list, |version, answer: ListConfigResourcesResponse| {
        let names: Vec<_> = answer.config_resources.iter().map(|found| &*found.resource_name).collect();
        assert_eq!(names, if version == 0 { vec![] } else { vec!["t"] });
    })
    .await;
}

#[tokio::test]
async fn the_rest_of_the_admin_apis_in_every_version() {
    let house = House::new().await;
    house.topic("t", 2).await;
    let mut client = house.connect();
    client.ask(9, &produce("t", 0, &["a", "b"])).await;
    let delete = |_| DeleteRecordsRequest {
        topics: vec![thalweg_wire::delete_records_request::DeleteRecordsTopic {
            name: "t".into(),
            partitions: [(0, -1), (1, 99)]
                .map(|(partition_index, offset)| {
                    thalweg_wire::delete_records_request::DeleteRecordsPartition { partition_index, offset }
                })
                .into(),
        }],
        ..Default::default()
    };
    each_version(&mut client, delete, |version, answer: DeleteRecordsResponse| {
        let found: Vec<_> =
            answer.topics[0].partitions.iter().map(|p| (p.error_code, p.low_watermark)).collect();
        assert_eq!(found, [(0, 2), (1, -1)], "v{version}");
    })
    .await;
    each_version(
        &mut client,
        |_| DescribeLogDirsRequest::default(),
        |version, answer: DescribeLogDirsResponse| {
            assert_eq!(answer.results[0].error_code, 0, "v{version}");
        },
    )
    .await;
    each_version(
        &mut client,
        |_| DescribeClusterRequest::default(),
        |_, answer: DescribeClusterResponse| {
            assert_eq!((answer.brokers.len(), answer.controller_id), (1, 1));
        },
    )
    .await;
    let controllers = DescribeClusterRequest { endpoint_type: 2, ..Default::default() };
    assert_eq!(client.ask(1, &controllers).await.error_code, 114);
    each_version(
        &mut client,
        |_| InitProducerIdRequest::default(),
        |version, answer: InitProducerIdResponse| {
            assert_eq!((answer.error_code, answer.producer_epoch), (0, 0), "v{version}");
        },
    )
    .await;
    let transactional = InitProducerIdRequest { transactional_id: Some("tx".into()), ..Default::default() };
    let answer = client.ask(4, &transactional).await;
    assert_eq!((answer.error_code, answer.producer_id), (53, -1), "final for every client");
    let producers = |_| DescribeProducersRequest {
        topics: vec![thalweg_wire::describe_producers_request::TopicRequest {
            name: "t".into(),
            partition_indexes: vec![0, 4],
        }],
    };
    each_version(&mut client, producers, |_, answer: DescribeProducersResponse| {
        let found: Vec<_> = answer.topics[0].partitions.iter().map(|p| p.error_code).collect();
        assert_eq!(found, [0, 3]);
    })
    .await;
}

#[tokio::test]
async fn coordinators_of_groups_are_found_and_others_are_refused_for_good() {
    let house = House::new().await;
    let mut client = house.connect();
    for (key_type, key, since, expect) in
        [(0, "g", 0, 0), (0, "", 0, 0), (1, "t", 1, 53), (2, "s", 6, 30), (3, "x", 1, 42)]
    {
        for version in since..=6 {
            let several = version >= 4;
            let request = FindCoordinatorRequest {
                key: if several { Text::default() } else { key.into() },
                key_type,
                coordinator_keys: if several { vec![key.into()] } else { Vec::new() },
            };
            let mut answer = client.ask(version, &request).await;
            if let Some(one) = answer.coordinators.pop() {
                (answer.error_code, answer.node_id) = (one.error_code, one.node_id);
                answer.error_message = one.error_message;
            }
            let found = (answer.error_code, answer.node_id);
            assert_eq!(found, (expect, if expect == 0 { 1 } else { -1 }), "v{version} {key_type}");
            let text = answer.error_message.as_deref();
            match (expect, version) {
                (_, 0) => assert_eq!(text, None),
                (0, 1..=3) => assert_eq!(text, Some("NONE")),
                (0, _) => assert_eq!(text, Some("")),
                _ => assert!(text.is_some_and(|text| !text.is_empty()), "v{version} {key_type}"),
            }
        }
    }
}

#[tokio::test]
async fn one_member_joins_syncs_commits_and_leaves_in_every_version() {
    let house = House::new().await;
    house.topic("t", 1).await;
    let id = {
        let mut client = house.connect();
        client
            .ask(12, &MetadataRequest { topics: Some(vec![topic_named("t")]), ..Default::default() })
            .await
            .topics[0]
            .topic_id
    };
    for version in 0..=9 {
        let mut client = house.connect();
        let group: Text = format!("g{version}").into();
        let find = FindCoordinatorRequest { key: group.clone(), ..Default::default() };
        assert_eq!(client.ask(0, &find).await.error_code, 0);
        let join = |member: Text| JoinGroupRequest {
            group_id: group.clone(),
            session_timeout_ms: 10_000,
            rebalance_timeout_ms: if version >= 1 { 10_000 } else { -1 },
            member_id: member,
            protocol_type: "consumer".into(),
            protocols: vec![thalweg_wire::join_group_request::JoinGroupRequestProtocol {
                name: "range".into(),
                metadata: bytes::Bytes::from_static(b"meta"),
            }],
            ..Default::default()
        };
        let mut joined = client.ask(version, &join(Text::default())).await;
        if version >= 4 {
            assert_eq!(joined.error_code, 79, "a member joins twice");
            joined = client.ask(version, &join(joined.member_id)).await;
        }
        assert_eq!((joined.error_code, &joined.leader), (0, &joined.member_id), "v{version}");
        assert_eq!(joined.protocol_name.as_deref(), Some("range"));
        let member = joined.member_id.clone();
        let sync = SyncGroupRequest {
            group_id: group.clone(),
            generation_id: joined.generation_id,
            member_id: member.clone(),
            protocol_type: (version >= 5).then(|| "consumer".into()),
            protocol_name: (version >= 5).then(|| "range".into()),
            assignments: vec![thalweg_wire::sync_group_request::SyncGroupRequestAssignment {
                member_id: member.clone(),
                assignment: bytes::Bytes::from_static(b"yours"),
            }],
            ..Default::default()
        };
        let synced = client.ask(version.min(5), &sync).await;
        assert_eq!((synced.error_code, &synced.assignment[..]), (0, &b"yours"[..]));
        let beat = HeartbeatRequest {
            group_id: group.clone(),
            generation_id: joined.generation_id,
            member_id: member.clone(),
            ..Default::default()
        };
        assert_eq!(client.ask(version.min(4), &beat).await.error_code, 0);

        let commit_version = version + 1;
        if commit_version >= 2 {
            let by_id = commit_version >= 10;
            let commit = OffsetCommitRequest {
                group_id: group.clone(),
                generation_id_or_member_epoch: joined.generation_id,
                member_id: member.clone(),
                topics: vec![thalweg_wire::offset_commit_request::OffsetCommitRequestTopic {
                    name: "t".into(),
                    topic_id: if by_id { id } else { Uuid::nil() },
                    partitions: [0, 9]
                        .map(|partition_index| {
                            thalweg_wire::offset_commit_request::OffsetCommitRequestPartition {
                                partition_index,
                                committed_offset: 5,
                                committed_metadata: Some("note".into()),
                                ..Default::default()
                            }
                        })
                        .into(),
                }],
                ..Default::default()
            };
            let answer = client.ask(commit_version, &commit).await;
            let found: Vec<_> = answer.topics[0].partitions.iter().map(|p| p.error_code).collect();
            assert_eq!(found, [0, 3], "v{commit_version}");
        }
        for fetch_version in 1..=10 {
            let committed = committed(&mut client, fetch_version, &group, id).await;
            assert_eq!(committed, if commit_version >= 2 { 5 } else { -1 }, "v{fetch_version}");
        }

        let describe =
            DescribeGroupsRequest { groups: vec![group.clone(), "none".into()], ..Default::default() };
        let described = client.ask(version.min(6), &describe).await;
        let found: Vec<_> = described.groups.iter().map(|g| (g.error_code, &*g.group_state)).collect();
        assert_eq!(found, [(0, "Stable"), (if version >= 6 { 69 } else { 0 }, "Dead")]);
        assert_eq!(described.groups[0].members[0].client_host, "/127.0.0.1");
        let listed = client.ask(version.min(5), &ListGroupsRequest::default()).await;
        assert!(listed.groups.iter().any(|listed| listed.group_id == group));

        let delete = DeleteGroupsRequest { groups_names: vec![group.clone()] };
        assert_eq!(client.ask(version.min(3), &delete).await.results[0].error_code, 68, "it has a member");
        let leave = LeaveGroupRequest {
            group_id: group.clone(),
            member_id: if version < 3 { member.clone() } else { Text::default() },
            members: if version < 3 {
                Vec::new()
            } else {
                vec![thalweg_wire::leave_group_request::MemberIdentity {
                    member_id: member.clone(),
                    ..Default::default()
                }]
            },
        };
        let left = client.ask(version.min(5), &leave).await;
        assert!(left.error_code == 0 && left.members.iter().all(|member| member.error_code == 0));
        let forget = OffsetDeleteRequest {
            group_id: group.clone(),
            topics: vec![thalweg_wire::offset_delete_request::OffsetDeleteRequestTopic {
                name: "t".into(),
                partitions: vec![thalweg_wire::offset_delete_request::OffsetDeleteRequestPartition {
                    partition_index: 0,
                }],
            }],
        };
        let forgotten = client.ask(0, &forget).await;
        if commit_version >= 2 {
            assert_eq!((forgotten.error_code, forgotten.topics[0].partitions[0].error_code), (0, 0));
            assert_eq!(committed(&mut client, 8, &group, id).await, -1);
        }
    }
}

fn topic_named(name: &str) -> MetadataRequestTopic {
    MetadataRequestTopic { name: Some(name.into()), ..Default::default() }
}

/// The committed offset of `t`-0.
async fn committed(client: &mut Client, version: i16, group: &Text, id: Uuid) -> i64 {
    use thalweg_wire::offset_fetch_request::{
        OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
    };
    if version < 8 {
        let topics = Some(vec![OffsetFetchRequestTopic { name: "t".into(), partition_indexes: vec![0] }]);
        let request = OffsetFetchRequest { group_id: group.clone(), topics, ..Default::default() };
        return client.ask(version, &request).await.topics[0].partitions[0].committed_offset;
    }
    let topic = OffsetFetchRequestTopics {
        name: if version < 10 { "t".into() } else { Text::default() },
        topic_id: if version < 10 { Uuid::nil() } else { id },
        partition_indexes: vec![0],
    };
    let wanted =
        OffsetFetchRequestGroup { group_id: group.clone(), topics: Some(vec![topic]), ..Default::default() };
    let answer =
        client.ask(version, &OffsetFetchRequest { groups: vec![wanted], ..Default::default() }).await;
    answer.groups[0].topics[0].partitions[0].committed_offset
}
