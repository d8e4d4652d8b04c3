//! The cache of fetch sessions (KIP-227): numbers, epochs, slots, and who goes when the slots are full.
//!
//! What a session remembers (`S`) is the fetch handler's. It is taken out for the time of a request and given back
//! with the answer; dropping it gives up all that it held. Reading and waiting are not here.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use thalweg_model::collections::HashMap;
use thalweg_model::world::{Counter, Gauge, World};

/// A session that was not used for so long gives its slot to any new one; a younger one keeps it for so long.
const EVICTION_AGE: Duration = Duration::from_secs(120);
/// The id that stands for no session.
pub(crate) const NO_SESSION: i32 = 0;
/// The epoch of a request that asks for a new session.
pub(crate) const INITIAL_EPOCH: i32 = 0;
/// The epoch of a request that wants no session (any more).
pub(crate) const FINAL_EPOCH: i32 = -1;

/// Why a session cannot be used: the client begins again with a full fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionError {
    /// There is none of this id.
    NotFound,
    /// The epoch is not the next one.
    WrongEpoch,
    /// It was made with names and is used with topic ids, or the other way round.
    TopicIds,
}

/// All sessions of a node.
pub(crate) struct FetchSessions<S> {
    // A short lock: only numbers are compared under it.
    inner: Mutex<Inner<S>>,
    slots: usize,
    world: World,
    open: Gauge,
    partitions: Gauge,
    evictions: Counter,
}

struct Inner<S> {
    sessions: HashMap<i32, Entry<S>>,
    by_last_use: BTreeSet<(Duration, i32)>,
    // Those old enough to give way to a larger one, smallest first.
    by_size: BTreeSet<(usize, i32)>,
}

struct Entry<S> {
    epoch: i32,
    uses_topic_ids: bool,
    created: Duration,
    last_use: Duration,
    size: usize,
    may_give_way: bool,
    state: Option<S>,
}

impl<S> FetchSessions<S> {
    /// A cache of `slots` sessions.
    pub(crate) fn new(slots: usize, world: World) -> Arc<Self> {
        let meter = &world.meter;
        let open = meter.gauge("fetch_sessions", "Incremental fetch sessions held", &[]);
        let partitions =
            meter.gauge("fetch_session_partitions", "Partitions remembered by fetch sessions", &[]);
        let evictions =
            meter.counter("fetch_session_evictions_total", "Fetch sessions that gave way to new ones", &[]);
        let inner = Inner {
            sessions: HashMap::default(),
            by_last_use: BTreeSet::default(),
            by_size: BTreeSet::default(),
        };
        Arc::new(Self { inner: Mutex::new(inner), slots, world, open, partitions, evictions })
    }

    /// Puts a new session into a slot; gives the id that its client goes on with, or the state back if no slot is
    /// free and nobody has to give way.
    pub(crate) fn create(&self, state: S, size: usize, uses_topic_ids: bool) -> Result<i32, S> {
        let now = self.world.clock.elapsed();
        let mut gone = None;
        let mut inner = self.inner.lock();
        if inner.sessions.len() >= self.slots {
            match inner.give_way(now, size) {
                Some(entry) => gone = Some(entry),
                None => return Err(state),
            }
        }
        let id = loop {
            let id = (self.world.random.next() & 0x7fff_ffff) as i32;
            if id != NO_SESSION && !inner.sessions.contains_key(&id) {
                break id;
            }
        };
        let entry = Entry {
            epoch: next_epoch(INITIAL_EPOCH),
            uses_topic_ids,
            created: now,
            last_use: now,
            size,
            may_give_way: false,
            state: Some(state),
        };
        inner.by_last_use.insert((now, id));
        inner.sessions.insert(id, entry);
        self.open.set(inner.sessions.len() as i64);
        drop(inner);
        self.partitions.add(size as i64);
        if let Some(entry) = gone {
            self.evictions.add(1);
            self.partitions.add(-(entry.size as i64));
        }
        Ok(id)
    }

    /// Takes out what a session remembers, for the request that bears `epoch`; the next one must bear the next.
    pub(crate) fn take(&self, id: i32, epoch: i32, uses_topic_ids: bool) -> Result<S, SessionError> {
        let now = self.world.clock.elapsed();
        let mut inner = self.inner.lock();
        let entry = inner.sessions.get_mut(&id).ok_or(SessionError::NotFound)?;
        if entry.epoch != epoch {
            return Err(SessionError::WrongEpoch);
        }
        if entry.uses_topic_ids != uses_topic_ids {
            return Err(SessionError::TopicIds);
        }
        // Somebody who uses one session from two connections at once.
        let state = entry.state.take().ok_or(SessionError::WrongEpoch)?;
        entry.epoch = next_epoch(epoch);
        inner.touch(id, now);
        Ok(state)
    }

    /// Gives back what was taken; it is dropped if the session ended meanwhile.
    pub(crate) fn give_back(&self, id: i32, state: S, size: usize) {
        let now = self.world.clock.elapsed();
        let mut inner = self.inner.lock();
        let Some(entry) = inner.sessions.get_mut(&id) else {
            drop(inner);
            drop(state);
            return;
        };
        entry.state = Some(state);
        let before = std::mem::replace(&mut entry.size, size);
        if entry.may_give_way {
            inner.by_size.remove(&(before, id));
            inner.by_size.insert((size, id));
        }
        inner.touch(id, now);
        self.partitions.add(size as i64 - before as i64);
    }

    /// Ends a session; whether there was one.
    pub(crate) fn remove(&self, id: i32) -> bool {
        let mut inner = self.inner.lock();
        let gone = inner.remove(id);
        self.open.set(inner.sessions.len() as i64);
        drop(inner);
        if let Some(entry) = &gone {
            self.partitions.add(-(entry.size as i64));
        }
        gone.is_some()
    }
}

impl<S> Inner<S> {
    fn touch(&mut self, id: i32, now: Duration) {
        let Some(entry) = self.sessions.get_mut(&id) else { return };
        self.by_last_use.remove(&(entry.last_use, id));
        entry.last_use = now;
        self.by_last_use.insert((now, id));
        if !entry.may_give_way && now.saturating_sub(entry.created) > EVICTION_AGE {
            entry.may_give_way = true;
            self.by_size.insert((entry.size, id));
        }
    }

    /// Makes room for a session of `size` partitions: the longest unused one goes if it is stale, else the smallest
    /// of the old ones if it is smaller than the new one.
    fn give_way(&mut self, now: Duration, size: usize) -> Option<Entry<S>> {
        let &(last_use, id) = self.by_last_use.first()?;
        if now.saturating_sub(last_use) > EVICTION_AGE {
            return self.remove(id);
        }
        let &(smallest, id) = self.by_size.first()?;
        if size <= smallest {
            return None;
        }
        self.remove(id)
    }

    fn remove(&mut self, id: i32) -> Option<Entry<S>> {
        let entry = self.sessions.remove(&id)?;
        self.by_last_use.remove(&(entry.last_use, id));
        self.by_size.remove(&(entry.size, id));
        Some(entry)
    }
}

/// The epoch after this one; it never comes back to the initial one.
pub(crate) fn next_epoch(epoch: i32) -> i32 {
    match epoch {
        i32::MAX => 1,
        epoch if epoch < 0 => FINAL_EPOCH,
        epoch => epoch + 1,
    }
}

#[cfg(test)]
mod tests;
