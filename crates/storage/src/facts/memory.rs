//! Facts in memory: for the memory deployment and for tests, which may open the same facts again after a "restart".

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use thalweg_model::world::BoxFuture;

use super::{Facts, FactsError, Loaded};

/// Commits beyond the image that are worth a new image.
const SNAPSHOT_BYTES_MIN: u64 = 1 << 20;

/// The facts; clones are the same facts.
#[derive(Clone, Default)]
pub struct MemoryFacts(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    loaded: Loaded,
    image_bytes: u64,
    bytes: u64,
}

impl State {
    fn expect(&self, expected: u64) -> Result<u64, FactsError> {
        match self.loaded.index == expected {
            true => Ok(expected + 1),
            false => Err(FactsError::Conflict(self.loaded.index)),
        }
    }
}

fn length_of(records: &[Bytes]) -> u64 {
    records.iter().map(|record| record.len() as u64).sum()
}

impl Facts for MemoryFacts {
    fn load(&self) -> BoxFuture<'_, Result<Loaded, FactsError>> {
        Box::pin(async move { Ok(self.0.lock().loaded.clone()) })
    }

    fn commit(&self, expected: u64, records: Vec<Bytes>) -> BoxFuture<'_, Result<u64, FactsError>> {
        Box::pin(async move {
            let mut state = self.0.lock();
            state.loaded.index = state.expect(expected)?;
            state.bytes += length_of(&records);
            state.loaded.records.extend(records);
            Ok(state.loaded.index)
        })
    }

    fn replace(&self, expected: u64, image: Vec<Bytes>) -> BoxFuture<'_, Result<u64, FactsError>> {
        Box::pin(async move {
            let mut state = self.0.lock();
            let index = state.expect(expected)?;
            state.image_bytes = length_of(&image);
            state.bytes = state.image_bytes;
            state.loaded = Loaded { records: image, index };
            Ok(index)
        })
    }

    fn wants_snapshot(&self) -> bool {
        let state = self.0.lock();
        state.bytes - state.image_bytes > state.image_bytes.max(SNAPSHOT_BYTES_MIN)
    }

    fn bytes(&self) -> u64 {
        self.0.lock().bytes
    }
}
