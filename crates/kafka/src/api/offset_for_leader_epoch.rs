//! OffsetForLeaderEpoch (23): where an epoch ends, so that a reader finds out what was cut off.
//!
//! - v2: the client's epoch is checked; throttle time
//! - v3: who asks
//! - v4: flexible

use thalweg_broker::{TopicRef, WalSeq};
use thalweg_model::{LeaderEpoch, PartitionIndex};
use thalweg_wire::offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult};
use thalweg_wire::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};

use super::compared_epoch;
use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: OffsetForLeaderEpochRequest = request.decode()?;
    let mut after = WalSeq::default();
    let mut first = FirstError::default();
    let mut answer = OffsetForLeaderEpochResponse::default();
    for topic in asked.topics {
        let target = TopicRef::Name((&topic.topic).into());
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in topic.partitions {
            let index = PartitionIndex(partition.partition);
            let current = compared_epoch(partition.current_leader_epoch);
            let wanted = LeaderEpoch(partition.leader_epoch);
            let found = request.session.records().offset_for_leader_epoch(&target, index, current, wanted);
            after = after.max(found.after);
            let mut result = EpochEndOffset { partition: partition.partition, ..Default::default() };
            match found.value {
                Ok(end) => {
                    result.leader_epoch = end.epoch.map_or(-1, |epoch| epoch.0);
                    result.end_offset = end.end_offset.map_or(-1, |offset| offset.0);
                }
                Err(error) => result.error_code = first.see(Code::from(&error)),
            }
            partitions.push(result);
        }
        answer.topics.push(OffsetForLeaderTopicResult { topic: topic.topic, partitions });
    }
    request.answer(after, &answer, first.code())
}
