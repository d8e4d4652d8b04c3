//! The commands.

pub(crate) mod coverage;
pub(crate) mod cut;
pub(crate) mod fuzz;
pub(crate) mod judge;
pub(crate) mod kill;
pub(crate) mod laws;
pub(crate) mod many;
pub(crate) mod run;
