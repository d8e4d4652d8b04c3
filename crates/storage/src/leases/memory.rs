//! Leases in memory: for the memory deployment, and for tests and simulations, in which they outlive a broker.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use thalweg_model::world::BoxFuture;

use super::{Lease, LeaseError, Leases};

/// The leases; clones are the same ones.
#[derive(Clone, Debug, Default)]
pub struct MemoryLeases(Arc<Mutex<BTreeMap<String, Held>>>);

#[derive(Debug, Default)]
struct Held {
    epoch: u64,
    by_someone: bool,
}

struct MemoryLease {
    leases: MemoryLeases,
    name: String,
    epoch: u64,
}

impl Leases for MemoryLeases {
    fn hold(&self, name: &str) -> BoxFuture<'_, Result<Box<dyn Lease>, LeaseError>> {
        let name = name.to_owned();
        Box::pin(async move {
            let mut all = self.0.lock();
            let held = all.entry(name.clone()).or_default();
            if held.by_someone {
                return Err(LeaseError::Held { folder: "memory".into(), holder: "this process".into() });
            }
            held.by_someone = true;
            held.epoch += 1;
            let lease: Box<dyn Lease> =
                Box::new(MemoryLease { leases: self.clone(), name, epoch: held.epoch });
            Ok(lease)
        })
    }
}

impl Lease for MemoryLease {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn still_mine(&self) -> bool {
        true
    }
}

impl Drop for MemoryLease {
    fn drop(&mut self) {
        if let Some(held) = self.leases.0.lock().get_mut(&self.name) {
            held.by_someone = false;
        }
    }
}
