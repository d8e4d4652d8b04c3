//! What clients of a run note, all in one history, and the clock that they share.

use std::sync::{Mutex, PoisonError};

use crate::history::{Action, Operation};

/// A history that grows. The clock is the run's: for power cuts the length of the disk's journal, so that "before the
/// cut" has a meaning; else the time.
pub struct Notes {
    clock: Box<dyn Fn() -> u64 + Send + Sync>,
    // held for a push
    operations: Mutex<Vec<Operation>>,
}

impl Notes {
    /// An empty history.
    pub fn new(clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self { clock: Box::new(clock), operations: Mutex::default() }
    }

    /// What the clock says.
    pub fn now(&self) -> u64 {
        (self.clock)()
    }

    /// Notes what has ended now.
    pub fn ended(&self, client: u32, start: u64, action: Action) {
        let end = Some(self.now());
        self.push(Operation { client, start, end, action });
    }

    /// Notes what will never be known to have ended.
    pub fn open(&self, client: u32, start: u64, action: Action) {
        self.push(Operation { client, start, end: None, action });
    }

    /// What was noted so far.
    pub fn take(&self) -> Vec<Operation> {
        std::mem::take(&mut self.operations.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn push(&self, operation: Operation) {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner).push(operation);
    }
}
