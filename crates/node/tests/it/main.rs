//! The binary as people meet it: what it says, what it refuses and with which exit code, how it ends.

#![allow(clippy::unwrap_used, reason = "a test fails where something is not as it should be")]

mod commands;
mod damage;
mod golden;
mod hostile;
mod kill;
mod process;
mod recording;
mod refusals;
mod running;

/// The real clock and real tasks, as the binary has them.
#[path = "../../src/world.rs"]
mod world;
