//! The binary as people meet it: what it says, what it refuses and with which exit code, how it ends.

mod commands;
mod process;
mod refusals;
mod running;
