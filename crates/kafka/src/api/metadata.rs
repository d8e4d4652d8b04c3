//! Metadata (3): brokers, topics, partitions and who leads them. Topics that are asked for and missing are made where
//! client and broker want that; they are in a later answer, this one says that there are none yet.
//!
//! - v0: no topics named are all topics; v1: null is all, none is none; rack, controller, internal topics
//! - v2: cluster id
//! - v3: throttle time
//! - v4: the client says whether missing topics are to be made
//! - v5: offline replicas
//! - v7: leader epochs
//! - v8: authorized operations, where asked for (up to v10 of the cluster)
//! - v9: flexible
//! - v10: topic ids
//! - v12: topics asked for by id
//! - v13: an error for all of it

use thalweg_broker::{MetadataError, TopicDescription, TopicRef, WalSeq, Wanted};
use thalweg_model::collections::HashSet;
use thalweg_model::{TopicId, TopicName};
use thalweg_wire::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use thalweg_wire::{MetadataRequest, MetadataResponse};

use super::authorized;
use crate::errors::{Code, FirstError};
use crate::request::{Handled, Request};

/// The first version in which topics are asked for by id.
const ASKED_BY_ID_FROM: i16 = 12;

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: MetadataRequest = request.decode()?;
    let version = request.version;
    let cluster = request.session.cluster().describe();
    let mut answer = MetadataResponse {
        brokers: cluster
            .brokers
            .iter()
            .map(|broker| MetadataResponseBroker {
                node_id: broker.node.0,
                host: (&broker.address).into(),
                port: broker.address.port.into(),
                rack: broker.rack.as_ref().map(Into::into),
                ..Default::default()
            })
            .collect(),
        cluster_id: Some((&cluster.cluster_id).into()),
        controller_id: cluster.controller.0,
        cluster_authorized_operations: authorized::cluster(asked.include_cluster_authorized_operations),
        ..MetadataResponse::default()
    };
    let operations = authorized::topic(asked.include_topic_authorized_operations);
    let all = match &asked.topics {
        None => true,
        Some(topics) => version == 0 && topics.is_empty(),
    };
    let topics = || asked.topics.iter().flatten().filter(|_| !all);
    // Ids came to the request before they came to be answered: then nothing in it is.
    if version < ASKED_BY_ID_FROM
        && topics().any(|topic| topic.name.is_none() || TopicId(topic.topic_id) != TopicId::ZERO)
    {
        let code = Code::InvalidRequest;
        answer.cluster_authorized_operations = authorized::NOT_ASKED;
        answer.topics = topics()
            .map(|topic| MetadataResponseTopic {
                error_code: code.number(),
                name: Some(topic.name.clone().unwrap_or_default()),
                topic_id: topic.topic_id,
                topic_authorized_operations: authorized::NOT_ASKED,
                ..Default::default()
            })
            .collect();
        return request.answer(WalSeq::default(), &answer, Some(code));
    }
    let mut wanted = Vec::new();
    for topic in topics() {
        let id = TopicId(topic.topic_id);
        match &topic.name {
            Some(name) if id == TopicId::ZERO => wanted.push(TopicRef::Name(name.into())),
            None if id == TopicId::ZERO => {}
            _ => wanted.push(TopicRef::Id(id)),
        }
    }
    // Who is named twice is told of once.
    let mut seen = HashSet::default();
    wanted.retain(|topic| seen.insert(topic.clone()));
    let wanted = if all { Wanted::All } else { Wanted::These(&wanted) };
    let auto_create = !all && (version < 4 || asked.allow_auto_topic_creation);
    let described = request.session.topics().metadata(wanted, auto_create);
    let mut first = FirstError::default();
    for topic in described.value {
        answer.topics.push(match topic {
            Ok(topic) => of_topic(&topic, operations),
            Err(error) => {
                let code = Code::from(&error);
                let (name, id) = named(&error);
                MetadataResponseTopic {
                    error_code: first.see(code),
                    is_internal: error.is_of_internal_topic(),
                    // What may be done with a name is known; of an id, not even the name is.
                    topic_authorized_operations: if name.is_some() {
                        operations
                    } else {
                        authorized::NOT_ASKED
                    },
                    // A name that is not known is null from v12 on, where it may be.
                    name: match name {
                        Some(name) => Some((&name).into()),
                        None if version >= ASKED_BY_ID_FROM => None,
                        None => Some("".into()),
                    },
                    topic_id: id.0,
                    ..Default::default()
                }
            }
        });
    }
    request.answer(described.after, &answer, first.code())
}

fn of_topic(topic: &TopicDescription, operations: i32) -> MetadataResponseTopic {
    let partitions = topic
        .partitions
        .iter()
        .map(|partition| {
            let replicas: Vec<i32> = partition.replicas.iter().map(|node| node.0).collect();
            MetadataResponsePartition {
                partition_index: partition.index.0,
                leader_id: partition.leader.0,
                leader_epoch: partition.leader_epoch.0,
                replica_nodes: replicas.clone(),
                isr_nodes: replicas,
                ..Default::default()
            }
        })
        .collect();
    MetadataResponseTopic {
        name: Some((&topic.name).into()),
        topic_id: topic.id.0,
        is_internal: topic.internal,
        partitions,
        topic_authorized_operations: operations,
        ..Default::default()
    }
}

/// What a topic that is not described was called.
pub(super) fn named(error: &MetadataError) -> (Option<TopicName>, TopicId) {
    match error {
        MetadataError::Unknown(name)
        | MetadataError::Creating(name)
        | MetadataError::InvalidName { name, .. }
        | MetadataError::Unauthorized(TopicRef::Name(name)) => (Some(name.clone()), TopicId::ZERO),
        MetadataError::UnknownId(id) | MetadataError::Unauthorized(TopicRef::Id(id)) => (None, *id),
    }
}
