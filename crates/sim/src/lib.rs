//! What proves that no record is lost: whole runs of the broker, made to fail in every way, and a judge of what its
//! clients then saw. Development only: nothing of it is in the broker's binary.

pub mod cut;
pub mod fuzz;
pub mod history;
pub mod kill;
pub mod real;
pub mod simulation;
