//! What outlives the process: records, and small facts.
//!
//! A [`Storage`] is an opened data folder (or a memory of one); [`Storage::start`] recovers what is in it and gives
//! the [`Engine`]. A partition is a [`Log`]: data behind one short lock, no task, no channel.
//!
//! ```text
//!   append ──► Log (under its lock: tail, sequence) ──► open block ──► one put ──► durable ──► high watermarks move
//!                │                                                                                │
//!                └──► tail: the same bytes, bounded, oldest block dropped first                   └──► watchers
//!                        │ checkpoint: durable blocks only, a prefix of the chain for every partition
//!                        ▼
//!                 segment files and packs ──► manifest edit ──► blocks leave the WAL
//! ```
//!
//! The laws for who uses it:
//!
//! - Offsets are the caller's: a batch comes with its base offset patched in and begins where the log ends.
//! - What is appended is in the log at once ([`Log::end`]), and may be shown to nobody before it is durable: reads end
//!   at [`Log::high_watermark`]. An answer that rests on a state names [`Log::seq_of_state`] and leaves when
//!   [`Engine::durable`] has reached it.
//! - Space comes first: [`Engine::reserve`] before offsets are given. An append after that does not fail.
//! - Lock order: the caller's partition, then the log, then the open block. Nothing here calls back into the caller
//!   under a lock, but [`Watcher::moved`] comes from the writer's thread and must not block.
//!
//! Rules of Kafka (what is appended, when a segment rolls, what retention removes) are not decided here.

pub mod blobs;
pub mod block;
pub mod check;
mod checkpoint;
mod cold;
mod damage;
mod delays;
pub mod disk;
pub mod dump;
mod engine;
mod extent;
pub mod facts;
mod files;
mod kept;
pub mod leases;
mod log;
mod manifest;
mod options;
mod recovery;
mod run_file;
mod scrub;
mod storage;
mod tail;
pub mod wal;
mod walk;
mod windows;
pub mod writer;

pub use damage::Damage;
pub use engine::{
    Engine, RESERVED_BATCHES, Refused, Reservation, Snapshot, SnapshotPart, Snapshots, Usage, WalSeq,
};
pub use log::{
    BatchFacts, EpochStart, Found, Log, LogEnd, Piece, Read, ReadError, Recovered, Segment, Watcher,
};
pub use options::{Durability, OnFailure, Options};
pub use storage::{Backends, Existing, OpenError, Storage};
