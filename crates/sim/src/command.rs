//! The commands.

pub(crate) mod cut;
pub(crate) mod fuzz;
pub(crate) mod judge;
pub(crate) mod run;
