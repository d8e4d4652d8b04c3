//! The commands.

pub(crate) mod judge;
pub(crate) mod run;
