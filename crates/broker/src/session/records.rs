//! Records and offsets: appending, finding, deleting, and the ids of producers.

use bytes::BytesMut;
use thalweg_model::batch::produce::Refusal;
use thalweg_model::{LeaderEpoch, NodeId, Offset, PartitionIndex, ProducerEpoch, ProducerId, TimestampMs};
use thiserror::Error;

use super::{Operation, Session, Target, TopicRef};
use crate::answer::Answer;
use crate::catalog;
use crate::partition::{EpochEnd, Isolation, Partition};

/// The part of a session that deals with records.
#[derive(Clone, Copy)]
pub struct Records<'a> {
    pub(super) session: &'a Session,
}

/// What a producer wants to wait for. A record is durable before either of the last two is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Acks {
    /// Nothing.
    None,
    /// The leader.
    Leader,
    /// All replicas.
    All,
}

/// Neither -1, 0 nor 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("acks must be -1, 0 or 1, but is {0}")]
pub struct InvalidAcks(pub i16);

impl TryFrom<i16> for Acks {
    type Error = InvalidAcks;

    fn try_from(number: i16) -> Result<Self, InvalidAcks> {
        match number {
            -1 => Ok(Self::All),
            0 => Ok(Self::None),
            1 => Ok(Self::Leader),
            _ => Err(InvalidAcks(number)),
        }
    }
}

/// How to append.
#[derive(Clone, Copy, Debug)]
pub struct AppendOptions {
    /// What the producer waits for.
    pub acks: Acks,
    /// Whether this version of the request may bring zstd.
    pub zstd_allowed: bool,
}

/// Where records went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The offset of the first one.
    pub base_offset: Offset,
    /// The time that they were given, where the topic says that the broker gives it.
    pub log_append_time: Option<TimestampMs>,
    /// The first offset there is.
    pub log_start_offset: Offset,
}

/// Why a partition cannot be used as asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PartitionError {
    /// No topic of this name, or it has no such partition: perhaps not yet.
    #[error("this server does not host this topic-partition")]
    Unknown,
    /// No topic of this id.
    #[error("this server does not host this topic id")]
    UnknownTopicId,
    /// Another broker leads it.
    #[error("this broker is not the leader of the partition")]
    NotLeader {
        /// Who does, as far as is known.
        leader: Option<NodeId>,
        /// In which epoch.
        epoch: LeaderEpoch,
    },
    /// The client knows of an older leadership.
    #[error("the leader epoch {given} is older than the current {current}")]
    FencedLeaderEpoch {
        /// What the client knows.
        given: LeaderEpoch,
        /// What is.
        current: LeaderEpoch,
    },
    /// The client knows of a newer leadership.
    #[error("the leader epoch {given} is newer than the current {current}")]
    UnknownLeaderEpoch {
        /// What the client knows.
        given: LeaderEpoch,
        /// What is.
        current: LeaderEpoch,
    },
    /// The peer may not.
    #[error("not authorized for the topic")]
    Unauthorized,
}

/// Why nothing can be written just now; nothing was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unavailable {
    /// There is no space: someone has to make some.
    #[error("there is no space left for records")]
    Full,
    /// The disk is slower than the producers: try again.
    #[error("there was no space in the write-ahead log for too long")]
    Timeout,
    /// The broker is going away.
    #[error("the broker is shutting down")]
    Closing,
}

/// Why records were not appended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AppendError {
    /// The partition cannot be used.
    #[error(transparent)]
    Partition(#[from] PartitionError),
    /// Clients do not write to internal topics.
    #[error("cannot append to the internal topic {0}")]
    InternalTopic(String),
    /// The records themselves are refused: the producer must send other ones.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The batch is larger than a segment may be.
    #[error("the record batch has {size} bytes, more than the segment size of {maximum}")]
    LargerThanSegment {
        /// How large it is.
        size: usize,
        /// How large a segment may be.
        maximum: usize,
    },
    /// A batch of a transaction, and there are none here: final for every client.
    #[error("transactions are not supported by this broker yet")]
    Transactional,
    /// The batch's sequence is not the next one: something before it was lost.
    #[error(
        "out of order sequence number for producer {producer}: {sequence} came where {expected} was to come"
    )]
    OutOfOrderSequence {
        /// Whose.
        producer: ProducerId,
        /// What came.
        sequence: i32,
        /// What was to come.
        expected: i32,
    },
    /// A newer incarnation of the producer has written.
    #[error("epoch {given} of producer {producer} is smaller than the last seen epoch {current}")]
    InvalidProducerEpoch {
        /// Whose.
        producer: ProducerId,
        /// What came.
        given: ProducerEpoch,
        /// What was seen.
        current: ProducerEpoch,
    },
    /// Nothing can be written just now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Which offset is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetAt {
    /// That of the first record with this timestamp or a later one.
    Timestamp(TimestampMs),
    /// The end of what the reader may see (-1).
    Latest,
    /// The log's start (-2).
    Earliest,
    /// The record with the largest timestamp (-3).
    MaxTimestamp,
    /// The start of what is on this broker (-4).
    EarliestLocal,
    /// The end of what is in tiered storage (-5).
    LatestTiered,
    /// The start of what is not in tiered storage yet (-6).
    EarliestPendingUpload,
}

/// An offset that was found; where none is, all three say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedOffset {
    /// The offset.
    pub offset: Option<Offset>,
    /// Its record's timestamp, where it was found by timestamp.
    pub timestamp: Option<TimestampMs>,
    /// Its epoch.
    pub leader_epoch: Option<LeaderEpoch>,
}

/// Why no offset was looked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ListOffsetsError {
    /// The partition cannot be used.
    #[error(transparent)]
    Partition(#[from] PartitionError),
    /// What is stored is not what was written: other offsets can be looked for.
    #[error("{0}")]
    Damaged(String),
    /// The disk failed: try again.
    #[error("the log could not be read: {0}")]
    Storage(String),
}

/// Why records were not deleted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeleteRecordsError {
    /// The partition cannot be used.
    #[error(transparent)]
    Partition(#[from] PartitionError),
    /// The offset lies above the high watermark, or below zero.
    #[error("cannot delete records before offset {offset}: the high watermark is {high_watermark}")]
    OutOfRange {
        /// Up to where records were to be deleted.
        offset: Offset,
        /// Up to where they could be.
        high_watermark: Offset,
    },
    /// Clients do not delete from internal topics.
    #[error("records of the internal topic {0} cannot be deleted")]
    InternalTopic(String),
    /// The topic is compacted and nothing else.
    #[error("records of a topic without cleanup.policy=delete cannot be deleted")]
    NotDeletable,
    /// Nothing can be written just now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why a partition's producers are not described.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DescribeProducersError {
    /// The partition cannot be used.
    #[error(transparent)]
    Partition(#[from] PartitionError),
    /// No topic can have this name.
    #[error("{0}")]
    InvalidTopic(String),
}

/// A producer's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Producer {
    /// Its id.
    pub id: ProducerId,
    /// Its incarnation.
    pub epoch: ProducerEpoch,
}

/// Why no producer id was given.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InitProducerError {
    /// There are no transactions here: final for every client.
    #[error("transactions are not supported by this broker yet")]
    Transactional,
    /// The request contradicts itself.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// The peer may not.
    #[error("not authorized to produce")]
    Unauthorized,
    /// The next ids could not be written down; try again.
    #[error("producer ids could not be reserved: {0}")]
    Unavailable(String),
}

/// A producer that a partition remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveProducer {
    /// Who.
    pub producer: Producer,
    /// The last sequence it wrote.
    pub last_sequence: i32,
    /// The timestamp of its last batch.
    pub last_timestamp: TimestampMs,
    /// The epoch of its transaction coordinator.
    pub coordinator_epoch: Option<i32>,
    /// Where its open transaction began.
    pub transaction_start_offset: Option<Offset>,
}

impl Records<'_> {
    /// Checks the records of one partition and appends them. May wait for space, never for the disk: who needs the
    /// records to be durable waits for the answer's sequence.
    pub async fn append(
        &self,
        topic: &TopicRef,
        partition: PartitionIndex,
        records: BytesMut,
        options: AppendOptions,
    ) -> Answer<Result<Appended, AppendError>> {
        let partition = match self.find(Operation::Write, topic, partition) {
            Ok(partition) => partition,
            Err(error) => return Answer::now(Err(error.into())),
        };
        if partition.topic().internal {
            return Answer::now(Err(AppendError::InternalTopic(partition.topic().name.to_string())));
        }
        partition.append(records, options).await
    }

    /// Whether records could be appended to a partition, for all that is known without them.
    pub fn check_writable(&self, topic: &TopicRef, partition: PartitionIndex) -> Result<(), PartitionError> {
        self.find(Operation::Write, topic, partition).map(drop)
    }

    /// A partition to read from.
    pub fn partition(
        &self,
        topic: &TopicRef,
        partition: PartitionIndex,
    ) -> Result<Partition, PartitionError> {
        self.find(Operation::Read, topic, partition)
    }

    /// Finds an offset.
    pub async fn list_offset(
        &self,
        topic: &TopicRef,
        partition: PartitionIndex,
        current_leader_epoch: Option<LeaderEpoch>,
        at: OffsetAt,
        isolation: Isolation,
    ) -> Answer<Result<ListedOffset, ListOffsetsError>> {
        match self.find_in_epoch(Operation::Describe, topic, partition, current_leader_epoch) {
            Ok(partition) => partition.list_offset(at, isolation).await,
            Err(error) => Answer::now(Err(error.into())),
        }
    }

    /// Where an epoch ends.
    pub fn offset_for_leader_epoch(
        &self,
        topic: &TopicRef,
        partition: PartitionIndex,
        current_leader_epoch: Option<LeaderEpoch>,
        epoch: LeaderEpoch,
    ) -> Answer<Result<EpochEnd, PartitionError>> {
        let found = self.find_in_epoch(Operation::Describe, topic, partition, current_leader_epoch);
        match found {
            Ok(partition) => Answer::now(Ok(partition.epoch_end(epoch))),
            Err(error) => Answer::now(Err(error)),
        }
    }

    /// Deletes what lies below an offset; none is the high watermark. Gives the log's new start.
    pub async fn delete_records(
        &self,
        topic: &TopicRef,
        partition: PartitionIndex,
        before: Option<Offset>,
    ) -> Answer<Result<Offset, DeleteRecordsError>> {
        match self.find(Operation::Delete, topic, partition) {
            Ok(partition) => partition.delete_records(before),
            Err(error) => Answer::now(Err(error.into())),
        }
    }

    /// The producers that a partition remembers.
    pub fn describe_producers(
        &self,
        topic: &TopicRef,
        partition: PartitionIndex,
    ) -> Answer<Result<Vec<ActiveProducer>, DescribeProducersError>> {
        if let TopicRef::Name(name) = topic
            && let Some(fault) = catalog::fault(name.as_str())
        {
            return Answer::now(Err(DescribeProducersError::InvalidTopic(fault)));
        }
        match self.find(Operation::Read, topic, partition) {
            Ok(partition) => {
                let (active, after) = partition.active_producers();
                Answer::after(Ok(active), after)
            }
            Err(error) => Answer::now(Err(error.into())),
        }
    }

    /// Gives a producer an identity. Without a transactional id it is a new one each time, as in Kafka, also for a
    /// producer that has one already: the next incarnation of that is the producer's own affair (KIP-360).
    pub async fn init_producer_id(
        &self,
        transactional_id: Option<&str>,
        current: Option<Producer>,
    ) -> Answer<Result<Producer, InitProducerError>> {
        if !self.session.allows(Operation::IdempotentWrite, &Target::Cluster) {
            return Answer::now(Err(InitProducerError::Unauthorized));
        }
        match transactional_id {
            Some("") => {
                return Answer::now(Err(InitProducerError::InvalidRequest("the transactional id is empty")));
            }
            Some(_) => return Answer::now(Err(InitProducerError::Transactional)),
            None => {}
        }
        if let Some(current) = current
            && (current.id == ProducerId::NONE) != (current.epoch == ProducerEpoch(-1))
        {
            let text = "a producer has both an id and an epoch, or neither";
            return Answer::now(Err(InitProducerError::InvalidRequest(text)));
        }
        let next = self.session.broker.catalog().next_producer_id().await;
        Answer::now(match next {
            Ok(id) => Ok(Producer { id, epoch: ProducerEpoch(0) }),
            Err(error) => Err(InitProducerError::Unavailable(error.to_string())),
        })
    }

    fn find(
        &self,
        operation: Operation,
        topic: &TopicRef,
        partition: PartitionIndex,
    ) -> Result<Partition, PartitionError> {
        if !self.session.allows(operation, &Target::Topic(topic)) {
            return Err(PartitionError::Unauthorized);
        }
        let broker = &self.session.broker;
        if let Some(partition) = broker.find_partition(topic, partition) {
            return Ok(partition);
        }
        match topic {
            TopicRef::Id(_) if broker.find_entry(topic).is_none() => Err(PartitionError::UnknownTopicId),
            _ => Err(PartitionError::Unknown),
        }
    }

    fn find_in_epoch(
        &self,
        operation: Operation,
        topic: &TopicRef,
        partition: PartitionIndex,
        epoch: Option<LeaderEpoch>,
    ) -> Result<Partition, PartitionError> {
        let partition = self.find(operation, topic, partition)?;
        partition.check_leader_epoch(epoch)?;
        Ok(partition)
    }
}
