//! What surrounds the code and is simulated in tests: time, chance, tasks, figures.
//!
//! The real forms live in `node`; forms for tests and simulations stand here ([`ManualClock`], [`SeededRandom`],
//! [`Threads`], [`NoMeter`]).

mod manual;
mod threads;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::TimestampMs;

pub use self::manual::ManualClock;
pub use self::threads::{Threads, block_on};

/// A future that owns its result's way.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// All of it in one value, handed down from `main` (or from a simulation).
#[derive(Clone)]
pub struct World {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance and fresh identities.
    pub random: Arc<dyn Random>,
    /// Tasks and threads.
    pub spawner: Arc<dyn Spawner>,
    /// Figures for operators.
    pub meter: Arc<dyn Meter>,
}

/// Time as the process sees it.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> TimestampMs;
    /// Time since some moment of this process's start: never goes back, for measuring and deadlines.
    fn elapsed(&self) -> Duration;
    /// Ends when `elapsed()` has grown by at least `duration`: some milliseconds late in a task among others, some
    /// microseconds on a thread of its own.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Chance.
pub trait Random: Send + Sync {
    /// 64 random bits.
    fn next(&self) -> u64;

    /// A fresh random UUID (version 4).
    fn uuid(&self) -> uuid::Uuid {
        let bits = (u128::from(self.next()) << 64) | u128::from(self.next());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }
}

/// Starts tasks and threads.
pub trait Spawner: Send + Sync {
    /// Runs a future as a task among others; it must not block.
    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>) -> Task;
    /// Runs a future on a thread of its own, where it may block (a simulation runs it as a task).
    fn spawn_thread(&self, name: &'static str, task: BoxFuture<'static, ()>) -> Task;
    /// Runs a piece of blocking work on a bounded pool; wait for the task to know that it ended.
    fn spawn_blocking(&self, name: &'static str, work: Box<dyn FnOnce() + Send>) -> Task;
    /// Ends the process, because nobody knows any more what is true: the next start finds out. Nothing comes after it;
    /// in a simulation the process is torn down while this waits.
    fn end_process(&self, why: String) -> BoxFuture<'static, Infallible> {
        panic!("{why}")
    }
}

/// A started task: await it to wait for its end; dropping it lets the task go on.
pub struct Task(pub BoxFuture<'static, ()>);

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Task")
    }
}

/// Figures that operators read. Names are Prometheus names without the `thalweg_` prefix. A handle is asked for once
/// and kept; asking again for the same name and labels gives the same figure.
pub trait Meter: Send + Sync {
    /// A figure that only grows.
    fn counter(&self, name: &'static str, help: &'static str, labels: &[(&'static str, &str)]) -> Counter;
    /// A figure that goes up and down.
    fn gauge(&self, name: &'static str, help: &'static str, labels: &[(&'static str, &str)]) -> Gauge;
    /// A distribution; `buckets` are upper bounds.
    fn histogram(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&'static str, &str)],
        buckets: &'static [f64],
    ) -> Arc<dyn Histogram>;
    /// Forgets all figures of `name` whose label `label` is `value` (a topic that was deleted).
    fn forget(&self, name: &'static str, label: &'static str, value: &str);
}

/// A figure that only grows.
#[derive(Clone, Debug, Default)]
pub struct Counter(pub Arc<AtomicU64>);

impl Counter {
    /// Adds to it.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// What it says.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A figure that goes up and down.
#[derive(Clone, Debug, Default)]
pub struct Gauge(pub Arc<std::sync::atomic::AtomicI64>);

impl Gauge {
    /// Sets it.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Adds to it (or takes away).
    pub fn add(&self, delta: i64) {
        self.0.fetch_add(delta, Ordering::Relaxed);
    }

    /// What it says.
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A distribution.
pub trait Histogram: Send + Sync {
    /// Adds an observation.
    fn observe(&self, value: f64);
}

/// A meter that nobody reads.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMeter;

struct NoHistogram;

impl Histogram for NoHistogram {
    fn observe(&self, _: f64) {}
}

impl Meter for NoMeter {
    fn counter(&self, _: &'static str, _: &'static str, _: &[(&'static str, &str)]) -> Counter {
        Counter::default()
    }

    fn gauge(&self, _: &'static str, _: &'static str, _: &[(&'static str, &str)]) -> Gauge {
        Gauge::default()
    }

    fn histogram(
        &self,
        _: &'static str,
        _: &'static str,
        _: &[(&'static str, &str)],
        _: &'static [f64],
    ) -> Arc<dyn Histogram> {
        Arc::new(NoHistogram)
    }

    fn forget(&self, _: &'static str, _: &'static str, _: &str) {}
}

/// Chance that one seed decides (SplitMix64). For simulations and tests; identities in production come from the
/// operating system.
#[derive(Debug)]
pub struct SeededRandom(AtomicU64);

impl SeededRandom {
    /// Starts from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Random for SeededRandom {
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleepers_wake_when_the_time_has_come_and_not_before() {
        let clock = ManualClock::new(TimestampMs(1_000));
        let (tell, told) = std::sync::mpsc::channel();
        for seconds in [2, 1] {
            let (sleep, tell) = (clock.sleep(Duration::from_secs(seconds)), tell.clone());
            Threads.spawn(
                "sleeper",
                Box::pin(async move {
                    sleep.await;
                    tell.send(seconds).expect("the test listens");
                }),
            );
        }
        while clock.next_deadline() != Some(Duration::from_secs(1)) {
            std::hint::spin_loop();
        }
        clock.advance(Duration::from_secs(1));
        assert_eq!(told.recv(), Ok(1));
        assert!(told.try_recv().is_err());
        clock.advance(Duration::from_secs(1));
        assert_eq!(told.recv(), Ok(2));
        assert_eq!(clock.now(), TimestampMs(3_000));
    }

    #[test]
    fn one_seed_is_one_sequence() {
        let (a, b) = (SeededRandom::new(7), SeededRandom::new(7));
        assert_eq!(a.uuid(), b.uuid());
        assert_ne!(a.next(), a.next());
    }
}
