//! Reads that have to wait for the disk, on a few threads of their own: they stall nobody who serves connections, and
//! there are never more of them than the disk is good for.

use std::sync::Arc;

use thalweg_model::world::{Spawner, World};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

pub(crate) struct ColdReaders {
    permits: Arc<Semaphore>,
    spawner: Arc<dyn Spawner>,
}

/// A cold reader who has nothing to do yet.
pub(crate) struct ColdReader {
    permit: OwnedSemaphorePermit,
    spawner: Arc<dyn Spawner>,
}

impl ColdReaders {
    pub(crate) fn new(threads: usize, world: &World) -> Self {
        Self { permits: Arc::new(Semaphore::new(threads.max(1))), spawner: world.spawner.clone() }
    }

    /// Does work that blocks.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let (tell, told) = oneshot::channel();
        self.free().await.begin(move || {
            // Whoever asked may have gone meanwhile.
            let _ = tell.send(work());
        });
        told.await.expect("work that was begun is ended: a panic ends the process")
    }

    /// Waits for a reader who is free.
    pub(crate) async fn free(&self) -> ColdReader {
        let permit = self.permits.clone().acquire_owned().await.expect("the semaphore is never closed");
        ColdReader { permit, spawner: self.spawner.clone() }
    }

    /// A reader, if one is free now.
    pub(crate) fn free_now(&self) -> Option<ColdReader> {
        let permit = self.permits.clone().try_acquire_owned().ok()?;
        Some(ColdReader { permit, spawner: self.spawner.clone() })
    }
}

impl ColdReader {
    /// Begins work that blocks; it goes on to its end, whoever waits for it.
    pub(crate) fn begin(self, work: impl FnOnce() + Send + 'static) {
        let permit = self.permit;
        let job = move || {
            work();
            drop(permit);
        };
        drop(self.spawner.spawn_blocking("cold-reader", Box::new(job)));
    }
}
