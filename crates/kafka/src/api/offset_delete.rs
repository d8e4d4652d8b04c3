//! OffsetDelete (47): forgets what a group committed (KIP-496). It has one version, which is not flexible.

use thalweg_model::{PartitionIndex, TopicName};
use thalweg_wire::offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use thalweg_wire::{OffsetDeleteRequest, OffsetDeleteResponse};

use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: OffsetDeleteRequest = request.decode()?;
    let topics: Vec<(TopicName, Vec<PartitionIndex>)> = asked
        .topics
        .iter()
        .map(|topic| {
            let indexes = topic.partitions.iter().map(|partition| PartitionIndex(partition.partition_index));
            ((&topic.name).into(), indexes.collect())
        })
        .collect();
    let deleted = request.session.groups().delete_offsets(&asked.group_id, &topics).await;
    let mut first = FirstError::default();
    let mut answer = OffsetDeleteResponse::default();
    match deleted.value {
        Ok(results) => {
            for (topic, results) in asked.topics.into_iter().zip(results) {
                let of_partition = |(partition, result): (_, Result<(), _>)| {
                    let partition: thalweg_wire::offset_delete_request::OffsetDeleteRequestPartition =
                        partition;
                    OffsetDeleteResponsePartition {
                        partition_index: partition.partition_index,
                        error_code: first.see(result.err().map_or(Code::None, Code::from)),
                    }
                };
                answer.topics.push(OffsetDeleteResponseTopic {
                    partitions: topic.partitions.into_iter().zip(results).map(of_partition).collect(),
                    name: topic.name,
                });
            }
        }
        Err(error) => answer.error_code = first.see(Code::from(error)),
    }
    request.answer(deleted.after, &answer, first.code())
}
