//! What outlives a restart beside the records: producers, as a snapshot and the batches after it.

use thalweg_storage::{Recovered, Snapshot};

use super::Partition;
use super::producers::Producers;

impl Partition {
    /// The producers as storage keeps them; none where there never were any.
    pub(crate) fn snapshot(&self) -> Option<Snapshot> {
        let state = self.0.state.lock();
        let bytes = match &state.producers {
            Some(producers) => producers.encode(),
            // An empty one takes the place of an older one that is not.
            None if state.had_producers => Producers::default().encode(),
            None => return None,
        };
        let seq = self.0.log.seq_of_state();
        Some(Snapshot { bytes, seq })
    }

    /// Takes over what recovery found. Producers that expired meanwhile stay forgotten.
    pub(crate) fn restore(&self, recovered: Recovered, expiration_ms: i64) {
        let mut producers = match recovered.snapshot.map(Producers::decode) {
            Some(Ok(producers)) => producers,
            // Kafka starts without producers as well where their snapshot is damaged: an unknown producer may go on.
            Some(Err(error)) => {
                tracing::warn!(partition = ?self, %error, "producers are forgotten");
                Producers::default()
            }
            None => Producers::default(),
        };
        producers.expire(self.0.room.world.clock.now(), expiration_ms);
        for facts in &recovered.replay {
            producers.replay(facts);
        }
        let mut state = self.0.state.lock();
        state.had_producers = true;
        if !producers.is_empty() {
            state.producers = Some(Box::new(producers));
        }
    }
}
