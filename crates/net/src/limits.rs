//! How many connections there may be: in all, by listener and by address, and how many may begin in a second.
//!
//! The limits can be changed at any time; who is inside stays. As in Kafka, a full broker or listener leaves further
//! peers in the kernel's queue, while an address that has its number is refused at once.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use thalweg_model::collections::HashMap;
use thalweg_model::world::Clock;
use tokio::sync::Notify;

/// What is permitted; no number means no limit.
#[derive(Clone, Debug, Default)]
pub struct ConnectionLimits {
    /// `max.connections`: on all listeners.
    pub connections_max: Option<usize>,
    /// `listener.name.<name>.max.connections`, by listener.
    pub listener_connections_max: HashMap<Arc<str>, usize>,
    /// `max.connections.per.ip`.
    pub address_connections_max: Option<usize>,
    /// `max.connections.per.ip.overrides`.
    pub address_overrides: HashMap<IpAddr, usize>,
    /// `max.connection.creation.rate`: beginnings per second on all listeners.
    pub creations_per_second_max: Option<u32>,
    /// `listener.name.<name>.max.connection.creation.rate`, by listener.
    pub listener_creations_per_second_max: HashMap<Arc<str>, u32>,
}

/// Counts the connections of all listeners; clones count together.
#[derive(Clone)]
pub struct ConnectionGate(Arc<Gate>);

struct Gate {
    clock: Arc<dyn Clock>,
    limits: RwLock<Arc<ConnectionLimits>>,
    /// Behind a std mutex: taken when a connection begins or ends, for a few map operations.
    counts: Mutex<Counts>,
    changed: Notify,
}

#[derive(Default)]
struct Counts {
    all: usize,
    by_listener: HashMap<Arc<str>, usize>,
    by_address: HashMap<IpAddr, usize>,
    pace: Pace,
    listener_paces: HashMap<Arc<str>, Pace>,
}

/// When the next connection may begin: each one moves it by a share of a second, and up to a second's worth may be
/// saved.
#[derive(Default)]
struct Pace(Duration);

impl Pace {
    const SAVED: Duration = Duration::from_secs(1);

    /// How long to wait; nothing is taken yet.
    fn delay(&self, now: Duration, per_second: u32) -> Duration {
        self.after(now, per_second).saturating_sub(now + Self::SAVED)
    }

    fn take(&mut self, now: Duration, per_second: u32) {
        self.0 = self.after(now, per_second);
    }

    fn after(&self, now: Duration, per_second: u32) -> Duration {
        self.0.max(now) + Duration::from_secs(1) / per_second.max(1)
    }
}

/// An address that has as many connections as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} has {maximum} connections, as many as it may")]
pub(crate) struct AddressIsFull {
    pub(crate) address: IpAddr,
    pub(crate) maximum: usize,
}

impl ConnectionGate {
    /// A gate with these limits.
    pub fn new(clock: Arc<dyn Clock>, limits: ConnectionLimits) -> Self {
        let limits = RwLock::new(Arc::new(limits));
        Self(Arc::new(Gate { clock, limits, counts: Mutex::default(), changed: Notify::new() }))
    }

    /// Sets other limits, at once.
    pub fn set_limits(&self, limits: ConnectionLimits) {
        *self.0.limits.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(limits);
        self.0.changed.notify_waiters();
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.0.counts().all
    }

    /// Ends when the listener may accept another connection.
    pub(crate) async fn may_accept(&self, listener: &Arc<str>) {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match self.0.wait(listener) {
                Wait::No => return,
                Wait::Time(delay) => self.0.clock.sleep(delay).await,
                Wait::Change => changed.await,
            }
        }
    }

    /// Counts a connection that was accepted.
    pub(crate) fn enter(
        &self,
        listener: &Arc<str>,
        address: IpAddr,
    ) -> Result<ConnectionSlot, AddressIsFull> {
        let address = address.to_canonical();
        let limits = self.0.limits();
        let now = self.0.clock.elapsed();
        let mut counts = self.0.counts();
        if let Some(rate) = limits.creations_per_second_max {
            counts.pace.take(now, rate);
        }
        if let Some(rate) = limits.listener_creations_per_second_max.get(listener) {
            counts.listener_paces.entry(listener.clone()).or_default().take(now, *rate);
        }
        let maximum = limits.address_overrides.get(&address).copied().or(limits.address_connections_max);
        let present = counts.by_address.get(&address).copied().unwrap_or(0);
        if let Some(maximum) = maximum.filter(|maximum| present >= *maximum) {
            return Err(AddressIsFull { address, maximum });
        }
        counts.all += 1;
        *counts.by_listener.entry(listener.clone()).or_default() += 1;
        *counts.by_address.entry(address).or_default() += 1;
        Ok(ConnectionSlot { gate: self.0.clone(), listener: listener.clone(), address })
    }
}

enum Wait {
    No,
    Time(Duration),
    Change,
}

impl Gate {
    fn wait(&self, listener: &Arc<str>) -> Wait {
        let limits = self.limits();
        let counts = self.counts();
        let on_listener = counts.by_listener.get(listener).copied().unwrap_or(0);
        let full = limits.connections_max.is_some_and(|maximum| counts.all >= maximum)
            || limits.listener_connections_max.get(listener).is_some_and(|maximum| on_listener >= *maximum);
        if full {
            return Wait::Change;
        }
        let now = self.clock.elapsed();
        let mut delay = Duration::ZERO;
        if let Some(rate) = limits.creations_per_second_max {
            delay = counts.pace.delay(now, rate);
        }
        if let Some(rate) = limits.listener_creations_per_second_max.get(listener)
            && let Some(pace) = counts.listener_paces.get(listener)
        {
            delay = delay.max(pace.delay(now, *rate));
        }
        if delay.is_zero() { Wait::No } else { Wait::Time(delay) }
    }

    fn limits(&self) -> Arc<ConnectionLimits> {
        self.limits.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for ConnectionGate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionGate").field("connections", &self.connections()).finish_non_exhaustive()
    }
}

/// A connection's place; free again when it is dropped.
pub struct ConnectionSlot {
    gate: Arc<Gate>,
    listener: Arc<str>,
    address: IpAddr,
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut counts = self.gate.counts();
        counts.all -= 1;
        leave(&mut counts.by_listener, &self.listener);
        leave(&mut counts.by_address, &self.address);
        drop(counts);
        self.gate.changed.notify_waiters();
    }
}

/// One less; an entry that counts nothing is removed, so that the map is as small as what it counts.
fn leave<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

impl std::fmt::Debug for ConnectionSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionSlot")
            .field("listener", &self.listener)
            .field("address", &self.address)
            .finish()
    }
}
