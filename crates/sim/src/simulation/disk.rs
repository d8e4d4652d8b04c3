//! The disk of a simulation: takes its time, is slow for a while, is cut in the middle of a write, reads what is not
//! there. Below it lies storage's disk in memory, which knows what a power cut may undo.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use thalweg_model::region::RegionFile;
use thalweg_storage::disk::{ALIGNMENT, Access, Create, Disk, File, Io, MemoryDisk, Open, Space};

use crate::simulation::mood::Mood;
use crate::simulation::network::EMFILE;
use crate::simulation::universe::{Chance, Universe, is_blocking};

/// What an ordinary call takes.
const CALL_MICROS: (u64, u64) = (5, 60);
/// What a call takes that waits for the device.
const DEVICE_MICROS: (u64, u64) = (60, 400);
/// How often a call that hangs looks whether it may return.
const LOOK: Duration = Duration::from_millis(1);
/// What the device reads at once.
const SECTOR: usize = 512;
/// Where segment files and packs lie.
const SEGMENTS: &str = "segments/";

/// A disk in a machine; it outlives processes. Clones are the same disk.
#[derive(Clone)]
pub struct SimDisk {
    disk: MemoryDisk,
    universe: Universe,
    chance: Chance,
    mood: Arc<Mood>,
}

impl SimDisk {
    /// A disk over one in memory.
    pub fn new(disk: MemoryDisk, universe: &Universe, mood: Arc<Mood>) -> Self {
        Self { disk, universe: universe.clone(), chance: universe.chance("disk"), mood }
    }

    async fn takes(&self, name: &str, (least, most): (u64, u64)) {
        let slowness = self.mood.slowness.load(Ordering::Relaxed).max(1);
        let time = self.chance.micros(least, most) * u32::try_from(slowness).unwrap_or(1);
        self.universe.sleep(time).await;
        if self.mood.holds(name) {
            self.universe.say(format_args!("disk: a call for {name} hangs"));
            self.tell("call hung");
            self.mood.hangs();
        }
        while self.mood.holds(name) {
            self.universe.sleep(LOOK).await;
        }
    }

    fn tell(&self, what: &str) {
        self.universe.tally().count(&format!("disk: {what}"));
    }

    /// A result, counted where it is a failure of the device.
    fn told<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            match error.kind() {
                io::ErrorKind::StorageFull => self.tell("no room"),
                io::ErrorKind::Other => self.tell("sync failed"),
                _ => {}
            }
        }
        result
    }

    /// A call that happens after a while, or at once for who blocks.
    fn later<'a, T: Send + Unpin + 'a>(
        &'a self,
        name: &'a str,
        time: (u64, u64),
        call: impl FnOnce() -> Io<'a, T> + Send + 'a,
    ) -> Io<'a, T> {
        if is_blocking() {
            return call();
        }
        Io::Later(Box::pin(async move {
            self.takes(name, time).await;
            self.told(call().await)
        }))
    }
}

impl Disk for SimDisk {
    fn open<'a>(&'a self, name: &'a str, how: Open) -> Io<'a, Arc<dyn File>> {
        let open = move || {
            if self.mood.no_descriptors.load(Ordering::Relaxed) {
                self.tell("no descriptor");
                return Io::done(Err(io::Error::from_raw_os_error(EMFILE)));
            }
            let opened = || -> io::Result<Arc<dyn File>> {
                let file = done(self.disk.open(name, how))?;
                // The same bytes through the page cache, for what is written of a write that does not end.
                let cached = Open { access: Access::Buffered, create: Create::Existing };
                let cache = done(self.disk.open(name, cached))?;
                Ok(Arc::new(SimFile { disk: self.clone(), file, cache, name: name.into() }))
            };
            Io::done(opened())
        };
        self.later(name, CALL_MICROS, open)
    }

    fn create_dir<'a>(&'a self, name: &'a str) -> Io<'a, ()> {
        self.later(name, CALL_MICROS, move || self.disk.create_dir(name))
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> Io<'a, ()> {
        self.later(to, CALL_MICROS, move || {
            self.universe.say(format_args!("disk: rename {from} to {to}"));
            self.disk.rename(from, to)
        })
    }

    fn unlink<'a>(&'a self, name: &'a str) -> Io<'a, ()> {
        self.later(name, CALL_MICROS, move || {
            self.universe.say(format_args!("disk: unlink {name}"));
            let deleted = self.disk.unlink(name);
            if name.starts_with(SEGMENTS) {
                self.mood.has_deleted();
            }
            deleted
        })
    }

    fn list<'a>(&'a self, folder: &'a str) -> Io<'a, Vec<String>> {
        self.later(folder, CALL_MICROS, move || self.disk.list(folder))
    }

    fn sync_dir<'a>(&'a self, folder: &'a str) -> Io<'a, ()> {
        self.later(folder, DEVICE_MICROS, move || {
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

/// A write of which a part is done; where it is let go so, it stays torn.
struct Torn<'a>(&'a SimDisk);

impl Drop for Torn<'_> {
    fn drop(&mut self) {
        self.0.tell("write torn");
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

    /// What a sector of another place of the file holds, or nothing.
    fn read_elsewhere(&self, sector: &mut [u8]) {
        let length = done(self.cache.len()).unwrap_or_default();
        let others = length.saturating_sub(sector.len() as u64) / SECTOR as u64;
        let other = self.disk.chance.below(others + 1) * SECTOR as u64;
        if self.disk.chance.percent(30) || self.cache.read_at(sector, other).is_err() {
            sector.fill(0);
        }
    }

    /// Reads, and finds something else by chance.
    fn read(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        let (chance, mood) = (&self.disk.chance, &self.disk.mood);
        if mood.spoils(&mood.failed_reads_one_in, chance) {
            self.disk.universe.say(format_args!("disk: fails to read {} at {position}", self.name));
            self.disk.tell("read failed");
            return Err(io::Error::other("the device failed to read"));
        }
        self.file.read_at(buffer, position)?;
        if !buffer.is_empty() && mood.spoils(&mood.misreads_one_in, chance) {
            let at = chance.below(buffer.len() as u64) as usize;
            self.disk.universe.say(format_args!("disk: reads {} at {position} wrong", self.name));
            if chance.percent(50) {
                self.disk.tell("read flipped a bit");
                buffer[at] ^= 1 << chance.below(8);
            } else {
                self.disk.tell("read misdirected");
                let end = (at - at % SECTOR + SECTOR).min(buffer.len());
                self.read_elsewhere(&mut buffer[at - at % SECTOR..end]);
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
        self.disk.later(&self.name, CALL_MICROS, move || self.file.set_len(length))
    }

    fn read_exact_at<'a>(&'a self, buffer: &'a mut [u8], position: u64) -> Io<'a, ()> {
        self.disk.later(&self.name, DEVICE_MICROS, move || Io::done(self.read(buffer, position)))
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
            let mut torn = None;
            if self.disk.chance.percent(30) {
                // Where it hangs, it hangs half done.
                self.disk.universe.sleep(self.disk.chance.micros(CALL_MICROS.0, CALL_MICROS.1)).await;
                self.write_some(buffer, position);
                torn = Some(Torn(&self.disk));
            }
            self.disk.takes(&self.name, time).await;
            let result = self.disk.told(self.file.write_all_at(buffer, position).await);
            std::mem::forget(torn);
            let (name, length) = (&self.name, buffer.len());
            self.disk.universe.say(format_args!("disk: write {name} {position}+{length}: {result:?}"));
            result
        }))
    }

    fn allocate(&self, position: u64, length: u64) -> Io<'_, ()> {
        self.disk.later(&self.name, CALL_MICROS, move || self.file.allocate(position, length))
    }

    fn sync(&self) -> Io<'_, ()> {
        self.disk.later(&self.name, DEVICE_MICROS, move || {
            let result = done(self.file.sync());
            self.disk.universe.say(format_args!("disk: sync {}: {result:?}", self.name));
            Io::done(result)
        })
    }

    fn writes_are_durable(&self) -> bool {
        self.file.writes_are_durable()
    }
}
