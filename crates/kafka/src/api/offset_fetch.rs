//! OffsetFetch (9): what groups committed.
//!
//! - v2: null is all topics; an error for the whole
//! - v3: throttle time
//! - v5: leader epochs
//! - v6: flexible
//! - v7: only offsets that no transaction can change (there are no transactions here)
//! - v8: several groups at once (KIP-709)
//! - v9: as v8 for classic groups (KIP-848)
//! - v10: topics by id (KIP-848)

use thalweg_broker::{FetchedTopic, TopicRef, WalSeq};
use thalweg_model::codec::Text;
use thalweg_model::{PartitionIndex, TopicId, TopicName};
use thalweg_wire::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use thalweg_wire::{OffsetFetchRequest, OffsetFetchResponse};

use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

/// The first version with several groups.
const SEVERAL_FROM: i16 = 8;
/// The first version that names topics by id.
const TOPIC_IDS_FROM: i16 = 10;

/// What is wanted of a group; `None` is all.
type Wanted = Option<Vec<(TopicRef, Vec<PartitionIndex>)>>;

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: OffsetFetchRequest = request.decode()?;
    let mut after = WalSeq::default();
    let mut first = FirstError::default();
    let mut answer = OffsetFetchResponse::default();
    if request.version < SEVERAL_FROM {
        let wanted: Wanted = asked.topics.map(|topics| {
            let wanted =
                |topic: &Text, indexes: Vec<i32>| (TopicRef::Name(topic.into()), partitions(indexes));
            topics.into_iter().map(|topic| wanted(&topic.name, topic.partition_indexes)).collect()
        });
        let group = fetch(&request, asked.group_id, wanted, &mut after, &mut first).await;
        answer.error_code = group.error_code;
        answer.topics = group.topics.into_iter().map(of_old_topic).collect();
    } else {
        let by_id = request.version >= TOPIC_IDS_FROM;
        for group in asked.groups {
            let wanted: Wanted = group.topics.map(|topics| {
                topics
                    .into_iter()
                    .map(|topic| {
                        let target = if by_id {
                            TopicRef::Id(TopicId(topic.topic_id))
                        } else {
                            TopicRef::Name(TopicName::from(&topic.name))
                        };
                        (target, partitions(topic.partition_indexes))
                    })
                    .collect()
            });
            answer.groups.push(fetch(&request, group.group_id, wanted, &mut after, &mut first).await);
        }
    }
    request.answer(after, &answer, first.code())
}

fn partitions(indexes: Vec<i32>) -> Vec<PartitionIndex> {
    indexes.into_iter().map(PartitionIndex).collect()
}

async fn fetch(
    request: &Request,
    group: Text,
    wanted: Wanted,
    after: &mut WalSeq,
    first: &mut FirstError,
) -> OffsetFetchResponseGroup {
    let fetched = request.session.groups().fetch_offsets(&group, wanted.as_deref()).await;
    *after = (*after).max(fetched.after);
    let by_id = request.version >= TOPIC_IDS_FROM;
    let fetched = match fetched.value {
        Ok(fetched) => fetched,
        Err(error) => {
            let error_code = first.see(Code::from(error));
            let topics = wanted.unwrap_or_default().into_iter().map(|wanted| refused(wanted, error_code));
            return OffsetFetchResponseGroup { group_id: group, topics: topics.collect(), error_code };
        }
    };
    let topics = fetched
        .into_iter()
        // Of all there is, only what has an id can be told by id.
        .filter(|topic| !by_id || topic.known.is_some() || wanted.is_some())
        .map(|topic| of_topic(topic, first))
        .collect();
    OffsetFetchResponseGroup { group_id: group, topics, ..Default::default() }
}

/// For versions that know no error for the whole.
fn refused((topic, partitions): (TopicRef, Vec<PartitionIndex>), code: i16) -> OffsetFetchResponseTopics {
    let (name, topic_id) = match topic {
        TopicRef::Name(name) => ((&name).into(), TopicId::ZERO.0),
        TopicRef::Id(id) => (Text::default(), id.0),
    };
    let refused = |partition: PartitionIndex| OffsetFetchResponsePartitions {
        partition_index: partition.0,
        committed_offset: -1,
        committed_leader_epoch: -1,
        metadata: Some(Text::default()),
        error_code: code,
    };
    OffsetFetchResponseTopics { name, topic_id, partitions: partitions.into_iter().map(refused).collect() }
}

fn of_topic(topic: FetchedTopic, first: &mut FirstError) -> OffsetFetchResponseTopics {
    let (name, id, code) = match (&topic.topic, &topic.known) {
        (TopicRef::Name(name), known) => {
            (name.into(), known.as_ref().map_or(TopicId::ZERO, |(_, id)| *id), Code::None)
        }
        (TopicRef::Id(id), Some((name, _))) => (name.into(), *id, Code::None),
        (TopicRef::Id(id), None) => (Text::default(), *id, Code::UnknownTopicId),
    };
    let partitions = topic
        .partitions
        .into_iter()
        .map(|(partition, committed)| {
            let mut result = OffsetFetchResponsePartitions {
                partition_index: partition.0,
                committed_offset: -1,
                committed_leader_epoch: -1,
                metadata: Some(Text::default()),
                error_code: first.see(code),
            };
            if let Some(committed) = committed {
                result.committed_offset = committed.offset.0;
                result.committed_leader_epoch = committed.leader_epoch.map_or(-1, |epoch| epoch.0);
                result.metadata = Some(committed.metadata.into());
            }
            result
        })
        .collect();
    OffsetFetchResponseTopics { name, topic_id: id.0, partitions }
}

/// The same in the shape of v1 to v7.
fn of_old_topic(topic: OffsetFetchResponseTopics) -> OffsetFetchResponseTopic {
    OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic
            .partitions
            .into_iter()
            .map(|partition| OffsetFetchResponsePartition {
                partition_index: partition.partition_index,
                committed_offset: partition.committed_offset,
                committed_leader_epoch: partition.committed_leader_epoch,
                metadata: partition.metadata,
                error_code: partition.error_code,
            })
            .collect(),
    }
}
