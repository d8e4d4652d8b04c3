//! Every rule of the domain in its own words: topics, partitions, groups. No sockets, no wire messages, no HTTP.

mod answer;
pub mod groups;

pub use answer::{Answer, WalSeq};
