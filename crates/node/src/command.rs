//! The commands beside `serve`, one file each; then what several of them share: how they reach a broker, how they
//! print, how records look in files and pipes, how partitions and places in them are named.

pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod cluster;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod consume;
pub(crate) mod dump;
pub(crate) mod group;
pub(crate) mod produce;
pub(crate) mod topic;

mod choice;
mod connection;
mod moment;
mod moves;
mod place;
mod printout;
mod progress;
mod record_text;
