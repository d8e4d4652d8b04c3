//! Groups: the coordinator behind the door. Names of topics become topics here, so that nobody commits for one that is
//! not there.

use std::sync::Arc;
use std::time::Duration;

use thalweg_model::{LeaderEpoch, Offset, PartitionIndex, TopicId, TopicName};
use thiserror::Error;

use super::cluster::BrokerDescription;
use super::{Session, TopicRef};
use crate::answer::Answer;
use crate::groups::{
    Commit, CommitOffset, Committed, Coordinator, Described, GroupError, Join, JoinRefused, Joined, Leaving,
    Listed, Sync, Synced,
};

/// The part of a session that deals with groups.
#[derive(Clone, Copy)]
pub struct Groups<'a> {
    pub(super) session: &'a Session,
}

/// Whose coordinator is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoordinatorKind {
    /// A group's.
    Group,
    /// A transactional producer's.
    Transaction,
    /// A share group's partition's.
    Share,
}

/// Why there is no coordinator.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FindCoordinatorError {
    /// This broker has no such coordinators: stop.
    #[error("this broker does not serve {0} yet")]
    NotServed(&'static str),
    /// The offsets topic could not be made just now: try again.
    #[error("the coordinator is not available just now")]
    Unavailable,
}

/// A commit for the partitions of a topic.
#[derive(Clone, Debug)]
pub struct CommitTopic<'a> {
    /// The topic.
    pub topic: TopicRef,
    /// What is committed for it.
    pub partitions: Vec<CommitPartition<'a>>,
}

/// A commit for one partition.
#[derive(Clone, Debug)]
pub struct CommitPartition<'a> {
    /// The partition.
    pub partition: PartitionIndex,
    /// The next offset to read.
    pub offset: Offset,
    /// The epoch of the last record read.
    pub leader_epoch: Option<LeaderEpoch>,
    /// The client's text.
    pub metadata: &'a str,
}

/// Who commits.
#[derive(Clone, Copy, Debug)]
pub struct Committer<'a> {
    /// The group.
    pub group: &'a str,
    /// The member; empty from those who manage their partitions themselves.
    pub member: &'a str,
    /// Its static name.
    pub instance: Option<&'a str>,
    /// Its generation; below zero from those who manage their partitions themselves.
    pub generation: i32,
    /// Kept for so long if an old client says so.
    pub retention: Option<Duration>,
}

/// The committed offsets of a topic, as they were asked for.
#[derive(Clone, Debug)]
pub struct FetchedTopic {
    /// The topic as it was asked for; by name where all were asked for.
    pub topic: TopicRef,
    /// Its name and id where they are known.
    pub known: Option<(TopicName, TopicId)>,
    /// Offset by partition; `None` where nothing was committed.
    pub partitions: Vec<(PartitionIndex, Option<Committed>)>,
}

impl Groups<'_> {
    fn coordinator(&self) -> &Arc<Coordinator> {
        self.session.broker.coordinator()
    }

    /// Who coordinates whatever bears a name, the empty one too; makes the offsets topic if it is not there yet.
    pub async fn find_coordinator(
        &self,
        kind: CoordinatorKind,
    ) -> Result<BrokerDescription, FindCoordinatorError> {
        match kind {
            CoordinatorKind::Transaction => return Err(FindCoordinatorError::NotServed("transactions")),
            CoordinatorKind::Share => return Err(FindCoordinatorError::NotServed("share groups")),
            CoordinatorKind::Group => {}
        }
        self.session.broker.offsets_topic_ready().await.map_err(|_| FindCoordinatorError::Unavailable)?;
        self.session.cluster().describe().brokers.pop().ok_or(FindCoordinatorError::Unavailable)
    }

    /// Joins a group; ends when the join phase does.
    pub async fn join(&self, join: Join<'_>) -> Answer<Result<Joined, JoinRefused>> {
        self.coordinator().join(join).await
    }

    /// Gives or fetches the assignment; ends when the leader gave it.
    pub async fn sync(&self, sync: Sync<'_>) -> Answer<Result<Synced, GroupError>> {
        self.coordinator().sync(sync).await
    }

    /// A life sign of a member.
    pub async fn heartbeat(
        &self,
        group: &str,
        member: &str,
        instance: Option<&str>,
        generation: i32,
    ) -> Answer<Result<(), GroupError>> {
        self.coordinator().heartbeat(group, member, instance, generation).await
    }

    /// Members leave; one result each.
    pub async fn leave(
        &self,
        group: &str,
        leaving: &[Leaving<'_>],
    ) -> Answer<Result<Vec<Result<(), GroupError>>, GroupError>> {
        self.coordinator().leave(group, leaving).await
    }

    /// Commits offsets; a result for each partition, in the order of the request. Ends when they are durable, or when
    /// `offsets.commit.timeout.ms` are over: then nobody knows whether they will be.
    pub async fn commit(
        &self,
        committer: Committer<'_>,
        topics: &[CommitTopic<'_>],
    ) -> Answer<Vec<Vec<Result<(), GroupError>>>> {
        let names: Vec<_> = topics.iter().map(|topic| self.session.broker.find_topic(&topic.topic)).collect();
        let exists = |known: &Option<(TopicName, TopicId, i32)>, partition: PartitionIndex| {
            known.as_ref().is_some_and(|(_, _, count)| (0..*count).contains(&partition.0))
        };
        let mut offsets = Vec::new();
        for (topic, known) in topics.iter().zip(&names) {
            let Some((name, id, _)) = known else { continue };
            for partition in &topic.partitions {
                if exists(known, partition.partition) {
                    offsets.push(CommitOffset {
                        topic: name.as_str(),
                        topic_id: *id,
                        partition: partition.partition,
                        offset: partition.offset,
                        leader_epoch: partition.leader_epoch,
                        metadata: partition.metadata,
                    });
                }
            }
        }
        let Committer { group, member, instance, generation, retention } = committer;
        let commit = Commit { group, member, instance, generation, retention, offsets };
        let Answer { value, after } = self.commit_in_time(commit).await;
        let mut results = value.map(Vec::into_iter);
        let mut told = Vec::with_capacity(topics.len());
        for (topic, known) in topics.iter().zip(&names) {
            let each = topic.partitions.iter().map(|partition| match (&topic.topic, known) {
                (TopicRef::Id(_), None) => Err(GroupError::UnknownTopicId),
                _ if !exists(known, partition.partition) => Err(GroupError::UnknownPartition),
                _ => match &mut results {
                    Ok(results) => results.next().expect("a result for each offset"),
                    // What is wrong with the whole is wrong with each part.
                    Err(error) => Err(*error),
                },
            });
            told.push(each.collect());
        }
        Answer { value: told, after }
    }

    async fn commit_in_time(
        &self,
        commit: Commit<'_>,
    ) -> Answer<Result<Vec<Result<(), GroupError>>, GroupError>> {
        if commit.offsets.is_empty() {
            return Answer::now(Ok(Vec::new()));
        }
        let broker = &self.session.broker;
        let durable = async {
            let answer = self.coordinator().commit(commit).await;
            broker.engine().wait(answer.after).await;
            answer
        };
        tokio::select! {
            biased;
            answer = durable => answer,
            () = broker.commit_timeout() => Answer::now(Err(GroupError::TimedOut)),
        }
    }

    /// What was committed: for the partitions asked, or for all that have something.
    pub async fn fetch_offsets(
        &self,
        group: &str,
        asked: Option<&[(TopicRef, Vec<PartitionIndex>)]>,
    ) -> Answer<Result<Vec<FetchedTopic>, GroupError>> {
        let Some(asked) = asked else { return self.fetch_all(group).await };
        let mut fetched = Vec::with_capacity(asked.len());
        let mut last = Answer::now(());
        for (topic, partitions) in asked {
            let known = self.session.broker.find_topic(topic).map(|(name, id, _)| (name, id));
            // What was committed for a topic stays readable by name when the topic is gone.
            let name = match (&known, topic) {
                (Some((name, _)), _) | (None, TopicRef::Name(name)) => Some(name.clone()),
                (None, TopicRef::Id(_)) => None,
            };
            let partitions = match name {
                Some(name) => {
                    let asked = [(name.as_str(), partitions.clone())];
                    let answer = self.coordinator().fetch(group, Some(&asked)).await;
                    last.after = last.after.max(answer.after);
                    let value = match answer.value {
                        Ok(value) => value,
                        Err(error) => return Answer::now(Err(error)),
                    };
                    value.into_iter().map(|(_, partition, committed)| (partition, committed)).collect()
                }
                None => partitions.iter().map(|partition| (*partition, None)).collect(),
            };
            fetched.push(FetchedTopic { topic: topic.clone(), known, partitions });
        }
        Answer { value: Ok(fetched), after: last.after }
    }

    async fn fetch_all(&self, group: &str) -> Answer<Result<Vec<FetchedTopic>, GroupError>> {
        let Answer { value, after } = self.coordinator().fetch(group, None).await;
        let value = match value {
            Ok(value) => value,
            Err(error) => return Answer::now(Err(error)),
        };
        let mut fetched: Vec<FetchedTopic> = Vec::new();
        for (topic, partition, committed) in value {
            let topic = TopicRef::Name(TopicName(topic));
            match fetched.last_mut() {
                Some(last) if last.topic == topic => last.partitions.push((partition, committed)),
                _ => {
                    let known = self.session.broker.find_topic(&topic).map(|(name, id, _)| (name, id));
                    fetched.push(FetchedTopic { topic, known, partitions: vec![(partition, committed)] });
                }
            }
        }
        Answer { value: Ok(fetched), after }
    }

    /// Describes a group.
    pub async fn describe(&self, group: &str) -> Answer<Result<Described, GroupError>> {
        self.coordinator().describe(group).await
    }

    /// Lists all groups.
    pub async fn list(&self) -> Answer<Result<Vec<Listed>, GroupError>> {
        self.coordinator().list().await
    }

    /// Forgets a group without members.
    pub async fn delete(&self, group: &str) -> Answer<Result<(), GroupError>> {
        self.coordinator().delete(group).await
    }

    /// Forgets committed offsets; a result for each partition, in the order of the request.
    pub async fn delete_offsets(
        &self,
        group: &str,
        topics: &[(TopicName, Vec<PartitionIndex>)],
    ) -> Answer<Result<Vec<Vec<Result<(), GroupError>>>, GroupError>> {
        let known = |topic: &TopicName, partition: PartitionIndex| {
            let found = self.session.broker.find_topic(&TopicRef::Name(topic.clone()));
            found.is_some_and(|(_, _, count)| (0..count).contains(&partition.0))
        };
        let flat: Vec<_> = topics
            .iter()
            .flat_map(|(topic, partitions)| partitions.iter().map(move |partition| (topic, *partition)))
            .filter(|(topic, partition)| known(topic, *partition))
            .map(|(topic, partition)| (topic.as_str(), partition))
            .collect();
        let Answer { value, after } = self.coordinator().delete_offsets(group, &flat).await;
        let value = value.map(|results| {
            let mut results = flat.iter().zip(results);
            let each = |(topic, partitions): &(TopicName, Vec<PartitionIndex>)| {
                let one = |partition: &PartitionIndex| {
                    if !known(topic, *partition) {
                        return Err(GroupError::UnknownPartition);
                    }
                    results.next().map_or(Err(GroupError::UnknownPartition), |(_, result)| result)
                };
                partitions.iter().map(one).collect()
            };
            topics.iter().map(each).collect()
        });
        Answer { value, after }
    }
}
