//! Loading: a partition's groups are read back when somebody first asks for one of them, or in the background after the
//! start, whatever comes first. So a start costs the same however much the groups keep.
//!
//! A partition is built apart and comes into view when it is whole: what recovery finds behind the snapshot is in it.
//! Until then whoever asks waits, and nothing can be appended to it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use thalweg_model::{Offset, PartitionIndex, TimestampMs};

use super::snapshot::{self, SnapshotError};
use super::{Coordinator, GroupError, Shard};

/// So long a request waits for its groups; then its client is told to come again.
const LOAD_WAIT_MAX: Duration = Duration::from_secs(5);

/// A partition's groups while they are read back.
pub struct Loading {
    shard: Shard,
    now: TimestampMs,
}

impl Loading {
    /// Takes in a snapshot and what followed it, before any replay; `kept` is the offset up to which storage knows that
    /// they reflect the log. Tells from where on the log is to be replayed.
    pub fn restore(&mut self, kept: Offset, parts: Vec<Bytes>) -> Result<Offset, SnapshotError> {
        let decoded = snapshot::decode_all(kept, parts);
        match &decoded {
            Ok((next, records)) => self.shard.restore(kept, *next, records, self.now),
            Err(_) => self.shard.mistrust(kept),
        }
        decoded.map(|(next, _)| next)
    }

    /// Takes in a record of the log, in order; `next` is the offset after it.
    pub fn replay(&mut self, next: Offset, key: Bytes, value: Option<Bytes>) {
        self.shard.replay(next, key, value, self.now);
    }
}

impl Coordinator {
    /// Loads what nobody asked for yet, partition by partition; ends early with [`close`](Self::close).
    pub async fn load_all(&self) {
        for partition in self.partitions() {
            if self.closing.load(Ordering::Acquire) {
                return;
            }
            // What fails is told, and tried again for who asks.
            let _ = self.loaded(partition).await;
        }
    }

    /// All partitions of the offsets topic.
    pub(super) fn partitions(&self) -> impl Iterator<Item = PartitionIndex> + use<> {
        let count = i32::try_from(self.shards.len()).expect("a topic has fewer partitions than that");
        (0..count).map(PartitionIndex)
    }

    /// The shard of a partition, for a request.
    pub(super) async fn shard(&self, partition: PartitionIndex) -> Result<&Mutex<Shard>, GroupError> {
        if let Some(shard) = self.shards[partition.0 as usize].get() {
            return Ok(shard);
        }
        tokio::select! {
            biased;
            loaded = self.loaded(partition) => loaded,
            () = self.world.clock.sleep(LOAD_WAIT_MAX) => Err(GroupError::Loading),
        }
    }

    /// The shard of a partition, read back if it was not yet. One does it, others wait for that one, and where it gives
    /// up another begins anew.
    async fn loaded(&self, partition: PartitionIndex) -> Result<&Mutex<Shard>, GroupError> {
        let shard = self.shards[partition.0 as usize].get_or_try_init(|| self.load(partition)).await?;
        // Only now: from here on storage asks this coordinator for what the partition holds.
        self.log.loaded(partition);
        Ok(shard)
    }

    async fn load(&self, partition: PartitionIndex) -> Result<Mutex<Shard>, GroupError> {
        let mut loading = Loading { shard: Shard::default(), now: self.world.clock.now() };
        if let Err(error) = self.log.load(partition, &mut loading).await {
            tracing::error!(%partition, %error, "groups could not be loaded");
            return Err(GroupError::Loading);
        }
        // Members have a whole session timeout to be heard from.
        let mut work = self.work();
        loading.shard.watch_members(&mut work);
        self.timers.add(work.timers);
        Ok(Mutex::new(loading.shard))
    }
}
