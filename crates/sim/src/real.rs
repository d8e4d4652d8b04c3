//! Real runs: the binary as a process, clients in real time over real sockets, and what they note of it. The kill loop
//! and the power cuts share it; nothing here is simulated.

#![allow(clippy::disallowed_methods, reason = "real runs happen in real time, on real threads")]

mod census;
mod notes;
mod process;
mod world;

pub use self::census::{Census, Expected, Found, record_of, value_of};
pub use self::notes::Notes;
pub use self::process::{Launch, Process, free_port, fresh_folder};
pub use self::world::{client, real};
