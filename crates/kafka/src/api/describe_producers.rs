//! DescribeProducers (61): the producers that partitions remember (KIP-664).

use thalweg_broker::{TopicRef, WalSeq};
use thalweg_model::PartitionIndex;
use thalweg_wire::describe_producers_response::{PartitionResponse, ProducerState, TopicResponse};
use thalweg_wire::{DescribeProducersRequest, DescribeProducersResponse};

use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: DescribeProducersRequest = request.decode()?;
    let mut after = WalSeq::default();
    let mut first = FirstError::default();
    let mut answer = DescribeProducersResponse::default();
    for topic in asked.topics {
        let target = TopicRef::Name((&topic.name).into());
        let mut partitions = Vec::with_capacity(topic.partition_indexes.len());
        for index in topic.partition_indexes {
            let found = request.session.records().describe_producers(&target, PartitionIndex(index));
            after = after.max(found.after);
            let mut result = PartitionResponse { partition_index: index, ..Default::default() };
            match found.value {
                Ok(producers) => {
                    result.active_producers = producers
                        .iter()
                        .map(|active| ProducerState {
                            producer_id: active.producer.id.0,
                            producer_epoch: active.producer.epoch.0.into(),
                            last_sequence: active.last_sequence,
                            last_timestamp: active.last_timestamp.0,
                            coordinator_epoch: active.coordinator_epoch.unwrap_or(-1),
                            current_txn_start_offset: active
                                .transaction_start_offset
                                .map_or(-1, |offset| offset.0),
                        })
                        .collect();
                }
                Err(error) => {
                    result.error_code = first.see(Code::from(&error));
                    result.error_message = Some(error.to_string().into());
                }
            }
            partitions.push(result);
        }
        answer.topics.push(TopicResponse { name: topic.name, partitions });
    }
    request.answer(after, &answer, first.code())
}
