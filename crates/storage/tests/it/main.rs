//! The laws of the seams, checked against every backend, and what recovery makes of a disk whose power was cut.

mod crash;
mod disk;
mod facts;
mod golden;
mod leases;
mod ring;
mod wal;
mod world;
