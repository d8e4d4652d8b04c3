//! An allocator that counts how often it is asked for memory, for the bench.

#![allow(unsafe_code, reason = "an allocator has no safe form")]

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicU64, Ordering};

/// Another allocator, with a count.
pub(super) struct Counting<A> {
    pub(super) other: A,
    count: AtomicU64,
}

impl<A> Counting<A> {
    pub(super) const fn new(other: A) -> Self {
        Self { other, count: AtomicU64::new(0) }
    }

    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    fn one_more(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: everything is done by the other allocator; counting touches no memory of its making.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counting<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.one_more();
        // SAFETY: the caller's promise is passed on.
        unsafe { self.other.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.one_more();
        // SAFETY: the caller's promise is passed on.
        unsafe { self.other.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.one_more();
        // SAFETY: the caller's promise is passed on.
        unsafe { self.other.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { self.other.dealloc(pointer, layout) }
    }
}
