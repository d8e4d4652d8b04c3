//! Every API on a broker's listener. Written by `cargo xtask codegen` from `crates/wire/schema`, never by hand.

use crate::ApiFacts;

/// An API, by Kafka's name and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum ApiKey {
    /// Key 0.
    Produce = 0,
    /// Key 1.
    Fetch = 1,
    /// Key 2.
    ListOffsets = 2,
    /// Key 3.
    Metadata = 3,
    /// Key 8.
    OffsetCommit = 8,
    /// Key 9.
    OffsetFetch = 9,
    /// Key 10.
    FindCoordinator = 10,
    /// Key 11.
    JoinGroup = 11,
    /// Key 12.
    Heartbeat = 12,
    /// Key 13.
    LeaveGroup = 13,
    /// Key 14.
    SyncGroup = 14,
    /// Key 15.
    DescribeGroups = 15,
    /// Key 16.
    ListGroups = 16,
    /// Key 17.
    SaslHandshake = 17,
    /// Key 18.
    ApiVersions = 18,
    /// Key 19.
    CreateTopics = 19,
    /// Key 20.
    DeleteTopics = 20,
    /// Key 21.
    DeleteRecords = 21,
    /// Key 22.
    InitProducerId = 22,
    /// Key 23.
    OffsetForLeaderEpoch = 23,
    /// Key 24.
    AddPartitionsToTxn = 24,
    /// Key 25.
    AddOffsetsToTxn = 25,
    /// Key 26.
    EndTxn = 26,
    /// Key 27.
    WriteTxnMarkers = 27,
    /// Key 28.
    TxnOffsetCommit = 28,
    /// Key 29.
    DescribeAcls = 29,
    /// Key 30.
    CreateAcls = 30,
    /// Key 31.
    DeleteAcls = 31,
    /// Key 32.
    DescribeConfigs = 32,
    /// Key 33.
    AlterConfigs = 33,
    /// Key 34.
    AlterReplicaLogDirs = 34,
    /// Key 35.
    DescribeLogDirs = 35,
    /// Key 36.
    SaslAuthenticate = 36,
    /// Key 37.
    CreatePartitions = 37,
    /// Key 38.
    CreateDelegationToken = 38,
    /// Key 39.
    RenewDelegationToken = 39,
    /// Key 40.
    ExpireDelegationToken = 40,
    /// Key 41.
    DescribeDelegationToken = 41,
    /// Key 42.
    DeleteGroups = 42,
    /// Key 43.
    ElectLeaders = 43,
    /// Key 44.
    IncrementalAlterConfigs = 44,
    /// Key 45.
    AlterPartitionReassignments = 45,
    /// Key 46.
    ListPartitionReassignments = 46,
    /// Key 47.
    OffsetDelete = 47,
    /// Key 48.
    DescribeClientQuotas = 48,
    /// Key 49.
    AlterClientQuotas = 49,
    /// Key 50.
    DescribeUserScramCredentials = 50,
    /// Key 51.
    AlterUserScramCredentials = 51,
    /// Key 55.
    DescribeQuorum = 55,
    /// Key 57.
    UpdateFeatures = 57,
    /// Key 60.
    DescribeCluster = 60,
    /// Key 61.
    DescribeProducers = 61,
    /// Key 64.
    UnregisterBroker = 64,
    /// Key 65.
    DescribeTransactions = 65,
    /// Key 66.
    ListTransactions = 66,
    /// Key 68.
    ConsumerGroupHeartbeat = 68,
    /// Key 69.
    ConsumerGroupDescribe = 69,
    /// Key 71.
    GetTelemetrySubscriptions = 71,
    /// Key 72.
    PushTelemetry = 72,
    /// Key 74.
    ListConfigResources = 74,
    /// Key 75.
    DescribeTopicPartitions = 75,
    /// Key 76.
    ShareGroupHeartbeat = 76,
    /// Key 77.
    ShareGroupDescribe = 77,
    /// Key 78.
    ShareFetch = 78,
    /// Key 79.
    ShareAcknowledge = 79,
    /// Key 80.
    AddRaftVoter = 80,
    /// Key 81.
    RemoveRaftVoter = 81,
    /// Key 83.
    InitializeShareGroupState = 83,
    /// Key 84.
    ReadShareGroupState = 84,
    /// Key 85.
    WriteShareGroupState = 85,
    /// Key 86.
    DeleteShareGroupState = 86,
    /// Key 87.
    ReadShareGroupStateSummary = 87,
    /// Key 88.
    StreamsGroupHeartbeat = 88,
    /// Key 89.
    StreamsGroupDescribe = 89,
    /// Key 90.
    DescribeShareGroupOffsets = 90,
    /// Key 91.
    AlterShareGroupOffsets = 91,
    /// Key 92.
    DeleteShareGroupOffsets = 92,
    /// Key 93.
    StreamsGroupTopologyDescriptionUpdate = 93,
    /// Key 94.
    UnregisterController = 94,
}

impl ApiKey {
    /// All of them, by number.
    pub const ALL: [Self; 79] = [
        Self::Produce,
        Self::Fetch,
        Self::ListOffsets,
        Self::Metadata,
        Self::OffsetCommit,
        Self::OffsetFetch,
        Self::FindCoordinator,
        Self::JoinGroup,
        Self::Heartbeat,
        Self::LeaveGroup,
        Self::SyncGroup,
        Self::DescribeGroups,
        Self::ListGroups,
        Self::SaslHandshake,
        Self::ApiVersions,
        Self::CreateTopics,
        Self::DeleteTopics,
        Self::DeleteRecords,
        Self::InitProducerId,
        Self::OffsetForLeaderEpoch,
        Self::AddPartitionsToTxn,
        Self::AddOffsetsToTxn,
        Self::EndTxn,
        Self::WriteTxnMarkers,
        Self::TxnOffsetCommit,
        Self::DescribeAcls,
        Self::CreateAcls,
        Self::DeleteAcls,
        Self::DescribeConfigs,
        Self::AlterConfigs,
        Self::AlterReplicaLogDirs,
        Self::DescribeLogDirs,
        Self::SaslAuthenticate,
        Self::CreatePartitions,
        Self::CreateDelegationToken,
        Self::RenewDelegationToken,
        Self::ExpireDelegationToken,
        Self::DescribeDelegationToken,
        Self::DeleteGroups,
        Self::ElectLeaders,
        Self::IncrementalAlterConfigs,
        Self::AlterPartitionReassignments,
        Self::ListPartitionReassignments,
        Self::OffsetDelete,
        Self::DescribeClientQuotas,
        Self::AlterClientQuotas,
        Self::DescribeUserScramCredentials,
        Self::AlterUserScramCredentials,
        Self::DescribeQuorum,
        Self::UpdateFeatures,
        Self::DescribeCluster,
        Self::DescribeProducers,
        Self::UnregisterBroker,
        Self::DescribeTransactions,
        Self::ListTransactions,
        Self::ConsumerGroupHeartbeat,
        Self::ConsumerGroupDescribe,
        Self::GetTelemetrySubscriptions,
        Self::PushTelemetry,
        Self::ListConfigResources,
        Self::DescribeTopicPartitions,
        Self::ShareGroupHeartbeat,
        Self::ShareGroupDescribe,
        Self::ShareFetch,
        Self::ShareAcknowledge,
        Self::AddRaftVoter,
        Self::RemoveRaftVoter,
        Self::InitializeShareGroupState,
        Self::ReadShareGroupState,
        Self::WriteShareGroupState,
        Self::DeleteShareGroupState,
        Self::ReadShareGroupStateSummary,
        Self::StreamsGroupHeartbeat,
        Self::StreamsGroupDescribe,
        Self::DescribeShareGroupOffsets,
        Self::AlterShareGroupOffsets,
        Self::DeleteShareGroupOffsets,
        Self::StreamsGroupTopologyDescriptionUpdate,
        Self::UnregisterController,
    ];

    /// The API of a number.
    pub fn from_number(number: i16) -> Option<Self> {
        Some(match number {
            0 => Self::Produce,
            1 => Self::Fetch,
            2 => Self::ListOffsets,
            3 => Self::Metadata,
            8 => Self::OffsetCommit,
            9 => Self::OffsetFetch,
            10 => Self::FindCoordinator,
            11 => Self::JoinGroup,
            12 => Self::Heartbeat,
            13 => Self::LeaveGroup,
            14 => Self::SyncGroup,
            15 => Self::DescribeGroups,
            16 => Self::ListGroups,
            17 => Self::SaslHandshake,
            18 => Self::ApiVersions,
            19 => Self::CreateTopics,
            20 => Self::DeleteTopics,
            21 => Self::DeleteRecords,
            22 => Self::InitProducerId,
            23 => Self::OffsetForLeaderEpoch,
            24 => Self::AddPartitionsToTxn,
            25 => Self::AddOffsetsToTxn,
            26 => Self::EndTxn,
            27 => Self::WriteTxnMarkers,
            28 => Self::TxnOffsetCommit,
            29 => Self::DescribeAcls,
            30 => Self::CreateAcls,
            31 => Self::DeleteAcls,
            32 => Self::DescribeConfigs,
            33 => Self::AlterConfigs,
            34 => Self::AlterReplicaLogDirs,
            35 => Self::DescribeLogDirs,
            36 => Self::SaslAuthenticate,
            37 => Self::CreatePartitions,
            38 => Self::CreateDelegationToken,
            39 => Self::RenewDelegationToken,
            40 => Self::ExpireDelegationToken,
            41 => Self::DescribeDelegationToken,
            42 => Self::DeleteGroups,
            43 => Self::ElectLeaders,
            44 => Self::IncrementalAlterConfigs,
            45 => Self::AlterPartitionReassignments,
            46 => Self::ListPartitionReassignments,
            47 => Self::OffsetDelete,
            48 => Self::DescribeClientQuotas,
            49 => Self::AlterClientQuotas,
            50 => Self::DescribeUserScramCredentials,
            51 => Self::AlterUserScramCredentials,
            55 => Self::DescribeQuorum,
            57 => Self::UpdateFeatures,
            60 => Self::DescribeCluster,
            61 => Self::DescribeProducers,
            64 => Self::UnregisterBroker,
            65 => Self::DescribeTransactions,
            66 => Self::ListTransactions,
            68 => Self::ConsumerGroupHeartbeat,
            69 => Self::ConsumerGroupDescribe,
            71 => Self::GetTelemetrySubscriptions,
            72 => Self::PushTelemetry,
            74 => Self::ListConfigResources,
            75 => Self::DescribeTopicPartitions,
            76 => Self::ShareGroupHeartbeat,
            77 => Self::ShareGroupDescribe,
            78 => Self::ShareFetch,
            79 => Self::ShareAcknowledge,
            80 => Self::AddRaftVoter,
            81 => Self::RemoveRaftVoter,
            83 => Self::InitializeShareGroupState,
            84 => Self::ReadShareGroupState,
            85 => Self::WriteShareGroupState,
            86 => Self::DeleteShareGroupState,
            87 => Self::ReadShareGroupStateSummary,
            88 => Self::StreamsGroupHeartbeat,
            89 => Self::StreamsGroupDescribe,
            90 => Self::DescribeShareGroupOffsets,
            91 => Self::AlterShareGroupOffsets,
            92 => Self::DeleteShareGroupOffsets,
            93 => Self::StreamsGroupTopologyDescriptionUpdate,
            94 => Self::UnregisterController,
            _ => return None,
        })
    }

    /// What is known of it.
    pub const fn facts(self) -> ApiFacts {
        match self {
            Self::Produce => ApiFacts {
                name: "Produce",
                min_version: super::produce_request::MIN_VERSION,
                max_version: super::produce_request::MAX_VERSION,
                flexible_from: super::produce_request::FLEXIBLE_FROM,
                latest_unstable: super::produce_request::LATEST_UNSTABLE,
            },
            Self::Fetch => ApiFacts {
                name: "Fetch",
                min_version: super::fetch_request::MIN_VERSION,
                max_version: super::fetch_request::MAX_VERSION,
                flexible_from: super::fetch_request::FLEXIBLE_FROM,
                latest_unstable: super::fetch_request::LATEST_UNSTABLE,
            },
            Self::ListOffsets => ApiFacts {
                name: "ListOffsets",
                min_version: super::list_offsets_request::MIN_VERSION,
                max_version: super::list_offsets_request::MAX_VERSION,
                flexible_from: super::list_offsets_request::FLEXIBLE_FROM,
                latest_unstable: super::list_offsets_request::LATEST_UNSTABLE,
            },
            Self::Metadata => ApiFacts {
                name: "Metadata",
                min_version: super::metadata_request::MIN_VERSION,
                max_version: super::metadata_request::MAX_VERSION,
                flexible_from: super::metadata_request::FLEXIBLE_FROM,
                latest_unstable: super::metadata_request::LATEST_UNSTABLE,
            },
            Self::OffsetCommit => ApiFacts {
                name: "OffsetCommit",
                min_version: super::offset_commit_request::MIN_VERSION,
                max_version: super::offset_commit_request::MAX_VERSION,
                flexible_from: super::offset_commit_request::FLEXIBLE_FROM,
                latest_unstable: super::offset_commit_request::LATEST_UNSTABLE,
            },
            Self::OffsetFetch => ApiFacts {
                name: "OffsetFetch",
                min_version: super::offset_fetch_request::MIN_VERSION,
                max_version: super::offset_fetch_request::MAX_VERSION,
                flexible_from: super::offset_fetch_request::FLEXIBLE_FROM,
                latest_unstable: super::offset_fetch_request::LATEST_UNSTABLE,
            },
            Self::FindCoordinator => ApiFacts {
                name: "FindCoordinator",
                min_version: super::find_coordinator_request::MIN_VERSION,
                max_version: super::find_coordinator_request::MAX_VERSION,
                flexible_from: super::find_coordinator_request::FLEXIBLE_FROM,
                latest_unstable: super::find_coordinator_request::LATEST_UNSTABLE,
            },
            Self::JoinGroup => ApiFacts {
                name: "JoinGroup",
                min_version: super::join_group_request::MIN_VERSION,
                max_version: super::join_group_request::MAX_VERSION,
                flexible_from: super::join_group_request::FLEXIBLE_FROM,
                latest_unstable: super::join_group_request::LATEST_UNSTABLE,
            },
            Self::Heartbeat => ApiFacts {
                name: "Heartbeat",
                min_version: super::heartbeat_request::MIN_VERSION,
                max_version: super::heartbeat_request::MAX_VERSION,
                flexible_from: super::heartbeat_request::FLEXIBLE_FROM,
                latest_unstable: super::heartbeat_request::LATEST_UNSTABLE,
            },
            Self::LeaveGroup => ApiFacts {
                name: "LeaveGroup",
                min_version: super::leave_group_request::MIN_VERSION,
                max_version: super::leave_group_request::MAX_VERSION,
                flexible_from: super::leave_group_request::FLEXIBLE_FROM,
                latest_unstable: super::leave_group_request::LATEST_UNSTABLE,
            },
            Self::SyncGroup => ApiFacts {
                name: "SyncGroup",
                min_version: super::sync_group_request::MIN_VERSION,
                max_version: super::sync_group_request::MAX_VERSION,
                flexible_from: super::sync_group_request::FLEXIBLE_FROM,
                latest_unstable: super::sync_group_request::LATEST_UNSTABLE,
            },
            Self::DescribeGroups => ApiFacts {
                name: "DescribeGroups",
                min_version: super::describe_groups_request::MIN_VERSION,
                max_version: super::describe_groups_request::MAX_VERSION,
                flexible_from: super::describe_groups_request::FLEXIBLE_FROM,
                latest_unstable: super::describe_groups_request::LATEST_UNSTABLE,
            },
            Self::ListGroups => ApiFacts {
                name: "ListGroups",
                min_version: super::list_groups_request::MIN_VERSION,
                max_version: super::list_groups_request::MAX_VERSION,
                flexible_from: super::list_groups_request::FLEXIBLE_FROM,
                latest_unstable: super::list_groups_request::LATEST_UNSTABLE,
            },
            Self::SaslHandshake => ApiFacts {
                name: "SaslHandshake",
                min_version: super::sasl_handshake_request::MIN_VERSION,
                max_version: super::sasl_handshake_request::MAX_VERSION,
                flexible_from: super::sasl_handshake_request::FLEXIBLE_FROM,
                latest_unstable: super::sasl_handshake_request::LATEST_UNSTABLE,
            },
            Self::ApiVersions => ApiFacts {
                name: "ApiVersions",
                min_version: super::api_versions_request::MIN_VERSION,
                max_version: super::api_versions_request::MAX_VERSION,
                flexible_from: super::api_versions_request::FLEXIBLE_FROM,
                latest_unstable: super::api_versions_request::LATEST_UNSTABLE,
            },
            Self::CreateTopics => ApiFacts {
                name: "CreateTopics",
                min_version: super::create_topics_request::MIN_VERSION,
                max_version: super::create_topics_request::MAX_VERSION,
                flexible_from: super::create_topics_request::FLEXIBLE_FROM,
                latest_unstable: super::create_topics_request::LATEST_UNSTABLE,
            },
            Self::DeleteTopics => ApiFacts {
                name: "DeleteTopics",
                min_version: super::delete_topics_request::MIN_VERSION,
                max_version: super::delete_topics_request::MAX_VERSION,
                flexible_from: super::delete_topics_request::FLEXIBLE_FROM,
                latest_unstable: super::delete_topics_request::LATEST_UNSTABLE,
            },
            Self::DeleteRecords => ApiFacts {
                name: "DeleteRecords",
                min_version: super::delete_records_request::MIN_VERSION,
                max_version: super::delete_records_request::MAX_VERSION,
                flexible_from: super::delete_records_request::FLEXIBLE_FROM,
                latest_unstable: super::delete_records_request::LATEST_UNSTABLE,
            },
            Self::InitProducerId => ApiFacts {
                name: "InitProducerId",
                min_version: super::init_producer_id_request::MIN_VERSION,
                max_version: super::init_producer_id_request::MAX_VERSION,
                flexible_from: super::init_producer_id_request::FLEXIBLE_FROM,
                latest_unstable: super::init_producer_id_request::LATEST_UNSTABLE,
            },
            Self::OffsetForLeaderEpoch => ApiFacts {
                name: "OffsetForLeaderEpoch",
                min_version: super::offset_for_leader_epoch_request::MIN_VERSION,
                max_version: super::offset_for_leader_epoch_request::MAX_VERSION,
                flexible_from: super::offset_for_leader_epoch_request::FLEXIBLE_FROM,
                latest_unstable: super::offset_for_leader_epoch_request::LATEST_UNSTABLE,
            },
            Self::AddPartitionsToTxn => ApiFacts {
                name: "AddPartitionsToTxn",
                min_version: super::add_partitions_to_txn_request::MIN_VERSION,
                max_version: super::add_partitions_to_txn_request::MAX_VERSION,
                flexible_from: super::add_partitions_to_txn_request::FLEXIBLE_FROM,
                latest_unstable: super::add_partitions_to_txn_request::LATEST_UNSTABLE,
            },
            Self::AddOffsetsToTxn => ApiFacts {
                name: "AddOffsetsToTxn",
                min_version: super::add_offsets_to_txn_request::MIN_VERSION,
                max_version: super::add_offsets_to_txn_request::MAX_VERSION,
                flexible_from: super::add_offsets_to_txn_request::FLEXIBLE_FROM,
                latest_unstable: super::add_offsets_to_txn_request::LATEST_UNSTABLE,
            },
            Self::EndTxn => ApiFacts {
                name: "EndTxn",
                min_version: super::end_txn_request::MIN_VERSION,
                max_version: super::end_txn_request::MAX_VERSION,
                flexible_from: super::end_txn_request::FLEXIBLE_FROM,
                latest_unstable: super::end_txn_request::LATEST_UNSTABLE,
            },
            Self::WriteTxnMarkers => ApiFacts {
                name: "WriteTxnMarkers",
                min_version: super::write_txn_markers_request::MIN_VERSION,
                max_version: super::write_txn_markers_request::MAX_VERSION,
                flexible_from: super::write_txn_markers_request::FLEXIBLE_FROM,
                latest_unstable: super::write_txn_markers_request::LATEST_UNSTABLE,
            },
            Self::TxnOffsetCommit => ApiFacts {
                name: "TxnOffsetCommit",
                min_version: super::txn_offset_commit_request::MIN_VERSION,
                max_version: super::txn_offset_commit_request::MAX_VERSION,
                flexible_from: super::txn_offset_commit_request::FLEXIBLE_FROM,
                latest_unstable: super::txn_offset_commit_request::LATEST_UNSTABLE,
            },
            Self::DescribeAcls => ApiFacts {
                name: "DescribeAcls",
                min_version: super::describe_acls_request::MIN_VERSION,
                max_version: super::describe_acls_request::MAX_VERSION,
                flexible_from: super::describe_acls_request::FLEXIBLE_FROM,
                latest_unstable: super::describe_acls_request::LATEST_UNSTABLE,
            },
            Self::CreateAcls => ApiFacts {
                name: "CreateAcls",
                min_version: super::create_acls_request::MIN_VERSION,
                max_version: super::create_acls_request::MAX_VERSION,
                flexible_from: super::create_acls_request::FLEXIBLE_FROM,
                latest_unstable: super::create_acls_request::LATEST_UNSTABLE,
            },
            Self::DeleteAcls => ApiFacts {
                name: "DeleteAcls",
                min_version: super::delete_acls_request::MIN_VERSION,
                max_version: super::delete_acls_request::MAX_VERSION,
                flexible_from: super::delete_acls_request::FLEXIBLE_FROM,
                latest_unstable: super::delete_acls_request::LATEST_UNSTABLE,
            },
            Self::DescribeConfigs => ApiFacts {
                name: "DescribeConfigs",
                min_version: super::describe_configs_request::MIN_VERSION,
                max_version: super::describe_configs_request::MAX_VERSION,
                flexible_from: super::describe_configs_request::FLEXIBLE_FROM,
                latest_unstable: super::describe_configs_request::LATEST_UNSTABLE,
            },
            Self::AlterConfigs => ApiFacts {
                name: "AlterConfigs",
                min_version: super::alter_configs_request::MIN_VERSION,
                max_version: super::alter_configs_request::MAX_VERSION,
                flexible_from: super::alter_configs_request::FLEXIBLE_FROM,
                latest_unstable: super::alter_configs_request::LATEST_UNSTABLE,
            },
            Self::AlterReplicaLogDirs => ApiFacts {
                name: "AlterReplicaLogDirs",
                min_version: super::alter_replica_log_dirs_request::MIN_VERSION,
                max_version: super::alter_replica_log_dirs_request::MAX_VERSION,
                flexible_from: super::alter_replica_log_dirs_request::FLEXIBLE_FROM,
                latest_unstable: super::alter_replica_log_dirs_request::LATEST_UNSTABLE,
            },
            Self::DescribeLogDirs => ApiFacts {
                name: "DescribeLogDirs",
                min_version: super::describe_log_dirs_request::MIN_VERSION,
                max_version: super::describe_log_dirs_request::MAX_VERSION,
                flexible_from: super::describe_log_dirs_request::FLEXIBLE_FROM,
                latest_unstable: super::describe_log_dirs_request::LATEST_UNSTABLE,
            },
            Self::SaslAuthenticate => ApiFacts {
                name: "SaslAuthenticate",
                min_version: super::sasl_authenticate_request::MIN_VERSION,
                max_version: super::sasl_authenticate_request::MAX_VERSION,
                flexible_from: super::sasl_authenticate_request::FLEXIBLE_FROM,
                latest_unstable: super::sasl_authenticate_request::LATEST_UNSTABLE,
            },
            Self::CreatePartitions => ApiFacts {
                name: "CreatePartitions",
                min_version: super::create_partitions_request::MIN_VERSION,
                max_version: super::create_partitions_request::MAX_VERSION,
                flexible_from: super::create_partitions_request::FLEXIBLE_FROM,
                latest_unstable: super::create_partitions_request::LATEST_UNSTABLE,
            },
            Self::CreateDelegationToken => ApiFacts {
                name: "CreateDelegationToken",
                min_version: super::create_delegation_token_request::MIN_VERSION,
                max_version: super::create_delegation_token_request::MAX_VERSION,
                flexible_from: super::create_delegation_token_request::FLEXIBLE_FROM,
                latest_unstable: super::create_delegation_token_request::LATEST_UNSTABLE,
            },
            Self::RenewDelegationToken => ApiFacts {
                name: "RenewDelegationToken",
                min_version: super::renew_delegation_token_request::MIN_VERSION,
                max_version: super::renew_delegation_token_request::MAX_VERSION,
                flexible_from: super::renew_delegation_token_request::FLEXIBLE_FROM,
                latest_unstable: super::renew_delegation_token_request::LATEST_UNSTABLE,
            },
            Self::ExpireDelegationToken => ApiFacts {
                name: "ExpireDelegationToken",
                min_version: super::expire_delegation_token_request::MIN_VERSION,
                max_version: super::expire_delegation_token_request::MAX_VERSION,
                flexible_from: super::expire_delegation_token_request::FLEXIBLE_FROM,
                latest_unstable: super::expire_delegation_token_request::LATEST_UNSTABLE,
            },
            Self::DescribeDelegationToken => ApiFacts {
                name: "DescribeDelegationToken",
                min_version: super::describe_delegation_token_request::MIN_VERSION,
                max_version: super::describe_delegation_token_request::MAX_VERSION,
                flexible_from: super::describe_delegation_token_request::FLEXIBLE_FROM,
                latest_unstable: super::describe_delegation_token_request::LATEST_UNSTABLE,
            },
            Self::DeleteGroups => ApiFacts {
                name: "DeleteGroups",
                min_version: super::delete_groups_request::MIN_VERSION,
                max_version: super::delete_groups_request::MAX_VERSION,
                flexible_from: super::delete_groups_request::FLEXIBLE_FROM,
                latest_unstable: super::delete_groups_request::LATEST_UNSTABLE,
            },
            Self::ElectLeaders => ApiFacts {
                name: "ElectLeaders",
                min_version: super::elect_leaders_request::MIN_VERSION,
                max_version: super::elect_leaders_request::MAX_VERSION,
                flexible_from: super::elect_leaders_request::FLEXIBLE_FROM,
                latest_unstable: super::elect_leaders_request::LATEST_UNSTABLE,
            },
            Self::IncrementalAlterConfigs => ApiFacts {
                name: "IncrementalAlterConfigs",
                min_version: super::incremental_alter_configs_request::MIN_VERSION,
                max_version: super::incremental_alter_configs_request::MAX_VERSION,
                flexible_from: super::incremental_alter_configs_request::FLEXIBLE_FROM,
                latest_unstable: super::incremental_alter_configs_request::LATEST_UNSTABLE,
            },
            Self::AlterPartitionReassignments => ApiFacts {
                name: "AlterPartitionReassignments",
                min_version: super::alter_partition_reassignments_request::MIN_VERSION,
                max_version: super::alter_partition_reassignments_request::MAX_VERSION,
                flexible_from: super::alter_partition_reassignments_request::FLEXIBLE_FROM,
                latest_unstable: super::alter_partition_reassignments_request::LATEST_UNSTABLE,
            },
            Self::ListPartitionReassignments => ApiFacts {
                name: "ListPartitionReassignments",
                min_version: super::list_partition_reassignments_request::MIN_VERSION,
                max_version: super::list_partition_reassignments_request::MAX_VERSION,
                flexible_from: super::list_partition_reassignments_request::FLEXIBLE_FROM,
                latest_unstable: super::list_partition_reassignments_request::LATEST_UNSTABLE,
            },
            Self::OffsetDelete => ApiFacts {
                name: "OffsetDelete",
                min_version: super::offset_delete_request::MIN_VERSION,
                max_version: super::offset_delete_request::MAX_VERSION,
                flexible_from: super::offset_delete_request::FLEXIBLE_FROM,
                latest_unstable: super::offset_delete_request::LATEST_UNSTABLE,
            },
            Self::DescribeClientQuotas => ApiFacts {
                name: "DescribeClientQuotas",
                min_version: super::describe_client_quotas_request::MIN_VERSION,
                max_version: super::describe_client_quotas_request::MAX_VERSION,
                flexible_from: super::describe_client_quotas_request::FLEXIBLE_FROM,
                latest_unstable: super::describe_client_quotas_request::LATEST_UNSTABLE,
            },
            Self::AlterClientQuotas => ApiFacts {
                name: "AlterClientQuotas",
                min_version: super::alter_client_quotas_request::MIN_VERSION,
                max_version: super::alter_client_quotas_request::MAX_VERSION,
                flexible_from: super::alter_client_quotas_request::FLEXIBLE_FROM,
                latest_unstable: super::alter_client_quotas_request::LATEST_UNSTABLE,
            },
            Self::DescribeUserScramCredentials => ApiFacts {
                name: "DescribeUserScramCredentials",
                min_version: super::describe_user_scram_credentials_request::MIN_VERSION,
                max_version: super::describe_user_scram_credentials_request::MAX_VERSION,
                flexible_from: super::describe_user_scram_credentials_request::FLEXIBLE_FROM,
                latest_unstable: super::describe_user_scram_credentials_request::LATEST_UNSTABLE,
            },
            Self::AlterUserScramCredentials => ApiFacts {
                name: "AlterUserScramCredentials",
                min_version: super::alter_user_scram_credentials_request::MIN_VERSION,
                max_version: super::alter_user_scram_credentials_request::MAX_VERSION,
                flexible_from: super::alter_user_scram_credentials_request::FLEXIBLE_FROM,
                latest_unstable: super::alter_user_scram_credentials_request::LATEST_UNSTABLE,
            },
            Self::DescribeQuorum => ApiFacts {
                name: "DescribeQuorum",
                min_version: super::describe_quorum_request::MIN_VERSION,
                max_version: super::describe_quorum_request::MAX_VERSION,
                flexible_from: super::describe_quorum_request::FLEXIBLE_FROM,
                latest_unstable: super::describe_quorum_request::LATEST_UNSTABLE,
            },
            Self::UpdateFeatures => ApiFacts {
                name: "UpdateFeatures",
                min_version: super::update_features_request::MIN_VERSION,
                max_version: super::update_features_request::MAX_VERSION,
                flexible_from: super::update_features_request::FLEXIBLE_FROM,
                latest_unstable: super::update_features_request::LATEST_UNSTABLE,
            },
            Self::DescribeCluster => ApiFacts {
                name: "DescribeCluster",
                min_version: super::describe_cluster_request::MIN_VERSION,
                max_version: super::describe_cluster_request::MAX_VERSION,
                flexible_from: super::describe_cluster_request::FLEXIBLE_FROM,
                latest_unstable: super::describe_cluster_request::LATEST_UNSTABLE,
            },
            Self::DescribeProducers => ApiFacts {
                name: "DescribeProducers",
                min_version: super::describe_producers_request::MIN_VERSION,
                max_version: super::describe_producers_request::MAX_VERSION,
                flexible_from: super::describe_producers_request::FLEXIBLE_FROM,
                latest_unstable: super::describe_producers_request::LATEST_UNSTABLE,
            },
            Self::UnregisterBroker => ApiFacts {
                name: "UnregisterBroker",
                min_version: super::unregister_broker_request::MIN_VERSION,
                max_version: super::unregister_broker_request::MAX_VERSION,
                flexible_from: super::unregister_broker_request::FLEXIBLE_FROM,
                latest_unstable: super::unregister_broker_request::LATEST_UNSTABLE,
            },
            Self::DescribeTransactions => ApiFacts {
                name: "DescribeTransactions",
                min_version: super::describe_transactions_request::MIN_VERSION,
                max_version: super::describe_transactions_request::MAX_VERSION,
                flexible_from: super::describe_transactions_request::FLEXIBLE_FROM,
                latest_unstable: super::describe_transactions_request::LATEST_UNSTABLE,
            },
            Self::ListTransactions => ApiFacts {
                name: "ListTransactions",
                min_version: super::list_transactions_request::MIN_VERSION,
                max_version: super::list_transactions_request::MAX_VERSION,
                flexible_from: super::list_transactions_request::FLEXIBLE_FROM,
                latest_unstable: super::list_transactions_request::LATEST_UNSTABLE,
            },
            Self::ConsumerGroupHeartbeat => ApiFacts {
                name: "ConsumerGroupHeartbeat",
                min_version: super::consumer_group_heartbeat_request::MIN_VERSION,
                max_version: super::consumer_group_heartbeat_request::MAX_VERSION,
                flexible_from: super::consumer_group_heartbeat_request::FLEXIBLE_FROM,
                latest_unstable: super::consumer_group_heartbeat_request::LATEST_UNSTABLE,
            },
            Self::ConsumerGroupDescribe => ApiFacts {
                name: "ConsumerGroupDescribe",
                min_version: super::consumer_group_describe_request::MIN_VERSION,
                max_version: super::consumer_group_describe_request::MAX_VERSION,
                flexible_from: super::consumer_group_describe_request::FLEXIBLE_FROM,
                latest_unstable: super::consumer_group_describe_request::LATEST_UNSTABLE,
            },
            Self::GetTelemetrySubscriptions => ApiFacts {
                name: "GetTelemetrySubscriptions",
                min_version: super::get_telemetry_subscriptions_request::MIN_VERSION,
                max_version: super::get_telemetry_subscriptions_request::MAX_VERSION,
                flexible_from: super::get_telemetry_subscriptions_request::FLEXIBLE_FROM,
                latest_unstable: super::get_telemetry_subscriptions_request::LATEST_UNSTABLE,
            },
            Self::PushTelemetry => ApiFacts {
                name: "PushTelemetry",
                min_version: super::push_telemetry_request::MIN_VERSION,
                max_version: super::push_telemetry_request::MAX_VERSION,
                flexible_from: super::push_telemetry_request::FLEXIBLE_FROM,
                latest_unstable: super::push_telemetry_request::LATEST_UNSTABLE,
            },
            Self::ListConfigResources => ApiFacts {
                name: "ListConfigResources",
                min_version: super::list_config_resources_request::MIN_VERSION,
                max_version: super::list_config_resources_request::MAX_VERSION,
                flexible_from: super::list_config_resources_request::FLEXIBLE_FROM,
                latest_unstable: super::list_config_resources_request::LATEST_UNSTABLE,
            },
            Self::DescribeTopicPartitions => ApiFacts {
                name: "DescribeTopicPartitions",
                min_version: super::describe_topic_partitions_request::MIN_VERSION,
                max_version: super::describe_topic_partitions_request::MAX_VERSION,
                flexible_from: super::describe_topic_partitions_request::FLEXIBLE_FROM,
                latest_unstable: super::describe_topic_partitions_request::LATEST_UNSTABLE,
            },
            Self::ShareGroupHeartbeat => ApiFacts {
                name: "ShareGroupHeartbeat",
                min_version: super::share_group_heartbeat_request::MIN_VERSION,
                max_version: super::share_group_heartbeat_request::MAX_VERSION,
                flexible_from: super::share_group_heartbeat_request::FLEXIBLE_FROM,
                latest_unstable: super::share_group_heartbeat_request::LATEST_UNSTABLE,
            },
            Self::ShareGroupDescribe => ApiFacts {
                name: "ShareGroupDescribe",
                min_version: super::share_group_describe_request::MIN_VERSION,
                max_version: super::share_group_describe_request::MAX_VERSION,
                flexible_from: super::share_group_describe_request::FLEXIBLE_FROM,
                latest_unstable: super::share_group_describe_request::LATEST_UNSTABLE,
            },
            Self::ShareFetch => ApiFacts {
                name: "ShareFetch",
                min_version: super::share_fetch_request::MIN_VERSION,
                max_version: super::share_fetch_request::MAX_VERSION,
                flexible_from: super::share_fetch_request::FLEXIBLE_FROM,
                latest_unstable: super::share_fetch_request::LATEST_UNSTABLE,
            },
            Self::ShareAcknowledge => ApiFacts {
                name: "ShareAcknowledge",
                min_version: super::share_acknowledge_request::MIN_VERSION,
                max_version: super::share_acknowledge_request::MAX_VERSION,
                flexible_from: super::share_acknowledge_request::FLEXIBLE_FROM,
                latest_unstable: super::share_acknowledge_request::LATEST_UNSTABLE,
            },
            Self::AddRaftVoter => ApiFacts {
                name: "AddRaftVoter",
                min_version: super::add_raft_voter_request::MIN_VERSION,
                max_version: super::add_raft_voter_request::MAX_VERSION,
                flexible_from: super::add_raft_voter_request::FLEXIBLE_FROM,
                latest_unstable: super::add_raft_voter_request::LATEST_UNSTABLE,
            },
            Self::RemoveRaftVoter => ApiFacts {
                name: "RemoveRaftVoter",
                min_version: super::remove_raft_voter_request::MIN_VERSION,
                max_version: super::remove_raft_voter_request::MAX_VERSION,
                flexible_from: super::remove_raft_voter_request::FLEXIBLE_FROM,
                latest_unstable: super::remove_raft_voter_request::LATEST_UNSTABLE,
            },
            Self::InitializeShareGroupState => ApiFacts {
                name: "InitializeShareGroupState",
                min_version: super::initialize_share_group_state_request::MIN_VERSION,
                max_version: super::initialize_share_group_state_request::MAX_VERSION,
                flexible_from: super::initialize_share_group_state_request::FLEXIBLE_FROM,
                latest_unstable: super::initialize_share_group_state_request::LATEST_UNSTABLE,
            },
            Self::ReadShareGroupState => ApiFacts {
                name: "ReadShareGroupState",
                min_version: super::read_share_group_state_request::MIN_VERSION,
                max_version: super::read_share_group_state_request::MAX_VERSION,
                flexible_from: super::read_share_group_state_request::FLEXIBLE_FROM,
                latest_unstable: super::read_share_group_state_request::LATEST_UNSTABLE,
            },
            Self::WriteShareGroupState => ApiFacts {
                name: "WriteShareGroupState",
                min_version: super::write_share_group_state_request::MIN_VERSION,
                max_version: super::write_share_group_state_request::MAX_VERSION,
                flexible_from: super::write_share_group_state_request::FLEXIBLE_FROM,
                latest_unstable: super::write_share_group_state_request::LATEST_UNSTABLE,
            },
            Self::DeleteShareGroupState => ApiFacts {
                name: "DeleteShareGroupState",
                min_version: super::delete_share_group_state_request::MIN_VERSION,
                max_version: super::delete_share_group_state_request::MAX_VERSION,
                flexible_from: super::delete_share_group_state_request::FLEXIBLE_FROM,
                latest_unstable: super::delete_share_group_state_request::LATEST_UNSTABLE,
            },
            Self::ReadShareGroupStateSummary => ApiFacts {
                name: "ReadShareGroupStateSummary",
                min_version: super::read_share_group_state_summary_request::MIN_VERSION,
                max_version: super::read_share_group_state_summary_request::MAX_VERSION,
                flexible_from: super::read_share_group_state_summary_request::FLEXIBLE_FROM,
                latest_unstable: super::read_share_group_state_summary_request::LATEST_UNSTABLE,
            },
            Self::StreamsGroupHeartbeat => ApiFacts {
                name: "StreamsGroupHeartbeat",
                min_version: super::streams_group_heartbeat_request::MIN_VERSION,
                max_version: super::streams_group_heartbeat_request::MAX_VERSION,
                flexible_from: super::streams_group_heartbeat_request::FLEXIBLE_FROM,
                latest_unstable: super::streams_group_heartbeat_request::LATEST_UNSTABLE,
            },
            Self::StreamsGroupDescribe => ApiFacts {
                name: "StreamsGroupDescribe",
                min_version: super::streams_group_describe_request::MIN_VERSION,
                max_version: super::streams_group_describe_request::MAX_VERSION,
                flexible_from: super::streams_group_describe_request::FLEXIBLE_FROM,
                latest_unstable: super::streams_group_describe_request::LATEST_UNSTABLE,
            },
            Self::DescribeShareGroupOffsets => ApiFacts {
                name: "DescribeShareGroupOffsets",
                min_version: super::describe_share_group_offsets_request::MIN_VERSION,
                max_version: super::describe_share_group_offsets_request::MAX_VERSION,
                flexible_from: super::describe_share_group_offsets_request::FLEXIBLE_FROM,
                latest_unstable: super::describe_share_group_offsets_request::LATEST_UNSTABLE,
            },
            Self::AlterShareGroupOffsets => ApiFacts {
                name: "AlterShareGroupOffsets",
                min_version: super::alter_share_group_offsets_request::MIN_VERSION,
                max_version: super::alter_share_group_offsets_request::MAX_VERSION,
                flexible_from: super::alter_share_group_offsets_request::FLEXIBLE_FROM,
                latest_unstable: super::alter_share_group_offsets_request::LATEST_UNSTABLE,
            },
            Self::DeleteShareGroupOffsets => ApiFacts {
                name: "DeleteShareGroupOffsets",
                min_version: super::delete_share_group_offsets_request::MIN_VERSION,
                max_version: super::delete_share_group_offsets_request::MAX_VERSION,
                flexible_from: super::delete_share_group_offsets_request::FLEXIBLE_FROM,
                latest_unstable: super::delete_share_group_offsets_request::LATEST_UNSTABLE,
            },
            Self::StreamsGroupTopologyDescriptionUpdate => ApiFacts {
                name: "StreamsGroupTopologyDescriptionUpdate",
                min_version: super::streams_group_topology_description_update_request::MIN_VERSION,
                max_version: super::streams_group_topology_description_update_request::MAX_VERSION,
                flexible_from: super::streams_group_topology_description_update_request::FLEXIBLE_FROM,
                latest_unstable: super::streams_group_topology_description_update_request::LATEST_UNSTABLE,
            },
            Self::UnregisterController => ApiFacts {
                name: "UnregisterController",
                min_version: super::unregister_controller_request::MIN_VERSION,
                max_version: super::unregister_controller_request::MAX_VERSION,
                flexible_from: super::unregister_controller_request::FLEXIBLE_FROM,
                latest_unstable: super::unregister_controller_request::LATEST_UNSTABLE,
            },
        }
    }
}
