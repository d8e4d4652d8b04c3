//! The commands beside `serve`, one file each.

pub(crate) mod completions;
pub(crate) mod config;
