//! The settings of storage: checked values, with their defaults. Where they come from is not known here.

use std::path::PathBuf;
use std::time::Duration;

const MIB: u64 = 1024 * 1024;

/// When an append counts as durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When the disk says so.
    #[default]
    Fsync,
    /// When the operating system has it: a power cut may cut the end, the end of the process may not.
    Os,
}

/// What happens when nothing can become durable any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// The process ends at once: the next start recovers.
    #[default]
    Abort,
    /// [`Engine::failure`](crate::Engine::failure) tells it; its reader ends the process (or the test).
    Tell,
}

/// What can be set.
#[derive(Clone, Debug)]
pub struct Options {
    /// When an append counts as durable.
    pub durability: Durability,
    /// What happens when the disk fails.
    pub on_failure: OnFailure,
    /// The most memory that the tail takes, its bookkeeping counted.
    pub tail_bytes: u64,
    /// The most memory of appends that are not durable yet.
    pub wal_bytes: u64,
    /// In memory alone: the most that is kept; above it appends are refused.
    pub memory_bytes_max: Option<u64>,
    /// A full ring file of the WAL.
    pub ring_file_bytes: u64,
    /// How many of them there are under load.
    pub ring_files: usize,
    /// How many may wait for a checkpoint before appends wait.
    pub ring_files_uncovered_max: usize,
    /// The one file that a fresh folder has.
    pub ring_first_bytes: u64,
    /// How long an append waits for space before it is refused.
    pub reserve_wait_max: Duration,
    /// A checkpoint begins when this much is durable and not covered,
    pub checkpoint_bytes: u64,
    /// or when the oldest of it is this old.
    pub checkpoint_interval: Duration,
    /// How soon the space of what was removed is looked for, at the latest.
    pub release_interval: Duration,
    /// A partition with this much in one checkpoint gets a segment file of its own.
    pub own_file_bytes: u64,
    /// How long a file that nothing names stays, until [`Engine::set_delete_delay`](crate::Engine::set_delete_delay)
    /// says something else.
    pub delete_delay: Duration,
    /// Threads that read what is not in the page cache.
    pub cold_readers: usize,
    /// Memory for what they read past the page cache, until it is sent.
    pub window_bytes: u64,
    /// For proofs alone: every change of the disk is written down in this new file.
    pub disk_journal: Option<PathBuf>,
    /// The caller's facts begin with a byte that says their version: a folder with a newer one than this is refused before
    /// anything in it is touched.
    pub facts_version_max: u8,
    /// How fast the scrub reads files to find damage before a consumer does; 0 is never.
    pub scrub_bytes_per_second: u64,
    /// How long after the beginning of one pass through all files the next one begins.
    pub scrub_interval: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Fsync,
            on_failure: OnFailure::Abort,
            tail_bytes: 96 * MIB,
            wal_bytes: 16 * MIB,
            memory_bytes_max: None,
            ring_file_bytes: 32 * MIB,
            ring_files: 6,
            ring_files_uncovered_max: 4,
            ring_first_bytes: 4 * MIB,
            reserve_wait_max: Duration::from_secs(5),
            checkpoint_bytes: 32 * MIB,
            checkpoint_interval: Duration::from_secs(60),
            release_interval: Duration::from_secs(5),
            own_file_bytes: 8 * MIB,
            delete_delay: Duration::from_secs(60),
            cold_readers: 4,
            window_bytes: 32 * MIB,
            disk_journal: None,
            facts_version_max: u8::MAX,
            scrub_bytes_per_second: 4 * MIB,
            scrub_interval: Duration::from_secs(7 * 24 * 3600),
        }
    }
}
