//! What the judge says: each wrong thing with those who saw it, in words.

use std::collections::BTreeMap;
use std::fmt;

use super::{Action, Operation, Outcome};

/// What else holds for a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Offsets have no holes: nothing was compacted, and there were no transactions.
    pub dense: bool,
    /// Somebody read everything at the end: what nobody saw is lost.
    pub all_read: bool,
    /// The last census was taken after a power cut that may have taken the ends of partitions: what lies behind the end
    /// that it found need not be there.
    pub ends_may_be_lost: bool,
}

/// The kinds of wrong things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A record was acknowledged or shown, and is not there although later ones are (or a census should have it).
    Lost,
    /// A record of an idempotent producer is there twice.
    Duplicate,
    /// One offset has two records.
    Inconsistent,
    /// A record was shown that was refused, or belongs to an aborted transaction.
    AbortedRead,
    /// A record was shown that nobody sent there.
    Unwritten,
    /// A consumer went back without a seek or an assignment.
    NonMonotonic,
    /// A consumer passed over a record that was there.
    Skipped,
    /// An offset has no record although later ones have.
    Gap,
    /// Deleted records are there again.
    Resurrected,
    /// A group's position is one that a later commit had replaced, or that nobody committed.
    LostCommit,
    /// The order of offsets, of reads and of time contradict each other.
    Cycle,
    /// The history itself is wrong: one value was sent twice.
    Ambiguous,
}

/// One wrong thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// Of which kind.
    pub kind: Kind,
    /// Where, and who saw it.
    pub words: String,
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.words)
    }
}

/// How many wrong things of a kind are told; the others are counted.
const TOLD_MAX: usize = 20;

/// What the judge found.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The wrong things, at most so many of a kind as somebody reads.
    pub anomalies: Vec<Anomaly>,
    /// How many there are of each kind.
    pub counts: BTreeMap<Kind, usize>,
    /// How many operations were judged.
    pub operations: usize,
    /// How many records were acknowledged.
    pub acknowledged: usize,
    /// How many records were sent without an answer.
    pub unknown: usize,
    /// How many records were handed out, those of a census too.
    pub read: usize,
    /// How many acknowledged records nobody has seen, and nobody must have.
    pub unseen: usize,
}

impl Verdict {
    pub(super) fn of(operations: &[Operation]) -> Self {
        let mut verdict = Self { operations: operations.len(), ..Self::default() };
        for operation in operations {
            match &operation.action {
                Action::Produce { outcome: Outcome::Ok(_), .. } => verdict.acknowledged += 1,
                Action::Produce { outcome: Outcome::Unknown, .. } => verdict.unknown += 1,
                Action::Poll { records, .. } => verdict.read += records.len(),
                Action::Census { records, .. } => verdict.read += records.len(),
                _ => {}
            }
        }
        verdict
    }

    /// Whether nothing is wrong.
    pub fn is_right(&self) -> bool {
        self.counts.is_empty()
    }

    /// Whether something of this kind is wrong.
    pub fn has(&self, kind: Kind) -> bool {
        self.counts.contains_key(&kind)
    }

    pub(super) fn found(&mut self, kind: Kind, words: impl FnOnce() -> String) {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count <= TOLD_MAX {
            self.anomalies.push(Anomaly { kind, words: words() });
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operations, acknowledged, unknown, read, unseen, .. } = self;
        write!(
            f,
            "{operations} operations: {acknowledged} records acknowledged, {unknown} unknown, {read} reads, {unseen} unseen"
        )?;
        for (kind, count) in &self.counts {
            write!(f, "; {kind:?} {count}")?;
        }
        for anomaly in &self.anomalies {
            write!(f, "\n  {anomaly}")?;
        }
        Ok(())
    }
}
