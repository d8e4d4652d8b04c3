//! OffsetCommit (8).
//!
//! - v2: the client may say how long offsets are kept; v5: no longer
//! - v3: throttle time
//! - v6: leader epochs
//! - v7: static members (KIP-345)
//! - v8: flexible
//! - v9: a member of a group that is not there is told so (KIP-848); before, its generation is wrong
//! - v10: topics by id (KIP-848)

use std::time::Duration;

use thalweg_broker::groups::GroupError;
use thalweg_broker::{CommitPartition, CommitTopic, Committer, TopicRef};
use thalweg_model::{Offset, PartitionIndex, TopicId};
use thalweg_wire::offset_commit_request::OffsetCommitRequestPartition;
use thalweg_wire::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use thalweg_wire::{OffsetCommitRequest, OffsetCommitResponse};

use super::epoch;
use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

/// The first version that knows of groups that are not there.
const GROUP_NOT_FOUND_FROM: i16 = 9;
/// The first version that names topics by id.
const TOPIC_IDS_FROM: i16 = 10;

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: OffsetCommitRequest = request.decode()?;
    let committer = Committer {
        group: &asked.group_id,
        member: &asked.member_id,
        instance: asked.group_instance_id.as_deref(),
        generation: asked.generation_id_or_member_epoch,
        retention: u64::try_from(asked.retention_time_ms).ok().map(Duration::from_millis),
    };
    let topics: Vec<CommitTopic<'_>> = asked
        .topics
        .iter()
        .map(|topic| CommitTopic {
            topic: if request.version >= TOPIC_IDS_FROM {
                TopicRef::Id(TopicId(topic.topic_id))
            } else {
                TopicRef::Name((&topic.name).into())
            },
            partitions: topic.partitions.iter().map(of_partition).collect(),
        })
        .collect();
    let committed = request.session.groups().commit(committer, &topics).await;
    let mut first = FirstError::default();
    let mut answer = OffsetCommitResponse::default();
    for (topic, results) in asked.topics.iter().zip(committed.value) {
        let partitions = topic.partitions.iter().zip(results);
        answer.topics.push(OffsetCommitResponseTopic {
            name: topic.name.clone(),
            topic_id: topic.topic_id,
            partitions: partitions
                .map(|(partition, result)| OffsetCommitResponsePartition {
                    partition_index: partition.partition_index,
                    error_code: first.see(code_of(result, request.version)),
                })
                .collect(),
        });
    }
    request.answer(committed.after, &answer, first.code())
}

fn of_partition(partition: &OffsetCommitRequestPartition) -> CommitPartition<'_> {
    CommitPartition {
        partition: PartitionIndex(partition.partition_index),
        offset: Offset(partition.committed_offset),
        leader_epoch: epoch(partition.committed_leader_epoch),
        metadata: partition.committed_metadata.as_deref().unwrap_or_default(),
    }
}

fn code_of(result: Result<(), GroupError>, version: i16) -> Code {
    match result {
        Ok(()) => Code::None,
        Err(GroupError::GroupNotFound) if version < GROUP_NOT_FOUND_FROM => Code::IllegalGeneration,
        Err(error) => Code::from(error),
    }
}
