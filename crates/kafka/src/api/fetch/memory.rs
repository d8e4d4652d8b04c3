//! What a fetch knows of its partitions: for the time of one request, or as long as its session lives.
//!
//! It is registered with each partition once and told which ones moved; a fetch looks only at those, at those whose
//! place the client changed, and at those that it could not finish with the last time.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use thalweg_broker::{Partition, PartitionError, Records, TopicRef, Watcher};
use thalweg_model::collections::HashMap;
use thalweg_model::{LeaderEpoch, Offset, PartitionIndex};
use tokio::sync::Notify;

/// Which partition, as the client names it.
pub(super) type Key = (TopicRef, PartitionIndex);

/// What the client wants of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) fetch_offset: Offset,
    pub(super) max_bytes: i32,
    pub(super) current_leader_epoch: Option<LeaderEpoch>,
    pub(super) last_fetched_epoch: Option<LeaderEpoch>,
}

/// A partition of a fetch.
pub(super) struct Remembered {
    pub(super) key: Key,
    pub(super) wish: Wish,
    /// The partition itself, once it was found.
    pub(super) partition: Option<Partition>,
    /// What the client was told last; -1 where it has to be told anew.
    pub(super) told_high_watermark: i64,
    pub(super) told_log_start_offset: i64,
    /// Stands in the queue of those to look at.
    queued: bool,
}

/// All partitions of a fetch.
pub(crate) struct Memory {
    slots: Vec<Option<Remembered>>,
    free: Vec<usize>,
    by_key: HashMap<Key, usize>,
    /// Slots to look at, those first that were looked at longest ago.
    queue: VecDeque<usize>,
    moves: Arc<Moves>,
    registered: bool,
}

/// Collects which partitions moved.
pub(super) struct Moves {
    // A short lock: a partition's token is noted, once.
    noted: Mutex<Noted>,
    bell: Notify,
}

#[derive(Default)]
struct Noted {
    tokens: Vec<u64>,
    // By token, so that a busy partition is noted once.
    is_noted: Vec<bool>,
}

impl Watcher for Moves {
    fn moved(&self, token: u64) {
        let mut noted = self.noted.lock();
        let index = token as usize;
        if index >= noted.is_noted.len() {
            noted.is_noted.resize(index + 1, false);
        }
        if !std::mem::replace(&mut noted.is_noted[index], true) {
            noted.tokens.push(token);
        }
        drop(noted);
        self.bell.notify_one();
    }
}

impl Memory {
    pub(super) fn new() -> Self {
        let moves = Arc::new(Moves { noted: Mutex::default(), bell: Notify::new() });
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_key: HashMap::default(),
            queue: VecDeque::new(),
            moves,
            registered: false,
        }
    }

    /// How many partitions there are.
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Adds a partition or changes what is wanted of it; it is looked at next time.
    pub(super) fn want(&mut self, key: Key, wish: Wish) {
        if let Some(&slot) = self.by_key.get(&key) {
            if let Some(remembered) = &mut self.slots[slot] {
                remembered.wish = wish;
            }
            self.queue(slot);
            return;
        }
        let remembered = Remembered {
            key: key.clone(),
            wish,
            partition: None,
            told_high_watermark: -1,
            told_log_start_offset: -1,
            queued: false,
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot] = Some(remembered);
                slot
            }
            None => {
                self.slots.push(Some(remembered));
                self.slots.len() - 1
            }
        };
        self.by_key.insert(key, slot);
        self.queue(slot);
    }

    /// Takes a partition away.
    pub(super) fn forget(&mut self, key: &Key) {
        let Some(slot) = self.by_key.remove(key) else { return };
        if let Some(remembered) = self.slots[slot].take()
            && let (true, Some(partition)) = (self.registered, remembered.partition)
        {
            partition.unwatch(&watcher(&self.moves), slot as u64);
        }
        // What still stands in the queue for it is passed over when its turn comes.
        self.free.push(slot);
    }

    /// The partition in a slot.
    pub(super) fn get(&self, slot: usize) -> Option<&Remembered> {
        self.slots.get(slot)?.as_ref()
    }

    /// The partition in a slot, to be changed.
    pub(super) fn get_mut(&mut self, slot: usize) -> Option<&mut Remembered> {
        self.slots.get_mut(slot)?.as_mut()
    }

    /// Has a slot looked at, this time or the next.
    pub(super) fn queue(&mut self, slot: usize) {
        if let Some(Some(remembered)) = self.slots.get_mut(slot)
            && !std::mem::replace(&mut remembered.queued, true)
        {
            self.queue.push_back(slot);
        }
    }

    /// The next slot to look at.
    pub(super) fn take_queued(&mut self) -> Option<usize> {
        loop {
            let slot = self.queue.pop_front()?;
            if let Some(Some(remembered)) = self.slots.get_mut(slot)
                && std::mem::take(&mut remembered.queued)
            {
                return Some(slot);
            }
        }
    }

    /// Puts a slot before all others: it could not be looked at this time.
    pub(super) fn queue_first(&mut self, slot: usize) {
        if let Some(Some(remembered)) = self.slots.get_mut(slot)
            && !std::mem::replace(&mut remembered.queued, true)
        {
            self.queue.push_front(slot);
        }
    }

    /// From now on tells of moves of all partitions, those added later included. False if it did so before.
    pub(super) fn register(&mut self) -> bool {
        if std::mem::replace(&mut self.registered, true) {
            return false;
        }
        for (slot, remembered) in self.slots.iter().enumerate() {
            if let Some(partition) = remembered.as_ref().and_then(|remembered| remembered.partition.as_ref())
            {
                partition.watch(watcher(&self.moves), slot as u64);
            }
        }
        true
    }

    /// Finds the partition of a slot, and registers with it the first time.
    pub(super) fn find(&mut self, slot: usize, records: Records<'_>) -> Result<Partition, PartitionError> {
        let remembered = self.slots[slot].as_mut().expect("a slot that is looked at is in use");
        if let Some(partition) = &remembered.partition {
            return Ok(partition.clone());
        }
        let (topic, index) = &remembered.key;
        let partition = records.partition(topic, *index)?;
        if self.registered {
            partition.watch(watcher(&self.moves), slot as u64);
        }
        remembered.partition = Some(partition.clone());
        Ok(partition)
    }

    /// The partition of a slot is not what it was: it is looked for anew next time.
    pub(super) fn lose(&mut self, slot: usize) {
        if let Some(Some(remembered)) = self.slots.get_mut(slot)
            && let Some(partition) = remembered.partition.take()
            && self.registered
        {
            partition.unwatch(&watcher(&self.moves), slot as u64);
        }
    }

    /// Queues all that moved since the last time; whether there was any.
    pub(super) fn take_moves(&mut self) -> bool {
        let tokens = {
            let mut noted = self.moves.noted.lock();
            let tokens = std::mem::take(&mut noted.tokens);
            for token in &tokens {
                noted.is_noted[*token as usize] = false;
            }
            tokens
        };
        for token in &tokens {
            self.queue(*token as usize);
        }
        !tokens.is_empty()
    }

    /// Rings when a partition moved.
    pub(super) fn moves(&self) -> Arc<Moves> {
        self.moves.clone()
    }
}

impl Moves {
    /// Ends when something was noted since the last time.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if !self.registered {
            return;
        }
        for (slot, remembered) in self.slots.iter().enumerate() {
            if let Some(partition) = remembered.as_ref().and_then(|remembered| remembered.partition.as_ref())
            {
                partition.unwatch(&watcher(&self.moves), slot as u64);
            }
        }
    }
}

fn watcher(moves: &Arc<Moves>) -> Arc<dyn Watcher> {
    moves.clone()
}
