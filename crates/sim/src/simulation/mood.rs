//! How a disk is at the moment: slow, stuck, out of descriptors, reading wrong. Set by what goes wrong, asked by the
//! [`SimDisk`](super::disk::SimDisk).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::simulation::universe::{Chance, reads_the_device};

/// After a read that went wrong so many go well.
const GOOD_READS: u64 = 4;
/// What all names begin with.
const EVERYTHING: &str = "";

/// How the disk is at the moment.
#[derive(Debug, Default)]
pub struct Mood {
    /// The device takes so many times as long; 0 is the same as 1.
    pub slowness: AtomicU64,
    /// One read in so many gives other bytes than were written; 0 is never.
    pub misreads_one_in: AtomicU64,
    /// One read in so many fails; 0 is never.
    pub failed_reads_one_in: AtomicU64,
    /// Whether the process has as many files open as it may.
    pub no_descriptors: AtomicBool,
    /// Calls for files of this name, or in this folder, do not return.
    stuck: Mutex<Option<&'static str>>,
    /// From the next deletion of a segment file on no call returns.
    stuck_at_deletion: AtomicBool,
    /// How many calls hang.
    hanging: AtomicU64,
    /// The last read that went wrong: the next ones go well, so that who tries again succeeds.
    last_bad_read: AtomicU64,
    reads: AtomicU64,
}

impl Mood {
    /// Whether a read goes wrong in a way that happens one time in `figure`.
    pub(super) fn spoils(&self, figure: &AtomicU64, chance: &Chance) -> bool {
        let one_in = figure.load(Ordering::Relaxed);
        if one_in == 0 || !reads_the_device() {
            return false;
        }
        let number = self.reads.fetch_add(1, Ordering::Relaxed) + GOOD_READS + 1;
        let spoils =
            number > self.last_bad_read.load(Ordering::Relaxed) + GOOD_READS && chance.one_in(one_in);
        if spoils {
            self.last_bad_read.store(number, Ordering::Relaxed);
        }
        spoils
    }

    /// From now on calls for files of this name, or in this folder, do not return.
    pub fn stick(&self, at: &'static str) {
        *self.stuck.lock() = Some(at);
        self.hanging.store(0, Ordering::Relaxed);
    }

    /// From the next deletion of a segment file on no call returns.
    pub fn stick_at_deletion(&self) {
        self.stuck_at_deletion.store(true, Ordering::Relaxed);
        self.hanging.store(0, Ordering::Relaxed);
    }

    /// A segment file was deleted.
    pub(super) fn has_deleted(&self) {
        if self.stuck_at_deletion.swap(false, Ordering::Relaxed) {
            self.stick(EVERYTHING);
            self.hangs();
        }
    }

    /// They return again.
    pub fn loosen(&self) {
        self.stuck_at_deletion.store(false, Ordering::Relaxed);
        *self.stuck.lock() = None;
    }

    /// Whether calls for this file do not return.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.stuck.lock().is_some_and(|at| name.starts_with(at))
    }

    /// A call hangs.
    pub(super) fn hangs(&self) {
        self.hanging.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a call hangs, since calls do.
    pub fn has_hanging(&self) -> bool {
        self.hanging.load(Ordering::Relaxed) > 0
    }
}
