//! The records of the offsets topic, in the formats that Kafka keeps there: a committed offset, or a group with its
//! members. Read in all versions; written in those that every tool of the last years reads.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use thalweg_model::{LeaderEpoch, Offset, PartitionIndex, TimestampMs, TopicId, Uuid};
use thiserror::Error;

use super::group::{Group, Stored};
use super::log::Record;
use super::member::{Member, Protocol};
use super::offsets::Committed;

/// The key's version says what the record is about: 0 and 1 an offset, 2 a group.
const OFFSET_KEY: i16 = 1;
const GROUP_KEY: i16 = 2;
/// An offset with a time of its own can only be told in version 1; all others know the leader epoch (3).
const OFFSET_VALUE_WITH_EXPIRY: i16 = 1;
const OFFSET_VALUE: i16 = 3;
const OFFSET_VALUE_NEWEST: i16 = 4;
const GROUP_VALUE: i16 = 3;
const GROUP_VALUE_NEWEST: i16 = 4;
/// From this version on, of both values, lengths are varints and fields may be tagged.
const FLEXIBLE_FROM: i16 = 4;
/// Most members that are taken in at once before any of them was read.
const MEMBERS_RESERVED_MAX: usize = 1_000;
/// The fewest bytes that a member takes.
const MEMBER_BYTES_MIN: usize = 8;

/// A record, read.
pub(super) enum Entry {
    Offset { group: Arc<str>, topic: Arc<str>, partition: PartitionIndex, committed: Option<Committed> },
    Group { group: Arc<str>, stored: Option<Stored> },
    Other,
}

/// Why a record cannot be read.
#[derive(Debug, Error)]
pub(super) enum ReadError {
    #[error("it ends too early")]
    Short,
    #[error("a length in it is wrong")]
    Length,
    #[error("a text in it is not UTF-8")]
    Text,
    #[error("its version {0} is not known")]
    Version(i16),
}

impl From<bytes::TryGetError> for ReadError {
    fn from(_: bytes::TryGetError) -> Self {
        Self::Short
    }
}

pub(super) fn of_offset(
    group: &str,
    topic: &str,
    partition: PartitionIndex,
    committed: &Committed,
) -> Record {
    let mut value = Vec::with_capacity(32 + committed.metadata.len());
    let version = if committed.expires_at.is_some() { OFFSET_VALUE_WITH_EXPIRY } else { OFFSET_VALUE };
    value.put_i16(version);
    value.put_i64(committed.offset.0);
    if version >= 3 {
        value.put_i32(committed.leader_epoch.map_or(-1, |epoch| epoch.0));
    }
    put_text(&mut value, &committed.metadata);
    value.put_i64(committed.committed_at.0);
    if let Some(at) = committed.expires_at {
        value.put_i64(at.0);
    }
    Record { key: offset_key(group, topic, partition), value: Some(value.into()) }
}

pub(super) fn without_offset(group: &str, topic: &str, partition: PartitionIndex) -> Record {
    Record { key: offset_key(group, topic, partition), value: None }
}

pub(super) fn of_group(group: &Group) -> Record {
    let mut value = Vec::with_capacity(256);
    value.put_i16(GROUP_VALUE);
    put_text(&mut value, group.protocol_type.as_deref().unwrap_or_default());
    value.put_i32(group.generation);
    put_nullable(&mut value, group.protocol.as_deref());
    put_nullable(&mut value, group.leader.as_deref());
    value.put_i64(group.state_since.0);
    value.put_i32(i32::try_from(group.members.len()).expect("group.max.size is an int"));
    let protocol = group.protocol.as_deref().unwrap_or_default();
    for member in group.members.values() {
        put_text(&mut value, &member.id);
        put_nullable(&mut value, member.instance.as_deref());
        put_text(&mut value, &member.client_id);
        put_text(&mut value, &member.client_host);
        value.put_i32(milliseconds(member.rebalance_timeout));
        value.put_i32(milliseconds(member.session_timeout));
        put_bytes(&mut value, &member.metadata(protocol));
        put_bytes(&mut value, &member.assignment);
    }
    Record { key: group_key(&group.id), value: Some(value.into()) }
}

pub(super) fn without_group(group: &str) -> Record {
    Record { key: group_key(group), value: None }
}

fn offset_key(group: &str, topic: &str, partition: PartitionIndex) -> Bytes {
    let mut key = Vec::with_capacity(10 + group.len() + topic.len());
    key.put_i16(OFFSET_KEY);
    put_text(&mut key, group);
    put_text(&mut key, topic);
    key.put_i32(partition.0);
    key.into()
}

fn group_key(group: &str) -> Bytes {
    let mut key = Vec::with_capacity(4 + group.len());
    key.put_i16(GROUP_KEY);
    put_text(&mut key, group);
    key.into()
}

fn milliseconds(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX)
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    // Texts come from requests whose own lengths are 16 bits wide, so nothing is ever cut here.
    let text = &text.as_bytes()[..text.len().min(i16::MAX as usize)];
    out.put_i16(text.len() as i16);
    out.put_slice(text);
}

fn put_nullable(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => put_text(out, text),
        None => out.put_i16(-1),
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.put_i32(i32::try_from(bytes.len()).expect("a frame is shorter than that"));
    out.put_slice(bytes);
}

/// Reads a record by its key's version.
pub(super) fn read(key: Bytes, value: Option<Bytes>) -> Result<Entry, ReadError> {
    let mut key = Fields { bytes: key, flexible: false };
    match key.bytes.try_get_i16()? {
        0 | 1 => {
            let (group, topic) = (key.text()?, key.text()?);
            let partition = PartitionIndex(key.bytes.try_get_i32()?);
            Ok(Entry::Offset { group, topic, partition, committed: value.map(read_offset).transpose()? })
        }
        GROUP_KEY => Ok(Entry::Group { group: key.text()?, stored: value.map(read_group).transpose()? }),
        _ => Ok(Entry::Other),
    }
}

fn read_offset(mut bytes: Bytes) -> Result<Committed, ReadError> {
    let version = bytes.try_get_i16()?;
    if !(0..=OFFSET_VALUE_NEWEST).contains(&version) {
        return Err(ReadError::Version(version));
    }
    let mut fields = Fields { bytes, flexible: version >= FLEXIBLE_FROM };
    let offset = Offset(fields.bytes.try_get_i64()?);
    let leader_epoch = if version >= 3 { fields.bytes.try_get_i32()? } else { -1 };
    let metadata = fields.text()?;
    let committed_at = TimestampMs(fields.bytes.try_get_i64()?);
    let expires_at = if version == 1 { fields.bytes.try_get_i64()? } else { -1 };
    let topic_id = fields.tagged_topic_id()?;
    Ok(Committed {
        offset,
        leader_epoch: (leader_epoch >= 0).then_some(LeaderEpoch(leader_epoch)),
        metadata,
        committed_at,
        expires_at: (expires_at >= 0).then_some(TimestampMs(expires_at)),
        topic_id,
    })
}

fn read_group(mut bytes: Bytes) -> Result<Stored, ReadError> {
    let version = bytes.try_get_i16()?;
    if !(0..=GROUP_VALUE_NEWEST).contains(&version) {
        return Err(ReadError::Version(version));
    }
    let mut fields = Fields { bytes, flexible: version >= FLEXIBLE_FROM };
    let protocol_type = Some(fields.text()?).filter(|text| !text.is_empty());
    let generation = fields.bytes.try_get_i32()?;
    let protocol = fields.nullable()?;
    let leader = fields.nullable()?;
    let state_since = if version >= 2 { TimestampMs(fields.bytes.try_get_i64()?) } else { TimestampMs::NONE };
    let count = fields.count()?;
    let mut members = Vec::with_capacity(count.min(MEMBERS_RESERVED_MAX));
    for _ in 0..count {
        members.push(read_member(&mut fields, version, protocol.as_ref())?);
    }
    Ok(Stored { protocol_type, generation, protocol, leader, state_since, members })
}

fn read_member(fields: &mut Fields, version: i16, protocol: Option<&Arc<str>>) -> Result<Member, ReadError> {
    let id = fields.text()?;
    let instance = if version >= 3 { fields.nullable()? } else { None };
    let (client_id, client_host) = (fields.text()?, fields.text()?);
    let rebalance = if version >= 1 { Some(fields.bytes.try_get_i32()?) } else { None };
    let session = fields.bytes.try_get_i32()?;
    let (metadata, assignment) = (fields.run()?, fields.run()?);
    fields.skip_tags()?;
    let time = |ms: i32| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    Ok(Member {
        id,
        instance,
        client_id,
        client_host,
        rebalance_timeout: time(rebalance.unwrap_or(session)),
        session_timeout: time(session),
        protocols: protocol.map(|name| Protocol { name: name.clone(), metadata }).into_iter().collect(),
        assignment,
        joining: None,
        syncing: None,
        is_new: false,
        deadline: Duration::ZERO,
        timer: None,
    })
}

/// The topics of a subscription in the consumer protocol, whose oldest form every newer one begins with.
pub(super) fn subscribed_topics(metadata: &Bytes) -> Option<Vec<String>> {
    let mut fields = Fields { bytes: metadata.clone(), flexible: false };
    fields.bytes.try_get_i16().ok()?;
    let count = fields.bytes.try_get_i32().ok()?;
    let mut topics = Vec::new();
    for _ in 0..count {
        topics.push(fields.text().ok()?.to_string());
    }
    Some(topics)
}

/// What is left of a record, and how its lengths are written.
struct Fields {
    bytes: Bytes,
    flexible: bool,
}

impl Fields {
    fn text(&mut self) -> Result<Arc<str>, ReadError> {
        self.nullable()?.ok_or(ReadError::Length)
    }

    fn nullable(&mut self) -> Result<Option<Arc<str>>, ReadError> {
        let length =
            if self.flexible { self.compact_length()? } else { i64::from(self.bytes.try_get_i16()?) };
        if length < 0 {
            return Ok(None);
        }
        let run = self.take(length)?;
        std::str::from_utf8(&run).map(|text| Some(text.into())).map_err(|_| ReadError::Text)
    }

    /// Bytes with a length, copied: what is kept must not keep the whole batch.
    fn run(&mut self) -> Result<Bytes, ReadError> {
        let length =
            if self.flexible { self.compact_length()? } else { i64::from(self.bytes.try_get_i32()?) };
        Ok(Bytes::copy_from_slice(&self.take(length)?))
    }

    fn count(&mut self) -> Result<usize, ReadError> {
        let count = if self.flexible { self.compact_length()? } else { i64::from(self.bytes.try_get_i32()?) };
        let count = usize::try_from(count).map_err(|_| ReadError::Length)?;
        if count > self.bytes.remaining() / MEMBER_BYTES_MIN { Err(ReadError::Length) } else { Ok(count) }
    }

    fn take(&mut self, length: i64) -> Result<Bytes, ReadError> {
        let length = usize::try_from(length).map_err(|_| ReadError::Length)?;
        if length > self.bytes.remaining() { Err(ReadError::Short) } else { Ok(self.bytes.split_to(length)) }
    }

    fn compact_length(&mut self) -> Result<i64, ReadError> {
        Ok(self.varint()? - 1)
    }

    fn varint(&mut self) -> Result<i64, ReadError> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.bytes.try_get_u8()?;
            value |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(ReadError::Length)
    }

    fn skip_tags(&mut self) -> Result<(), ReadError> {
        self.tags(|_, _| Ok(()))
    }

    fn tagged_topic_id(&mut self) -> Result<TopicId, ReadError> {
        let mut id = TopicId::ZERO;
        self.tags(|tag, run| {
            if tag == 0 {
                id = TopicId(Uuid::from_slice(run).map_err(|_| ReadError::Length)?);
            }
            Ok(())
        })?;
        Ok(id)
    }

    fn tags(&mut self, mut each: impl FnMut(i64, &[u8]) -> Result<(), ReadError>) -> Result<(), ReadError> {
        if !self.flexible {
            return Ok(());
        }
        for _ in 0..self.varint()? {
            let (tag, length) = (self.varint()?, self.varint()?);
            let run = self.take(length)?;
            each(tag, &run)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lying_count_is_an_error() {
        let mut value = Vec::new();
        value.put_i16(3);
        put_text(&mut value, "consumer");
        value.put_i32(1);
        put_nullable(&mut value, None);
        put_nullable(&mut value, None);
        value.put_i64(0);
        value.put_i32(i32::MAX);
        let read = read(group_key("g"), Some(value.into()));
        assert!(matches!(read, Err(ReadError::Length)));
    }

    #[test]
    fn a_newer_value_with_a_topic_id_is_read() {
        let mut value = Vec::new();
        value.put_i16(4);
        value.put_i64(42);
        value.put_i32(7);
        value.put_u8(1 + 4);
        value.put_slice(b"note");
        value.put_i64(1_000);
        value.put_slice(&[1, 0, 16]);
        value.put_slice(&[9; 16]);
        let Ok(Entry::Offset { committed: Some(committed), .. }) =
            read(offset_key("g", "t", PartitionIndex(0)), Some(value.into()))
        else {
            panic!("it is an offset");
        };
        assert_eq!((committed.offset, committed.leader_epoch), (Offset(42), Some(LeaderEpoch(7))));
        assert_eq!((&*committed.metadata, committed.topic_id), ("note", TopicId(Uuid::from_bytes([9; 16]))));
    }

    #[test]
    fn keys_of_other_kinds_are_passed_over() {
        assert!(matches!(read(Bytes::from_static(&[0, 5, 1, 2]), None), Ok(Entry::Other)));
        assert!(read(Bytes::from_static(&[0]), None).is_err());
    }
}
