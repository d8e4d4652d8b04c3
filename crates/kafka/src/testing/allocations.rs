//! Counts what tasks allocate, by the names they were started under. Counts belong to a build and no machine: they can
//! be asserted where times cannot.

#![allow(unsafe_code, reason = "an allocator that counts has no safe form")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use parking_lot::Mutex;
use thalweg_model::world::{BoxFuture, Spawner, Task, Threads};

struct Counting;

thread_local! {
    /// Whose task is polled on this thread just now.
    static COUNTER: Cell<Option<&'static AtomicU64>> = const { Cell::new(None) };
}

/// At once, not when the poll ends: that may be long after the client has its answer, and several requests later.
fn count() {
    if let Some(counter) = COUNTER.get() {
        counter.fetch_add(1, Ordering::AcqRel);
    }
}

// SAFETY: everything is done by the system's allocator; counting touches no memory of its own making.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Starts tasks as [`Threads`] does, and counts what each of them allocates while it is polled.
#[derive(Clone, Default)]
pub(crate) struct Allocations(Arc<Mutex<BTreeMap<&'static str, &'static AtomicU64>>>);

impl Allocations {
    /// What all tasks of this name have allocated so far.
    pub(crate) fn of(&self, name: &'static str) -> u64 {
        self.counter(name).load(Ordering::Acquire)
    }

    /// Counters stay for as long as the tests run: the allocator may need one at any moment.
    fn counter(&self, name: &'static str) -> &'static AtomicU64 {
        self.0.lock().entry(name).or_insert_with(|| Box::leak(Box::default()))
    }

    fn counted(&self, name: &'static str, task: BoxFuture<'static, ()>) -> BoxFuture<'static, ()> {
        Box::pin(Counted { task, counter: self.counter(name) })
    }
}

impl Spawner for Allocations {
    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>) -> Task {
        Threads.spawn(name, self.counted(name, task))
    }

    fn spawn_thread(&self, name: &'static str, task: BoxFuture<'static, ()>) -> Task {
        Threads.spawn_thread(name, self.counted(name, task))
    }

    fn spawn_blocking(&self, name: &'static str, work: Box<dyn FnOnce() + Send>) -> Task {
        Threads.spawn_blocking(name, work)
    }
}

struct Counted {
    task: BoxFuture<'static, ()>,
    counter: &'static AtomicU64,
}

impl Future for Counted {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let outer = COUNTER.replace(Some(self.counter));
        let polled = self.task.as_mut().poll(context);
        COUNTER.set(outer);
        polled
    }
}
