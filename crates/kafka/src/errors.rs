//! Kafka's error codes with their names and texts, and the ways from the domain's errors to them.
//!
//! The texts are what a client sees when the domain had nothing better to say. Which code Kafka gives for what is
//! decided here and nowhere else: each domain error has one match without a catch-all arm.

mod domain;

macro_rules! codes {
    ($($number:literal $name:ident $kafka:literal $text:literal;)*) => {
        /// A code as it stands in answers.
        #[allow(missing_docs, reason = "the names are Kafka's own, and the texts beside them say what they mean")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(i16)]
        pub enum Code {
            $($name = $number,)*
        }

        impl Code {
            /// The name that Kafka's documentation uses.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $kafka,)*
                }
            }

            /// A sentence for people.
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The code with this number, where there is one.
            pub fn of(number: i16) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    -1 UnknownServerError "UNKNOWN_SERVER_ERROR" "The broker met a condition it did not expect.";
    0 None "NONE" "";
    1 OffsetOutOfRange "OFFSET_OUT_OF_RANGE" "The offset lies outside of what the partition holds.";
    2 CorruptMessage "CORRUPT_MESSAGE" "The record batch failed its checksum or cannot be read.";
    3 UnknownTopicOrPartition "UNKNOWN_TOPIC_OR_PARTITION" "This broker has no such topic or partition.";
    4 InvalidFetchSize "INVALID_FETCH_SIZE" "The size asked for in the fetch is not valid.";
    5 LeaderNotAvailable "LEADER_NOT_AVAILABLE" "The partition has no leader at the moment.";
    6 NotLeaderOrFollower "NOT_LEADER_OR_FOLLOWER" "This broker does not lead the partition.";
    7 RequestTimedOut "REQUEST_TIMED_OUT" "The request took longer than it was allowed to; what it asked for may have happened.";
    8 BrokerNotAvailable "BROKER_NOT_AVAILABLE" "The broker is not available.";
    9 ReplicaNotAvailable "REPLICA_NOT_AVAILABLE" "This broker has no replica of the partition.";
    10 MessageTooLarge "MESSAGE_TOO_LARGE" "The record batch is larger than the topic allows.";
    11 StaleControllerEpoch "STALE_CONTROLLER_EPOCH" "The controller has moved to another broker.";
    12 OffsetMetadataTooLarge "OFFSET_METADATA_TOO_LARGE" "The metadata beside a committed offset is too long.";
    13 NetworkException "NETWORK_EXCEPTION" "The connection ended before an answer came.";
    14 CoordinatorLoadInProgress "COORDINATOR_LOAD_IN_PROGRESS" "The coordinator is still loading its state.";
    15 CoordinatorNotAvailable "COORDINATOR_NOT_AVAILABLE" "No coordinator is available.";
    16 NotCoordinator "NOT_COORDINATOR" "This broker is not the coordinator asked for.";
    17 InvalidTopicException "INVALID_TOPIC_EXCEPTION" "The topic is not valid for this operation.";
    18 RecordListTooLarge "RECORD_LIST_TOO_LARGE" "The records do not fit into one segment.";
    19 NotEnoughReplicas "NOT_ENOUGH_REPLICAS" "Too few replicas are in sync to accept records.";
    20 NotEnoughReplicasAfterAppend "NOT_ENOUGH_REPLICAS_AFTER_APPEND" "The records were written to fewer replicas than required.";
    21 InvalidRequiredAcks "INVALID_REQUIRED_ACKS" "Acks must be -1, 0 or 1.";
    22 IllegalGeneration "ILLEGAL_GENERATION" "The generation is not the group's present one.";
    23 InconsistentGroupProtocol "INCONSISTENT_GROUP_PROTOCOL" "The member's protocols do not fit those of the group.";
    24 InvalidGroupId "INVALID_GROUP_ID" "The group id is not valid.";
    25 UnknownMemberId "UNKNOWN_MEMBER_ID" "The group has no such member.";
    26 InvalidSessionTimeout "INVALID_SESSION_TIMEOUT" "The session timeout lies outside of the limits group.min.session.timeout.ms and group.max.session.timeout.ms.";
    27 RebalanceInProgress "REBALANCE_IN_PROGRESS" "The group rebalances: the member has to join again.";
    28 InvalidCommitOffsetSize "INVALID_COMMIT_OFFSET_SIZE" "The offset to commit is too large.";
    29 TopicAuthorizationFailed "TOPIC_AUTHORIZATION_FAILED" "Not authorized for the topic.";
    30 GroupAuthorizationFailed "GROUP_AUTHORIZATION_FAILED" "Not authorized for the group.";
    31 ClusterAuthorizationFailed "CLUSTER_AUTHORIZATION_FAILED" "Not authorized for the cluster.";
    32 InvalidTimestamp "INVALID_TIMESTAMP" "The record's timestamp lies outside of what the topic accepts.";
    33 UnsupportedSaslMechanism "UNSUPPORTED_SASL_MECHANISM" "The SASL mechanism is not offered.";
    34 IllegalSaslState "ILLEGAL_SASL_STATE" "The request does not fit the state of the SASL exchange.";
    35 UnsupportedVersion "UNSUPPORTED_VERSION" "This version of the request is not supported.";
    36 TopicAlreadyExists "TOPIC_ALREADY_EXISTS" "A topic of this name exists already.";
    37 InvalidPartitions "INVALID_PARTITIONS" "The number of partitions is not valid.";
    38 InvalidReplicationFactor "INVALID_REPLICATION_FACTOR" "The replication factor is below 1 or above the number of brokers.";
    39 InvalidReplicaAssignment "INVALID_REPLICA_ASSIGNMENT" "The assignment of replicas is not valid.";
    40 InvalidConfig "INVALID_CONFIG" "The configuration is not valid.";
    41 NotController "NOT_CONTROLLER" "This broker is not the controller.";
    42 InvalidRequest "INVALID_REQUEST" "The request contradicts itself or lacks something.";
    43 UnsupportedForMessageFormat "UNSUPPORTED_FOR_MESSAGE_FORMAT" "The format of the stored records does not allow this request.";
    44 PolicyViolation "POLICY_VIOLATION" "The request does not satisfy the policy.";
    45 OutOfOrderSequenceNumber "OUT_OF_ORDER_SEQUENCE_NUMBER" "The producer's sequence number is not the one that comes next.";
    46 DuplicateSequenceNumber "DUPLICATE_SEQUENCE_NUMBER" "The producer's sequence number was seen before.";
    47 InvalidProducerEpoch "INVALID_PRODUCER_EPOCH" "The producer's epoch is older than the newest one known.";
    48 InvalidTxnState "INVALID_TXN_STATE" "The transaction's state does not allow this.";
    49 InvalidProducerIdMapping "INVALID_PRODUCER_ID_MAPPING" "The producer id is not the one that belongs to the transactional id.";
    50 InvalidTransactionTimeout "INVALID_TRANSACTION_TIMEOUT" "The transaction timeout is above transaction.max.timeout.ms.";
    51 ConcurrentTransactions "CONCURRENT_TRANSACTIONS" "Another operation on the same transaction has not ended yet.";
    52 TransactionCoordinatorFenced "TRANSACTION_COORDINATOR_FENCED" "The sender is no longer the coordinator of the transaction.";
    53 TransactionalIdAuthorizationFailed "TRANSACTIONAL_ID_AUTHORIZATION_FAILED" "Not authorized for the transactional id.";
    54 SecurityDisabled "SECURITY_DISABLED" "No authorizer is configured.";
    55 OperationNotAttempted "OPERATION_NOT_ATTEMPTED" "Not tried, because another part of the request failed.";
    56 KafkaStorageError "KAFKA_STORAGE_ERROR" "The broker could not read or write its data.";
    57 LogDirNotFound "LOG_DIR_NOT_FOUND" "The broker has no such log directory.";
    58 SaslAuthenticationFailed "SASL_AUTHENTICATION_FAILED" "Authentication failed.";
    59 UnknownProducerId "UNKNOWN_PRODUCER_ID" "Nothing is known of the producer id: its records may have been removed.";
    60 ReassignmentInProgress "REASSIGNMENT_IN_PROGRESS" "The partition is being reassigned.";
    61 DelegationTokenAuthDisabled "DELEGATION_TOKEN_AUTH_DISABLED" "Delegation tokens are not enabled.";
    62 DelegationTokenNotFound "DELEGATION_TOKEN_NOT_FOUND" "There is no such delegation token.";
    63 DelegationTokenOwnerMismatch "DELEGATION_TOKEN_OWNER_MISMATCH" "The principal may not own or renew this token.";
    64 DelegationTokenRequestNotAllowed "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED" "Delegation tokens are not given out on this kind of connection.";
    65 DelegationTokenAuthorizationFailed "DELEGATION_TOKEN_AUTHORIZATION_FAILED" "Not authorized for the delegation token.";
    66 DelegationTokenExpired "DELEGATION_TOKEN_EXPIRED" "The delegation token has expired.";
    67 InvalidPrincipalType "INVALID_PRINCIPAL_TYPE" "This kind of principal is not supported.";
    68 NonEmptyGroup "NON_EMPTY_GROUP" "The group has members.";
    69 GroupIdNotFound "GROUP_ID_NOT_FOUND" "There is no such group.";
    70 FetchSessionIdNotFound "FETCH_SESSION_ID_NOT_FOUND" "There is no such fetch session.";
    71 InvalidFetchSessionEpoch "INVALID_FETCH_SESSION_EPOCH" "The fetch session's epoch is not the one expected.";
    72 ListenerNotFound "LISTENER_NOT_FOUND" "The leader has no listener of the name that was used.";
    73 TopicDeletionDisabled "TOPIC_DELETION_DISABLED" "Topics cannot be deleted: delete.topic.enable is false.";
    74 FencedLeaderEpoch "FENCED_LEADER_EPOCH" "The leader epoch is older than the broker's.";
    75 UnknownLeaderEpoch "UNKNOWN_LEADER_EPOCH" "The leader epoch is newer than the broker's.";
    76 UnsupportedCompressionType "UNSUPPORTED_COMPRESSION_TYPE" "The compression type cannot be used with this version of the request.";
    77 StaleBrokerEpoch "STALE_BROKER_EPOCH" "The broker's epoch has changed.";
    78 OffsetNotAvailable "OFFSET_NOT_AVAILABLE" "A new leader cannot tell the offset yet.";
    79 MemberIdRequired "MEMBER_ID_REQUIRED" "Join again with the member id that this answer gives.";
    80 PreferredLeaderNotAvailable "PREFERRED_LEADER_NOT_AVAILABLE" "The preferred leader is not available.";
    81 GroupMaxSizeReached "GROUP_MAX_SIZE_REACHED" "The group has as many members as group.max.size allows.";
    82 FencedInstanceId "FENCED_INSTANCE_ID" "Another member has taken over this group.instance.id.";
    83 EligibleLeadersNotAvailable "ELIGIBLE_LEADERS_NOT_AVAILABLE" "No replica that may lead is available.";
    84 ElectionNotNeeded "ELECTION_NOT_NEEDED" "The partition needs no election.";
    85 NoReassignmentInProgress "NO_REASSIGNMENT_IN_PROGRESS" "No reassignment of this partition is under way.";
    86 GroupSubscribedToTopic "GROUP_SUBSCRIBED_TO_TOPIC" "The group is subscribed to the topic.";
    87 InvalidRecord "INVALID_RECORD" "The record does not pass the broker's checks.";
    88 UnstableOffsetCommit "UNSTABLE_OFFSET_COMMIT" "There are offsets of transactions that have not ended.";
    89 ThrottlingQuotaExceeded "THROTTLING_QUOTA_EXCEEDED" "A quota is used up.";
    90 ProducerFenced "PRODUCER_FENCED" "A newer producer with the same transactional id has taken over.";
    91 ResourceNotFound "RESOURCE_NOT_FOUND" "The request names something that does not exist.";
    92 DuplicateResource "DUPLICATE_RESOURCE" "The request names something twice.";
    93 UnacceptableCredential "UNACCEPTABLE_CREDENTIAL" "The credential is not acceptable.";
    94 InconsistentVoterSet "INCONSISTENT_VOTER_SET" "The voters named are not the expected ones.";
    95 InvalidUpdateVersion "INVALID_UPDATE_VERSION" "The version of the update is not valid.";
    96 FeatureUpdateFailed "FEATURE_UPDATE_FAILED" "The features could not be updated.";
    97 PrincipalDeserializationFailure "PRINCIPAL_DESERIALIZATION_FAILURE" "The forwarded principal cannot be read.";
    98 SnapshotNotFound "SNAPSHOT_NOT_FOUND" "There is no such snapshot.";
    99 PositionOutOfRange "POSITION_OUT_OF_RANGE" "The position lies outside of the snapshot.";
    100 UnknownTopicId "UNKNOWN_TOPIC_ID" "This broker has no topic with this id.";
    101 DuplicateBrokerRegistration "DUPLICATE_BROKER_REGISTRATION" "The broker id is in use.";
    102 BrokerIdNotRegistered "BROKER_ID_NOT_REGISTERED" "No broker of this id is registered.";
    103 InconsistentTopicId "INCONSISTENT_TOPIC_ID" "The topic's id is not the one in the request.";
    104 InconsistentClusterId "INCONSISTENT_CLUSTER_ID" "The cluster id is not this cluster's.";
    105 TransactionalIdNotFound "TRANSACTIONAL_ID_NOT_FOUND" "There is no such transactional id.";
    106 FetchSessionTopicIdError "FETCH_SESSION_TOPIC_ID_ERROR" "The fetch session mixes topic ids and names.";
    107 IneligibleReplica "INELIGIBLE_REPLICA" "One of the replicas may not be in sync.";
    108 NewLeaderElected "NEW_LEADER_ELECTED" "The change was made, and the leader has changed.";
    109 OffsetMovedToTieredStorage "OFFSET_MOVED_TO_TIERED_STORAGE" "The offset is in tiered storage.";
    110 FencedMemberEpoch "FENCED_MEMBER_EPOCH" "The member's epoch is fenced: give up all partitions and join again.";
    111 UnreleasedInstanceId "UNRELEASED_INSTANCE_ID" "Another member still uses this instance id.";
    112 UnsupportedAssignor "UNSUPPORTED_ASSIGNOR" "The group does not support the assignor.";
    113 StaleMemberEpoch "STALE_MEMBER_EPOCH" "The member's epoch is old: try again after the next heartbeat.";
    114 MismatchedEndpointType "MISMATCHED_ENDPOINT_TYPE" "The request belongs on another kind of endpoint.";
    115 UnsupportedEndpointType "UNSUPPORTED_ENDPOINT_TYPE" "This kind of endpoint is not supported.";
    116 UnknownControllerId "UNKNOWN_CONTROLLER_ID" "There is no such controller.";
    117 UnknownSubscriptionId "UNKNOWN_SUBSCRIPTION_ID" "The telemetry subscription is unknown or outdated.";
    118 TelemetryTooLarge "TELEMETRY_TOO_LARGE" "The telemetry is larger than the broker accepts.";
    119 InvalidRegistration "INVALID_REGISTRATION" "The registration is not valid.";
    120 TransactionAbortable "TRANSACTION_ABORTABLE" "The transaction failed and has to be aborted.";
    121 InvalidRecordState "INVALID_RECORD_STATE" "The record's state does not allow the acknowledgement.";
    122 ShareSessionNotFound "SHARE_SESSION_NOT_FOUND" "There is no such share session.";
    123 InvalidShareSessionEpoch "INVALID_SHARE_SESSION_EPOCH" "The share session's epoch is not the one expected.";
    124 FencedStateEpoch "FENCED_STATE_EPOCH" "The state's epoch is fenced.";
    125 InvalidVoterKey "INVALID_VOTER_KEY" "The voter's key does not fit.";
    126 DuplicateVoter "DUPLICATE_VOTER" "The voter is in the set already.";
    127 VoterNotFound "VOTER_NOT_FOUND" "The voter is not in the set.";
    128 InvalidRegularExpression "INVALID_REGULAR_EXPRESSION" "The regular expression is not valid.";
    129 RebootstrapRequired "REBOOTSTRAP_REQUIRED" "The client's metadata belongs to another cluster: it has to begin from its bootstrap servers.";
    130 StreamsInvalidTopology "STREAMS_INVALID_TOPOLOGY" "The topology is not valid.";
    131 StreamsInvalidTopologyEpoch "STREAMS_INVALID_TOPOLOGY_EPOCH" "The topology's epoch is not valid.";
    132 StreamsTopologyFenced "STREAMS_TOPOLOGY_FENCED" "The topology's epoch is outdated.";
    133 ShareSessionLimitReached "SHARE_SESSION_LIMIT_REACHED" "There are as many share sessions as allowed.";
    134 GroupDeletionFailed "GROUP_DELETION_FAILED" "The group could not be deleted.";
    135 StreamsTopologyDescriptionUpdateFailed "STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED" "The description of the topology could not be updated.";
    136 ControllerIdNotRegistered "CONTROLLER_ID_NOT_REGISTERED" "No controller of this id is registered.";
}

impl Code {
    /// The number on the wire.
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// Whether it belongs to the normal course of clients: groups that form, sessions and metadata that are refreshed.
    pub(crate) fn is_weather(self) -> bool {
        matches!(
            self,
            Self::UnknownTopicOrPartition
                | Self::UnknownTopicId
                | Self::LeaderNotAvailable
                | Self::NotLeaderOrFollower
                | Self::OffsetOutOfRange
                | Self::CoordinatorLoadInProgress
                | Self::CoordinatorNotAvailable
                | Self::NotCoordinator
                | Self::IllegalGeneration
                | Self::UnknownMemberId
                | Self::RebalanceInProgress
                | Self::MemberIdRequired
                | Self::FetchSessionIdNotFound
                | Self::InvalidFetchSessionEpoch
                | Self::FetchSessionTopicIdError
                | Self::FencedLeaderEpoch
                | Self::UnknownLeaderEpoch
                | Self::TopicAlreadyExists
                | Self::GroupIdNotFound
        )
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The first error among the parts of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FirstError(Option<Code>);

impl FirstError {
    /// Notes what became of one part; gives the code's number.
    pub(crate) fn see(&mut self, code: Code) -> i16 {
        if code != Code::None && self.0.is_none() {
            self.0 = Some(code);
        }
        code.number()
    }

    /// The error, if there was one.
    pub(crate) fn code(self) -> Option<Code> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn numbers_lead_to_their_codes_and_back() {
        for number in -1..=136 {
            let code = Code::of(number).expect("no gap in Kafka's codes");
            assert_eq!(code.number(), number);
            assert!(number == 0 || !code.text().is_empty());
        }
        assert_eq!(Code::of(137), None);
        assert_eq!(Code::NotLeaderOrFollower.number(), 6);
        assert_eq!(Code::UnknownTopicId.name(), "UNKNOWN_TOPIC_ID");
    }
}
