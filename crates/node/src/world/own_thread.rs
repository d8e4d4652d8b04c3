//! A thread with one task on it, and the timers of that thread.
//!
//! The timers of the runtime go in steps of a millisecond; the writer of the log gathers for half of one. A thread that
//! has nothing else to do can simply sleep until its task's next deadline, which the kernel ends to some microseconds.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

thread_local! {
    static TIMERS: RefCell<Option<Arc<Timers>>> = const { RefCell::new(None) };
}

/// Runs a task to its end on this thread, which sleeps while the task waits.
pub(super) fn run(task: impl Future<Output = ()>) {
    let timers = Arc::new(Timers::default());
    TIMERS.set(Some(timers.clone()));
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut task = pin!(task);
    while task.as_mut().poll(&mut context).is_pending() {
        match timers.wake_who_is_due(now()) {
            None => thread::park(),
            Some(rest) => thread::park_timeout(rest),
        }
    }
    TIMERS.set(None);
}

/// Sleeps on the timers of this thread; none where it is not one that [`run`] has.
pub(super) fn sleep_until(deadline: Instant) -> Option<Sleep> {
    let timers = TIMERS.with_borrow(Clone::clone)?;
    Some(Sleep { timers, deadline, number: None })
}

#[allow(clippy::disallowed_methods, reason = "this is a part of the Clock that others ask")]
fn now() -> Instant {
    Instant::now()
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Who sleeps on a thread, by the moment of the end.
#[derive(Default)]
struct Timers(Mutex<Sleepers>);

#[derive(Default)]
struct Sleepers {
    by_deadline: BTreeMap<(Instant, u64), Waker>,
    /// Tells those apart who end at one moment.
    next_number: u64,
}

impl Timers {
    // Held for an operation of the map: mostly there is one sleeper or none.
    fn lock(&self) -> MutexGuard<'_, Sleepers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes those whose time has come; gives how long there is to sleep until the next one.
    fn wake_who_is_due(&self, now: Instant) -> Option<Duration> {
        let mut sleepers = self.lock();
        while let Some(first) = sleepers.by_deadline.first_entry() {
            let (deadline, _) = *first.key();
            if deadline > now {
                return Some(deadline - now);
            }
            first.remove().wake();
        }
        None
    }
}

/// A sleep on a thread's own timers; it leaves nothing behind when it is dropped.
pub(super) struct Sleep {
    timers: Arc<Timers>,
    deadline: Instant,
    /// Its number among the sleepers, while it is one.
    number: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if now() >= self.deadline {
            return Poll::Ready(());
        }
        let timers = self.timers.clone();
        let mut sleepers = timers.lock();
        let number = *self.number.get_or_insert_with(|| {
            sleepers.next_number += 1;
            sleepers.next_number
        });
        sleepers.by_deadline.insert((self.deadline, number), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.timers.lock().by_deadline.remove(&(self.deadline, number));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::{Notify, oneshot};

    use super::*;

    fn sleep(duration: Duration) -> Sleep {
        sleep_until(now() + duration).expect("the thread has timers of its own")
    }

    fn sleepers() -> usize {
        TIMERS.with_borrow(|timers| timers.as_ref().map_or(0, |timers| timers.lock().by_deadline.len()))
    }

    #[test]
    fn sleeps_end_in_their_order_and_not_early() {
        run(async {
            let began = now();
            let (mut long, mut short) =
                (sleep(Duration::from_micros(900)), sleep(Duration::from_micros(300)));
            // A busy machine may wake the thread when both are over: then the shorter one is looked at first.
            tokio::select! {
                biased;
                () = &mut short => {}
                () = &mut long => panic!("the longer one ended first"),
            }
            assert!(now() - began >= Duration::from_micros(300));
            long.await;
            assert!(now() - began >= Duration::from_micros(900));
        });
        assert!(sleep_until(now()).is_none(), "the thread is as it was");
    }

    #[test]
    fn a_wake_from_elsewhere_cuts_a_sleep_short_and_nothing_of_it_stays() {
        let bell = Arc::new(Notify::new());
        let (ready, begun) = oneshot::channel();
        let ringer = bell.clone();
        let thread = thread::Builder::new().spawn(move || {
            begun.blocking_recv().expect("the task begins");
            ringer.notify_one();
        });
        run(async {
            let mut ready = Some(ready);
            tokio::select! {
                biased;
                () = bell.notified() => {}
                () = sleep(Duration::from_secs(3600)) => panic!("nobody rang"),
                () = async {
                    assert_eq!(sleepers(), 1);
                    ready.take().expect("it is polled once").send(()).expect("the ringer listens");
                    std::future::pending().await
                } => {}
            }
            assert_eq!(sleepers(), 0);
        });
        thread.expect("there is a thread to give").join().expect("it ends");
    }
}
