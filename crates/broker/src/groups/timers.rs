//! Deadlines of all groups in one heap, and the wake-up for the one task that waits on them. A timer names what to look
//! at; whether anything is due is decided by the group's own state, so nothing is ever taken out early.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// What a deadline is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// A member that must have been heard from.
    Session(Arc<str>),
    /// A member that was given an id and must have joined with it.
    Pending(Arc<str>),
    /// The end of a join phase.
    Join,
    /// The end of the time for members to fetch their assignment.
    Sync,
}

/// A deadline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timer {
    pub(super) at: Duration,
    pub(super) group: Arc<str>,
    pub(super) due: Due,
}

/// All deadlines.
#[derive(Debug, Default)]
pub(super) struct Timers {
    // A std-like short lock: only pushes and pops, never held across an await.
    heap: Mutex<BinaryHeap<Reverse<Timer>>>,
    sooner: Notify,
}

impl Timers {
    /// Adds deadlines; wakes the task if one of them is the first now.
    pub(super) fn add(&self, timers: impl IntoIterator<Item = Timer>) {
        let mut heap = self.heap.lock();
        let first = heap.peek().map(|Reverse(timer)| timer.at);
        let mut sooner = false;
        for timer in timers {
            sooner |= first.is_none_or(|first| timer.at < first);
            heap.push(Reverse(timer));
        }
        drop(heap);
        if sooner {
            self.sooner.notify_one();
        }
    }

    /// Takes a deadline that has passed, or tells when the first one will.
    pub(super) fn take(&self, now: Duration) -> Result<Timer, Option<Duration>> {
        let mut heap = self.heap.lock();
        match heap.peek() {
            Some(Reverse(timer)) if timer.at <= now => {
                let Reverse(timer) = heap.pop().expect("it was just looked at");
                Ok(timer)
            }
            Some(Reverse(timer)) => Err(Some(timer.at)),
            None => Err(None),
        }
    }

    /// Wakes the task that waits.
    pub(super) fn wake(&self) {
        self.sooner.notify_one();
    }

    /// Ends when an earlier deadline than the first one known was added.
    pub(super) async fn sooner(&self) {
        self.sooner.notified().await;
    }
}
