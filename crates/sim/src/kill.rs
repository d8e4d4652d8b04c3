//! The kill loop: the real binary is killed while clients go on, and started again on what it left; now and then it is
//! killed while it starts. Clients are ours and, where there is Python with confluent-kafka, ones that we did not write.
//! They are told nothing of it: an idempotent producer goes on with its sequence, a group with its members.

#![allow(clippy::disallowed_methods, reason = "real runs happen in real time, on real threads")]

mod foreign;
mod own;

pub use self::foreign::{Foreign, Role};
pub use self::own::Own;

/// The group of the foreign members.
pub const GROUP: &str = "killed";
/// The topic that all of them use.
pub const TOPIC: &str = "killed";
/// Its partitions.
pub const PARTITIONS: i32 = 4;
