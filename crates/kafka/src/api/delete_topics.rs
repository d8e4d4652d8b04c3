//! DeleteTopics (20).
//!
//! - v1: throttle time
//! - v3: deletion that is switched off has a code of its own
//! - v4: flexible
//! - v5: texts of errors
//! - v6: topics by id

use thalweg_broker::{TopicError, TopicRef};
use thalweg_model::TopicId;
use thalweg_model::collections::HashMap;
use thalweg_wire::delete_topics_request::DeleteTopicState;
use thalweg_wire::delete_topics_response::DeletableTopicResult;
use thalweg_wire::{DeleteTopicsRequest, DeleteTopicsResponse};

use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: DeleteTopicsRequest = request.decode()?;
    let mut first = FirstError::default();
    let mut answer = DeleteTopicsResponse::default();
    let mut wanted = Vec::new();
    let mut targets = Vec::new();
    let mut times = HashMap::default();
    let by_name =
        asked.topic_names.into_iter().map(|name| DeleteTopicState { name: Some(name), ..Default::default() });
    for topic in asked.topics.into_iter().chain(by_name) {
        let id = TopicId(topic.topic_id);
        let target = match &topic.name {
            Some(name) if id == TopicId::ZERO => Ok(TopicRef::Name(name.into())),
            None if id != TopicId::ZERO => Ok(TopicRef::Id(id)),
            Some(_) => Err("A topic is named by its name or by its id, not by both."),
            None => Err("A topic has to be named by its name or by its id."),
        };
        match target {
            Ok(target) => {
                *times.entry(target.clone()).or_insert(0) += 1;
                targets.push((target, topic));
            }
            Err(text) => answer.responses.push(refused(topic, first.see(Code::InvalidRequest), text)),
        }
    }
    let is_late = super::is_late(asked.timeout_ms);
    for (target, topic) in targets {
        match times.get(&target) {
            Some(1) if is_late => {
                answer.responses.push(refused(topic, first.see(Code::RequestTimedOut), super::LATE));
            }
            Some(1) => wanted.push(target),
            // Named twice, refused once.
            Some(2..) => {
                times.remove(&target);
                let text = "The request names this topic more than once.";
                answer.responses.push(refused(topic, first.see(Code::InvalidRequest), text));
            }
            _ => {}
        }
    }
    let deleted = request.session.topics().delete(&wanted).await;
    for topic in deleted.value {
        let mut result = DeletableTopicResult {
            name: topic.name.as_ref().map(Into::into),
            topic_id: topic.id.unwrap_or_default().0,
            ..Default::default()
        };
        if request.version < 6 {
            result.name = Some(result.name.unwrap_or_default());
        }
        if let Err(error) = topic.result {
            result.error_code = first.see(match error {
                TopicError::DeletionDisabled if request.version < 3 => Code::InvalidRequest,
                ref error => error.into(),
            });
            result.error_message = Some(error.to_string().into());
        }
        answer.responses.push(result);
    }
    request.answer(deleted.after, &answer, first.code())
}

fn refused(topic: DeleteTopicState, error_code: i16, text: &'static str) -> DeletableTopicResult {
    DeletableTopicResult {
        name: topic.name,
        topic_id: topic.topic_id,
        error_code,
        error_message: Some(thalweg_model::codec::Text::fixed(text)),
    }
}
