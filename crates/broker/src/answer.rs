//! What the domain gives back: a value, and what must be durable before anyone outside may see it.

use std::time::Duration;

pub use thalweg_storage::WalSeq;

/// A result that may leave once the log is durable up to `after`. State may run ahead of the disk, answers may not;
/// so refusals, duplicates and reads of state bear a sequence as well.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Answer<T> {
    /// The result.
    pub value: T,
    /// What it depends on.
    pub after: WalSeq,
}

impl<T> Answer<T> {
    /// A result that depends on nothing.
    pub fn now(value: T) -> Self {
        Self { value, after: WalSeq::default() }
    }

    /// A result that depends on the log up to `after`.
    pub fn after(value: T, after: WalSeq) -> Self {
        Self { value, after }
    }

    /// The same with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        Answer { value: change(self.value), after: self.after }
    }
}

/// How long a client that used up a quota is left unread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Throttle(pub Duration);

/// How far the log is durable, told as it moves: a head waits with its answers for it.
#[derive(Clone)]
pub struct Durable(tokio::sync::watch::Receiver<WalSeq>);

impl Durable {
    /// Over what the engine tells (or a test).
    pub fn new(told: tokio::sync::watch::Receiver<WalSeq>) -> Self {
        Self(told)
    }

    /// Everything up to here is durable.
    pub fn now(&mut self) -> WalSeq {
        *self.0.borrow_and_update()
    }

    /// Ends when more is durable than [`now`](Self::now) said; false when nothing more ever will be.
    pub async fn moved(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}
