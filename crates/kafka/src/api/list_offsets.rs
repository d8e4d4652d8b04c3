//! ListOffsets (2): start, end, and the offset that belongs to a time.
//!
//! - v1: one offset for each partition
//! - v2: isolation level: the end is the last stable offset for those who read committed records
//! - v4: leader epochs
//! - v6: flexible
//! - v7: -3, the record with the largest timestamp
//! - v8: -4, the start of what is on the broker itself
//! - v9: -5, the end of what is in tiered storage
//! - v10: a timeout for lookups in tiered storage, of which there are none here
//! - v11: -6, the start of what is not yet in tiered storage

use thalweg_broker::{OffsetAt, TopicRef, WalSeq};
use thalweg_model::collections::HashSet;
use thalweg_model::{PartitionIndex, TimestampMs};
use thalweg_wire::list_offsets_request::ListOffsetsPartition;
use thalweg_wire::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use thalweg_wire::{ListOffsetsRequest, ListOffsetsResponse};

use super::{compared_epoch, isolation};
use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

/// The first version whose answer has room for a leader epoch.
const LEADER_EPOCH_SINCE: i16 = 4;

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: ListOffsetsRequest = request.decode()?;
    let isolation = isolation(asked.isolation_level);
    let mut listed_twice = HashSet::default();
    let mut after = WalSeq::default();
    let mut first = FirstError::default();
    let mut answer = ListOffsetsResponse::default();
    let twice = named_twice(&asked);
    for topic in &asked.topics {
        let target = TopicRef::Name((&topic.name).into());
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in &topic.partitions {
            let index = partition.partition_index;
            let key = (&*topic.name, index);
            let at = match isolation {
                Err(code) => Err(code),
                // Named twice, refused once.
                Ok(_) if twice.contains(&key) => match listed_twice.insert(key) {
                    true => Err(Code::InvalidRequest),
                    false => continue,
                },
                Ok(isolation) => offset_at(request.version, partition).map(|at| (at, isolation)),
            };
            let mut found = ListOffsetsPartitionResponse { partition_index: index, ..Default::default() };
            match at {
                Ok((at, isolation)) => {
                    let records = request.session.records();
                    let current = compared_epoch(partition.current_leader_epoch);
                    let listed =
                        records.list_offset(&target, PartitionIndex(index), current, at, isolation).await;
                    after = after.max(listed.after);
                    match listed.value {
                        Ok(listed) => {
                            found.timestamp = listed.timestamp.map_or(-1, |timestamp| timestamp.0);
                            found.offset = listed.offset.map_or(-1, |offset| offset.0);
                            if request.version >= LEADER_EPOCH_SINCE {
                                found.leader_epoch = listed.leader_epoch.map_or(-1, |epoch| epoch.0);
                            }
                        }
                        Err(error) => found.error_code = first.see(Code::from(&error)),
                    }
                }
                Err(code) => found.error_code = first.see(code),
            }
            partitions.push(found);
        }
        if partitions.is_empty() {
            continue;
        }
        answer.topics.push(ListOffsetsTopicResponse {
            name: topic.name.clone(),
            partitions,
            ..Default::default()
        });
    }
    request.answer(after, &answer, first.code())
}

fn named_twice(asked: &ListOffsetsRequest) -> HashSet<(&str, i32)> {
    let mut seen = HashSet::default();
    let mut twice = HashSet::default();
    for topic in &asked.topics {
        for partition in &topic.partitions {
            let key = (&*topic.name, partition.partition_index);
            if !seen.insert(key) {
                twice.insert(key);
            }
        }
    }
    twice
}

/// What a timestamp below zero stands for, where the version knows it.
fn offset_at(version: i16, partition: &ListOffsetsPartition) -> Result<OffsetAt, Code> {
    let (at, since) = match partition.timestamp {
        -1 => (OffsetAt::Latest, 1),
        -2 => (OffsetAt::Earliest, 1),
        -3 => (OffsetAt::MaxTimestamp, 7),
        -4 => (OffsetAt::EarliestLocal, 8),
        -5 => (OffsetAt::LatestTiered, 9),
        -6 => (OffsetAt::EarliestPendingUpload, 11),
        timestamp if timestamp < 0 => return Err(Code::UnsupportedVersion),
        timestamp => (OffsetAt::Timestamp(TimestampMs(timestamp)), 1),
    };
    if version >= since { Ok(at) } else { Err(Code::UnsupportedVersion) }
}
