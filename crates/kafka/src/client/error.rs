//! What a caller of the client can meet.

use thalweg_model::codec::{self, EncodeError};
use thalweg_net::DialError;

use crate::Code;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// None of the addresses leads to a broker: check them, or try again.
    #[error("no broker answers: {0}")]
    Unreachable(String),
    /// A broker could not be dialled: try again.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection ended before the answer came: try again, where trying twice does no harm.
    #[error("the broker closed the connection before it answered {api}")]
    Disconnected {
        /// What was asked.
        api: &'static str,
    },
    /// No answer within the time: what was asked for may have happened.
    #[error("the broker did not answer {api} in time")]
    TimedOut {
        /// What was asked.
        api: &'static str,
    },
    /// The broker speaks no version of the API that this client speaks.
    #[error("the broker does not support {api}")]
    Unsupported {
        /// The API.
        api: &'static str,
    },
    /// The answer cannot be read: a bug, here or there.
    #[error("the answer to {api} cannot be read: {error}")]
    Malformed {
        /// What was asked.
        api: &'static str,
        /// What is wrong with it.
        error: codec::Error,
    },
    /// The request cannot be written: it says something that the broker's version does not know.
    #[error("{api} cannot be asked: {error}")]
    Unspeakable {
        /// What was to be asked.
        api: &'static str,
        /// Why it cannot.
        error: EncodeError,
    },
    /// The broker refused.
    #[error("{api}: {refused}")]
    Refused {
        /// What was asked.
        api: &'static str,
        /// What it says.
        refused: Refused,
    },
    /// What came is no batch of records.
    #[error("{topic}-{partition}: {error}")]
    Records {
        /// Whose records.
        topic: String,
        /// Of which partition.
        partition: i32,
        /// What is wrong.
        error: thalweg_model::batch::BatchError,
    },
    /// Records cannot be compressed.
    #[error(transparent)]
    Compression(#[from] thalweg_model::batch::CompressionError),
    /// The topic has no such partition.
    #[error("{topic} has no partition {partition}")]
    NoPartition {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
    /// The producer or consumer was closed.
    #[error("it was closed before")]
    Closed,
}

impl ClientError {
    /// Whether trying again may help.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Dial(_) | Self::Disconnected { .. } | Self::TimedOut { .. } => true,
            Self::Refused { refused, .. } => refused.is_retriable(),
            Self::Unsupported { .. }
            | Self::Malformed { .. }
            | Self::Unspeakable { .. }
            | Self::Records { .. }
            | Self::Compression(_)
            | Self::NoPartition { .. }
            | Self::Closed => false,
        }
    }

    /// The broker's code, where it refused.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Refused { refused, .. } => Some(refused.code),
            _ => None,
        }
    }
}

/// A broker's refusal of one thing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", self.code.name(), self.text())]
pub struct Refused {
    /// Kafka's code.
    pub code: Code,
    /// What the broker says beside it.
    pub message: Option<String>,
}

impl Refused {
    /// The broker's words, or what the code means.
    pub fn text(&self) -> &str {
        self.message.as_deref().unwrap_or_else(|| self.code.text())
    }

    /// Whether trying again may help.
    pub fn is_retriable(&self) -> bool {
        matches!(
            self.code,
            Code::CorruptMessage
                | Code::UnknownTopicOrPartition
                | Code::UnknownTopicId
                | Code::LeaderNotAvailable
                | Code::NotLeaderOrFollower
                | Code::RequestTimedOut
                | Code::ReplicaNotAvailable
                | Code::NetworkException
                | Code::CoordinatorLoadInProgress
                | Code::CoordinatorNotAvailable
                | Code::NotCoordinator
                | Code::NotEnoughReplicas
                | Code::NotEnoughReplicasAfterAppend
                | Code::NotController
                | Code::KafkaStorageError
                | Code::FencedLeaderEpoch
                | Code::UnknownLeaderEpoch
                | Code::OffsetNotAvailable
                | Code::ConcurrentTransactions
                | Code::UnstableOffsetCommit
                | Code::ThrottlingQuotaExceeded
        )
    }

    /// What a code and a message say: nothing, or a refusal.
    pub(super) fn check(number: i16, message: Option<&str>) -> Result<(), Self> {
        match Code::of(number) {
            Some(Code::None) => Ok(()),
            code => Err(Self {
                code: code.unwrap_or(Code::UnknownServerError),
                message: message.filter(|message| !message.is_empty()).map(str::to_owned),
            }),
        }
    }

    pub(super) fn of(self, api: &'static str) -> ClientError {
        ClientError::Refused { api, refused: self }
    }
}
