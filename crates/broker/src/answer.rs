//! State may run ahead of the disk, answers may not: an answer names the WAL sequence that its state depends on, and a
//! head sends it when that is durable.

/// A place in the WAL; zero is before everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct WalSeq(pub u64);

/// What was asked, and what must be durable before it may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// The answer itself, errors included.
    pub value: T,
    /// The last write that it depends on.
    pub after: WalSeq,
}

impl<T> Answer<T> {
    /// An answer that depends on nothing.
    pub fn now(value: T) -> Self {
        Self { value, after: WalSeq::default() }
    }
}
