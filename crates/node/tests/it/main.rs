//! The binary as people meet it: what it says, what it refuses and with which exit code, how it ends.

mod commands;
mod damage;
mod kill;
mod process;
mod recording;
mod refusals;
mod running;

/// The real clock and real tasks, as the binary has them.
#[path = "../../src/world.rs"]
mod world;
