//! Batches in the making and batches that wait, by partition.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use thalweg_model::batch::{BatchBuilder, BatchOptions, NewRecord, ProducerStamp};
use thalweg_model::collections::HashMap;
use thalweg_model::{ProducerEpoch, ProducerId};

use super::{Delivery, Outcome, ProducerOptions};
use crate::client::ClientError;
use crate::client::offsets::PartitionName;

/// An idempotent producer's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) id: i64,
    pub(super) epoch: i16,
}

pub(super) struct Accumulator {
    queues: HashMap<PartitionName, Queue>,
    /// Which partition of a topic is being filled with records that have no key.
    sticky: HashMap<Arc<str>, i32>,
    /// None where the producer is not idempotent.
    pub(super) stamp: Option<Stamp>,
    /// Requests on their way, by broker.
    pub(super) in_flight: HashMap<i32, usize>,
    /// How many batches are not settled.
    pub(super) unsettled: usize,
    /// How many wait for a flush: no batch waits for more records then.
    pub(super) flushing: usize,
    pub(super) closed: bool,
}

#[derive(Default)]
struct Queue {
    open: Option<Batch>,
    sealed: VecDeque<Batch>,
    /// One batch is on its way: the next waits, so that order holds.
    muted: bool,
    /// When the next try may begin.
    not_before: Duration,
    /// The sequence number of the next record.
    sequence: i32,
}

impl Queue {
    fn next(&mut self) -> Option<Batch> {
        self.sealed.pop_front().or_else(|| self.open.take())
    }
}

/// A batch until it is settled.
pub(super) struct Batch {
    /// None once it is `finished`.
    builder: Option<BatchBuilder>,
    /// As it was sent: a retry sends the same bytes.
    finished: Option<Bytes>,
    /// Whose sequence it bears.
    stamp: Option<Stamp>,
    pub(super) outcome: Arc<Outcome>,
    records: usize,
    pub(super) opened: Duration,
    /// What it has taken of the producer's memory.
    pub(super) memory: usize,
}

impl Batch {
    fn new(options: &ProducerOptions, now: Duration) -> Self {
        let batch = BatchOptions { codec: options.codec, level: options.level, ..Default::default() };
        Self {
            builder: Some(BatchBuilder::new(batch)),
            finished: None,
            stamp: None,
            outcome: Arc::default(),
            records: 0,
            opened: now,
            memory: 0,
        }
    }

    fn size(&self) -> usize {
        self.builder.as_ref().map_or(0, BatchBuilder::size) + self.finished.as_ref().map_or(0, Bytes::len)
    }

    /// Its bytes, compressed the first time.
    pub(super) fn bytes(&mut self) -> Result<Bytes, ClientError> {
        if let Some(builder) = self.builder.take() {
            self.finished = Some(builder.finish()?.freeze());
        }
        Ok(self.finished.clone().unwrap_or_default())
    }
}

/// What the sender is to do.
#[derive(Default)]
pub(super) struct Collected {
    /// By broker.
    pub(super) requests: HashMap<i32, Vec<(PartitionName, Batch)>>,
    /// Partitions that nobody is known to lead.
    pub(super) leaderless: Vec<PartitionName>,
    /// Batches that waited too long; their partitions wait until they are given up.
    pub(super) expired: Vec<(PartitionName, Batch)>,
    /// When to look again, if nothing happens before.
    pub(super) again: Option<Duration>,
}

impl Accumulator {
    pub(super) fn new() -> Self {
        Self {
            queues: HashMap::default(),
            sticky: HashMap::default(),
            stamp: None,
            in_flight: HashMap::default(),
            unsettled: 0,
            flushing: 0,
            closed: false,
        }
    }

    pub(super) fn sticky(&mut self, topic: &Arc<str>, choose: impl FnOnce() -> i32) -> i32 {
        if let Some(partition) = self.sticky.get(topic) {
            return *partition;
        }
        let partition = choose();
        self.sticky.insert(topic.clone(), partition);
        partition
    }

    /// Takes a record; says whether the sender must look.
    pub(super) fn append(
        &mut self,
        name: PartitionName,
        record: NewRecord<'_>,
        size: usize,
        memory: usize,
        options: &ProducerOptions,
        now: Duration,
    ) -> (Delivery, bool) {
        if !self.queues.contains_key(&name) {
            self.queues.insert(name.clone(), Queue::default());
        }
        let queue = self.queues.get_mut(&name).expect("it was just put there");
        let mut news = false;
        if let Some(full) =
            queue.open.take_if(|open| open.records > 0 && open.size() + size > options.batch_bytes)
        {
            queue.sealed.push_back(full);
            // Records without a key go on in another partition.
            self.sticky.remove(&name.topic);
            news = true;
        }
        let open = queue.open.get_or_insert_with(|| {
            self.unsettled += 1;
            news = true;
            Batch::new(options, now)
        });
        let delivery = Delivery { outcome: open.outcome.clone(), index: open.records as i64 };
        if let Some(builder) = &mut open.builder {
            builder.append(record);
        }
        open.records += 1;
        open.memory += memory;
        (delivery, news)
    }

    /// The batches that may leave now.
    pub(super) fn collect(
        &mut self,
        options: &ProducerOptions,
        now: Duration,
        leader: impl Fn(&PartitionName) -> Option<i32>,
    ) -> Collected {
        let mut collected = Collected::default();
        let mut sizes: HashMap<i32, usize> = HashMap::default();
        let hurry = self.flushing > 0 || self.closed;
        let soonest = |again: &mut Option<Duration>, at: Duration| {
            *again = Some(again.map_or(at, |again| again.min(at)));
        };
        for (name, queue) in &mut self.queues {
            if queue.muted {
                continue;
            }
            if queue.not_before > now {
                soonest(&mut collected.again, queue.not_before);
                continue;
            }
            if queue.sealed.is_empty()
                && let Some(open) = &queue.open
            {
                let due = open.opened + options.linger;
                if due > now && !hurry {
                    soonest(&mut collected.again, due);
                    continue;
                }
            }
            // The open batch stays open until it leaves, so that it grows while requests are on their way.
            let Some(next) = queue.sealed.front().or(queue.open.as_ref()) else { continue };
            if next.opened + options.delivery_timeout < now {
                collected.expired.extend(queue.next().map(|batch| (name.clone(), batch)));
                queue.muted = true;
                continue;
            }
            let next = next.size();
            let Some(broker) = leader(name) else {
                queue.muted = true;
                collected.leaderless.push(name.clone());
                continue;
            };
            if self.in_flight.get(&broker).is_some_and(|requests| *requests >= options.requests_in_flight) {
                continue;
            }
            let size = sizes.entry(broker).or_default();
            if *size > 0 && *size + next > options.request_bytes {
                soonest(&mut collected.again, now);
                continue;
            }
            *size += next;
            let Some(mut batch) = queue.next() else { continue };
            if let Some(stamp) = self.stamp
                && let Some(builder) = &mut batch.builder
            {
                batch.stamp = Some(stamp);
                builder.stamp(ProducerStamp {
                    id: ProducerId(stamp.id),
                    epoch: ProducerEpoch(stamp.epoch),
                    sequence: queue.sequence,
                });
            }
            queue.muted = true;
            collected.requests.entry(broker).or_default().push((name.clone(), batch));
        }
        for broker in collected.requests.keys() {
            *self.in_flight.entry(*broker).or_default() += 1;
        }
        collected
    }

    /// The batches of a partition that waited too long, while it waits itself.
    pub(super) fn take_expired(
        &mut self,
        name: &PartitionName,
        options: &ProducerOptions,
        now: Duration,
    ) -> Vec<Batch> {
        let Some(queue) = self.queues.get_mut(name) else { return Vec::new() };
        let late = |batch: &mut Batch| batch.opened + options.delivery_timeout < now;
        let mut expired: Vec<_> = std::iter::from_fn(|| queue.sealed.pop_front_if(late)).collect();
        if queue.sealed.is_empty() {
            expired.extend(queue.open.take_if(late));
        }
        expired
    }

    /// A request came back.
    pub(super) fn request_over(&mut self, broker: i32) {
        if let Some(requests) = self.in_flight.get_mut(&broker) {
            *requests -= 1;
        }
    }

    /// A partition may be looked at again.
    pub(super) fn unmute(&mut self, name: &PartitionName, not_before: Duration) {
        if let Some(queue) = self.queues.get_mut(name) {
            queue.muted = false;
            queue.not_before = not_before;
        }
    }

    /// A batch is to be sent again, before all others of its partition.
    pub(super) fn retry(&mut self, name: &PartitionName, batch: Batch, not_before: Duration) {
        if let Some(queue) = self.queues.get_mut(name) {
            queue.sealed.push_front(batch);
        }
        self.unmute(name, not_before);
    }

    /// The broker has a batch: the sequence goes on behind it.
    pub(super) fn delivered(&mut self, name: &PartitionName, batch: &Batch) {
        if let Some(queue) = self.queues.get_mut(name)
            && batch.stamp == self.stamp
        {
            // After the largest number comes zero.
            queue.sequence =
                ((i64::from(queue.sequence) + batch.records as i64) & i64::from(i32::MAX)) as i32;
        }
        self.unmute(name, Duration::ZERO);
    }

    /// Whether a batch bears the identity that is in use.
    pub(super) fn is_current(&self, batch: &Batch) -> bool {
        self.stamp.is_some() && batch.stamp == self.stamp
    }

    /// Goes on under a new identity, all sequences from zero.
    pub(super) fn restamp(&mut self, stamp: Stamp) {
        self.stamp = Some(stamp);
        for queue in self.queues.values_mut() {
            queue.sequence = 0;
        }
    }
}
