//! Deleting topics: the facts forget them first, then everything else does.

use thalweg_model::collections::HashSet;

use crate::catalog::Record;
use crate::session::TopicRef;
use crate::session::topics::{DeletedTopic, TopicError};

use super::{Broker, offsets_topic};

impl Broker {
    /// Deletes topics, all in one change; one result each.
    pub(crate) async fn delete_topics(&self, topics: &[TopicRef]) -> Vec<DeletedTopic> {
        let enabled = self.config().delete_topic_enable;
        let mut changing = self.catalog().change().await;
        let mut going = HashSet::default();
        let mut results: Vec<DeletedTopic> = topics
            .iter()
            .map(|topic| {
                let (name, id) = match topic {
                    TopicRef::Name(name) => (Some(name.clone()), None),
                    TopicRef::Id(id) => (None, Some(*id)),
                };
                let refused = |error| DeletedTopic { name: name.clone(), id, result: Err(error) };
                if !enabled {
                    return refused(TopicError::DeletionDisabled);
                }
                let Some((name, id, _)) = self.find_topic(topic) else {
                    return refused(match topic {
                        TopicRef::Name(_) => TopicError::Unknown,
                        TopicRef::Id(_) => TopicError::UnknownId,
                    });
                };
                if name.as_str() == offsets_topic::NAME {
                    let text = "the offsets topic cannot be deleted: groups live there";
                    return refused(TopicError::InvalidRequest(text.into()));
                }
                if !going.insert(id) {
                    return refused(TopicError::InvalidRequest(
                        "the topic is named twice in the request".into(),
                    ));
                }
                DeletedTopic { name: Some(name), id: Some(id), result: Ok(()) }
            })
            .collect();
        let mut going: Vec<_> = going.into_iter().collect();
        going.sort_unstable();
        if going.is_empty() {
            return results;
        }
        if let Err(error) = changing.commit(going.iter().copied().map(Record::Removed).collect()).await {
            for deleted in &mut results {
                let error = TopicError::Unavailable(error.to_string());
                deleted.result = std::mem::replace(&mut deleted.result, Ok(())).and(Err(error));
            }
            return results;
        }
        let mut names = Vec::new();
        for id in going {
            let Some(entry) = self.catalog().adjust(|state| state.take(id)) else { continue };
            entry.topic.end();
            for partition in entry.partitions.iter() {
                partition.settle();
            }
            self.engine().remove(id);
            entry.topic.forget_meters(&*self.0.world.meter);
            tracing::info!(topic = %entry.topic.name, %id, "topic deleted");
            names.push(entry.topic.name.clone());
        }
        drop(changing);
        for name in names {
            self.coordinator().forget_topic(name.as_str()).await;
        }
        results
    }
}
