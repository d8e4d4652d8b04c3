//! CreateTopics (19).
//!
//! - v2: throttle time; texts of errors; only checking
//! - v4: -1 leaves partitions and replicas to the broker
//! - v5: flexible; tells partitions, replicas and settings of the new topic
//! - v6: may be throttled
//! - v7: topic ids

use thalweg_broker::{CreatedTopic, NewTopic, WalSeq};
use thalweg_model::collections::HashMap;
use thalweg_model::{NodeId, PartitionIndex, Uuid};
use thalweg_wire::create_topics_request::CreatableTopic;
use thalweg_wire::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use thalweg_wire::{CreateTopicsRequest, CreateTopicsResponse};

use super::configs::source_number;
use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: CreateTopicsRequest = request.decode()?;
    let mut times = HashMap::default();
    for topic in &asked.topics {
        *times.entry(&*topic.name).or_insert(0) += 1;
    }
    let mut first = FirstError::default();
    let mut answer = CreateTopicsResponse::default();
    let mut new = Vec::with_capacity(asked.topics.len());
    for topic in &asked.topics {
        match times.get(&*topic.name) {
            Some(1) => new.push(wish(topic)),
            // Named twice, refused once.
            Some(2..) => {
                times.remove(&*topic.name);
                let code = Code::InvalidRequest;
                answer.topics.push(refused(
                    topic.name.clone(),
                    &mut first,
                    code,
                    "The request names this topic more than once.".into(),
                ));
            }
            _ => {}
        }
    }
    if super::is_late(asked.timeout_ms) {
        for wish in &new {
            let code = Code::RequestTimedOut;
            answer.topics.push(refused((&wish.name).into(), &mut first, code, super::LATE.into()));
        }
        return request.answer(WalSeq::default(), &answer, first.code());
    }
    let made = request.session.topics().create(&new, asked.validate_only).await;
    for (wish, result) in new.iter().zip(made.value) {
        answer.topics.push(match result {
            Ok(created) => of_created(wish, &created),
            Err(error) => refused((&wish.name).into(), &mut first, Code::from(&error), error.to_string()),
        });
    }
    request.answer(made.after, &answer, first.code())
}

fn wish(topic: &CreatableTopic) -> NewTopic {
    NewTopic {
        name: (&topic.name).into(),
        partitions: topic.num_partitions,
        replication_factor: topic.replication_factor,
        assignments: topic
            .assignments
            .iter()
            .map(|assignment| {
                let nodes = assignment.broker_ids.iter().copied().map(NodeId).collect();
                (PartitionIndex(assignment.partition_index), nodes)
            })
            .collect(),
        configs: topic
            .configs
            .iter()
            .map(|config| (config.name.to_shared(), config.value.as_ref().map(|value| value.to_shared())))
            .collect(),
    }
}

fn of_created(wish: &NewTopic, created: &CreatedTopic) -> CreatableTopicResult {
    let configs = created
        .configs
        .iter()
        .map(|entry| CreatableTopicConfigs {
            name: (&entry.name).into(),
            value: entry.value.as_ref().map(Into::into),
            read_only: entry.read_only,
            config_source: source_number(entry.source),
            is_sensitive: entry.sensitive,
            ..Default::default()
        })
        .collect();
    CreatableTopicResult {
        name: (&wish.name).into(),
        topic_id: created.id.0,
        num_partitions: created.partitions,
        replication_factor: created.replication_factor,
        configs: Some(configs),
        ..Default::default()
    }
}

fn refused(
    name: thalweg_model::codec::Text,
    first: &mut FirstError,
    code: Code,
    text: String,
) -> CreatableTopicResult {
    CreatableTopicResult {
        name,
        topic_id: Uuid::nil(),
        error_code: first.see(code),
        error_message: Some(text.into()),
        configs: Some(Vec::new()),
        ..Default::default()
    }
}
