//! The records of the offsets topic, in the formats that Kafka keeps there: a committed offset, or a group with its
//! members. Read in all versions; written in those that every tool of the last years reads.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use thalweg_model::codec::{self, EncodeError, Reader, Text, Writer};
use thalweg_model::{LeaderEpoch, Offset, PartitionIndex, TimestampMs, TopicId, Uuid};

use super::group::{Group, Stored};
use super::log::Record;
use super::member::{Member, Protocol};
use super::offsets::Committed;
use crate::records::consumer_protocol_subscription::ConsumerProtocolSubscription;
use crate::records::group_metadata_key::{self, GroupMetadataKey};
use crate::records::group_metadata_value::{GroupMetadataValue, MemberMetadata};
use crate::records::offset_commit_key::{self, OffsetCommitKey};
use crate::records::offset_commit_value::OffsetCommitValue;

/// What a key begins with says what the record is about: 0 and 1 an offset, 2 a group. Each has one form.
const OFFSET_KEY: i16 = offset_commit_key::RECORD_TYPE;
const GROUP_KEY: i16 = group_metadata_key::RECORD_TYPE;
const KEY_FORM: i16 = 0;
/// An offset with a time of its own can only be told in version 1; all others know the leader epoch (3).
const OFFSET_VALUE_WITH_EXPIRY: i16 = 1;
const OFFSET_VALUE: i16 = 3;
const GROUP_VALUE: i16 = 3;
/// Every newer version of the consumer protocol begins with the oldest.
const SUBSCRIPTION: i16 = 0;

/// A record, read.
pub(super) enum Entry {
    /// The names lie in the record: mostly they are known already.
    Offset {
        group: Text,
        topic: Text,
        partition: PartitionIndex,
        committed: Option<Committed>,
    },
    Group {
        group: Arc<str>,
        stored: Option<Stored>,
    },
    Other,
}

pub(super) fn of_offset(
    group: &str,
    topic: &str,
    partition: PartitionIndex,
    committed: &Committed,
) -> Record {
    let expires_at = committed.expires_at.unwrap_or(TimestampMs::NONE);
    let version = if committed.expires_at.is_some() { OFFSET_VALUE_WITH_EXPIRY } else { OFFSET_VALUE };
    let epoch = committed.leader_epoch.map_or(-1, |epoch| epoch.0);
    let value = OffsetCommitValue {
        offset: committed.offset.0,
        leader_epoch: if version == OFFSET_VALUE { epoch } else { -1 },
        metadata: Text::from(&committed.metadata),
        commit_timestamp: committed.committed_at.0,
        expire_timestamp: expires_at.0,
        topic_id: Uuid::nil(),
    };
    let value = versioned(version, |writer| value.encode(writer, version));
    Record { key: offset_key(group, topic, partition), value: Some(value) }
}

pub(super) fn without_offset(group: &str, topic: &str, partition: PartitionIndex) -> Record {
    Record { key: offset_key(group, topic, partition), value: None }
}

pub(super) fn of_group(group: &Group) -> Record {
    let protocol = group.protocol.as_deref().unwrap_or_default();
    let member = |member: &Member| MemberMetadata {
        member_id: Text::from(&member.id),
        group_instance_id: member.instance.as_ref().map(Text::from),
        client_id: Text::from(&member.client_id),
        client_host: Text::from(&member.client_host),
        rebalance_timeout: milliseconds(member.rebalance_timeout),
        session_timeout: milliseconds(member.session_timeout),
        subscription: member.metadata(protocol),
        assignment: member.assignment.clone(),
    };
    let value = GroupMetadataValue {
        protocol_type: group.protocol_type.as_deref().unwrap_or_default().into(),
        generation: group.generation,
        protocol: group.protocol.as_ref().map(Text::from),
        leader: group.leader.as_ref().map(Text::from),
        current_state_timestamp: group.state_since.0,
        members: group.members.values().map(member).collect(),
    };
    let value = versioned(GROUP_VALUE, |writer| value.encode(writer, GROUP_VALUE));
    Record { key: group_key(&group.id), value: Some(value) }
}

/// A group's record as it was written before.
pub(super) fn of_stored(group: &str, value: Bytes) -> Record {
    Record { key: group_key(group), value: Some(value) }
}

pub(super) fn without_group(group: &str) -> Record {
    Record { key: group_key(group), value: None }
}

fn offset_key(group: &str, topic: &str, partition: PartitionIndex) -> Bytes {
    let key = OffsetCommitKey { group: group.into(), topic: topic.into(), partition: partition.0 };
    versioned(OFFSET_KEY, |writer| key.encode(writer, KEY_FORM))
}

fn group_key(group: &str) -> Bytes {
    let key = GroupMetadataKey { group: group.into() };
    versioned(GROUP_KEY, |writer| key.encode(writer, KEY_FORM))
}

/// Keys and values say their version first.
fn versioned(version: i16, encode: impl FnOnce(&mut Writer) -> Result<(), EncodeError>) -> Bytes {
    let mut writer = Writer::new();
    writer.i16(version);
    encode(&mut writer).expect("texts and bytes came out of frames, so they fit into one");
    writer.into_bytes()
}

fn milliseconds(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX)
}

/// Reads a record by its key's version.
pub(super) fn read(key: Bytes, value: Option<Bytes>) -> Result<Entry, codec::Error> {
    let mut key = Reader::from(key);
    match key.i16()? {
        0 | OFFSET_KEY => {
            let OffsetCommitKey { group, topic, partition } = OffsetCommitKey::decode(&mut key, KEY_FORM)?;
            let committed = value.map(read_offset).transpose()?;
            Ok(Entry::Offset { group, topic, partition: PartitionIndex(partition), committed })
        }
        GROUP_KEY => {
            let group = GroupMetadataKey::decode(&mut key, KEY_FORM)?.group.to_shared();
            Ok(Entry::Group { group, stored: value.map(read_group).transpose()? })
        }
        _ => Ok(Entry::Other),
    }
}

fn read_offset(value: Bytes) -> Result<Committed, codec::Error> {
    let mut reader = Reader::from(value);
    let version = reader.i16()?;
    let value = OffsetCommitValue::decode(&mut reader, version)?;
    Ok(Committed {
        offset: Offset(value.offset),
        leader_epoch: (value.leader_epoch >= 0).then_some(LeaderEpoch(value.leader_epoch)),
        metadata: value.metadata.to_shared(),
        committed_at: TimestampMs(value.commit_timestamp),
        expires_at: (value.expire_timestamp >= 0).then_some(TimestampMs(value.expire_timestamp)),
        topic_id: TopicId(value.topic_id),
    })
}

fn read_group(value: Bytes) -> Result<Stored, codec::Error> {
    let mut reader = Reader::from(value);
    let version = reader.i16()?;
    let value = GroupMetadataValue::decode(&mut reader, version)?;
    let protocol = value.protocol.map(|name| name.to_shared());
    let member = |member: MemberMetadata| read_member(member, protocol.as_ref());
    Ok(Stored {
        protocol_type: Some(value.protocol_type.to_shared()).filter(|text| !text.is_empty()),
        generation: value.generation,
        leader: value.leader.map(|id| id.to_shared()),
        state_since: TimestampMs(value.current_state_timestamp),
        members: value.members.into_iter().map(member).collect(),
        protocol,
    })
}

fn read_member(member: MemberMetadata, protocol: Option<&Arc<str>>) -> Member {
    // What is kept must not keep the batch that it was read from.
    let own = |bytes: &Bytes| Bytes::copy_from_slice(bytes);
    let time = |ms: i32| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    let metadata = own(&member.subscription);
    // The oldest version knew one timeout for both.
    let rebalance =
        if member.rebalance_timeout < 0 { member.session_timeout } else { member.rebalance_timeout };
    Member {
        id: member.member_id.to_shared(),
        instance: member.group_instance_id.map(|name| name.to_shared()),
        client_id: member.client_id.to_shared(),
        client_host: member.client_host.to_shared(),
        rebalance_timeout: time(rebalance),
        session_timeout: time(member.session_timeout),
        protocols: protocol.map(|name| Protocol { name: name.clone(), metadata }).into_iter().collect(),
        assignment: own(&member.assignment),
        joining: None,
        syncing: None,
        is_new: false,
        deadline: Duration::ZERO,
        timer: None,
    }
}

/// The topics of a subscription in the consumer protocol.
pub(super) fn subscribed_topics(metadata: &Bytes) -> Option<Vec<String>> {
    let mut reader = Reader::from(metadata.clone());
    reader.i16().ok()?;
    let subscription = ConsumerProtocolSubscription::decode(&mut reader, SUBSCRIPTION).ok()?;
    Some(subscription.topics.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lying_count_is_an_error() {
        let value = versioned(3, |writer| {
            writer.text(false, &"consumer".into())?;
            writer.i32(1);
            writer.nullable_text(false, None)?;
            writer.nullable_text(false, None)?;
            writer.i64(0);
            writer.i32(i32::MAX);
            Ok(())
        });
        assert!(matches!(read(group_key("g"), Some(value)), Err(codec::Error::TooMany { .. })));
    }

    #[test]
    fn a_newer_value_with_a_topic_id_is_read() {
        let topic_id = Uuid::from_bytes([9; 16]);
        let metadata = "note".into();
        let written = OffsetCommitValue {
            offset: 42,
            leader_epoch: 7,
            metadata,
            commit_timestamp: 1_000,
            expire_timestamp: -1,
            topic_id,
        };
        let value = versioned(4, |writer| written.encode(writer, 4));
        let Ok(Entry::Offset { committed: Some(committed), .. }) =
            read(offset_key("g", "t", PartitionIndex(0)), Some(value))
        else {
            panic!("it is an offset");
        };
        assert_eq!((committed.offset, committed.leader_epoch), (Offset(42), Some(LeaderEpoch(7))));
        assert_eq!((&*committed.metadata, committed.topic_id), ("note", TopicId(topic_id)));
    }

    #[test]
    fn an_offset_with_a_time_of_its_own_keeps_it() {
        let committed = Committed {
            offset: Offset(1),
            leader_epoch: Some(LeaderEpoch(2)),
            metadata: "".into(),
            committed_at: TimestampMs(10),
            expires_at: Some(TimestampMs(20)),
            topic_id: TopicId::ZERO,
        };
        let record = of_offset("g", "t", PartitionIndex(0), &committed);
        let Ok(Entry::Offset { committed: Some(read), .. }) = read(record.key, record.value) else {
            panic!("it is an offset");
        };
        assert_eq!((read.expires_at, read.leader_epoch), (Some(TimestampMs(20)), None));
    }

    #[test]
    fn keys_of_other_kinds_are_passed_over() {
        assert!(matches!(read(Bytes::from_static(&[0, 5, 1, 2]), None), Ok(Entry::Other)));
        assert!(read(Bytes::from_static(&[0]), None).is_err());
    }
}
