//! Sockets: listening and dialling, how many connections there may be, frames in and answers out within a budget of
//! memory, and the value that tells everybody to stop. It knows that a frame begins with its length, and nothing else
//! of any protocol.
//!
//! A [`Listener`] hands over a [`Connection`]; its head splits it into a [`FrameReader`] and an [`AnswerWriter`],
//! which may be driven by one task or by two. TLS and simulated networks stand in as a [`Stream`];
//! a simulated network listens by [`Incoming`] and is dialled as a [`Network`].

mod activity;
mod answer;
mod budget;
mod connection;
mod dial;
mod frame;
mod limits;
mod listener;
mod shutdown;
#[cfg(test)]
mod tests;

pub use activity::Activity;
pub use answer::AnswerWriter;
pub use budget::{
    ANSWER_BYTES_DEFAULT, AnswerBudget, AnswerPermit, FRAME_BYTES_DEFAULT, FrameBudget, FramePermit,
};
pub use connection::{Connection, Stream};
pub use dial::{DialError, Network, Tcp, dial};
pub use frame::{Frame, FrameError, FrameReader};
pub use limits::{ConnectionGate, ConnectionLimits, ConnectionSlot};
pub use listener::{BindError, Incoming, Listener, SocketOptions};
pub use shutdown::{Shutdown, ShutdownTrigger};
