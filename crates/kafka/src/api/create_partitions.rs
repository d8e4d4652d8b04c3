//! CreatePartitions (37).
//!
//! - v2: flexible
//! - v3: may be throttled

use thalweg_broker::{NewPartitions, WalSeq};
use thalweg_model::NodeId;
use thalweg_model::collections::HashMap;
use thalweg_wire::create_partitions_response::CreatePartitionsTopicResult;
use thalweg_wire::{CreatePartitionsRequest, CreatePartitionsResponse};

use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: CreatePartitionsRequest = request.decode()?;
    let mut times = HashMap::default();
    for topic in &asked.topics {
        *times.entry(&*topic.name).or_insert(0) += 1;
    }
    let mut first = FirstError::default();
    let mut answer = CreatePartitionsResponse::default();
    let mut wishes = Vec::with_capacity(asked.topics.len());
    for topic in &asked.topics {
        match times.get(&*topic.name) {
            Some(1) => wishes.push(NewPartitions {
                topic: (&topic.name).into(),
                count: topic.count,
                assignments: topic.assignments.as_ref().map(|assignments| {
                    let nodes = |ids: &[i32]| ids.iter().copied().map(NodeId).collect();
                    assignments.iter().map(|assignment| nodes(&assignment.broker_ids)).collect()
                }),
            }),
            // Named twice, refused once.
            Some(2..) => {
                times.remove(&*topic.name);
                answer.results.push(CreatePartitionsTopicResult {
                    name: topic.name.clone(),
                    error_code: first.see(Code::InvalidRequest),
                    error_message: Some("The request names this topic more than once.".into()),
                });
            }
            _ => {}
        }
    }
    if super::is_late(asked.timeout_ms) {
        for wish in &wishes {
            answer.results.push(CreatePartitionsTopicResult {
                name: (&wish.topic).into(),
                error_code: first.see(Code::RequestTimedOut),
                error_message: Some(super::LATE.into()),
            });
        }
        return request.answer(WalSeq::default(), &answer, first.code());
    }
    let made = request.session.topics().create_partitions(&wishes, asked.validate_only).await;
    for (wish, result) in wishes.iter().zip(made.value) {
        let (code, text) = match result {
            Ok(()) => (Code::None, None),
            Err(error) => (Code::from(&error), Some(error.to_string().into())),
        };
        answer.results.push(CreatePartitionsTopicResult {
            name: (&wish.topic).into(),
            error_code: first.see(code),
            error_message: text,
        });
    }
    request.answer(made.after, &answer, first.code())
}
