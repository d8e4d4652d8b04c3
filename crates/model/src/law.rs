//! The laws that a simulation breaks, one at a time, to see that it would notice. With the feature `broken-laws` alone
//! can any be broken, and nothing but the simulation asks for it: elsewhere the question is a constant and costs
//! nothing. The release build of the broker refuses to be built with it.

/// Whether laws can be broken in this build.
pub const CAN_BE_BROKEN: bool = cfg!(feature = "broken-laws");

/// A law that can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Law {
    /// Answers wait until what they rest on is durable.
    AnswersWait = 1,
    /// What is not durable is shown to nobody.
    ReadersWait,
    /// A duplicate is answered when its original is durable.
    DuplicatesWait,
    /// A group's state is told when it is durable: committed positions among it.
    GroupsWait,
    /// A deletion of records is answered when it is durable.
    DeletionsWait,
    /// A block of the write-ahead log is durable when its put returns.
    BlocksAreSynced,
    /// A block whose sync failed is not taken for durable: the process ends.
    FailedSyncsEnd,
    /// What a start finds is made durable before it is served.
    FoundIsSynced,
    /// Each life leads under a higher epoch.
    EpochsRise,
    /// Facts are durable before they are used.
    FactsAreSynced,
    /// Segment files are durable before the manifest names them.
    SegmentsAreSynced,
    /// The manifest is durable before a file is deleted that it named.
    ManifestBeforeDeletion,
    /// The manifest is durable before what it covers leaves the write-ahead log.
    ManifestBeforeTrim,
    /// Producers' sequences outlive the process.
    ProducersAreRecovered,
}

impl Law {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::AnswersWait,
        Self::ReadersWait,
        Self::DuplicatesWait,
        Self::GroupsWait,
        Self::DeletionsWait,
        Self::BlocksAreSynced,
        Self::FailedSyncsEnd,
        Self::FoundIsSynced,
        Self::EpochsRise,
        Self::FactsAreSynced,
        Self::SegmentsAreSynced,
        Self::ManifestBeforeDeletion,
        Self::ManifestBeforeTrim,
        Self::ProducersAreRecovered,
    ];

    /// Whether it is broken now.
    #[cfg(not(feature = "broken-laws"))]
    #[inline(always)]
    pub const fn is_broken(self) -> bool {
        false
    }

    /// Whether it is broken now.
    #[cfg(feature = "broken-laws")]
    pub fn is_broken(self) -> bool {
        switch::broken() == self as u8
    }

    /// Breaks it, in this process and for all its time.
    #[cfg(feature = "broken-laws")]
    pub fn break_for_good(self) {
        switch::set(self as u8);
    }
}

#[cfg(feature = "broken-laws")]
mod switch {
    use std::sync::atomic::{AtomicU8, Ordering};

    static BROKEN: AtomicU8 = AtomicU8::new(0);

    pub(super) fn broken() -> u8 {
        BROKEN.load(Ordering::Relaxed)
    }

    pub(super) fn set(law: u8) {
        BROKEN.store(law, Ordering::Relaxed);
    }
}
