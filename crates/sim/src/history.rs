//! What clients did and saw, and whether a broker that keeps its promises can have let them see it. The simulation and
//! real runs write the same history; how they came to it is not known here.
//!
//! The laws are those of Jepsen's workload for Kafka, and a few that a whole reading of a partition ([`Action::Census`])
//! allows besides. [`judge`] takes n log n steps for n operations.

mod commits;
mod consumers;
mod cycles;
mod known;
mod lines;
mod losses;
mod operation;
mod records;
mod verdict;

#[cfg(test)]
mod tests;

pub use self::lines::{read_lines, write_line};
pub use self::operation::{Action, Operation, Outcome, Partition, Polled, Position};
pub use self::verdict::{Anomaly, Kind, Rules, Verdict};

use self::known::Known;

/// Judges a history.
pub fn judge(operations: &[Operation], rules: Rules) -> Verdict {
    let known = Known::of(operations);
    let mut verdict = Verdict::of(operations);
    records::check(&known, &mut verdict);
    consumers::check(&known, &mut verdict);
    losses::check(&known, rules, &mut verdict);
    commits::check(&known, &mut verdict);
    cycles::check(&known, &mut verdict);
    verdict
}
