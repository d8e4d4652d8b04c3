//! The disk of a simulation: takes its time, is slow for a while, is cut in the middle of a write, reads what is not
//! there. Below it lies storage's disk in memory, which knows what a power cut may undo.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use thalweg_model::region::RegionFile;
use thalweg_storage::disk::{ALIGNMENT, Access, Create, Disk, File, Io, MemoryDisk, Open, Space};

use crate::simulation::universe::{Chance, Universe, is_blocking, reads_the_device};

/// What an ordinary call takes.
const CALL_MICROS: (u64, u64) = (5, 60);
/// What a call takes that waits for the device.
const DEVICE_MICROS: (u64, u64) = (60, 400);

/// A disk in a machine; it outlives processes. Clones are the same disk.
#[derive(Clone)]
pub struct SimDisk {
    disk: MemoryDisk,
    universe: Universe,
    chance: Chance,
    mood: Arc<Mood>,
}

/// How the disk is at the moment.
#[derive(Debug, Default)]
pub struct Mood {
    /// The device takes so many times as long; 0 is the same as 1.
    pub slowness: AtomicU64,
    /// One read in so many gives other bytes than were written; 0 is never.
    pub misreads_one_in: AtomicU64,
    /// One read in so many fails; 0 is never.
    pub failed_reads_one_in: AtomicU64,
    /// The last read that went wrong: the next ones go well, so that who tries again succeeds.
    last_bad_read: AtomicU64,
    reads: AtomicU64,
}

/// After a read that went wrong so many go well.
const GOOD_READS: u64 = 4;

impl Mood {
    /// Whether a read goes wrong in a way that happens one time in `figure`.
    fn spoils(&self, figure: &AtomicU64, chance: &Chance) -> bool {
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
}

impl SimDisk {
    /// A disk over one in memory.
    pub fn new(disk: MemoryDisk, universe: &Universe, mood: Arc<Mood>) -> Self {
        Self { disk, universe: universe.clone(), chance: universe.chance("disk"), mood }
    }

    async fn takes(&self, (least, most): (u64, u64)) {
        let slowness = self.mood.slowness.load(Ordering::Relaxed).max(1);
        let time = self.chance.micros(least, most) * u32::try_from(slowness).unwrap_or(1);
        self.universe.sleep(time).await;
    }

    /// A call that happens after a while, or at once for who blocks.
    fn later<'a, T: Send + Unpin + 'a>(
        &'a self,
        time: (u64, u64),
        call: impl FnOnce() -> Io<'a, T> + Send + 'a,
    ) -> Io<'a, T> {
        if is_blocking() {
            return call();
        }
        Io::Later(Box::pin(async move {
            self.takes(time).await;
            call().await
        }))
    }
}

impl Disk for SimDisk {
    fn open<'a>(&'a self, name: &'a str, how: Open) -> Io<'a, Arc<dyn File>> {
        let open = move || {
            let opened = || -> io::Result<Arc<dyn File>> {
                let file = done(self.disk.open(name, how))?;
                // The same bytes through the page cache, for what is written of a write that does not end.
                let cached = Open { access: Access::Buffered, create: Create::Existing };
                let cache = done(self.disk.open(name, cached))?;
                Ok(Arc::new(SimFile { disk: self.clone(), file, cache, name: name.into() }))
            };
            Io::done(opened())
        };
        self.later(CALL_MICROS, open)
    }

    fn create_dir<'a>(&'a self, name: &'a str) -> Io<'a, ()> {
        self.later(CALL_MICROS, move || self.disk.create_dir(name))
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> Io<'a, ()> {
        self.later(CALL_MICROS, move || {
            self.universe.say(format_args!("disk: rename {from} to {to}"));
            self.disk.rename(from, to)
        })
    }

    fn unlink<'a>(&'a self, name: &'a str) -> Io<'a, ()> {
        self.later(CALL_MICROS, move || {
            self.universe.say(format_args!("disk: unlink {name}"));
            self.disk.unlink(name)
        })
    }

    fn list<'a>(&'a self, folder: &'a str) -> Io<'a, Vec<String>> {
        self.later(CALL_MICROS, move || self.disk.list(folder))
    }

    fn sync_dir<'a>(&'a self, folder: &'a str) -> Io<'a, ()> {
        self.later(DEVICE_MICROS, move || {
            self.universe.say(format_args!("disk: sync of folder {folder}"));
            self.disk.sync_dir(folder)
        })
    }

    fn space(&self) -> Io<'_, Space> {
        self.disk.space()
    }

    fn is_direct(&self) -> bool {
        self.disk.is_direct()
    }
}

/// The result of a call of the disk in memory, which never waits.
fn done<T>(io: Io<'_, T>) -> io::Result<T> {
    match io {
        Io::Done(result) => result.expect("it was not asked before"),
        Io::Later(_) => Err(io::Error::other("the disk in memory never waits")),
    }
}

struct SimFile {
    disk: SimDisk,
    file: Arc<dyn File>,
    cache: Arc<dyn File>,
    name: Box<str>,
}

impl SimFile {
    /// Writes some pages of a write into the cache, as may have happened when the write ends half-way.
    fn write_some(&self, buffer: &[u8], position: u64) {
        for (page, bytes) in buffer.chunks(ALIGNMENT).enumerate() {
            if self.disk.chance.percent(50) {
                let at = position + (page * ALIGNMENT) as u64;
                // What goes wrong here goes wrong again when all is written.
                let _ = done(self.cache.write_all_at(bytes, at));
            }
        }
    }

    /// Reads, and finds something else by chance.
    fn read(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        let (chance, mood) = (&self.disk.chance, &self.disk.mood);
        if mood.spoils(&mood.failed_reads_one_in, chance) {
            self.disk.universe.say(format_args!("disk: fails to read {} at {position}", self.name));
            return Err(io::Error::other("the device failed to read"));
        }
        self.file.read_at(buffer, position)?;
        if !buffer.is_empty() && mood.spoils(&mood.misreads_one_in, chance) {
            let at = chance.below(buffer.len() as u64) as usize;
            self.disk.universe.say(format_args!("disk: reads {} at {position} wrong", self.name));
            if chance.percent(50) {
                buffer[at] ^= 1 << chance.below(8);
            } else {
                // A sector of another place.
                let end = (at - at % 512 + 512).min(buffer.len());
                buffer[at - at % 512..end].fill(0);
            }
        }
        Ok(())
    }
}

impl RegionFile for SimFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.read(buffer, position)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl File for SimFile {
    fn len(&self) -> Io<'_, u64> {
        self.file.len()
    }

    fn set_len(&self, length: u64) -> Io<'_, ()> {
        self.disk.later(CALL_MICROS, move || self.file.set_len(length))
    }

    fn read_exact_at<'a>(&'a self, buffer: &'a mut [u8], position: u64) -> Io<'a, ()> {
        self.disk.later(DEVICE_MICROS, move || Io::done(self.read(buffer, position)))
    }

    fn read_cached(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        // Half of all is in the cache.
        if self.disk.chance.percent(50) { Ok(0) } else { self.file.read_cached(buffer, position) }
    }

    fn write_all_at<'a>(&'a self, buffer: &'a [u8], position: u64) -> Io<'a, ()> {
        if is_blocking() {
            return self.file.write_all_at(buffer, position);
        }
        Io::Later(Box::pin(async move {
            let time = if self.file.writes_are_durable() { DEVICE_MICROS } else { CALL_MICROS };
            if self.disk.chance.percent(30) {
                self.disk.takes(CALL_MICROS).await;
                self.write_some(buffer, position);
            }
            self.disk.takes(time).await;
            let result = self.file.write_all_at(buffer, position).await;
            let (name, length) = (&self.name, buffer.len());
            self.disk.universe.say(format_args!("disk: write {name} {position}+{length}: {result:?}"));
            result
        }))
    }

    fn allocate(&self, position: u64, length: u64) -> Io<'_, ()> {
        self.disk.later(CALL_MICROS, move || self.file.allocate(position, length))
    }

    fn sync(&self) -> Io<'_, ()> {
        self.disk.later(DEVICE_MICROS, move || {
            let result = done(self.file.sync());
            self.disk.universe.say(format_args!("disk: sync {}: {result:?}", self.name));
            Io::done(result)
        })
    }

    fn writes_are_durable(&self) -> bool {
        self.file.writes_are_durable()
    }
}
