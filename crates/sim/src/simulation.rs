//! A broker in a world of one seed.
//!
//! A run begins at [`run`](run::run): one seed makes a [`Universe`](universe::Universe) of one thread, in which the real
//! storage, broker and Kafka head run as a [`Node`](node::Node) on a simulated disk and network, things go wrong as a
//! [`Plan`](plan::Plan) says, and clients write a [`history`](crate::history) that is judged.

pub mod clients;
pub mod disk;
pub mod ledger;
pub mod mood;
pub mod network;
pub mod node;
pub mod peril;
pub mod plan;
pub mod run;
pub mod script;
pub mod universe;
