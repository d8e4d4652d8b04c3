//! The allocator of the process. A build with the feature `count-allocations` counts what it is asked for, so that the
//! bench can tell allocations per batch; no other build pays for that.

use mimalloc::MiMalloc;

// Without huge pages (`no_thp`): with them an idle broker held 8 MiB more than it used.
#[cfg(not(feature = "count-allocations"))]
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// How often memory was asked for since the start; none in a build that does not count.
#[cfg(not(feature = "count-allocations"))]
pub(crate) fn allocations() -> Option<u64> {
    None
}

#[cfg(feature = "count-allocations")]
pub(crate) use self::counting::allocations;

#[cfg(feature = "count-allocations")]
mod counting {
    #![allow(unsafe_code, reason = "an allocator that counts has no safe form")]

    use std::alloc::{GlobalAlloc, Layout};
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::MiMalloc;

    static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    struct Counting;

    // SAFETY: everything is done by the allocator below; counting touches no memory of its own making.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
            // SAFETY: the caller's promise is passed on.
            unsafe { MiMalloc.alloc(layout) }
        }

        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
            // SAFETY: the caller's promise is passed on.
            unsafe { MiMalloc.alloc_zeroed(layout) }
        }

        unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
            // SAFETY: the caller's promise is passed on.
            unsafe { MiMalloc.realloc(pointer, layout, size) }
        }

        unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
            // SAFETY: the caller's promise is passed on.
            unsafe { MiMalloc.dealloc(pointer, layout) }
        }
    }

    pub(crate) fn allocations() -> Option<u64> {
        Some(ALLOCATIONS.load(Ordering::Relaxed))
    }
}
