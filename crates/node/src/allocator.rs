//! The allocator of the process. A build with the feature `count-allocations` counts what it is asked for, so that the
//! bench can tell allocations per batch; no other build pays for that.

use std::ffi::c_long;

use libmimalloc_sys::{mi_option_set_default, mi_option_t};
use mimalloc::MiMalloc;

/// How long the allocator keeps freed memory before it gives it back. It does not reuse first what was freed last, so
/// that it holds what is freed in this time on top of what is used: tens of MiB where frames are large, with its own
/// default of a second.
const PURGE_DELAY_MS: c_long = 100;
/// The number of that option; the bindings have no name for it.
const PURGE_DELAY: mi_option_t = 15;

/// Lets the allocator give freed memory back soon, unless the environment says how soon. Called before other threads
/// are there.
#[allow(unsafe_code, reason = "the allocator's options have no safe form")]
pub(crate) fn give_back_soon() {
    // SAFETY: a number is stored, and no other thread looks at it yet.
    unsafe { mi_option_set_default(PURGE_DELAY, PURGE_DELAY_MS) };
}

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

#[cfg(test)]
mod tests {
    use libmimalloc_sys::mi_option_get;

    use super::*;

    #[test]
    #[allow(unsafe_code, reason = "the allocator's options have no safe form")]
    fn the_option_is_the_one_that_is_meant() {
        const DEFAULT_MS: c_long = 1000;
        // SAFETY: numbers are looked at and stored; no other test does.
        let (before, after) = unsafe {
            let before = mi_option_get(PURGE_DELAY);
            give_back_soon();
            (before, mi_option_get(PURGE_DELAY))
        };
        assert_eq!((before, after), (DEFAULT_MS, PURGE_DELAY_MS), "of the allocator's own version");
    }
}
