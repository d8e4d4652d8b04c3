//! The commands.

pub(crate) mod judge;
