//! What clients did and saw, in words that a judge understands. The simulation and real runs write the same history;
//! how they came to it is not known here.

mod operation;

pub use self::operation::{Action, Operation, Outcome, Partition, Polled, Position};
