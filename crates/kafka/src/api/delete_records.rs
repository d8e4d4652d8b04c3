//! DeleteRecords (21): moves the start of partitions; -1 is the high watermark.
//!
//! - v1: throttled as in Kafka 2.0
//! - v2: flexible

use thalweg_broker::{TopicRef, WalSeq};
use thalweg_model::{Offset, PartitionIndex};
use thalweg_wire::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use thalweg_wire::{DeleteRecordsRequest, DeleteRecordsResponse};

use super::superseded::superseded;
use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

/// Stands for the high watermark.
const HIGH_WATERMARK: i64 = -1;

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: DeleteRecordsRequest = request.decode()?;
    let mut after = WalSeq::default();
    let mut first = FirstError::default();
    let mut answer = DeleteRecordsResponse::default();
    // Of a partition that is named twice the last offset counts, and it is answered once.
    let superseded = superseded(
        asked
            .topics
            .iter()
            .map(|topic| topic.partitions.iter().map(|partition| (&*topic.name, partition.partition_index))),
    );
    for (at, topic) in asked.topics.into_iter().enumerate() {
        let target = TopicRef::Name((&topic.name).into());
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for (place, partition) in topic.partitions.into_iter().enumerate() {
            if superseded.binary_search(&(at, place)).is_ok() {
                continue;
            }
            let before = (partition.offset != HIGH_WATERMARK).then_some(Offset(partition.offset));
            let index = PartitionIndex(partition.partition_index);
            let deleted = request.session.records().delete_records(&target, index, before).await;
            after = after.max(deleted.after);
            let (low_watermark, code) = match deleted.value {
                Ok(start) => (start.0, Code::None),
                Err(error) => (-1, Code::from(&error)),
            };
            partitions.push(DeleteRecordsPartitionResult {
                partition_index: partition.partition_index,
                low_watermark,
                error_code: first.see(code),
            });
        }
        if partitions.is_empty() {
            continue;
        }
        answer.topics.push(DeleteRecordsTopicResult { name: topic.name, partitions });
    }
    request.answer(after, &answer, first.code())
}
