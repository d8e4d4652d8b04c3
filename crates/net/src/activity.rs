//! When a connection last read or wrote something, for `connections.max.idle.ms`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use thalweg_model::world::Clock;

/// The moment of the last byte; clones share it.
#[derive(Clone)]
pub struct Activity {
    clock: Arc<dyn Clock>,
    last_ms: Arc<AtomicU64>,
}

impl Activity {
    /// Begins now.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let activity = Self { clock, last_ms: Arc::default() };
        activity.touch();
        activity
    }

    /// Says that something happened just now.
    pub fn touch(&self) {
        self.last_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// Ends when nothing has happened for `limit`.
    pub async fn idle_for(&self, limit: Duration) {
        loop {
            let quiet =
                Duration::from_millis(self.now_ms().saturating_sub(self.last_ms.load(Ordering::Relaxed)));
            match limit.checked_sub(quiet) {
                None | Some(Duration::ZERO) => return,
                Some(rest) => self.clock.sleep(rest).await,
            }
        }
    }

    fn now_ms(&self) -> u64 {
        self.clock.elapsed().as_millis() as u64
    }
}

impl std::fmt::Debug for Activity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Activity").field(&self.last_ms).finish()
    }
}
