//! Reads that have to wait for the disk, on a few threads of their own: they stall nobody who serves connections, and
//! there are never more of them than the disk is good for.

use std::sync::Arc;

use thalweg_model::world::{Spawner, World};
use tokio::sync::{Semaphore, oneshot};

pub(crate) struct ColdReaders {
    permits: Arc<Semaphore>,
    spawner: Arc<dyn Spawner>,
}

impl ColdReaders {
    pub(crate) fn new(threads: usize, world: &World) -> Self {
        Self { permits: Arc::new(Semaphore::new(threads.max(1))), spawner: world.spawner.clone() }
    }

    /// Does work that blocks.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let permit = self.permits.clone().acquire_owned().await.expect("the semaphore is never closed");
        let (tell, told) = oneshot::channel();
        let job = move || {
            let _permit = permit;
            // Whoever asked may have gone meanwhile.
            let _ = tell.send(work());
        };
        // Dropping the task lets the work go on; its result comes by the channel.
        drop(self.spawner.spawn_blocking("cold-reader", Box::new(job)));
        told.await.expect("work that was begun is ended: a panic ends the process")
    }
}
