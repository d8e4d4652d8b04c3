//! Memory of large blocks: frames, batches, buffers of files. They lie in one region, each in the first place that is
//! free, and memory that nobody used for a while goes back to the kernel. An allocator for all sizes has places for each
//! size by itself, and gives back what is free soon, to be cleared again when it is wanted (decision 15).

#![allow(unsafe_code, reason = "an allocator has no safe form")]

use std::alloc::{GlobalAlloc, Layout};
use std::ops::{Range, RangeInclusive};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

use super::granules::{self, Granules, Taken};

/// What has such a size lies in the region, as long as there is room.
const SIZES: RangeInclusive<usize> = 32 << 10..=8 << 20;
const GRANULE_BYTES: usize = 8 << 10;
/// The region begins at a page, and so may a granule.
const ALIGNMENT_MAX: usize = 4 << 10;
const REGION_BYTES: usize = granules::COUNT * GRANULE_BYTES;
/// How much is given back at once.
const GIVE_BACK_BYTES: usize = 1 << 20;

/// An allocator with a region for large blocks; another one has all else.
pub(super) struct Large<A> {
    other: A,
    /// Null as long as there is none.
    region: AtomicPtr<u8>,
    // of std, which never asks for memory; held for a look at the bits
    granules: Mutex<Granules>,
}

impl<A> Large<A> {
    pub(super) const fn new(other: A) -> Self {
        Self { other, region: AtomicPtr::new(ptr::null_mut()), granules: Mutex::new(Granules::new()) }
    }

    /// Makes the region, once: addresses without memory. Where they cannot be had, the other allocator has all.
    pub(super) fn prepare(&self) {
        let (protection, flags) =
            (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::NORESERVE);
        // SAFETY: addresses that nobody else has.
        let Ok(made) = (unsafe { mmap_anonymous(ptr::null_mut(), REGION_BYTES, protection, flags) }) else {
            return;
        };
        let none = ptr::null_mut();
        if self.region.compare_exchange(none, made.cast(), Ordering::AcqRel, Ordering::Acquire).is_err() {
            // SAFETY: there was one, which blocks may lie in; nobody has seen this one.
            let _ = unsafe { munmap(made, REGION_BYTES) };
        }
    }

    /// Gives a piece of the memory back that was not used in this round; false when there is no more.
    pub(super) fn give_back(&self) -> bool {
        let Some(unused) = self.granules().take_unused(GIVE_BACK_BYTES / GRANULE_BYTES) else { return false };
        let region = self.region.load(Ordering::Acquire);
        let (position, length) = (unused.start * GRANULE_BYTES, unused.len() * GRANULE_BYTES);
        // SAFETY: these granules are of the region, and nobody else's now: what they hold may go.
        let given = unsafe { madvise(region.add(position).cast(), length, Advice::LinuxDontNeed) };
        match given {
            Ok(()) => self.granules().free_without_memory(unused),
            Err(_) => self.granules().free(unused),
        }
        given.is_ok()
    }

    /// What is free now and stays so until this is called again can be given back then.
    pub(super) fn begin_round(&self) {
        self.granules().begin_round();
    }

    fn granules(&self) -> MutexGuard<'_, Granules> {
        self.granules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place in the region, and whether it is fresh.
    fn take(&self, layout: Layout) -> Option<(NonNull<u8>, bool)> {
        if !SIZES.contains(&layout.size()) || layout.align() > ALIGNMENT_MAX {
            return None;
        }
        let region = NonNull::new(self.region.load(Ordering::Acquire))?;
        let Taken { range, is_fresh } = self.granules().take(layout.size().div_ceil(GRANULE_BYTES))?;
        // SAFETY: granules lie within the region.
        Some((unsafe { region.add(range.start * GRANULE_BYTES) }, is_fresh))
    }

    /// The granules of a block that lies in the region.
    fn granules_of(&self, pointer: *mut u8, size: usize) -> Option<Range<usize>> {
        let region = self.region.load(Ordering::Acquire);
        let offset = pointer.addr().wrapping_sub(region.addr());
        if region.is_null() || offset >= REGION_BYTES {
            return None;
        }
        let first = offset / GRANULE_BYTES;
        Some(first..first + size.div_ceil(GRANULE_BYTES))
    }
}

// SAFETY: a block of the region has the size that was asked for, begins at a page and is nobody else's until it is
// freed. Its address tells whether it is of the region; what is not came from the other allocator.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Large<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.take(layout) {
            Some((place, _)) => place.as_ptr(),
            // SAFETY: the caller's promise is passed on.
            None => unsafe { self.other.alloc(layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some((place, is_fresh)) = self.take(layout) else {
            // SAFETY: the caller's promise is passed on.
            return unsafe { self.other.alloc_zeroed(layout) };
        };
        // the kernel gives cleared memory, when it is touched first
        if !is_fresh {
            // SAFETY: so much was taken.
            unsafe { place.write_bytes(0, layout.size()) };
        }
        place.as_ptr()
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        match self.granules_of(pointer, layout.size()) {
            Some(range) => self.granules().free(range),
            // SAFETY: the caller's promise is passed on.
            None => unsafe { self.other.dealloc(pointer, layout) },
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Some(range) = self.granules_of(pointer, layout.size()) else {
            // SAFETY: the caller's promise is passed on.
            return unsafe { self.other.realloc(pointer, layout, size) };
        };
        let count = size.div_ceil(GRANULE_BYTES);
        if SIZES.contains(&size) && count <= range.len() {
            self.granules().free(range.start + count..range.end);
            return pointer;
        }
        // SAFETY: the caller promises that the size is valid; so much is copied as both blocks have.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(pointer, moved, layout.size().min(size));
                self.dealloc(pointer, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use std::alloc::System;

    use super::*;

    /// A block of an allocator that has a region; freed at the end.
    struct Block<'a> {
        of: &'a Large<System>,
        start: *mut u8,
        layout: Layout,
    }

    impl<'a> Block<'a> {
        fn new(of: &'a Large<System>, size: usize) -> Self {
            let layout = Layout::from_size_align(size, 16).expect("a layout");
            // SAFETY: the size is not zero.
            Self { of, start: unsafe { of.alloc(layout) }, layout }
        }

        fn zeroed(of: &'a Large<System>, size: usize) -> Self {
            let layout = Layout::from_size_align(size, 16).expect("a layout");
            // SAFETY: the size is not zero.
            Self { of, start: unsafe { of.alloc_zeroed(layout) }, layout }
        }

        fn resize(&mut self, size: usize) {
            // SAFETY: it is a block of this allocator, with this layout; the size is not zero.
            self.start = unsafe { self.of.realloc(self.start, self.layout, size) };
            self.layout = Layout::from_size_align(size, 16).expect("a layout");
        }

        fn bytes(&self) -> &[u8] {
            // SAFETY: the block is as long and nobody else's, and whoever calls this has filled it.
            unsafe { std::slice::from_raw_parts(self.start, self.layout.size()) }
        }

        fn filled(self, with: u8) -> Self {
            // SAFETY: the block is as long.
            unsafe { self.start.write_bytes(with, self.layout.size()) };
            self
        }

        fn is_in_region(&self) -> bool {
            self.of.granules_of(self.start, self.layout.size()).is_some()
        }
    }

    impl Drop for Block<'_> {
        fn drop(&mut self) {
            // SAFETY: it is a block of this allocator, with this layout.
            unsafe { self.of.dealloc(self.start, self.layout) };
        }
    }

    fn prepared() -> Box<Large<System>> {
        let large = Box::new(Large::new(System));
        large.prepare();
        large
    }

    #[test]
    fn large_blocks_lie_in_the_region_and_others_do_not() {
        let large = prepared();
        let is_in_region = |size| Block::new(&large, size).filled(7).is_in_region();
        let (least, most) = SIZES.into_inner();
        assert_eq!([least - 1, least, most, most + 1].map(is_in_region), [false, true, true, false]);
        let coarse = Layout::from_size_align(least, 2 * ALIGNMENT_MAX).expect("a layout");
        assert!(large.take(coarse).is_none(), "the region begins at a page, not at two");
    }

    #[test]
    fn without_a_region_the_other_has_all() {
        let large = Box::new(Large::new(System));
        let mut block = Block::new(&large, 100_000).filled(1);
        assert!(!block.is_in_region());
        block.resize(200_000);
        assert_eq!(block.bytes()[99_999], 1);
        assert!(!large.give_back());
    }

    #[test]
    fn a_second_region_is_not_made() {
        let large = prepared();
        let block = Block::new(&large, 100_000).filled(5);
        large.prepare();
        assert!(block.is_in_region());
    }

    #[test]
    fn zeros_are_zeros_where_something_was() {
        let large = prepared();
        let before = Block::new(&large, 100_000).filled(7).start;
        let block = Block::zeroed(&large, 200_000);
        assert_eq!(block.start, before, "the first place that is free");
        assert!(block.bytes().iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_block_keeps_what_it_has_when_its_size_changes() {
        let large = prepared();
        let mut block = Block::new(&large, 100_000).filled(3);
        let behind = Block::new(&large, 50_000).filled(4);
        let at = block.start;
        block.resize(60_000);
        assert_eq!(block.start, at, "smaller in its place");
        assert_eq!(Block::new(&large, 40_000).start.addr() - at.addr(), 64 << 10, "the rest is free");
        let mut small = Block::new(&large, 60_000).filled(3);
        small.resize(100);
        assert!(!small.is_in_region() && small.bytes().iter().all(|byte| *byte == 3));
        for (size, in_region) in [(300_000, true), (9 << 20, false), (70_000, false)] {
            block.resize(size);
            assert_eq!(block.is_in_region(), in_region, "{size}: what has left the region stays where it is");
            assert!(block.bytes()[..60_000].iter().all(|byte| *byte == 3), "{size}");
        }
        assert!(behind.bytes().iter().all(|byte| *byte == 4));
    }

    #[test]
    fn memory_that_nobody_uses_goes_back() {
        let large = prepared();
        let kept = Block::new(&large, 64 << 10).filled(1);
        let free = Block::new(&large, 3 << 20).filled(9);
        let (start, layout) = (free.start, free.layout);
        large.begin_round();
        drop(free);
        assert!(!large.give_back(), "it was in use when the round began");
        large.begin_round();
        assert!(large.give_back() && large.give_back() && large.give_back(), "piece by piece");
        assert!(!large.give_back());
        let again = Block { of: &large, start: large.take(layout).expect("room").0.as_ptr(), layout };
        assert_eq!(again.start, start);
        assert!(again.bytes().iter().all(|byte| *byte == 0), "what the kernel gives anew is cleared");
        assert!(kept.bytes().iter().all(|byte| *byte == 1));
    }
}
