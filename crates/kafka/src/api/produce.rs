//! Produce (0): appends records. Each partition has its own result; what one refuses does not hold up the others.
//!
//! The answer leaves when all that it says is durable, whatever `acks` says (but 0: then there is none, and an error
//! ends the connection, which is all that is left to say so). It may begin while the answers of earlier Produces
//! wait for the disk. `timeout_ms` has no meaning here: nobody else has to confirm.
//!
//! - v3: transactional id, record batches of magic 2 alone; what is older is advertised and ends the connection
//! - v5: log start offset
//! - v7: zstd
//! - v8: which records were refused, and a text
//! - v9: flexible
//! - v10: where the leader is now (KIP-951)
//! - v12: partitions are added to transactions on the way (KIP-890)
//! - v13: topics by id

use thalweg_broker::{Acks, AppendError, AppendOptions, PartitionError, TopicRef, WalSeq};
use thalweg_model::batch::BatchError;
use thalweg_model::batch::produce::{Refusal as BatchRefusal, ZSTD_PRODUCE_VERSION_MIN};
use thalweg_model::codec::RecordBytes;
use thalweg_model::{PartitionIndex, TopicId};
use thalweg_wire::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, PartitionProduceResponse, TopicProduceResponse,
};
use thalweg_wire::{ProduceRequest, ProduceResponse};

use super::superseded::superseded;
use crate::errors::{Code, FirstError};
use crate::request::{Handled, Refusal, Reply, Request};

/// The first version that names topics by id.
const TOPIC_IDS_FROM: i16 = 13;

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: ProduceRequest = request.decode()?;
    let acks = Acks::try_from(asked.acks);
    let mut after = WalSeq::default();
    let mut first = FirstError::default();
    let mut failed = None;
    let mut answer = ProduceResponse::default();
    // As at Kafka's: of a partition that is named twice the last records count, and it is answered once.
    let superseded = superseded(asked.topic_data.iter().map(|topic| {
        topic.partition_data.iter().map(|partition| (&*topic.name, topic.topic_id, partition.index))
    }));
    answer.responses.reserve_exact(asked.topic_data.len());
    for (at, topic) in asked.topic_data.into_iter().enumerate() {
        let target = if request.version >= TOPIC_IDS_FROM {
            TopicRef::Id(TopicId(topic.topic_id))
        } else {
            TopicRef::Name((&topic.name).into())
        };
        let mut partitions = Vec::with_capacity(topic.partition_data.len());
        for (place, partition) in topic.partition_data.into_iter().enumerate() {
            if superseded.binary_search(&(at, place)).is_ok() {
                continue;
            }
            let result = match acks {
                Ok(acks) => {
                    append(&request, &target, partition.index, partition.records, acks, &mut after).await
                }
                Err(_) => {
                    let index = PartitionIndex(partition.index);
                    let known = request.session.records().check_writable(&target, index);
                    let code = known.map_or_else(|error| Code::from(&error), |()| Code::InvalidRequiredAcks);
                    refused(partition.index, code, None)
                }
            };
            let code = Code::of(result.error_code).unwrap_or(Code::UnknownServerError);
            first.see(code);
            if code != Code::None && failed.is_none() {
                failed = Some((topic.name.to_string(), partition.index, code));
            }
            partitions.push(result);
        }
        if partitions.is_empty() {
            continue;
        }
        answer.responses.push(TopicProduceResponse {
            name: topic.name,
            topic_id: topic.topic_id,
            partition_responses: partitions,
            ..Default::default()
        });
    }
    match (acks, failed) {
        (Ok(Acks::None), None) => Ok(Reply::Nothing),
        (Ok(Acks::None), Some((topic, partition, code))) => {
            Err(Refusal::Unanswered { topic, partition, code })
        }
        _ => request.answer(after, &answer, first.code()),
    }
}

async fn append(
    request: &Request,
    topic: &TopicRef,
    index: i32,
    records: Option<RecordBytes>,
    acks: Acks,
    after: &mut WalSeq,
) -> PartitionProduceResponse {
    let records = records.map(RecordBytes::into_mut).unwrap_or_default();
    let options = AppendOptions { acks, zstd_allowed: request.version >= ZSTD_PRODUCE_VERSION_MIN };
    let result = request.session.records().append(topic, PartitionIndex(index), records, options).await;
    *after = (*after).max(result.after);
    match result.value {
        Ok(appended) => PartitionProduceResponse {
            index,
            base_offset: appended.base_offset.0,
            log_append_time_ms: appended.log_append_time.map_or(-1, |time| time.0),
            log_start_offset: appended.log_start_offset.0,
            ..Default::default()
        },
        Err(error) => {
            let mut answer = refused(index, Code::from(&error), Some(error.to_string()));
            if tells_log_start(&error)
                && let Ok(partition) = request.session.records().partition(topic, PartitionIndex(index))
            {
                answer.log_start_offset = partition.log_start_offset().0;
            }
            match error {
                AppendError::Refused(BatchRefusal::Records(records)) => {
                    answer.record_errors = records
                        .listed
                        .iter()
                        .map(|record| BatchIndexAndErrorMessage {
                            batch_index: i32::try_from(record.index).unwrap_or(i32::MAX),
                            batch_index_error_message: Some(record.cause.to_string().into()),
                            ..Default::default()
                        })
                        .collect();
                }
                AppendError::Partition(PartitionError::NotLeader { leader: Some(leader), epoch })
                    if request.version >= 10 =>
                {
                    answer.current_leader =
                        LeaderIdAndEpoch { leader_id: leader.0, leader_epoch: epoch.0, ..Default::default() };
                }
                _ => {}
            }
            answer
        }
    }
}

fn refused(index: i32, code: Code, text: Option<String>) -> PartitionProduceResponse {
    PartitionProduceResponse {
        index,
        error_code: code.number(),
        base_offset: -1,
        log_append_time_ms: -1,
        log_start_offset: -1,
        error_message: Some(text.unwrap_or_else(|| code.text().into()).into()),
        ..Default::default()
    }
}

/// Whether the batch was read and then refused, so that the partition's start is told too.
fn tells_log_start(error: &AppendError) -> bool {
    match error {
        AppendError::Refused(refusal) => match refusal {
            BatchRefusal::Batch(error) => matches!(
                error,
                BatchError::UnknownCodec(_)
                    | BatchError::Compression(_)
                    | BatchError::Record { .. }
                    | BatchError::RecordsMissing { .. }
                    | BatchError::BytesLeft(_)
            ),
            BatchRefusal::NoBatch
            | BatchRefusal::SeveralBatches
            | BatchRefusal::ZstdTooEarly
            | BatchRefusal::TooLarge { .. } => false,
            BatchRefusal::BaseOffset(_)
            | BatchRefusal::Count { .. }
            | BatchRefusal::Control
            | BatchRefusal::Sequence { .. }
            | BatchRefusal::Records(_) => true,
        },
        AppendError::OutOfOrderSequence { .. } | AppendError::InvalidProducerEpoch { .. } => true,
        AppendError::Partition(_)
        | AppendError::InternalTopic(_)
        | AppendError::LargerThanSegment { .. }
        | AppendError::Transactional
        | AppendError::Unavailable(_) => false,
    }
}

#[cfg(test)]
mod tests;
