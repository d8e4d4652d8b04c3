//! What the coordinator refuses, in the domain's words; each head maps these to its own codes.

use thiserror::Error;

/// Why a request to a group was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum GroupError {
    /// The group's name is empty where a name is needed.
    #[error("the group id is not valid")]
    InvalidGroupId,
    /// There is no such group.
    #[error("the group does not exist")]
    GroupNotFound,
    /// The member is not (or no longer) in the group: join anew.
    #[error("the member is not known in this group")]
    UnknownMember,
    /// The request speaks of another generation than the group's: join anew.
    #[error("the generation is not the group's current one")]
    IllegalGeneration,
    /// The group is rebalancing: join again.
    #[error("the group is rebalancing, so a new join is needed")]
    RebalanceInProgress,
    /// The member must join again with the id that it was given here (KIP-394).
    #[error("the member must join again with the id that it was given")]
    MemberIdRequired,
    /// The member's protocols have nothing in common with the group's.
    #[error("the member's protocol type or protocols do not fit the group's")]
    InconsistentProtocol,
    /// The session timeout lies outside the broker's bounds.
    #[error(
        "the session timeout is outside the range that group.min.session.timeout.ms and group.max.session.timeout.ms allow"
    )]
    InvalidSessionTimeout,
    /// The group has as many members as `group.max.size` allows.
    #[error("the group has reached group.max.size")]
    GroupMaxSizeReached,
    /// Another member took over the static member's name (KIP-345): stop.
    #[error("another member with the same group.instance.id has taken over")]
    FencedInstance,
    /// The group still has members.
    #[error("the group is not empty")]
    NonEmptyGroup,
    /// A member of the group is subscribed to the topic.
    #[error("the group is subscribed to the topic")]
    SubscribedToTopic,
    /// The text beside the offset is longer than `offset.metadata.max.bytes`.
    #[error("the metadata of the offset is longer than offset.metadata.max.bytes")]
    OffsetMetadataTooLarge,
    /// The record would be larger than the offsets topic takes.
    #[error("the commit is larger than the offsets topic allows")]
    InvalidCommitSize,
    /// There is no such partition.
    #[error("the topic or partition does not exist")]
    UnknownPartition,
    /// There is no topic of this id.
    #[error("there is no topic of this id")]
    UnknownTopicId,
    /// The log took nothing just now: try again.
    #[error("the coordinator cannot write just now")]
    Unavailable,
    /// What was written is not durable in time, and may be yet: try again.
    #[error("the coordinator did not write in time")]
    TimedOut,
    /// What is kept of the group is still being read: try again.
    #[error("the coordinator is still loading the group")]
    Loading,
    /// The broker is ending: try again.
    #[error("the coordinator is closing")]
    Closing,
}
