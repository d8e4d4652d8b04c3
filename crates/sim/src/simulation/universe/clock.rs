//! Time as the houses of the world see it: one for all, and a wall clock for each that may be wrong.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use thalweg_model::TimestampMs;
use thalweg_model::world::{BoxFuture, Clock};

use super::Universe;

/// The wall clock at the beginning of the world.
const WALL_BEGIN_MS: i64 = 1_800_000_000_000;

/// The clock of a house.
#[derive(Clone)]
pub struct HouseClock {
    universe: Universe,
    /// When the house began.
    born: Duration,
    /// How wrong the wall clock is.
    wrong_ms: Arc<AtomicI64>,
}

impl HouseClock {
    pub(super) fn new(universe: Universe, wrong_ms: Arc<AtomicI64>) -> Self {
        Self { born: universe.elapsed(), universe, wrong_ms }
    }
}

impl Clock for HouseClock {
    fn now(&self) -> TimestampMs {
        let elapsed = self.universe.elapsed().as_millis() as i64;
        TimestampMs(WALL_BEGIN_MS + elapsed + self.wrong_ms.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        self.universe.elapsed() - self.born
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(self.universe.sleep(duration))
    }
}

/// Ends when its time has come.
pub struct Sleep {
    universe: Universe,
    at: Duration,
    key: Option<(Duration, u64)>,
}

impl Sleep {
    pub(super) fn new(universe: Universe, at: Duration) -> Self {
        Self { universe, at, key: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let universe = self.universe.clone();
        let mut state = universe.0.state.lock();
        if state.elapsed >= self.at {
            return Poll::Ready(());
        }
        let key = self.key.unwrap_or_else(|| state.timer(self.at));
        self.key = Some(key);
        state.timers.insert(key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.universe.0.state.lock().timers.remove(&key);
        }
    }
}
