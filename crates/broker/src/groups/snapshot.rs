//! A partition's groups in one piece, for the manifest: so that a start reads what holds, not all that ever held.
//!
//! ```text
//! version u8 = 1 │ next offset i64 │ records: (key length u32, key, value length u32, value)…
//! ```
//!
//! The records are those that the offsets topic itself would hold if it were compacted, in the same formats. Replay
//! goes on at `next offset`.

use bytes::{Buf, BufMut, Bytes};
use thalweg_model::{Offset, PartitionIndex};
use thiserror::Error;

use super::Coordinator;
use crate::WalSeq;

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
    /// All that holds in a partition, and the write that it reflects.
    pub fn snapshot(&self, partition: PartitionIndex) -> Option<(Bytes, WalSeq)> {
        let shard = self.shards.get(partition.0 as usize)?.lock();
        let mut out = Vec::new();
        out.put_u8(VERSION);
        out.put_i64(shard.next().0);
        for record in shard.image() {
            put_run(&mut out, &record.key);
            put_run(&mut out, record.value.as_deref().unwrap_or_default());
        }
        Some((out.into(), shard.seq()))
    }

    /// Takes in a snapshot, before any replay; tells from where on the log is to be replayed.
    pub fn restore(&self, partition: PartitionIndex, mut bytes: Bytes) -> Result<Offset, SnapshotError> {
        let version = bytes.try_get_u8()?;
        if version != VERSION {
            return Err(SnapshotError::Version(version));
        }
        let next = Offset(bytes.try_get_i64()?);
        let mut records = Vec::new();
        while bytes.has_remaining() {
            records.push((take_run(&mut bytes)?, take_run(&mut bytes)?));
        }
        for (key, value) in records {
            self.replay(partition, next, key, Some(value));
        }
        Ok(next)
    }
}

fn put_run(out: &mut Vec<u8>, run: &[u8]) {
    out.put_u32(u32::try_from(run.len()).expect("a record is shorter than that"));
    out.put_slice(run);
}

fn take_run(bytes: &mut Bytes) -> Result<Bytes, SnapshotError> {
    let length = bytes.try_get_u32()? as usize;
    if length > bytes.remaining() { Err(SnapshotError::Short) } else { Ok(bytes.split_to(length)) }
}
