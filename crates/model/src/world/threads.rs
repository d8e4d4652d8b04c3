//! A spawner that needs no runtime: every task has a thread of its own. For tests and small tools; the broker's tasks
//! run on a real runtime.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use super::{BoxFuture, Spawner, Task};

/// Runs a future to its end on this thread, which sleeps while the future waits.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        thread::park();
    }
}

/// One thread a task.
#[derive(Clone, Copy, Debug, Default)]
pub struct Threads;

impl Spawner for Threads {
    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>) -> Task {
        self.spawn_thread(name, task)
    }

    fn spawn_thread(&self, name: &'static str, task: BoxFuture<'static, ()>) -> Task {
        self.spawn_blocking(name, Box::new(move || block_on(task)))
    }

    fn spawn_blocking(&self, name: &'static str, work: Box<dyn FnOnce() + Send>) -> Task {
        let done = Arc::new(Mutex::new(Done::default()));
        let teller = done.clone();
        let run = move || {
            work();
            let mut done = teller.lock().unwrap_or_else(PoisonError::into_inner);
            done.ended = true;
            if let Some(waker) = done.waker.take() {
                waker.wake();
            }
        };
        thread::Builder::new().name(name.into()).spawn(run).expect("the system has a thread to give");
        Task(Box::pin(Ended(done)))
    }
}

#[derive(Default)]
struct Done {
    ended: bool,
    waker: Option<Waker>,
}

struct Ended(Arc<Mutex<Done>>);

impl Future for Ended {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if done.ended {
            return Poll::Ready(());
        }
        done.waker = Some(context.waker().clone());
        Poll::Pending
    }
}
