//! Kafka's messages, one module each. Written by `cargo xtask codegen` from `crates/wire/schema`, never by hand.

pub mod add_offsets_to_txn_request;
pub mod add_offsets_to_txn_response;
pub mod add_partitions_to_txn_request;
pub mod add_partitions_to_txn_response;
pub mod add_raft_voter_request;
pub mod add_raft_voter_response;
pub mod alter_client_quotas_request;
pub mod alter_client_quotas_response;
pub mod alter_configs_request;
pub mod alter_configs_response;
pub mod alter_partition_reassignments_request;
pub mod alter_partition_reassignments_response;
pub mod alter_replica_log_dirs_request;
pub mod alter_replica_log_dirs_response;
pub mod alter_share_group_offsets_request;
pub mod alter_share_group_offsets_response;
pub mod alter_user_scram_credentials_request;
pub mod alter_user_scram_credentials_response;
mod api_key;
pub mod api_versions_request;
pub mod api_versions_response;
pub mod consumer_group_describe_request;
pub mod consumer_group_describe_response;
pub mod consumer_group_heartbeat_request;
pub mod consumer_group_heartbeat_response;
pub mod create_acls_request;
pub mod create_acls_response;
pub mod create_delegation_token_request;
pub mod create_delegation_token_response;
pub mod create_partitions_request;
pub mod create_partitions_response;
pub mod create_topics_request;
pub mod create_topics_response;
pub mod delete_acls_request;
pub mod delete_acls_response;
pub mod delete_groups_request;
pub mod delete_groups_response;
pub mod delete_records_request;
pub mod delete_records_response;
pub mod delete_share_group_offsets_request;
pub mod delete_share_group_offsets_response;
pub mod delete_share_group_state_request;
pub mod delete_share_group_state_response;
pub mod delete_topics_request;
pub mod delete_topics_response;
pub mod describe_acls_request;
pub mod describe_acls_response;
pub mod describe_client_quotas_request;
pub mod describe_client_quotas_response;
pub mod describe_cluster_request;
pub mod describe_cluster_response;
pub mod describe_configs_request;
pub mod describe_configs_response;
pub mod describe_delegation_token_request;
pub mod describe_delegation_token_response;
pub mod describe_groups_request;
pub mod describe_groups_response;
pub mod describe_log_dirs_request;
pub mod describe_log_dirs_response;
pub mod describe_producers_request;
pub mod describe_producers_response;
pub mod describe_quorum_request;
pub mod describe_quorum_response;
pub mod describe_share_group_offsets_request;
pub mod describe_share_group_offsets_response;
pub mod describe_topic_partitions_request;
pub mod describe_topic_partitions_response;
pub mod describe_transactions_request;
pub mod describe_transactions_response;
pub mod describe_user_scram_credentials_request;
pub mod describe_user_scram_credentials_response;
pub mod elect_leaders_request;
pub mod elect_leaders_response;
pub mod end_txn_request;
pub mod end_txn_response;
pub mod expire_delegation_token_request;
pub mod expire_delegation_token_response;
pub mod fetch_request;
pub mod fetch_response;
pub mod find_coordinator_request;
pub mod find_coordinator_response;
pub mod get_telemetry_subscriptions_request;
pub mod get_telemetry_subscriptions_response;
pub mod heartbeat_request;
pub mod heartbeat_response;
pub mod incremental_alter_configs_request;
pub mod incremental_alter_configs_response;
pub mod init_producer_id_request;
pub mod init_producer_id_response;
pub mod initialize_share_group_state_request;
pub mod initialize_share_group_state_response;
pub mod join_group_request;
pub mod join_group_response;
pub mod leave_group_request;
pub mod leave_group_response;
pub mod list_config_resources_request;
pub mod list_config_resources_response;
pub mod list_groups_request;
pub mod list_groups_response;
pub mod list_offsets_request;
pub mod list_offsets_response;
pub mod list_partition_reassignments_request;
pub mod list_partition_reassignments_response;
pub mod list_transactions_request;
pub mod list_transactions_response;
pub mod metadata_request;
pub mod metadata_response;
pub mod offset_commit_request;
pub mod offset_commit_response;
pub mod offset_delete_request;
pub mod offset_delete_response;
pub mod offset_fetch_request;
pub mod offset_fetch_response;
pub mod offset_for_leader_epoch_request;
pub mod offset_for_leader_epoch_response;
pub mod produce_request;
pub mod produce_response;
pub mod push_telemetry_request;
pub mod push_telemetry_response;
pub mod read_share_group_state_request;
pub mod read_share_group_state_response;
pub mod read_share_group_state_summary_request;
pub mod read_share_group_state_summary_response;
pub mod remove_raft_voter_request;
pub mod remove_raft_voter_response;
pub mod renew_delegation_token_request;
pub mod renew_delegation_token_response;
pub mod request_header;
pub mod response_header;
pub mod sasl_authenticate_request;
pub mod sasl_authenticate_response;
pub mod sasl_handshake_request;
pub mod sasl_handshake_response;
pub mod share_acknowledge_request;
pub mod share_acknowledge_response;
pub mod share_fetch_request;
pub mod share_fetch_response;
pub mod share_group_describe_request;
pub mod share_group_describe_response;
pub mod share_group_heartbeat_request;
pub mod share_group_heartbeat_response;
pub mod streams_group_describe_request;
pub mod streams_group_describe_response;
pub mod streams_group_heartbeat_request;
pub mod streams_group_heartbeat_response;
pub mod streams_group_topology_description_update_request;
pub mod streams_group_topology_description_update_response;
pub mod sync_group_request;
pub mod sync_group_response;
pub mod txn_offset_commit_request;
pub mod txn_offset_commit_response;
pub mod unregister_broker_request;
pub mod unregister_broker_response;
pub mod unregister_controller_request;
pub mod unregister_controller_response;
pub mod update_features_request;
pub mod update_features_response;
pub mod write_share_group_state_request;
pub mod write_share_group_state_response;
pub mod write_txn_markers_request;
pub mod write_txn_markers_response;

pub use self::add_offsets_to_txn_request::AddOffsetsToTxnRequest;
pub use self::add_offsets_to_txn_response::AddOffsetsToTxnResponse;
pub use self::add_partitions_to_txn_request::AddPartitionsToTxnRequest;
pub use self::add_partitions_to_txn_response::AddPartitionsToTxnResponse;
pub use self::add_raft_voter_request::AddRaftVoterRequest;
pub use self::add_raft_voter_response::AddRaftVoterResponse;
pub use self::alter_client_quotas_request::AlterClientQuotasRequest;
pub use self::alter_client_quotas_response::AlterClientQuotasResponse;
pub use self::alter_configs_request::AlterConfigsRequest;
pub use self::alter_configs_response::AlterConfigsResponse;
pub use self::alter_partition_reassignments_request::AlterPartitionReassignmentsRequest;
pub use self::alter_partition_reassignments_response::AlterPartitionReassignmentsResponse;
pub use self::alter_replica_log_dirs_request::AlterReplicaLogDirsRequest;
pub use self::alter_replica_log_dirs_response::AlterReplicaLogDirsResponse;
pub use self::alter_share_group_offsets_request::AlterShareGroupOffsetsRequest;
pub use self::alter_share_group_offsets_response::AlterShareGroupOffsetsResponse;
pub use self::alter_user_scram_credentials_request::AlterUserScramCredentialsRequest;
pub use self::alter_user_scram_credentials_response::AlterUserScramCredentialsResponse;
pub use self::api_key::ApiKey;
pub use self::api_versions_request::ApiVersionsRequest;
pub use self::api_versions_response::ApiVersionsResponse;
pub use self::consumer_group_describe_request::ConsumerGroupDescribeRequest;
pub use self::consumer_group_describe_response::ConsumerGroupDescribeResponse;
pub use self::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;
pub use self::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;
pub use self::create_acls_request::CreateAclsRequest;
pub use self::create_acls_response::CreateAclsResponse;
pub use self::create_delegation_token_request::CreateDelegationTokenRequest;
pub use self::create_delegation_token_response::CreateDelegationTokenResponse;
pub use self::create_partitions_request::CreatePartitionsRequest;
pub use self::create_partitions_response::CreatePartitionsResponse;
pub use self::create_topics_request::CreateTopicsRequest;
pub use self::create_topics_response::CreateTopicsResponse;
pub use self::delete_acls_request::DeleteAclsRequest;
pub use self::delete_acls_response::DeleteAclsResponse;
pub use self::delete_groups_request::DeleteGroupsRequest;
pub use self::delete_groups_response::DeleteGroupsResponse;
pub use self::delete_records_request::DeleteRecordsRequest;
pub use self::delete_records_response::DeleteRecordsResponse;
pub use self::delete_share_group_offsets_request::DeleteShareGroupOffsetsRequest;
pub use self::delete_share_group_offsets_response::DeleteShareGroupOffsetsResponse;
pub use self::delete_share_group_state_request::DeleteShareGroupStateRequest;
pub use self::delete_share_group_state_response::DeleteShareGroupStateResponse;
pub use self::delete_topics_request::DeleteTopicsRequest;
pub use self::delete_topics_response::DeleteTopicsResponse;
pub use self::describe_acls_request::DescribeAclsRequest;
pub use self::describe_acls_response::DescribeAclsResponse;
pub use self::describe_client_quotas_request::DescribeClientQuotasRequest;
pub use self::describe_client_quotas_response::DescribeClientQuotasResponse;
pub use self::describe_cluster_request::DescribeClusterRequest;
pub use self::describe_cluster_response::DescribeClusterResponse;
pub use self::describe_configs_request::DescribeConfigsRequest;
pub use self::describe_configs_response::DescribeConfigsResponse;
pub use self::describe_delegation_token_request::DescribeDelegationTokenRequest;
pub use self::describe_delegation_token_response::DescribeDelegationTokenResponse;
pub use self::describe_groups_request::DescribeGroupsRequest;
pub use self::describe_groups_response::DescribeGroupsResponse;
pub use self::describe_log_dirs_request::DescribeLogDirsRequest;
pub use self::describe_log_dirs_response::DescribeLogDirsResponse;
pub use self::describe_producers_request::DescribeProducersRequest;
pub use self::describe_producers_response::DescribeProducersResponse;
pub use self::describe_quorum_request::DescribeQuorumRequest;
pub use self::describe_quorum_response::DescribeQuorumResponse;
pub use self::describe_share_group_offsets_request::DescribeShareGroupOffsetsRequest;
pub use self::describe_share_group_offsets_response::DescribeShareGroupOffsetsResponse;
pub use self::describe_topic_partitions_request::DescribeTopicPartitionsRequest;
pub use self::describe_topic_partitions_response::DescribeTopicPartitionsResponse;
pub use self::describe_transactions_request::DescribeTransactionsRequest;
pub use self::describe_transactions_response::DescribeTransactionsResponse;
pub use self::describe_user_scram_credentials_request::DescribeUserScramCredentialsRequest;
pub use self::describe_user_scram_credentials_response::DescribeUserScramCredentialsResponse;
pub use self::elect_leaders_request::ElectLeadersRequest;
pub use self::elect_leaders_response::ElectLeadersResponse;
pub use self::end_txn_request::EndTxnRequest;
pub use self::end_txn_response::EndTxnResponse;
pub use self::expire_delegation_token_request::ExpireDelegationTokenRequest;
pub use self::expire_delegation_token_response::ExpireDelegationTokenResponse;
pub use self::fetch_request::FetchRequest;
pub use self::fetch_response::FetchResponse;
pub use self::find_coordinator_request::FindCoordinatorRequest;
pub use self::find_coordinator_response::FindCoordinatorResponse;
pub use self::get_telemetry_subscriptions_request::GetTelemetrySubscriptionsRequest;
pub use self::get_telemetry_subscriptions_response::GetTelemetrySubscriptionsResponse;
pub use self::heartbeat_request::HeartbeatRequest;
pub use self::heartbeat_response::HeartbeatResponse;
pub use self::incremental_alter_configs_request::IncrementalAlterConfigsRequest;
pub use self::incremental_alter_configs_response::IncrementalAlterConfigsResponse;
pub use self::init_producer_id_request::InitProducerIdRequest;
pub use self::init_producer_id_response::InitProducerIdResponse;
pub use self::initialize_share_group_state_request::InitializeShareGroupStateRequest;
pub use self::initialize_share_group_state_response::InitializeShareGroupStateResponse;
pub use self::join_group_request::JoinGroupRequest;
pub use self::join_group_response::JoinGroupResponse;
pub use self::leave_group_request::LeaveGroupRequest;
pub use self::leave_group_response::LeaveGroupResponse;
pub use self::list_config_resources_request::ListConfigResourcesRequest;
pub use self::list_config_resources_response::ListConfigResourcesResponse;
pub use self::list_groups_request::ListGroupsRequest;
pub use self::list_groups_response::ListGroupsResponse;
pub use self::list_offsets_request::ListOffsetsRequest;
pub use self::list_offsets_response::ListOffsetsResponse;
pub use self::list_partition_reassignments_request::ListPartitionReassignmentsRequest;
pub use self::list_partition_reassignments_response::ListPartitionReassignmentsResponse;
pub use self::list_transactions_request::ListTransactionsRequest;
pub use self::list_transactions_response::ListTransactionsResponse;
pub use self::metadata_request::MetadataRequest;
pub use self::metadata_response::MetadataResponse;
pub use self::offset_commit_request::OffsetCommitRequest;
pub use self::offset_commit_response::OffsetCommitResponse;
pub use self::offset_delete_request::OffsetDeleteRequest;
pub use self::offset_delete_response::OffsetDeleteResponse;
pub use self::offset_fetch_request::OffsetFetchRequest;
pub use self::offset_fetch_response::OffsetFetchResponse;
pub use self::offset_for_leader_epoch_request::OffsetForLeaderEpochRequest;
pub use self::offset_for_leader_epoch_response::OffsetForLeaderEpochResponse;
pub use self::produce_request::ProduceRequest;
pub use self::produce_response::ProduceResponse;
pub use self::push_telemetry_request::PushTelemetryRequest;
pub use self::push_telemetry_response::PushTelemetryResponse;
pub use self::read_share_group_state_request::ReadShareGroupStateRequest;
pub use self::read_share_group_state_response::ReadShareGroupStateResponse;
pub use self::read_share_group_state_summary_request::ReadShareGroupStateSummaryRequest;
pub use self::read_share_group_state_summary_response::ReadShareGroupStateSummaryResponse;
pub use self::remove_raft_voter_request::RemoveRaftVoterRequest;
pub use self::remove_raft_voter_response::RemoveRaftVoterResponse;
pub use self::renew_delegation_token_request::RenewDelegationTokenRequest;
pub use self::renew_delegation_token_response::RenewDelegationTokenResponse;
pub use self::request_header::RequestHeader;
pub use self::response_header::ResponseHeader;
pub use self::sasl_authenticate_request::SaslAuthenticateRequest;
pub use self::sasl_authenticate_response::SaslAuthenticateResponse;
pub use self::sasl_handshake_request::SaslHandshakeRequest;
pub use self::sasl_handshake_response::SaslHandshakeResponse;
pub use self::share_acknowledge_request::ShareAcknowledgeRequest;
pub use self::share_acknowledge_response::ShareAcknowledgeResponse;
pub use self::share_fetch_request::ShareFetchRequest;
pub use self::share_fetch_response::ShareFetchResponse;
pub use self::share_group_describe_request::ShareGroupDescribeRequest;
pub use self::share_group_describe_response::ShareGroupDescribeResponse;
pub use self::share_group_heartbeat_request::ShareGroupHeartbeatRequest;
pub use self::share_group_heartbeat_response::ShareGroupHeartbeatResponse;
pub use self::streams_group_describe_request::StreamsGroupDescribeRequest;
pub use self::streams_group_describe_response::StreamsGroupDescribeResponse;
pub use self::streams_group_heartbeat_request::StreamsGroupHeartbeatRequest;
pub use self::streams_group_heartbeat_response::StreamsGroupHeartbeatResponse;
pub use self::streams_group_topology_description_update_request::StreamsGroupTopologyDescriptionUpdateRequest;
pub use self::streams_group_topology_description_update_response::StreamsGroupTopologyDescriptionUpdateResponse;
pub use self::sync_group_request::SyncGroupRequest;
pub use self::sync_group_response::SyncGroupResponse;
pub use self::txn_offset_commit_request::TxnOffsetCommitRequest;
pub use self::txn_offset_commit_response::TxnOffsetCommitResponse;
pub use self::unregister_broker_request::UnregisterBrokerRequest;
pub use self::unregister_broker_response::UnregisterBrokerResponse;
pub use self::unregister_controller_request::UnregisterControllerRequest;
pub use self::unregister_controller_response::UnregisterControllerResponse;
pub use self::update_features_request::UpdateFeaturesRequest;
pub use self::update_features_response::UpdateFeaturesResponse;
pub use self::write_share_group_state_request::WriteShareGroupStateRequest;
pub use self::write_share_group_state_response::WriteShareGroupStateResponse;
pub use self::write_txn_markers_request::WriteTxnMarkersRequest;
pub use self::write_txn_markers_response::WriteTxnMarkersResponse;

crate::tie! {
Produce: ProduceRequest => ProduceResponse,
Fetch: FetchRequest => FetchResponse,
ListOffsets: ListOffsetsRequest => ListOffsetsResponse,
Metadata: MetadataRequest => MetadataResponse,
OffsetCommit: OffsetCommitRequest => OffsetCommitResponse,
OffsetFetch: OffsetFetchRequest => OffsetFetchResponse,
FindCoordinator: FindCoordinatorRequest => FindCoordinatorResponse,
JoinGroup: JoinGroupRequest => JoinGroupResponse,
Heartbeat: HeartbeatRequest => HeartbeatResponse,
LeaveGroup: LeaveGroupRequest => LeaveGroupResponse,
SyncGroup: SyncGroupRequest => SyncGroupResponse,
DescribeGroups: DescribeGroupsRequest => DescribeGroupsResponse,
ListGroups: ListGroupsRequest => ListGroupsResponse,
SaslHandshake: SaslHandshakeRequest => SaslHandshakeResponse,
ApiVersions: ApiVersionsRequest => ApiVersionsResponse,
CreateTopics: CreateTopicsRequest => CreateTopicsResponse,
DeleteTopics: DeleteTopicsRequest => DeleteTopicsResponse,
DeleteRecords: DeleteRecordsRequest => DeleteRecordsResponse,
InitProducerId: InitProducerIdRequest => InitProducerIdResponse,
OffsetForLeaderEpoch: OffsetForLeaderEpochRequest => OffsetForLeaderEpochResponse,
AddPartitionsToTxn: AddPartitionsToTxnRequest => AddPartitionsToTxnResponse,
AddOffsetsToTxn: AddOffsetsToTxnRequest => AddOffsetsToTxnResponse,
EndTxn: EndTxnRequest => EndTxnResponse,
WriteTxnMarkers: WriteTxnMarkersRequest => WriteTxnMarkersResponse,
TxnOffsetCommit: TxnOffsetCommitRequest => TxnOffsetCommitResponse,
DescribeAcls: DescribeAclsRequest => DescribeAclsResponse,
CreateAcls: CreateAclsRequest => CreateAclsResponse,
DeleteAcls: DeleteAclsRequest => DeleteAclsResponse,
DescribeConfigs: DescribeConfigsRequest => DescribeConfigsResponse,
AlterConfigs: AlterConfigsRequest => AlterConfigsResponse,
AlterReplicaLogDirs: AlterReplicaLogDirsRequest => AlterReplicaLogDirsResponse,
DescribeLogDirs: DescribeLogDirsRequest => DescribeLogDirsResponse,
SaslAuthenticate: SaslAuthenticateRequest => SaslAuthenticateResponse,
CreatePartitions: CreatePartitionsRequest => CreatePartitionsResponse,
CreateDelegationToken: CreateDelegationTokenRequest => CreateDelegationTokenResponse,
RenewDelegationToken: RenewDelegationTokenRequest => RenewDelegationTokenResponse,
ExpireDelegationToken: ExpireDelegationTokenRequest => ExpireDelegationTokenResponse,
DescribeDelegationToken: DescribeDelegationTokenRequest => DescribeDelegationTokenResponse,
DeleteGroups: DeleteGroupsRequest => DeleteGroupsResponse,
ElectLeaders: ElectLeadersRequest => ElectLeadersResponse,
IncrementalAlterConfigs: IncrementalAlterConfigsRequest => IncrementalAlterConfigsResponse,
AlterPartitionReassignments: AlterPartitionReassignmentsRequest => AlterPartitionReassignmentsResponse,
ListPartitionReassignments: ListPartitionReassignmentsRequest => ListPartitionReassignmentsResponse,
OffsetDelete: OffsetDeleteRequest => OffsetDeleteResponse,
DescribeClientQuotas: DescribeClientQuotasRequest => DescribeClientQuotasResponse,
AlterClientQuotas: AlterClientQuotasRequest => AlterClientQuotasResponse,
DescribeUserScramCredentials: DescribeUserScramCredentialsRequest => DescribeUserScramCredentialsResponse,
AlterUserScramCredentials: AlterUserScramCredentialsRequest => AlterUserScramCredentialsResponse,
DescribeQuorum: DescribeQuorumRequest => DescribeQuorumResponse,
UpdateFeatures: UpdateFeaturesRequest => UpdateFeaturesResponse,
DescribeCluster: DescribeClusterRequest => DescribeClusterResponse,
DescribeProducers: DescribeProducersRequest => DescribeProducersResponse,
UnregisterBroker: UnregisterBrokerRequest => UnregisterBrokerResponse,
DescribeTransactions: DescribeTransactionsRequest => DescribeTransactionsResponse,
ListTransactions: ListTransactionsRequest => ListTransactionsResponse,
ConsumerGroupHeartbeat: ConsumerGroupHeartbeatRequest => ConsumerGroupHeartbeatResponse,
ConsumerGroupDescribe: ConsumerGroupDescribeRequest => ConsumerGroupDescribeResponse,
GetTelemetrySubscriptions: GetTelemetrySubscriptionsRequest => GetTelemetrySubscriptionsResponse,
PushTelemetry: PushTelemetryRequest => PushTelemetryResponse,
ListConfigResources: ListConfigResourcesRequest => ListConfigResourcesResponse,
DescribeTopicPartitions: DescribeTopicPartitionsRequest => DescribeTopicPartitionsResponse,
ShareGroupHeartbeat: ShareGroupHeartbeatRequest => ShareGroupHeartbeatResponse,
ShareGroupDescribe: ShareGroupDescribeRequest => ShareGroupDescribeResponse,
ShareFetch: ShareFetchRequest => ShareFetchResponse,
ShareAcknowledge: ShareAcknowledgeRequest => ShareAcknowledgeResponse,
AddRaftVoter: AddRaftVoterRequest => AddRaftVoterResponse,
RemoveRaftVoter: RemoveRaftVoterRequest => RemoveRaftVoterResponse,
InitializeShareGroupState: InitializeShareGroupStateRequest => InitializeShareGroupStateResponse,
ReadShareGroupState: ReadShareGroupStateRequest => ReadShareGroupStateResponse,
WriteShareGroupState: WriteShareGroupStateRequest => WriteShareGroupStateResponse,
DeleteShareGroupState: DeleteShareGroupStateRequest => DeleteShareGroupStateResponse,
ReadShareGroupStateSummary: ReadShareGroupStateSummaryRequest => ReadShareGroupStateSummaryResponse,
StreamsGroupHeartbeat: StreamsGroupHeartbeatRequest => StreamsGroupHeartbeatResponse,
StreamsGroupDescribe: StreamsGroupDescribeRequest => StreamsGroupDescribeResponse,
DescribeShareGroupOffsets: DescribeShareGroupOffsetsRequest => DescribeShareGroupOffsetsResponse,
AlterShareGroupOffsets: AlterShareGroupOffsetsRequest => AlterShareGroupOffsetsResponse,
DeleteShareGroupOffsets: DeleteShareGroupOffsetsRequest => DeleteShareGroupOffsetsResponse,
StreamsGroupTopologyDescriptionUpdate: StreamsGroupTopologyDescriptionUpdateRequest => StreamsGroupTopologyDescriptionUpdateResponse,
UnregisterController: UnregisterControllerRequest => UnregisterControllerResponse,
}
