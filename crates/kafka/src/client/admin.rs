//! The calls of an administrator: topics, settings, groups.

use std::time::Duration;

use thalweg_broker::records::ConsumerProtocolAssignment;
use thalweg_model::codec::{Reader, Text};
use thalweg_wire::create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic};
use thalweg_wire::create_topics_request::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig};
use thalweg_wire::delete_topics_request::DeleteTopicState;
use thalweg_wire::describe_configs_request::DescribeConfigsResource;
use thalweg_wire::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use thalweg_wire::{
    CreatePartitionsRequest, CreateTopicsRequest, DeleteGroupsRequest, DeleteTopicsRequest,
    DescribeConfigsRequest, DescribeGroupsRequest, IncrementalAlterConfigsRequest, ListGroupsRequest,
};

use super::offsets::PartitionName;
use super::route::{Lane, Target};
use super::{Client, ClientError, Refused};
use crate::Code;

/// What became of each thing that was named.
pub type Each<T> = Vec<(String, Result<T, Refused>)>;

/// A topic to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions; -1 is what the broker has as default.
    pub partitions: i32,
    /// How often each is kept; -1 is what the broker has as default.
    pub replication_factor: i16,
    /// Which brokers shall hold each partition; empty where the broker decides.
    pub assignments: Vec<(i32, Vec<i32>)>,
    /// Settings of its own.
    pub configs: Vec<(String, String)>,
}

impl NewTopic {
    /// A topic with the broker's defaults.
    pub fn new(name: impl Into<String>) -> Self {
        let (assignments, configs) = (Vec::new(), Vec::new());
        Self { name: name.into(), partitions: -1, replication_factor: -1, assignments, configs }
    }
}

/// What has settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConfigResourceKind {
    /// A topic.
    Topic,
    /// A broker; all of them where the name is empty.
    Broker,
    /// A broker's log levels.
    BrokerLogger,
    /// A subscription to clients' metrics.
    ClientMetrics,
    /// A group.
    Group,
}

impl ConfigResourceKind {
    fn number(self) -> i8 {
        match self {
            Self::Topic => 2,
            Self::Broker => 4,
            Self::BrokerLogger => 8,
            Self::ClientMetrics => 16,
            Self::Group => 32,
        }
    }
}

/// Something with settings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConfigResource {
    /// What it is.
    pub kind: ConfigResourceKind,
    /// Its name.
    pub name: String,
}

/// A setting as the broker describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Its name.
    pub name: String,
    /// Its value; none where it has none or is secret.
    pub value: Option<String>,
    /// Whether it cannot be changed.
    pub read_only: bool,
    /// Whether it stands at its default.
    pub is_default: bool,
    /// Where it comes from, by Kafka's number (1 topic, 2 and 3 dynamic broker, 4 static broker, 5 default).
    pub source: i8,
    /// Whether it is secret.
    pub sensitive: bool,
    /// What it is for.
    pub documentation: Option<String>,
}

/// What to do with a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigOperation {
    /// Gives it a value.
    Set,
    /// Takes its own value away.
    Delete,
    /// Adds to a list.
    Append,
    /// Takes from a list.
    Subtract,
}

/// A change of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigUpdate {
    /// Which setting.
    pub name: String,
    /// What to do.
    pub operation: ConfigOperation,
    /// With which value.
    pub value: Option<String>,
}

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupListing {
    /// Its name.
    pub group: String,
    /// What kind of members it has; empty for one that only holds offsets.
    pub protocol_type: String,
    /// How it is, where the broker tells.
    pub state: String,
    /// Which group protocol it speaks, where the broker tells.
    pub kind: String,
}

/// A group and its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// How it is.
    pub state: String,
    /// What kind of members it has.
    pub protocol_type: String,
    /// Which assignor they agreed on.
    pub protocol: String,
    /// The members.
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Its id.
    pub member_id: String,
    /// Its static name, where it has one.
    pub instance_id: Option<String>,
    /// What its client calls itself.
    pub client_id: String,
    /// Where it is.
    pub host: String,
    /// Its partitions.
    pub assignment: Vec<PartitionName>,
}

impl Client {
    /// Makes topics, or only says whether they could be made. Gives the numbers of partitions.
    pub async fn create_topics(
        &self,
        topics: &[NewTopic],
        only_validate: bool,
    ) -> Result<Each<i32>, ClientError> {
        let topic = |topic: &NewTopic| CreatableTopic {
            name: topic.name.as_str().into(),
            num_partitions: if topic.assignments.is_empty() { topic.partitions } else { -1 },
            replication_factor: if topic.assignments.is_empty() { topic.replication_factor } else { -1 },
            assignments: topic
                .assignments
                .iter()
                .map(|(partition_index, broker_ids)| CreatableReplicaAssignment {
                    partition_index: *partition_index,
                    broker_ids: broker_ids.clone(),
                })
                .collect(),
            configs: topic
                .configs
                .iter()
                .map(|(name, value)| CreatableTopicConfig {
                    name: name.as_str().into(),
                    value: Some(value.as_str().into()),
                })
                .collect(),
        };
        let request = CreateTopicsRequest {
            topics: topics.iter().map(topic).collect(),
            timeout_ms: self.timeout_ms(),
            validate_only: only_validate,
        };
        let answer = self
            .ask_controller(&request, |answer| answer.topics.iter().map(|topic| topic.error_code).collect());
        let topics = answer.await?.topics;
        Ok(topics
            .into_iter()
            .map(|topic| {
                each(&topic.name, topic.error_code, topic.error_message.as_ref(), || topic.num_partitions)
            })
            .collect())
    }

    /// Removes topics and all that is in them.
    pub async fn delete_topics(&self, names: &[&str]) -> Result<Each<()>, ClientError> {
        let state = |name: &&str| DeleteTopicState { name: Some((*name).into()), ..Default::default() };
        let link = self.link(Target::Controller, Lane::Questions).await?;
        let by_state = link.version::<DeleteTopicsRequest>(i16::MAX)? >= 6;
        let request = DeleteTopicsRequest {
            topics: if by_state { names.iter().map(state).collect() } else { Vec::new() },
            topic_names: names.iter().map(|name| Text::from(*name)).collect(),
            timeout_ms: self.timeout_ms(),
        };
        let answer = self.ask_controller(&request, |answer| {
            answer.responses.iter().map(|topic| topic.error_code).collect()
        });
        let topics = answer.await?.responses;
        for name in names {
            self.forget_topic(name);
        }
        Ok(topics
            .into_iter()
            .map(|topic| {
                let name = topic.name.unwrap_or_default();
                each(&name, topic.error_code, topic.error_message.as_ref(), || ())
            })
            .collect())
    }

    /// Brings topics to more partitions.
    pub async fn create_partitions(
        &self,
        counts: &[(&str, i32)],
        only_validate: bool,
    ) -> Result<Each<()>, ClientError> {
        let topic = |(name, count): &(&str, i32)| CreatePartitionsTopic {
            name: (*name).into(),
            count: *count,
            assignments: None::<Vec<CreatePartitionsAssignment>>,
        };
        let request = CreatePartitionsRequest {
            topics: counts.iter().map(topic).collect(),
            timeout_ms: self.timeout_ms(),
            validate_only: only_validate,
        };
        let answer = self
            .ask_controller(&request, |answer| answer.results.iter().map(|topic| topic.error_code).collect());
        let results = answer.await?.results;
        for (name, _) in counts {
            self.forget_topic(name);
        }
        Ok(results
            .into_iter()
            .map(|topic| each(&topic.name, topic.error_code, topic.error_message.as_ref(), || ()))
            .collect())
    }

    /// The settings of resources, all or those that are named, each resource asked where it is known.
    pub async fn describe_configs(
        &self,
        resources: &[ConfigResource],
        names: Option<&[&str]>,
        documentation: bool,
    ) -> Result<Each<Vec<ConfigEntry>>, ClientError> {
        let mut found = Vec::with_capacity(resources.len());
        for resource in resources {
            let request = DescribeConfigsRequest {
                resources: vec![DescribeConfigsResource {
                    resource_type: resource.kind.number(),
                    resource_name: resource.name.as_str().into(),
                    configuration_keys: names
                        .map(|names| names.iter().map(|name| Text::from(*name)).collect()),
                }],
                include_documentation: documentation,
                ..Default::default()
            };
            let answer = self.ask_until(home(resource), i16::MAX, &request, Ok).await?;
            for result in answer.results {
                let configs = result.configs;
                found.push(each(
                    &result.resource_name,
                    result.error_code,
                    result.error_message.as_ref(),
                    || configs.into_iter().map(config_entry).collect(),
                ));
            }
        }
        Ok(found)
    }

    /// Changes settings, each resource's all together or not at all.
    pub async fn alter_configs(
        &self,
        updates: &[(ConfigResource, Vec<ConfigUpdate>)],
        only_validate: bool,
    ) -> Result<Each<()>, ClientError> {
        let mut found = Vec::with_capacity(updates.len());
        for (resource, updates) in updates {
            let config = |update: &ConfigUpdate| AlterableConfig {
                name: update.name.as_str().into(),
                config_operation: update.operation as i8,
                value: update.value.as_deref().map(Text::from),
            };
            let request = IncrementalAlterConfigsRequest {
                resources: vec![AlterConfigsResource {
                    resource_type: resource.kind.number(),
                    resource_name: resource.name.as_str().into(),
                    configs: updates.iter().map(config).collect(),
                }],
                validate_only: only_validate,
            };
            let answer = self.ask_until(home(resource), i16::MAX, &request, Ok).await?;
            for result in answer.responses {
                found.push(each(
                    &result.resource_name,
                    result.error_code,
                    result.error_message.as_ref(),
                    || (),
                ));
            }
        }
        Ok(found)
    }

    /// All groups, of all brokers.
    pub async fn list_groups(&self) -> Result<Vec<GroupListing>, ClientError> {
        let mut found = Vec::new();
        for broker in self.cluster().await?.brokers {
            let request = ListGroupsRequest::default();
            let answer = self
                .ask_until(Target::Broker(broker.id), i16::MAX, &request, |answer| {
                    Refused::check(answer.error_code, None).map(|()| answer)
                })
                .await?;
            found.extend(answer.groups.into_iter().map(|group| GroupListing {
                group: group.group_id.as_str().to_owned(),
                protocol_type: group.protocol_type.as_str().to_owned(),
                state: group.group_state.as_str().to_owned(),
                kind: group.group_type.as_str().to_owned(),
            }));
        }
        found.sort_by(|a, b| a.group.cmp(&b.group));
        Ok(found)
    }

    /// A group and its members; one that does not exist is told as `Dead`, or refused by newer brokers.
    pub async fn describe_group(&self, group: &str) -> Result<GroupDescription, ClientError> {
        let request = DescribeGroupsRequest { groups: vec![group.into()], ..Default::default() };
        let described = self
            .ask_until(Target::Coordinator(group), i16::MAX, &request, |mut answer| {
                let unknown = || Refused { code: Code::GroupIdNotFound, message: None };
                let described = answer.groups.pop().ok_or_else(unknown)?;
                Refused::check(described.error_code, described.error_message.as_deref()).map(|()| described)
            })
            .await?;
        let members = described.members.into_iter().map(|member| GroupMember {
            member_id: member.member_id.as_str().to_owned(),
            instance_id: member.group_instance_id.map(|id| id.as_str().to_owned()),
            client_id: member.client_id.as_str().to_owned(),
            host: member.client_host.as_str().to_owned(),
            assignment: assignment(member.member_assignment),
        });
        Ok(GroupDescription {
            state: described.group_state.as_str().to_owned(),
            protocol_type: described.protocol_type.as_str().to_owned(),
            protocol: described.protocol_data.as_str().to_owned(),
            members: members.collect(),
        })
    }

    /// Removes groups that have no members, with all that they committed.
    pub async fn delete_groups(&self, groups: &[&str]) -> Result<Each<()>, ClientError> {
        let mut found = Vec::with_capacity(groups.len());
        for group in groups {
            let request = DeleteGroupsRequest { groups_names: vec![(*group).into()] };
            let answer = self
                .ask_until(Target::Coordinator(group), i16::MAX, &request, |answer| {
                    let moved = answer
                        .results
                        .iter()
                        .filter_map(|result| Refused::check(result.error_code, None).err());
                    match moved.into_iter().find(Refused::is_retriable) {
                        Some(refused) => Err(refused),
                        None => Ok(answer),
                    }
                })
                .await?;
            for result in answer.results {
                found.push(each(&result.group_id, result.error_code, result.error_message.as_ref(), || ()));
            }
        }
        Ok(found)
    }

    /// Asks the controller, and again while it says that it is none.
    async fn ask_controller<R: thalweg_wire::Request>(
        &self,
        request: &R,
        codes: impl Fn(&R::Response) -> Vec<i16>,
    ) -> Result<R::Response, ClientError> {
        self.ask_until(Target::Controller, i16::MAX, request, |answer| {
            match codes(&answer).into_iter().find(|code| *code == Code::NotController.number()) {
                Some(code) => Refused::check(code, None).map(|()| answer),
                None => Ok(answer),
            }
        })
        .await
    }

    /// Whether the cluster is reached at all: one question, answered or not.
    pub async fn ping(&self) -> Result<(), ClientError> {
        let request = thalweg_wire::ApiVersionsRequest {
            client_software_name: Text::fixed("thalweg"),
            client_software_version: Text::fixed(env!("CARGO_PKG_VERSION")),
            ..Default::default()
        };
        self.ask(Target::Any, Lane::Questions, 3, Duration::ZERO, &request).await.map(drop)
    }
}

/// Who knows a resource's settings: its broker, or anybody.
fn home(resource: &ConfigResource) -> Target<'_> {
    match resource.kind {
        ConfigResourceKind::Broker | ConfigResourceKind::BrokerLogger => {
            resource.name.parse().map_or(Target::Any, Target::Broker)
        }
        ConfigResourceKind::Topic | ConfigResourceKind::ClientMetrics | ConfigResourceKind::Group => {
            Target::Any
        }
    }
}

fn each<T>(
    name: &Text,
    code: i16,
    message: Option<&Text>,
    value: impl FnOnce() -> T,
) -> (String, Result<T, Refused>) {
    let result = Refused::check(code, message.map(Text::as_str));
    (name.as_str().to_owned(), result.map(|()| value()))
}

fn config_entry(
    entry: thalweg_wire::describe_configs_response::DescribeConfigsResourceResult,
) -> ConfigEntry {
    const DEFAULT_SOURCE: i8 = 5;
    ConfigEntry {
        name: entry.name.as_str().to_owned(),
        value: entry.value.map(|value| value.as_str().to_owned()),
        read_only: entry.read_only,
        is_default: entry.is_default || entry.config_source == DEFAULT_SOURCE,
        source: entry.config_source,
        sensitive: entry.is_sensitive,
        documentation: entry.documentation.map(|text| text.as_str().to_owned()),
    }
}

/// The partitions of a member's assignment; none where it is not the consumers' protocol.
pub(super) fn assignment(bytes: bytes::Bytes) -> Vec<PartitionName> {
    let mut reader = Reader::from(bytes);
    let Ok(version) = reader.i16() else { return Vec::new() };
    // Later versions only add to the end.
    let version = version.min(thalweg_broker::records::consumer_protocol_assignment::MAX_VERSION);
    let Ok(assignment) = ConsumerProtocolAssignment::decode(&mut reader, version) else { return Vec::new() };
    let mut partitions = Vec::new();
    for topic in assignment.assigned_partitions {
        let name = topic.topic.to_shared();
        partitions
            .extend(topic.partitions.iter().map(|partition| PartitionName::new(name.clone(), *partition)));
    }
    partitions.sort();
    partitions
}
