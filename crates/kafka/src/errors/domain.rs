//! From each error of the domain to the code that Kafka gives. No catch-all arms: a new error asks for its code here.

use thalweg_broker::groups::GroupError;
use thalweg_broker::{
    AppendError, ConfigError, DeleteRecordsError, DescribeProducersError, FetchError, InitProducerError,
    ListOffsetsError, MetadataError, PartitionError, TopicError, Unavailable,
};
use thalweg_model::batch::produce::Refusal;
use thalweg_model::batch::{BatchError, CompressionError};

use super::Code;

impl From<&PartitionError> for Code {
    fn from(error: &PartitionError) -> Self {
        match error {
            PartitionError::Unknown => Self::UnknownTopicOrPartition,
            PartitionError::UnknownTopicId => Self::UnknownTopicId,
            PartitionError::NotLeader { .. } => Self::NotLeaderOrFollower,
            PartitionError::FencedLeaderEpoch { .. } => Self::FencedLeaderEpoch,
            PartitionError::UnknownLeaderEpoch { .. } => Self::UnknownLeaderEpoch,
            PartitionError::Unauthorized => Self::TopicAuthorizationFailed,
        }
    }
}

impl From<Unavailable> for Code {
    fn from(error: Unavailable) -> Self {
        match error {
            // Retriable, as the others: someone may make room before the producer gives up.
            Unavailable::Full => Self::KafkaStorageError,
            Unavailable::Timeout => Self::RequestTimedOut,
            Unavailable::Closing => Self::NotLeaderOrFollower,
        }
    }
}

impl From<&AppendError> for Code {
    fn from(error: &AppendError) -> Self {
        match error {
            AppendError::Partition(error) => error.into(),
            AppendError::InternalTopic(_) => Self::InvalidTopicException,
            AppendError::Refused(refusal) => refusal.into(),
            AppendError::LargerThanSegment { .. } => Self::RecordListTooLarge,
            AppendError::Transactional => Self::TransactionalIdAuthorizationFailed,
            AppendError::OutOfOrderSequence { .. } => Self::OutOfOrderSequenceNumber,
            AppendError::InvalidProducerEpoch { .. } => Self::InvalidProducerEpoch,
            AppendError::Unavailable(error) => (*error).into(),
        }
    }
}

impl From<&Refusal> for Code {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Batch(error) => error.into(),
            Refusal::NoBatch
            | Refusal::SeveralBatches
            | Refusal::BaseOffset(_)
            | Refusal::Count { .. }
            | Refusal::Control
            | Refusal::Sequence { .. } => Self::InvalidRecord,
            Refusal::ZstdTooEarly => Self::UnsupportedCompressionType,
            Refusal::TooLarge { .. } => Self::MessageTooLarge,
            Refusal::Records(records) if records.any_timestamp => Self::InvalidTimestamp,
            Refusal::Records(_) => Self::InvalidRecord,
        }
    }
}

impl From<&FetchError> for Code {
    fn from(error: &FetchError) -> Self {
        match error {
            FetchError::OutOfRange { .. } => Self::OffsetOutOfRange,
            FetchError::Partition(error) => error.into(),
            FetchError::Damaged(_) => Self::CorruptMessage,
            FetchError::Storage(_) => Self::KafkaStorageError,
        }
    }
}

impl From<&ListOffsetsError> for Code {
    fn from(error: &ListOffsetsError) -> Self {
        match error {
            ListOffsetsError::Partition(error) => error.into(),
            ListOffsetsError::Damaged(_) => Self::CorruptMessage,
            ListOffsetsError::Storage(_) => Self::KafkaStorageError,
        }
    }
}

impl From<&DeleteRecordsError> for Code {
    fn from(error: &DeleteRecordsError) -> Self {
        match error {
            DeleteRecordsError::Partition(error) => error.into(),
            DeleteRecordsError::OutOfRange { .. } => Self::OffsetOutOfRange,
            DeleteRecordsError::InternalTopic(_) => Self::InvalidTopicException,
            DeleteRecordsError::NotDeletable => Self::PolicyViolation,
            DeleteRecordsError::Unavailable(error) => (*error).into(),
        }
    }
}

impl From<&DescribeProducersError> for Code {
    fn from(error: &DescribeProducersError) -> Self {
        match error {
            DescribeProducersError::Partition(error) => error.into(),
            DescribeProducersError::InvalidTopic(_) => Self::InvalidTopicException,
        }
    }
}

impl From<&InitProducerError> for Code {
    fn from(error: &InitProducerError) -> Self {
        match error {
            // Final for every client, unlike what a coordinator that is not there would answer.
            InitProducerError::Transactional => Self::TransactionalIdAuthorizationFailed,
            InitProducerError::InvalidRequest(_) => Self::InvalidRequest,
            InitProducerError::Unauthorized => Self::ClusterAuthorizationFailed,
            InitProducerError::Unavailable(_) => Self::CoordinatorNotAvailable,
        }
    }
}

impl From<&MetadataError> for Code {
    fn from(error: &MetadataError) -> Self {
        match error {
            // What is being made is not there yet.
            MetadataError::Unknown(_) | MetadataError::Creating(_) => Self::UnknownTopicOrPartition,
            MetadataError::UnknownId(_) => Self::UnknownTopicId,
            MetadataError::InvalidName { .. } => Self::InvalidTopicException,
            MetadataError::Unauthorized(_) => Self::TopicAuthorizationFailed,
        }
    }
}

impl From<&TopicError> for Code {
    fn from(error: &TopicError) -> Self {
        match error {
            TopicError::InvalidTopic(_) => Self::InvalidTopicException,
            TopicError::Exists(_) => Self::TopicAlreadyExists,
            TopicError::Unknown => Self::UnknownTopicOrPartition,
            TopicError::UnknownId => Self::UnknownTopicId,
            TopicError::InvalidPartitions(_) => Self::InvalidPartitions,
            TopicError::InvalidReplicationFactor(_) => Self::InvalidReplicationFactor,
            TopicError::InvalidAssignment(_) => Self::InvalidReplicaAssignment,
            TopicError::InvalidConfig(_) => Self::InvalidConfig,
            TopicError::InvalidRequest(_) => Self::InvalidRequest,
            TopicError::TooManyPartitions(_) => Self::PolicyViolation,
            TopicError::DeletionDisabled => Self::TopicDeletionDisabled,
            TopicError::Unauthorized => Self::TopicAuthorizationFailed,
            TopicError::Unavailable(_) => Self::KafkaStorageError,
        }
    }
}

impl From<&ConfigError> for Code {
    fn from(error: &ConfigError) -> Self {
        match error {
            ConfigError::UnknownTopic(_) => Self::UnknownTopicOrPartition,
            ConfigError::InvalidTopic(_) => Self::InvalidTopicException,
            ConfigError::InvalidRequest(_) => Self::InvalidRequest,
            ConfigError::InvalidConfig(_) => Self::InvalidConfig,
            ConfigError::Unauthorized => Self::TopicAuthorizationFailed,
            ConfigError::Unavailable(_) => Self::KafkaStorageError,
        }
    }
}

impl From<GroupError> for Code {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::InvalidGroupId => Self::InvalidGroupId,
            GroupError::GroupNotFound => Self::GroupIdNotFound,
            GroupError::UnknownMember => Self::UnknownMemberId,
            GroupError::IllegalGeneration => Self::IllegalGeneration,
            GroupError::RebalanceInProgress => Self::RebalanceInProgress,
            GroupError::MemberIdRequired => Self::MemberIdRequired,
            GroupError::InconsistentProtocol => Self::InconsistentGroupProtocol,
            GroupError::InvalidSessionTimeout => Self::InvalidSessionTimeout,
            GroupError::GroupMaxSizeReached => Self::GroupMaxSizeReached,
            GroupError::FencedInstance => Self::FencedInstanceId,
            GroupError::NonEmptyGroup => Self::NonEmptyGroup,
            GroupError::SubscribedToTopic => Self::GroupSubscribedToTopic,
            GroupError::OffsetMetadataTooLarge => Self::OffsetMetadataTooLarge,
            GroupError::InvalidCommitSize => Self::InvalidCommitOffsetSize,
            GroupError::UnknownTopicId => Self::UnknownTopicId,
            GroupError::UnknownPartition => Self::UnknownTopicOrPartition,
            // Kafka's answer too where a write takes longer than its coordinator waits.
            GroupError::Unavailable | GroupError::TimedOut => Self::CoordinatorNotAvailable,
            GroupError::Loading => Self::CoordinatorLoadInProgress,
            GroupError::Closing => Self::NotCoordinator,
        }
    }
}

impl From<&BatchError> for Code {
    fn from(error: &BatchError) -> Self {
        match error {
            BatchError::Truncated { .. }
            | BatchError::Length(_)
            | BatchError::UnknownMagic(_)
            | BatchError::Checksum { .. } => Self::CorruptMessage,
            BatchError::OldMagic(_)
            | BatchError::Record { .. }
            | BatchError::RecordsMissing { .. }
            | BatchError::BytesLeft(_) => Self::InvalidRecord,
            BatchError::Compression(CompressionError::TooLarge { .. }) => Self::MessageTooLarge,
            // Kafka's own answer to what no codec takes; CORRUPT_MESSAGE would be tried again and again.
            BatchError::UnknownCodec(_)
            | BatchError::Compression(CompressionError::Corrupt { .. } | CompressionError::Failed { .. }) => {
                Self::UnknownServerError
            }
        }
    }
}
