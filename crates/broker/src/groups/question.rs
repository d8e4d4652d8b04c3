//! Questions to the coordinator that change nothing: committed offsets, descriptions, lists.

use std::sync::Arc;

use bytes::Bytes;
use thalweg_model::PartitionIndex;

use super::error::GroupError;
use super::group::{Group, GroupState};
use super::{Commit, Coordinator, FetchedOffsets};
use crate::{Answer, WalSeq};

/// A group, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Where it stands.
    pub state: GroupState,
    /// `consumer`, `connect`…; empty for a group that only keeps offsets.
    pub protocol_type: Arc<str>,
    /// The strategy, once chosen.
    pub protocol: Arc<str>,
    /// Its members, by id.
    pub members: Vec<DescribedMember>,
}

/// A member, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedMember {
    /// Its id.
    pub id: Arc<str>,
    /// Its static name.
    pub instance: Option<Arc<str>>,
    /// The client's own name.
    pub client_id: Arc<str>,
    /// Where it called from.
    pub client_host: Arc<str>,
    /// What it said for the chosen strategy; told in a stable group.
    pub metadata: Bytes,
    /// What it was given last.
    pub assignment: Bytes,
}

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub group: Arc<str>,
    /// Its protocol type; empty for a group that only keeps offsets.
    pub protocol_type: Arc<str>,
    /// Where it stands.
    pub state: GroupState,
}

impl Coordinator {
    /// What was committed: for the partitions asked, or for all that have something.
    pub async fn fetch(
        &self,
        group: &str,
        asked: Option<&[(&str, Vec<PartitionIndex>)]>,
    ) -> Answer<Result<FetchedOffsets, GroupError>> {
        let mut shard = match self.shard(self.partition_of(group)).await {
            Ok(shard) => shard.lock(),
            Err(error) => return Answer::now(Err(error)),
        };
        let after = shard.seq();
        let found = shard.group(group);
        let value = match (asked, found) {
            (None, None) => Vec::new(),
            (None, Some(found)) => {
                found.offsets.all().into_iter().map(|(t, p, c)| (t, p, Some(c.clone()))).collect()
            }
            (Some(asked), found) => {
                let mut fetched = Vec::new();
                for (topic, partitions) in asked {
                    let name: Arc<str> = (*topic).into();
                    for partition in partitions {
                        let committed =
                            found.as_ref().and_then(|g| g.offsets.get(topic, *partition)).cloned();
                        fetched.push((name.clone(), *partition, committed));
                    }
                }
                fetched
            }
        };
        Answer { value: Ok(value), after }
    }

    /// Describes a group.
    pub async fn describe(&self, group: &str) -> Answer<Result<Described, GroupError>> {
        let mut shard = match self.shard(self.partition_of(group)).await {
            Ok(shard) => shard.lock(),
            Err(error) => return Answer::now(Err(error)),
        };
        let after = shard.seq();
        let value = shard.group(group).map(|group| group.described()).ok_or(GroupError::GroupNotFound);
        Answer { value, after }
    }

    /// Lists all groups.
    pub async fn list(&self) -> Answer<Result<Vec<Listed>, GroupError>> {
        let mut after = WalSeq::default();
        let mut listed = Vec::new();
        for partition in self.partitions() {
            let shard = match self.shard(partition).await {
                Ok(shard) => shard.lock(),
                Err(error) => return Answer::now(Err(error)),
            };
            after = after.max(shard.seq());
            listed.extend(shard.groups().into_iter().map(Group::listed));
        }
        Answer { value: Ok(listed), after }
    }
}

impl Group {
    fn described(&self) -> Described {
        let stable = self.state == GroupState::Stable;
        let name = self.protocol.as_deref().unwrap_or_default();
        let member = |member: &super::member::Member| DescribedMember {
            id: member.id.clone(),
            instance: member.instance.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: if stable { member.metadata(name) } else { Bytes::new() },
            assignment: member.assignment.clone(),
        };
        Described {
            state: self.state,
            protocol_type: self.protocol_type.clone().unwrap_or_else(|| "".into()),
            protocol: if stable { self.protocol.clone() } else { None }.unwrap_or_else(|| "".into()),
            members: self.members.values().map(member).collect(),
        }
    }

    fn listed(&self) -> Listed {
        Listed {
            group: self.id.clone(),
            protocol_type: self.protocol_type.clone().unwrap_or_else(|| "".into()),
            state: self.state,
        }
    }

    /// Whether this commit may be.
    pub(super) fn check_commit(&self, commit: &Commit<'_>) -> Result<(), GroupError> {
        // From a client that manages its partitions itself, or from an operator.
        if commit.generation < 0 && self.state == GroupState::Empty {
            return Ok(());
        }
        if commit.generation >= 0 || !commit.member.is_empty() || commit.instance.is_some() {
            self.check_member(commit.member, commit.instance)?;
            if commit.generation != self.generation {
                return Err(GroupError::IllegalGeneration);
            }
        } else {
            return Err(GroupError::UnknownMember);
        }
        // The new generation's assignment is not known yet, so nobody can say whose the partition is.
        if self.state == GroupState::CompletingRebalance {
            return Err(GroupError::RebalanceInProgress);
        }
        Ok(())
    }
}
