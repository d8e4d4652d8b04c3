//! The memory of windows: so many buffers and no more, used again and again, as fresh memory costs a page fault for
//! every page of it.

use std::ops::{Deref, DerefMut, Range};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::disk::Aligned;

/// The largest window: the marks of an extent are 1 MiB and a batch apart. What is not used of it takes no memory.
pub(crate) const BUFFER_BYTES: usize = 2 << 20;

pub(super) struct Buffers {
    // held to take one out and to put one back
    state: Mutex<State>,
}

struct State {
    free: Vec<Aligned>,
    /// How many may still be made.
    unmade: usize,
}

/// One of them; it goes back when it is dropped.
pub(super) struct Buffer {
    home: Arc<Buffers>,
    bytes: Aligned,
}

impl Buffers {
    pub(super) fn new(bytes_max: u64) -> Self {
        let unmade = usize::try_from(bytes_max / BUFFER_BYTES as u64).unwrap_or(usize::MAX);
        Self { state: Mutex::new(State { free: Vec::new(), unmade }) }
    }

    /// None when all are taken.
    pub(super) fn take(self: &Arc<Self>) -> Option<Buffer> {
        let mut state = self.state.lock();
        let free = state.free.pop();
        if free.is_none() {
            state.unmade = state.unmade.checked_sub(1)?;
        }
        drop(state);
        let bytes = free.unwrap_or_else(|| Aligned::zeroed(BUFFER_BYTES));
        Some(Buffer { home: self.clone(), bytes })
    }
}

impl Buffer {
    /// A range of it, which holds all of it; nothing is copied.
    pub(super) fn into_bytes(self, range: Range<usize>) -> Bytes {
        Bytes::from_owner(self).slice(range)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        self.home.state.lock().free.push(bytes);
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}
