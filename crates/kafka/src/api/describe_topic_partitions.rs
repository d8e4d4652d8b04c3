//! DescribeTopicPartitions (75): topics in the order of their names, some partitions at a time (KIP-966).

use thalweg_broker::{Cursor, TopicDescription, WalSeq};
use thalweg_model::{PartitionIndex, TopicName};
use thalweg_wire::describe_topic_partitions_response::{
    Cursor as NextCursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use thalweg_wire::{DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse};

use super::authorized;
use super::metadata::named;
use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: DescribeTopicPartitionsRequest = request.decode()?;
    let names: Vec<TopicName> = asked.topics.iter().map(|topic| (&topic.name).into()).collect();
    let limit = asked.response_partition_limit.clamp(1, request.head.settings.described_partitions_max.max(1))
        as usize;
    let cursor = asked.cursor.as_ref().map(|cursor| Cursor {
        topic: (&cursor.topic_name).into(),
        partition: PartitionIndex(cursor.partition_index),
    });
    let refuses =
        |cursor: &Cursor| cursor.partition.0 < 0 || !names.is_empty() && !names.contains(&cursor.topic);
    if cursor.as_ref().is_some_and(refuses) {
        // There is no error for the whole: each topic bears it.
        let code = Code::InvalidRequest;
        let refused = |name: &TopicName| DescribeTopicPartitionsResponseTopic {
            error_code: code.number(),
            name: Some(name.into()),
            ..Default::default()
        };
        let answer = DescribeTopicPartitionsResponse {
            topics: names.iter().map(refused).collect(),
            ..Default::default()
        };
        return request.answer(WalSeq::default(), &answer, Some(code));
    }
    let described = request.session.topics().describe(&names, cursor.as_ref(), limit);
    let mut first = FirstError::default();
    let mut answer = DescribeTopicPartitionsResponse::default();
    for topic in &described.value.topics {
        answer.topics.push(match topic {
            Ok(topic) => of_topic(topic),
            Err(error) => {
                let (name, id) = named(error);
                DescribeTopicPartitionsResponseTopic {
                    error_code: first.see(Code::from(error)),
                    name: name.as_ref().map(Into::into),
                    topic_id: id.0,
                    topic_authorized_operations: authorized::topic(true),
                    ..Default::default()
                }
            }
        });
    }
    answer.next_cursor = described
        .value
        .next
        .as_ref()
        .map(|next| NextCursor { topic_name: (&next.topic).into(), partition_index: next.partition.0 });
    request.answer(described.after, &answer, first.code())
}

fn of_topic(topic: &TopicDescription) -> DescribeTopicPartitionsResponseTopic {
    let partitions = topic
        .partitions
        .iter()
        .map(|partition| {
            let replicas: Vec<i32> = partition.replicas.iter().map(|node| node.0).collect();
            DescribeTopicPartitionsResponsePartition {
                partition_index: partition.index.0,
                leader_id: partition.leader.0,
                leader_epoch: partition.leader_epoch.0,
                replica_nodes: replicas.clone(),
                isr_nodes: replicas,
                eligible_leader_replicas: Some(Vec::new()),
                last_known_elr: Some(Vec::new()),
                ..Default::default()
            }
        })
        .collect();
    DescribeTopicPartitionsResponseTopic {
        name: Some((&topic.name).into()),
        topic_id: topic.id.0,
        is_internal: topic.internal,
        partitions,
        topic_authorized_operations: authorized::topic(true),
        ..Default::default()
    }
}
