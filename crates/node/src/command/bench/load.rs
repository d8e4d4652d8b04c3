//! What the benches send, and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use thalweg_model::world::{Clock, Random, World};

/// How many bytes of noise there are to cut values from.
const NOISE_BYTES: usize = 1 << 20;

/// How many records are done, of all clients.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<AtomicU64>);

impl Progress {
    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Values of one size: hexadecimal digits at random, so that codecs can about halve them.
#[derive(Clone, Debug)]
pub(super) struct Values {
    noise: Bytes,
    size: usize,
    at: usize,
}

impl Values {
    pub(super) fn new(random: &dyn Random, size: usize) -> Self {
        let mut noise = Vec::with_capacity(NOISE_BYTES + size);
        while noise.len() < NOISE_BYTES + size {
            let digits = random.next();
            noise.extend((0..16).map(|place| b"0123456789abcdef"[(digits >> (place * 4)) as usize & 15]));
        }
        Self { noise: noise.into(), size, at: 0 }
    }

    pub(super) fn next(&mut self) -> Bytes {
        // An odd step, so that values differ.
        self.at = (self.at + self.size + 1) % NOISE_BYTES;
        self.noise.slice(self.at..self.at + self.size)
    }
}

/// Says when the next record is due, and from when its time counts.
pub(super) struct Pacer {
    clock: Arc<dyn Clock>,
    /// Between two records; none where they follow as fast as they can.
    interval_seconds: Option<f64>,
    started: Duration,
    count: u64,
    count_max: u64,
    ends: Option<Duration>,
    /// When the last sleep was over.
    woke: Duration,
}

impl Pacer {
    pub(super) fn start(
        world: &World,
        rate: Option<f64>,
        count_max: Option<u64>,
        duration_max: Option<Duration>,
    ) -> Self {
        let started = world.clock.elapsed();
        Self {
            clock: world.clock.clone(),
            interval_seconds: rate.filter(|rate| *rate > 0.0).map(|rate| 1.0 / rate),
            started,
            count: 0,
            count_max: count_max.unwrap_or(u64::MAX),
            ends: duration_max.map(|duration| started + duration),
            woke: started,
        }
    }

    pub(super) fn started(&self) -> Duration {
        self.started
    }

    /// Waits until a record is due; `None` at the end. Its time counts from the moment when it was due, even if the
    /// one before held it up: else a broker that stalls would be measured less often while it does. That a sleep was
    /// too long is not the broker's fault, and not counted.
    pub(super) async fn next(&mut self) -> Option<Duration> {
        let now = self.clock.elapsed();
        if self.count == self.count_max || self.ends.is_some_and(|ends| now >= ends) {
            return None;
        }
        self.count += 1;
        let Some(interval) = self.interval_seconds else { return Some(now) };
        let due = self.started + Duration::from_secs_f64(interval * (self.count - 1) as f64);
        if self.ends.is_some_and(|ends| due >= ends) {
            return None;
        }
        if due > now {
            self.clock.sleep(due - now).await;
            self.woke = self.clock.elapsed();
        }
        Some(due.max(self.woke))
    }
}
