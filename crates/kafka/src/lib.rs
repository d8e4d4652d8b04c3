//! The Kafka protocol, as one head of the broker: connections, requests, answers, error codes, fetch sessions.
//!
//! [`Server`] serves listeners that were bound before. Each API has one row in the table of `api` and one file of its
//! name. What the domain's rules are is not decided here: handlers translate, and [`Session`](thalweg_broker::Session)
//! is their only way in.

#[allow(clippy::needless_update, reason = "messages grow fields with their versions")]
mod api;
pub mod client;
mod connection;
mod errors;
mod fetch_session;
mod figures;
mod head;
mod peer;
mod request;
mod server;
#[cfg(test)]
mod testing;

pub use self::errors::Code;
pub use self::head::Settings;
pub use self::server::Server;
