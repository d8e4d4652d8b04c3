//! Offsets: where a partition begins and ends, what a group has committed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use thalweg_model::codec::Text;
use thalweg_model::collections::HashMap;
use thalweg_wire::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use thalweg_wire::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use thalweg_wire::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use thalweg_wire::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use thalweg_wire::offset_fetch_request::OffsetFetchRequestTopic;
use thalweg_wire::{
    DeleteRecordsRequest, ListOffsetsRequest, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
};

use super::route::{Lane, Target};
use super::{Client, ClientError, Isolation, Refused};
use crate::Code;

/// ListOffsets up to here.
const LIST_OFFSETS_MAX: i16 = 9;
/// OffsetCommit by names up to here.
const OFFSET_COMMIT_NAMES: i16 = 9;
/// OffsetFetch of one group up to here.
const OFFSET_FETCH_ONE: i16 = 7;

/// A partition by its topic's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionName {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition's number.
    pub partition: i32,
}

impl PartitionName {
    /// Of a topic and a number.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl fmt::Display for PartitionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// Which offset is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The first that is kept.
    Earliest,
    /// The one after the last that may be read.
    Latest,
    /// Of the record with the largest timestamp.
    MaxTimestamp,
    /// Of the first record at or after this moment, in milliseconds since 1970.
    At(i64),
}

impl OffsetSpec {
    fn timestamp(self) -> i64 {
        match self {
            Self::Latest => -1,
            Self::Earliest => -2,
            Self::MaxTimestamp => -3,
            Self::At(timestamp) => timestamp,
        }
    }
}

/// An offset that was asked for; -1 where there is no such record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedOffset {
    /// The offset.
    pub offset: i64,
    /// The record's timestamp, where a record was asked for.
    pub timestamp: i64,
    /// Which leadership wrote it.
    pub leader_epoch: i32,
}

/// What a group has committed for a partition, or is to commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The next record to read.
    pub offset: i64,
    /// The leadership of the last record that was read; -1 where it is not known.
    pub leader_epoch: i32,
    /// A note of the member's.
    pub metadata: String,
}

/// Who commits for a group: a member, or an administrator where the group has none.
#[derive(Clone, Debug)]
pub(super) struct CommittingMember {
    pub(super) generation: i32,
    pub(super) member_id: Text,
    pub(super) instance_id: Option<Text>,
}

impl CommittingMember {
    fn nobody() -> Self {
        Self { generation: -1, member_id: Text::default(), instance_id: None }
    }
}

/// What became of each partition.
pub type EachPartition<T> = Vec<(PartitionName, Result<T, Refused>)>;

impl Client {
    /// Offsets of partitions, each asked of its leader.
    pub async fn list_offsets(
        &self,
        wanted: &[(PartitionName, OffsetSpec)],
        isolation: Isolation,
    ) -> Result<EachPartition<ListedOffset>, ClientError> {
        let mut found = Vec::with_capacity(wanted.len());
        let mut open: Vec<_> = wanted.to_vec();
        let deadline = self.world().clock.elapsed() + self.options().retry_timeout;
        while !open.is_empty() {
            let mut trouble = None;
            let mut again = Vec::new();
            for (leader, wanted) in self.by_leader(std::mem::take(&mut open), |(name, _)| name).await? {
                let request = list_offsets_request(&wanted, isolation);
                let answer = self
                    .ask(Target::Broker(leader), Lane::Questions, LIST_OFFSETS_MAX, Duration::ZERO, &request)
                    .await;
                let answer = match answer {
                    Ok(answer) => answer,
                    Err(error) => {
                        trouble = Some(error);
                        again.extend(wanted);
                        continue;
                    }
                };
                for topic in answer.topics {
                    let name = topic.name.to_shared();
                    for partition in topic.partitions {
                        let place = PartitionName::new(name.clone(), partition.partition_index);
                        let listed = ListedOffset {
                            offset: partition.offset,
                            timestamp: partition.timestamp,
                            leader_epoch: partition.leader_epoch,
                        };
                        match Refused::check(partition.error_code, None) {
                            Err(refused) if refused.is_retriable() => {
                                trouble = Some(refused.of("ListOffsets"));
                                again.extend(wanted.iter().find(|(wanted, _)| *wanted == place).cloned());
                            }
                            result => found.push((place, result.map(|()| listed))),
                        }
                    }
                }
            }
            if let Some(error) = trouble {
                for (name, _) in &again {
                    self.forget_topic(&name.topic);
                }
                self.weather(&error, Target::Controller, deadline).await.map_err(|()| error)?;
            }
            open = again;
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found)
    }

    /// Removes the records below an offset of each partition; -1 stands for all of them. Gives the new beginnings.
    pub async fn delete_records(
        &self,
        below: &[(PartitionName, i64)],
    ) -> Result<EachPartition<i64>, ClientError> {
        let mut found = Vec::with_capacity(below.len());
        for (leader, below) in self.by_leader(below.to_vec(), |(name, _)| name).await? {
            let request = DeleteRecordsRequest {
                topics: by_topic(&below, |(name, _)| name)
                    .into_iter()
                    .map(|(name, partitions)| DeleteRecordsTopic {
                        name: (&name).into(),
                        partitions: partitions
                            .into_iter()
                            .map(|(name, offset)| DeleteRecordsPartition {
                                partition_index: name.partition,
                                offset: *offset,
                            })
                            .collect(),
                    })
                    .collect(),
                timeout_ms: self.timeout_ms(),
            };
            let answer =
                self.ask(Target::Broker(leader), Lane::Questions, i16::MAX, Duration::ZERO, &request).await?;
            for topic in answer.topics {
                for partition in topic.partitions {
                    let result = Refused::check(partition.error_code, None).map(|()| partition.low_watermark);
                    found.push((
                        PartitionName::new(topic.name.to_shared(), partition.partition_index),
                        result,
                    ));
                }
            }
        }
        Ok(found)
    }

    /// What a group has committed: for the named partitions, or for all that it has committed for. Partitions without
    /// a committed offset are left out.
    pub async fn committed(
        &self,
        group: &str,
        partitions: Option<&[PartitionName]>,
    ) -> Result<EachPartition<CommittedOffset>, ClientError> {
        let topics = partitions.map(|partitions| {
            by_topic(partitions, |name| name)
                .into_iter()
                .map(|(name, partitions)| OffsetFetchRequestTopic {
                    name: (&name).into(),
                    partition_indexes: partitions.iter().map(|name| name.partition).collect(),
                })
                .collect()
        });
        let request = OffsetFetchRequest { group_id: group.into(), topics, ..Default::default() };
        let answer = self
            .ask_until(Target::Coordinator(group), OFFSET_FETCH_ONE, &request, |answer| {
                Refused::check(answer.error_code, None)?;
                // Before version 2 there is no error of the whole.
                let codes =
                    answer.topics.iter().flat_map(|topic| &topic.partitions).map(|found| found.error_code);
                for code in codes.filter_map(Code::of) {
                    if matches!(
                        code,
                        Code::NotCoordinator | Code::CoordinatorLoadInProgress | Code::UnstableOffsetCommit
                    ) {
                        return Err(Refused { code, message: None });
                    }
                }
                Ok(answer)
            })
            .await?;
        let mut found = Vec::new();
        for topic in answer.topics {
            for partition in topic.partitions {
                let place = PartitionName::new(topic.name.to_shared(), partition.partition_index);
                let committed = CommittedOffset {
                    offset: partition.committed_offset,
                    leader_epoch: partition.committed_leader_epoch,
                    metadata: partition.metadata.as_deref().unwrap_or_default().to_owned(),
                };
                match Refused::check(partition.error_code, None) {
                    Ok(()) if partition.committed_offset < 0 => {}
                    result => found.push((place, result.map(|()| committed))),
                }
            }
        }
        Ok(found)
    }

    /// Commits for a group that has no members, as a reset of its offsets does.
    pub async fn commit(
        &self,
        group: &str,
        offsets: &[(PartitionName, CommittedOffset)],
    ) -> Result<EachPartition<()>, ClientError> {
        self.commit_as(group, &CommittingMember::nobody(), offsets).await
    }

    pub(super) async fn commit_as(
        &self,
        group: &str,
        member: &CommittingMember,
        offsets: &[(PartitionName, CommittedOffset)],
    ) -> Result<EachPartition<()>, ClientError> {
        let topics = by_topic(offsets, |(name, _)| name).into_iter().map(|(name, partitions)| {
            OffsetCommitRequestTopic {
                name: (&name).into(),
                partitions: partitions
                    .into_iter()
                    .map(|(name, committed)| OffsetCommitRequestPartition {
                        partition_index: name.partition,
                        committed_offset: committed.offset,
                        committed_leader_epoch: committed.leader_epoch,
                        committed_metadata: Some(committed.metadata.as_str().into()),
                    })
                    .collect(),
                ..Default::default()
            }
        });
        let request = OffsetCommitRequest {
            group_id: group.into(),
            generation_id_or_member_epoch: member.generation,
            member_id: member.member_id.clone(),
            group_instance_id: member.instance_id.clone(),
            topics: topics.collect(),
            ..Default::default()
        };
        self.ask_until(Target::Coordinator(group), OFFSET_COMMIT_NAMES, &request, |answer| {
            let mut found = Vec::with_capacity(offsets.len());
            for topic in answer.topics {
                for partition in topic.partitions {
                    let result = Refused::check(partition.error_code, None);
                    if let Err(refused) = &result
                        && matches!(
                            refused.code,
                            Code::NotCoordinator
                                | Code::CoordinatorLoadInProgress
                                | Code::CoordinatorNotAvailable
                        )
                    {
                        return Err(refused.clone());
                    }
                    found.push((
                        PartitionName::new(topic.name.to_shared(), partition.partition_index),
                        result,
                    ));
                }
            }
            Ok(found)
        })
        .await
    }

    /// Forgets what a group has committed for partitions.
    pub async fn delete_offsets(
        &self,
        group: &str,
        partitions: &[PartitionName],
    ) -> Result<EachPartition<()>, ClientError> {
        let topics = by_topic(partitions, |name| name).into_iter().map(|(name, partitions)| {
            OffsetDeleteRequestTopic {
                name: (&name).into(),
                partitions: partitions
                    .iter()
                    .map(|name| OffsetDeleteRequestPartition { partition_index: name.partition })
                    .collect(),
            }
        });
        let request = OffsetDeleteRequest { group_id: group.into(), topics: topics.collect() };
        self.ask_until(Target::Coordinator(group), i16::MAX, &request, |answer| {
            Refused::check(answer.error_code, None)?;
            let mut found = Vec::with_capacity(partitions.len());
            for topic in answer.topics {
                for partition in topic.partitions {
                    let result = Refused::check(partition.error_code, None);
                    found.push((
                        PartitionName::new(topic.name.to_shared(), partition.partition_index),
                        result,
                    ));
                }
            }
            Ok(found)
        })
        .await
    }

    pub(super) fn timeout_ms(&self) -> i32 {
        i32::try_from(self.options().request_timeout.as_millis()).unwrap_or(i32::MAX)
    }

    /// The items by who leads their partitions.
    async fn by_leader<T>(
        &self,
        items: Vec<T>,
        name: impl Fn(&T) -> &PartitionName,
    ) -> Result<Vec<(i32, Vec<T>)>, ClientError> {
        let mut groups: HashMap<i32, Vec<T>> = HashMap::default();
        for item in items {
            let PartitionName { topic, partition } = name(&item);
            let leader = self.leader(topic, *partition).await?;
            groups.entry(leader).or_default().push(item);
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(leader, _)| *leader);
        Ok(groups)
    }
}

/// The items by their topics, in the topics' order.
fn by_topic<T>(items: &[T], name: impl Fn(&T) -> &PartitionName) -> Vec<(Arc<str>, Vec<&T>)> {
    let mut topics: HashMap<Arc<str>, Vec<&T>> = HashMap::default();
    for item in items {
        topics.entry(name(item).topic.clone()).or_default().push(item);
    }
    let mut topics: Vec<_> = topics.into_iter().collect();
    topics.sort_by(|(a, _), (b, _)| a.cmp(b));
    topics
}

fn list_offsets_request(wanted: &[(PartitionName, OffsetSpec)], isolation: Isolation) -> ListOffsetsRequest {
    let topics = by_topic(wanted, |(name, _)| name).into_iter().map(|(name, partitions)| ListOffsetsTopic {
        name: (&name).into(),
        partitions: partitions
            .into_iter()
            .map(|(name, spec)| ListOffsetsPartition {
                partition_index: name.partition,
                timestamp: spec.timestamp(),
                ..Default::default()
            })
            .collect(),
    });
    ListOffsetsRequest {
        replica_id: -1,
        isolation_level: isolation.level(),
        topics: topics.collect(),
        ..Default::default()
    }
}
