//! The memory that sockets may hold: one share for frames on their way in, one for answers on their way out.
//!
//! Frames take their share in steps as bytes arrive. When it is spent, no socket is read but one: that of the oldest
//! frame that waits for memory, which may overdraw (by one frame's length at most, since no other frame may overdraw
//! until that one is done with). So a legal frame always ends, and memory is bounded.
//!
//! Beside the share lies a narrow lane for small frames: when large ones that come slowly have spent the share, who
//! asks something short is served all the same.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The share of frames in flight where nothing else is set.
pub const FRAME_BYTES_DEFAULT: usize = 64 << 20;
/// The share of answers where nothing else is set.
pub const ANSWER_BYTES_DEFAULT: usize = 32 << 20;

/// The lane of small frames is so small a part of the share, on top of it.
const SMALL_LANE_PART: usize = 16;
/// What one read brings at most that takes its memory from that lane.
pub(crate) const SMALL_READ_BYTES: usize = 4 << 10;

/// The share of frames that are being read or worked on; clones are the same share.
#[derive(Clone, Debug)]
pub struct FrameBudget(Arc<Frames>);

#[derive(Debug)]
struct Frames {
    total: AtomicUsize,
    used: AtomicUsize,
    /// The same in the lane of small frames.
    used_small: AtomicUsize,
    /// The age of the next frame; smaller is older.
    next_ticket: AtomicU64,
    /// How many frames wait, so that releasing memory looks at one number as long as none does.
    waiting: AtomicUsize,
    queue: Mutex<Queue>,
}

/// Behind a std mutex: it is taken only when the share is spent, and held for a few map operations.
#[derive(Debug, Default)]
struct Queue {
    waiting: BTreeMap<u64, Waker>,
    /// Those among them that found the lane of small frames full as well.
    waiting_small: BTreeMap<u64, Waker>,
    /// Which frame overdraws.
    overdrawer: Option<u64>,
}

/// Where a frame's memory is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Shared,
    Small,
}

/// How memory was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    Within,
    Overdrawn,
}

impl FrameBudget {
    /// A share of `total` bytes.
    pub fn new(total: usize) -> Self {
        Self(Arc::new(Frames {
            total: AtomicUsize::new(total),
            used: AtomicUsize::new(0),
            used_small: AtomicUsize::new(0),
            next_ticket: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            queue: Mutex::default(),
        }))
    }

    /// Makes the share larger or smaller; what is taken stays taken.
    pub fn resize(&self, total: usize) {
        self.0.total.store(total, Ordering::SeqCst);
        self.0.wake();
    }

    /// How many bytes are taken.
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::SeqCst) + self.0.used_small.load(Ordering::SeqCst)
    }

    /// Whether frames wait for memory.
    pub fn is_contended(&self) -> bool {
        self.0.waiting.load(Ordering::SeqCst) > 0
    }

    pub(crate) fn ticket(&self) -> u64 {
        self.0.next_ticket.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes `bytes` where they are free and nobody waits for them.
    #[inline]
    pub(crate) fn try_take(&self, bytes: usize) -> bool {
        !self.is_contended() && self.0.take(bytes)
    }

    /// Takes `bytes` of the lane of small frames.
    pub(crate) fn try_take_small(&self, bytes: usize) -> bool {
        let before = self.0.used_small.fetch_add(bytes, Ordering::SeqCst);
        let fits = before + bytes <= self.0.total.load(Ordering::SeqCst) / SMALL_LANE_PART;
        if !fits {
            self.0.used_small.fetch_sub(bytes, Ordering::SeqCst);
        }
        fits
    }

    /// Whether a read in that lane would get its memory: the question of [`try_take_small`](Self::try_take_small), or
    /// who is woken for less would ask again and again.
    fn small_lane_has_room(&self) -> bool {
        let wanted = self.0.used_small.load(Ordering::SeqCst) + SMALL_READ_BYTES;
        wanted <= self.0.total.load(Ordering::SeqCst) / SMALL_LANE_PART
    }

    /// Of what was taken of the lane of small frames, so much is kept: more than was taken, where small pieces cost
    /// more than their bytes.
    pub(crate) fn settle_small(&self, taken: usize, kept: usize) {
        match taken.checked_sub(kept) {
            Some(rest) => self.give_back_small(rest),
            None => drop(self.0.used_small.fetch_add(kept - taken, Ordering::SeqCst)),
        }
    }

    #[inline]
    pub(crate) fn give_back_small(&self, bytes: usize) {
        if bytes > 0 {
            self.0.used_small.fetch_sub(bytes, Ordering::SeqCst);
            if self.is_contended()
                && let Some((_, waker)) = self.0.queue().waiting_small.pop_first()
            {
                waker.wake();
            }
        }
    }

    /// Takes `bytes` for the frame of `ticket`, in the order of age; a small one is also told when its lane has room.
    /// Who no longer waits must say so ([`leave`](Self::leave)).
    pub(crate) fn poll_take(
        &self,
        context: &mut Context<'_>,
        ticket: u64,
        bytes: usize,
        small: bool,
    ) -> Poll<Grant> {
        let frames = &*self.0;
        let mut queue = frames.queue();
        if queue.overdrawer == Some(ticket) {
            frames.used.fetch_add(bytes, Ordering::SeqCst);
            return Poll::Ready(Grant::Overdrawn);
        }
        // First in the queue, then a look at what is free: who gives back looks at the queue afterwards.
        queue.waiting.insert(ticket, context.waker().clone());
        if small {
            queue.waiting_small.insert(ticket, context.waker().clone());
            // What became free before this was told to nobody.
            if self.small_lane_has_room() {
                context.waker().wake_by_ref();
            }
        }
        frames.waiting.store(queue.waiting.len(), Ordering::SeqCst);
        if queue.waiting.first_key_value().is_some_and(|(oldest, _)| *oldest != ticket) {
            return Poll::Pending;
        }
        let grant = if frames.take(bytes) {
            Grant::Within
        } else if queue.overdrawer.is_none() {
            queue.overdrawer = Some(ticket);
            frames.used.fetch_add(bytes, Ordering::SeqCst);
            Grant::Overdrawn
        } else {
            return Poll::Pending;
        };
        queue.remove(ticket);
        frames.waiting.store(queue.waiting.len(), Ordering::SeqCst);
        if let Some((_, next)) = queue.waiting.first_key_value() {
            next.wake_by_ref();
        }
        Poll::Ready(grant)
    }

    /// The frame of `ticket` waits no longer.
    pub(crate) fn leave(&self, ticket: u64) {
        let mut queue = self.0.queue();
        queue.remove(ticket);
        self.0.waiting.store(queue.waiting.len(), Ordering::SeqCst);
        drop(queue);
        self.0.wake();
    }

    /// Takes what is in memory already.
    #[inline]
    pub(crate) fn take_anyway(&self, bytes: usize) {
        self.0.used.fetch_add(bytes, Ordering::SeqCst);
    }

    #[inline]
    pub(crate) fn give_back(&self, bytes: usize) {
        if bytes > 0 {
            self.0.used.fetch_sub(bytes, Ordering::SeqCst);
            if self.is_contended() {
                self.0.wake();
            }
        }
    }

    /// The frame of `ticket` overdraws no longer.
    pub(crate) fn end_overdraft(&self, ticket: u64) {
        let mut queue = self.0.queue();
        if queue.overdrawer == Some(ticket) {
            queue.overdrawer = None;
        }
        drop(queue);
        self.0.wake();
    }

    /// The memory of a whole frame, `small_bytes` of it in the lane of small frames.
    pub(crate) fn permit(&self, bytes: usize, small_bytes: usize, overdrawn: Option<u64>) -> FramePermit {
        FramePermit { budget: self.clone(), bytes, small_bytes, overdrawn }
    }
}

impl Default for FrameBudget {
    fn default() -> Self {
        Self::new(FRAME_BYTES_DEFAULT)
    }
}

impl Queue {
    fn remove(&mut self, ticket: u64) {
        self.waiting.remove(&ticket);
        self.waiting_small.remove(&ticket);
    }
}

impl Frames {
    #[inline]
    fn take(&self, bytes: usize) -> bool {
        let before = self.used.fetch_add(bytes, Ordering::SeqCst);
        let fits = before + bytes <= self.total.load(Ordering::SeqCst);
        if !fits {
            self.used.fetch_sub(bytes, Ordering::SeqCst);
        }
        fits
    }

    /// Wakes the oldest frame that waits; it wakes the next when it has got its memory.
    #[cold]
    fn wake(&self) {
        if let Some((_, waker)) = self.queue().waiting.first_key_value() {
            waker.wake_by_ref();
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A frame's memory; free again when it is dropped. A request that waits long for something else must not keep it.
#[derive(Debug)]
pub struct FramePermit {
    budget: FrameBudget,
    bytes: usize,
    small_bytes: usize,
    overdrawn: Option<u64>,
}

impl FramePermit {
    /// How many bytes it stands for.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for FramePermit {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes - self.small_bytes);
        self.budget.give_back_small(self.small_bytes);
        if let Some(ticket) = self.overdrawn {
            self.budget.end_overdraft(ticket);
        }
    }
}

/// Answers are counted in units of this many bytes, each answer rounded up.
const ANSWER_UNIT: usize = 1 << 10;

/// The share of answers that must be held in memory until they are sent; clones are the same share.
#[derive(Clone, Debug)]
pub struct AnswerBudget {
    units: Arc<Semaphore>,
    total: usize,
}

impl AnswerBudget {
    /// A share of `total` bytes.
    pub fn new(total: usize) -> Self {
        let total = (total / ANSWER_UNIT).clamp(1, u32::MAX as usize);
        Self { units: Arc::new(Semaphore::new(total)), total }
    }

    /// Takes `bytes`, in the order in which they are asked for; one that is larger than the share takes all of it.
    pub async fn take(&self, bytes: usize) -> AnswerPermit {
        let units = bytes.div_ceil(ANSWER_UNIT).min(self.total) as u32;
        let permit = self.units.clone().acquire_many_owned(units).await;
        AnswerPermit { _permit: permit.expect("the share is never closed") }
    }

    /// Takes `bytes` if they are free now.
    pub fn try_take(&self, bytes: usize) -> Option<AnswerPermit> {
        let units = bytes.div_ceil(ANSWER_UNIT).min(self.total) as u32;
        let permit = self.units.clone().try_acquire_many_owned(units).ok()?;
        Some(AnswerPermit { _permit: permit })
    }

    /// How much of `wanted` an answer should gather now: all of it where no answer is held, else what is free, but at
    /// least `floor`, so that everybody goes on.
    pub fn allowance(&self, wanted: usize, floor: usize) -> usize {
        if self.units.available_permits() == self.total { wanted } else { wanted.min(self.free().max(floor)) }
    }

    /// Takes `bytes`, or as many of them as are free: for an answer that is there already.
    pub fn hold(&self, bytes: usize) -> Option<AnswerPermit> {
        self.try_take(bytes).or_else(|| self.try_take(bytes.min(self.free())))
    }

    /// How many bytes are free.
    pub fn free(&self) -> usize {
        self.units.available_permits() * ANSWER_UNIT
    }
}

impl Default for AnswerBudget {
    fn default() -> Self {
        Self::new(ANSWER_BYTES_DEFAULT)
    }
}

/// An answer's memory; free again when it is dropped.
#[derive(Debug)]
pub struct AnswerPermit {
    _permit: OwnedSemaphorePermit,
}
