//! A partition's groups in one piece, for the manifest: so that a start reads what holds, not all that ever held. What
//! was written after it follows in pieces of the same form.
//!
//! ```text
//! version u8 = 1 │ next offset i64 │ records: (key length u32, key, value length u32, value)…
//! ```
//!
//! The records are those that the offsets topic itself would hold if it were compacted, in the same formats; one
//! without a value, which only what follows can have, forgets its key. Replay goes on at the last piece's `next offset`.

use bytes::{Buf, BufMut, Bytes};
use thalweg_model::{Offset, PartitionIndex};
use thalweg_storage::{Snapshot, SnapshotPart};
use thiserror::Error;

use super::Coordinator;
use super::log::Record;

const VERSION: u8 = 1;

/// Why a snapshot cannot be read; the log itself can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SnapshotError {
    /// It was written by a newer version.
    #[error("version {0} of the snapshot is not known")]
    Version(u8),
    /// It ends too early.
    #[error("the snapshot ends too early")]
    Short,
}

impl From<bytes::TryGetError> for SnapshotError {
    fn from(_: bytes::TryGetError) -> Self {
        Self::Short
    }
}

impl Coordinator {
    /// What a partition holds; only what was written from `since` on, where that is asked for and known. None where it
    /// is not loaded: storage keeps what it has and does not ask until it is told.
    pub fn snapshot(&self, partition: PartitionIndex, since: Option<Offset>) -> Option<Snapshot> {
        let mut shard = self.shards.get(partition.0 as usize)?.get()?.lock();
        let (part, records) = match since.and_then(|since| shard.changes_since(since)) {
            Some(changes) => (SnapshotPart::Changes, changes),
            None => (SnapshotPart::Whole, shard.image()),
        };
        let (next, seq) = (shard.next(), shard.seq());
        drop(shard);
        Some(Snapshot { part, bytes: encode(next, &records), seq })
    }
}

fn encode(next: Offset, records: &[Record]) -> Bytes {
    let length = |record: &Record| 8 + record.key.len() + record.value.as_ref().map_or(0, Bytes::len);
    let mut out = Vec::with_capacity(9 + records.iter().map(length).sum::<usize>());
    out.put_u8(VERSION);
    out.put_i64(next.0);
    for record in records {
        put_run(&mut out, &record.key);
        put_run(&mut out, record.value.as_deref().unwrap_or_default());
    }
    out.into()
}

pub(super) fn decode_all(kept: Offset, parts: Vec<Bytes>) -> Result<(Offset, Vec<Record>), SnapshotError> {
    let mut next = kept;
    let mut records = Vec::new();
    for mut bytes in parts {
        next = next.max(decode(&mut bytes, &mut records)?);
    }
    Ok((next, records))
}

fn decode(bytes: &mut Bytes, records: &mut Vec<Record>) -> Result<Offset, SnapshotError> {
    let version = bytes.try_get_u8()?;
    if version != VERSION {
        return Err(SnapshotError::Version(version));
    }
    let next = Offset(bytes.try_get_i64()?);
    while bytes.has_remaining() {
        let (key, value) = (take_run(bytes)?, take_run(bytes)?);
        // A value begins with its version, so that none is empty.
        records.push(Record { key, value: Some(value).filter(|value| !value.is_empty()) });
    }
    Ok(next)
}

fn put_run(out: &mut Vec<u8>, run: &[u8]) {
    out.put_u32(u32::try_from(run.len()).expect("a record is shorter than that"));
    out.put_slice(run);
}

fn take_run(bytes: &mut Bytes) -> Result<Bytes, SnapshotError> {
    let length = bytes.try_get_u32()? as usize;
    if length > bytes.remaining() { Err(SnapshotError::Short) } else { Ok(bytes.split_to(length)) }
}
