//! A clock that moves only when it is told to: for tests and simulations.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{BoxFuture, Clock};
use crate::TimestampMs;

/// The clock; clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    wall: TimestampMs,
    elapsed: Duration,
    next_sleeper: u64,
    sleepers: BTreeMap<(Duration, u64), Waker>,
}

impl ManualClock {
    /// Starts at this wall time.
    pub fn new(wall: TimestampMs) -> Self {
        Self(Arc::new(Mutex::new(State { wall, ..State::default() })))
    }

    /// Lets time pass; sleepers whose time has come are woken in the order of their deadlines.
    pub fn advance(&self, by: Duration) {
        let due = {
            let mut state = self.state();
            state.elapsed += by;
            state.wall.0 += i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            let later_than = (state.elapsed + Duration::from_nanos(1), 0);
            let later = state.sleepers.split_off(&later_than);
            std::mem::replace(&mut state.sleepers, later)
        };
        for waker in due.into_values() {
            waker.wake();
        }
    }

    /// Sets the wall clock alone, forwards or back, as an administrator may.
    pub fn set_wall(&self, wall: TimestampMs) {
        self.state().wall = wall;
    }

    /// When the next sleeper wants to be woken, in time since start.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.state().sleepers.keys().next().map(|(at, _)| *at)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> TimestampMs {
        self.state().wall
    }

    fn elapsed(&self) -> Duration {
        self.state().elapsed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let at = self.elapsed() + duration;
        Box::pin(Sleep { clock: self.clone(), at, key: None })
    }
}

struct Sleep {
    clock: ManualClock,
    at: Duration,
    key: Option<(Duration, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut state = clock.state();
        if state.elapsed >= self.at {
            return Poll::Ready(());
        }
        let key = self.key.unwrap_or_else(|| {
            state.next_sleeper += 1;
            (self.at, state.next_sleeper)
        });
        self.key = Some(key);
        state.sleepers.insert(key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.clock.state().sleepers.remove(&key);
        }
    }
}
