//! What outlives a restart beside the records: producers, as a snapshot and the batches after it.

use thalweg_model::Offset;
use thalweg_storage::{Recovered, Snapshot, SnapshotPart};

use super::Partition;
use super::producers::Producers;

impl Partition {
    /// The producers as storage keeps them, or those of them that appended something at or after `since`; none where
    /// there never were any.
    pub(crate) fn snapshot(&self, since: Option<Offset>) -> Option<Snapshot> {
        let state = self.0.state.lock();
        let (part, bytes) = match (&state.producers, since) {
            (Some(producers), Some(since)) => (SnapshotPart::Changes, producers.encode_since(since)),
            (Some(producers), None) => (SnapshotPart::Whole, producers.encode()),
            // An empty one takes the place of an older one that is not.
            (None, _) if state.had_producers => (SnapshotPart::Whole, Producers::default().encode()),
            (None, _) => return None,
        };
        let seq = self.0.log.seq_of_state();
        Some(Snapshot { part, bytes, seq })
    }

    /// Takes over what recovery found. Producers that expired meanwhile stay forgotten.
    pub(crate) fn restore(&self, recovered: Recovered, expiration_ms: i64) {
        let had_snapshot = !recovered.snapshot.is_empty();
        let mut producers = Producers::default();
        for part in recovered.snapshot {
            // Kafka starts without producers as well where their snapshot is damaged: an unknown producer may go on,
            // one of which only something older is known may not. What follows stands by itself.
            if let Err(error) = producers.take_in(part) {
                tracing::warn!(partition = ?self, %error, "producers are forgotten");
                producers = Producers::default();
            }
        }
        producers.expire(self.0.room.world.clock.now(), expiration_ms);
        for facts in &recovered.replay {
            producers.replay(facts);
        }
        let mut state = self.0.state.lock();
        state.had_producers = had_snapshot || !producers.is_empty();
        if !producers.is_empty() {
            state.producers = Some(Box::new(producers));
        }
    }
}
