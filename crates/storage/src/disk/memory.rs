//! A disk in memory: for the memory deployment, and for tests, which count its calls, make it fail, and cut its power.
//! It keeps what a power cut may undo, page by page; it knows no time.

mod contents;

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use parking_lot::Mutex;
use thalweg_model::region::RegionFile;
use thalweg_model::world::Random;

use self::contents::{Contents, pages};
use super::{ALIGNMENT, Access, Create, Disk, File, Io, Open, Space};

/// What a device reads at once.
const SECTOR_BYTES: usize = 512;

/// The disk; clones are the same disk.
#[derive(Clone)]
pub struct MemoryDisk(Arc<Mutex<State>>);

/// How a disk call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call that makes a write durable fails: what was to become durable never does, though it can be read, and
    /// no later sync says so.
    SyncFails,
    /// Writing fails because the disk is full, until [`MemoryDisk::heal`].
    Full,
    /// The power goes while the call runs, or the process dies: it may be done in part, and every later call fails
    /// until [`MemoryDisk::power_cut`] or [`MemoryDisk::kill`].
    Cut,
    /// Reading fails.
    ReadFails,
}

/// What has been asked of a disk so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls that change something: what [`MemoryDisk::fail_at`] counts.
    pub changes: u64,
    /// Writes into files.
    pub writes: u64,
    /// Bytes of these.
    pub bytes_written: u64,
    /// Waits for the device: syncs of a file or folder, and writes that are durable when they return.
    pub syncs: u64,
    /// Reads of files.
    pub reads: u64,
    /// Bytes of these.
    pub bytes_read: u64,
    /// Pages that held something else before the power cut that this disk came out of.
    pub pages_undone: u64,
}

#[derive(Default)]
struct State {
    direct: bool,
    room: Option<u64>,
    /// A limit that comes and goes, beside `room`.
    room_now: Option<u64>,
    cold: bool,
    names: BTreeMap<String, Node>,
    /// The names as a power cut would leave them, folder by folder synced.
    durable_names: BTreeMap<String, Node>,
    counts: Counts,
    armed: Option<(u64, Fault)>,
    full: bool,
    dead: bool,
    read_faults: bool,
    /// Which read brings a flipped bit, and in which byte.
    misread_at: Option<(u64, usize)>,
    /// Which read brings a sector of another place of the file, where in what it reads, and of which.
    misdirected_at: Option<(u64, usize, u64)>,
}

type Node = Arc<Mutex<Contents>>;

/// What a call is told to do before it acts.
enum Verdict {
    Go,
    Tear,
}

impl MemoryDisk {
    /// An empty disk without a limit. `direct`: whether it has direct I/O, so that writes of
    /// [`Access::DirectDurable`] files are durable when they return.
    pub fn new(direct: bool) -> Self {
        Self(Arc::new(Mutex::new(State { direct, ..State::default() })))
    }

    /// Limits the bytes of all files together.
    pub fn set_room(&self, bytes: u64) {
        self.0.lock().room = Some(bytes);
    }

    /// Whether nothing is in memory for [`File::read_cached`].
    pub fn set_cold(&self, cold: bool) {
        self.0.lock().cold = cold;
    }

    /// Lets no more than this be written beyond what is there; nothing ends that.
    pub fn set_room_left(&self, bytes: Option<u64>) {
        let mut state = self.0.lock();
        state.room_now = bytes.map(|bytes| state.used() + bytes);
    }

    /// What has been asked so far.
    pub fn counts(&self) -> Counts {
        self.0.lock().counts
    }

    /// Lets the change with this number ([`Counts::changes`]; the next one has the count's value) fail.
    /// [`Fault::SyncFails`] waits for the first call from there on that makes something durable.
    pub fn fail_at(&self, change: u64, fault: Fault) {
        let mut state = self.0.lock();
        match fault {
            Fault::ReadFails => state.read_faults = true,
            _ => state.armed = Some((change, fault)),
        }
    }

    /// Lets the read with this number ([`Counts::reads`]; the next one has the count's value) bring a flipped bit in
    /// this byte of it: the device reads wrong, and right the next time.
    pub fn misread_at(&self, read: u64, byte: usize) {
        self.0.lock().misread_at = Some((read, byte));
    }

    /// Lets the read with this number bring at a byte of what it reads a sector of another place of the same file: the
    /// device goes astray, and not the next time.
    pub fn misdirect_at(&self, read: u64, byte: usize, from: u64) {
        self.0.lock().misdirected_at = Some((read, byte, from));
    }

    /// Ends all faults but a cut.
    pub fn heal(&self) {
        let mut state = self.0.lock();
        (state.armed, state.full, state.read_faults) = (None, false, false);
    }

    /// Whether a [`Fault::Cut`] has struck.
    pub fn is_dead(&self) -> bool {
        self.0.lock().dead
    }

    /// Flips a bit of a file, as a device may.
    pub fn rot(&self, name: &str, position: u64) {
        let state = self.0.lock();
        let node = state.names.get(name).expect("the file that shall rot is there");
        node.lock().flip(position as usize, 0x10);
    }

    /// The device cannot read these bytes of a file any more, nor their pages, until they are written over.
    pub fn make_unreadable(&self, name: &str, bytes: Range<u64>) {
        let state = self.0.lock();
        let node = state.names.get(name).expect("the file is there");
        node.lock().unreadable.extend(pages(bytes.start as usize, bytes.end as usize));
    }

    /// Flips a bit somewhere in a file whose name begins so, where there is one that is not empty; tells which one, and
    /// where.
    pub fn rot_below(&self, names: &str, chance: &dyn Random) -> Option<(String, u64)> {
        let pick = |count: usize| (chance.next() % count.max(1) as u64) as usize;
        let state = self.0.lock();
        let has_bytes =
            |(name, node): &(&String, &Node)| name.starts_with(names) && !node.lock().bytes.is_empty();
        let files: Vec<_> = state.names.iter().filter(has_bytes).collect();
        let (name, node) = files.get(pick(files.len()))?;
        let mut contents = node.lock();
        let position = pick(contents.bytes.len());
        contents.flip(position, 1 << pick(8));
        Some(((*name).clone(), position as u64))
    }

    /// The disk that the next process finds after this one was killed: all that was done is there, and no more of it is
    /// durable. Handles to the old one are of no more use.
    pub fn kill(&self) -> Self {
        let mut old = self.0.lock();
        old.dead = true;
        // files that are named twice, now and durably, stay one
        let mut taken_over: BTreeMap<*const Mutex<Contents>, Node> = BTreeMap::new();
        let mut take_over = |names: &BTreeMap<String, Node>| -> BTreeMap<String, Node> {
            let each = names.iter().map(|(name, node)| {
                let fresh = || Arc::new(Mutex::new(node.lock().clone()));
                (name.clone(), taken_over.entry(Arc::as_ptr(node)).or_insert_with(fresh).clone())
            });
            each.collect()
        };
        let (names, durable_names) = (take_over(&old.names), take_over(&old.durable_names));
        let (direct, room) = (old.direct, old.room);
        Self(Arc::new(Mutex::new(State { direct, room, names, durable_names, ..State::default() })))
    }

    /// The disk that one finds after the power went and came back: what was durable, and by chance what was not.
    /// Handles to the old one are of no more use.
    pub fn power_cut(&self, chance: &dyn Random) -> Self {
        let mut locked = self.0.lock();
        locked.dead = true;
        let old = &*locked;
        // a folder's changes are one step: file systems journal them
        let mut keeps_new: BTreeMap<&str, bool> = BTreeMap::new();
        let mut names = BTreeMap::new();
        for (name, node) in &old.names {
            if *keeps_new.entry(folder_of(name)).or_insert_with(|| chance.next().is_multiple_of(2)) {
                names.insert(name.clone(), node.clone());
            }
        }
        for (name, node) in &old.durable_names {
            if !keeps_new.get(folder_of(name)).copied().unwrap_or(false) {
                names.insert(name.clone(), node.clone());
            }
        }
        let mut counts = Counts::default();
        let names: BTreeMap<String, Node> = names
            .into_iter()
            .map(|(name, node)| {
                (name, Arc::new(Mutex::new(node.lock().after_cut(chance, &mut counts.pages_undone))))
            })
            .collect();
        Self(Arc::new(Mutex::new(State {
            direct: old.direct,
            room: old.room,
            durable_names: names.clone(),
            names,
            counts,
            ..State::default()
        })))
    }
}

impl State {
    /// Counts a change and says whether it goes well.
    fn change(&mut self, makes_durable: bool) -> io::Result<Verdict> {
        if self.dead {
            return Err(power_is_off());
        }
        let number = self.counts.changes;
        self.counts.changes += 1;
        match self.armed {
            Some((at, Fault::Cut)) if number >= at => {
                self.dead = true;
                Ok(Verdict::Tear)
            }
            Some((at, Fault::Full)) if number >= at => {
                self.full = true;
                self.armed = None;
                Ok(Verdict::Go)
            }
            Some((at, Fault::SyncFails)) if number >= at && makes_durable => {
                self.armed = None;
                Err(io::Error::other("the device failed to sync"))
            }
            _ => Ok(Verdict::Go),
        }
    }

    fn make_room(&self, more: usize) -> io::Result<()> {
        let room = self.room.unwrap_or(u64::MAX).min(self.room_now.unwrap_or(u64::MAX));
        if self.full || (more > 0 && self.used() + more as u64 > room) {
            return Err(ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn used(&self) -> u64 {
        self.names.values().map(|node| node.lock().bytes.len() as u64).sum()
    }
}

fn power_is_off() -> io::Error {
    io::Error::other("the power is off")
}

fn folder_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Disk for MemoryDisk {
    fn open<'a>(&'a self, name: &'a str, how: Open) -> Io<'a, Arc<dyn File>> {
        let open = || -> io::Result<Arc<dyn File>> {
            let mut state = self.0.lock();
            if state.dead {
                return Err(power_is_off());
            }
            let found = state.names.get(name).cloned();
            let node = match (found, how.create) {
                (Some(_), Create::New) => return Err(ErrorKind::AlreadyExists.into()),
                (None, Create::Existing) => return Err(ErrorKind::NotFound.into()),
                (Some(node), _) => node,
                (None, _) => {
                    if matches!(state.change(false)?, Verdict::Tear) {
                        return Err(power_is_off());
                    }
                    state.make_room(0)?;
                    let node = Node::default();
                    state.names.insert(name.to_owned(), node.clone());
                    node
                }
            };
            let direct = state.direct && how.access != Access::Buffered;
            let durable = direct && how.access == Access::DirectDurable;
            Ok(Arc::new(MemoryFile { disk: self.clone(), node, direct, durable }))
        };
        Io::done(open())
    }

    fn create_dir<'a>(&'a self, _: &'a str) -> Io<'a, ()> {
        Io::done(Ok(()))
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> Io<'a, ()> {
        let rename = || {
            let mut state = self.0.lock();
            let verdict = state.change(false)?;
            let node = state.names.remove(from).ok_or(ErrorKind::NotFound)?;
            state.names.insert(to.to_owned(), node);
            match verdict {
                Verdict::Go => Ok(()),
                Verdict::Tear => Err(power_is_off()),
            }
        };
        Io::done(rename())
    }

    fn unlink<'a>(&'a self, name: &'a str) -> Io<'a, ()> {
        let unlink = || {
            let mut state = self.0.lock();
            let verdict = state.change(false)?;
            state.names.remove(name).ok_or(ErrorKind::NotFound)?;
            match verdict {
                Verdict::Go => Ok(()),
                Verdict::Tear => Err(power_is_off()),
            }
        };
        Io::done(unlink())
    }

    fn list<'a>(&'a self, folder: &'a str) -> Io<'a, Vec<String>> {
        let state = self.0.lock();
        let inside = state.names.keys().filter(|name| folder_of(name) == folder);
        let names = inside.map(|name| name.rsplit('/').next().unwrap_or_default().to_owned());
        Io::done(if state.dead { Err(power_is_off()) } else { Ok(names.collect()) })
    }

    fn sync_dir<'a>(&'a self, folder: &'a str) -> Io<'a, ()> {
        let sync = || {
            let mut state = self.0.lock();
            if matches!(state.change(true)?, Verdict::Tear) {
                return Err(power_is_off());
            }
            state.counts.syncs += 1;
            state.durable_names.retain(|name, _| folder_of(name) != folder);
            let State { names, durable_names, .. } = &mut *state;
            let inside = names.iter().filter(|(name, _)| folder_of(name) == folder);
            durable_names.extend(inside.map(|(name, node)| (name.clone(), node.clone())));
            Ok(())
        };
        Io::done(sync())
    }

    fn space(&self) -> Io<'_, Space> {
        let state = self.0.lock();
        let total = state.room.unwrap_or(u64::MAX);
        Io::done(Ok(Space { total, free: total.saturating_sub(state.used()) }))
    }

    fn is_direct(&self) -> bool {
        self.0.lock().direct
    }
}

struct MemoryFile {
    disk: MemoryDisk,
    node: Node,
    direct: bool,
    durable: bool,
}

impl MemoryFile {
    fn read(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        let mut state = self.disk.0.lock();
        if state.dead {
            return Err(power_is_off());
        }
        if state.read_faults {
            return Err(io::Error::other("the device failed to read"));
        }
        state.counts.reads += 1;
        state.counts.bytes_read += buffer.len() as u64;
        self.check_alignment(buffer, position);
        let node = self.node.lock();
        let from = usize::try_from(position).map_err(|_| ErrorKind::UnexpectedEof)?;
        if pages(from, from.saturating_add(buffer.len())).any(|page| node.unreadable.contains(&page)) {
            return Err(io::Error::other("the device failed to read"));
        }
        let found = node.bytes.get(from..from.saturating_add(buffer.len()));
        buffer.copy_from_slice(found.ok_or(ErrorKind::UnexpectedEof)?);
        if let Some((read, byte)) = state.misread_at
            && state.counts.reads > read
            && !buffer.is_empty()
        {
            state.misread_at = None;
            let length = buffer.len();
            buffer[byte % length] ^= 0x10;
        }
        if let Some((read, byte, from)) = state.misdirected_at
            && state.counts.reads > read
        {
            state.misdirected_at = None;
            let sector = buffer.get_mut(byte..).unwrap_or_default();
            let count = sector.len().min(SECTOR_BYTES);
            let other = node.bytes.get(from as usize..from as usize + count);
            sector[..count].copy_from_slice(other.unwrap_or(&[0; SECTOR_BYTES][..count]));
        }
        Ok(())
    }

    fn write(&self, buffer: &[u8], position: u64) -> io::Result<()> {
        let mut state = self.disk.0.lock();
        let verdict = state.change(self.durable)?;
        state.counts.writes += 1;
        state.counts.bytes_written += buffer.len() as u64;
        self.check_alignment(buffer, position);
        let position = usize::try_from(position).map_err(|_| ErrorKind::FileTooLarge)?;
        let length = self.node.lock().bytes.len();
        // a full disk refuses what would need room; what is allocated can be written
        let more = (position + buffer.len()).saturating_sub(length);
        if more > 0 {
            state.make_room(more)?;
        }
        let mut node = self.node.lock();
        node.write(buffer, position);
        if matches!(verdict, Verdict::Tear) {
            return Err(power_is_off());
        }
        if self.durable {
            state.counts.syncs += 1;
            // earlier buffered writes through other handles may stay behind; no caller mixes them
            node.sync();
        }
        Ok(())
    }

    fn resize(&self, length: u64, only_grow: bool) -> io::Result<()> {
        let mut state = self.disk.0.lock();
        let verdict = state.change(false)?;
        let length = usize::try_from(length).map_err(|_| ErrorKind::FileTooLarge)?;
        let now = self.node.lock().bytes.len();
        if length > now {
            state.make_room(length - now)?;
        }
        let mut node = self.node.lock();
        if length > now || !only_grow {
            let (from, to) = (length.min(now), length.max(now));
            node.remember(from, to);
            node.bytes.resize(length, 0);
        }
        match verdict {
            Verdict::Go => Ok(()),
            Verdict::Tear => Err(power_is_off()),
        }
    }

    fn check_alignment(&self, buffer: &[u8], position: u64) {
        let aligned = position.is_multiple_of(ALIGNMENT as u64)
            && buffer.len().is_multiple_of(ALIGNMENT)
            && buffer.as_ptr().align_offset(ALIGNMENT) == 0;
        assert!(aligned || !self.direct, "direct I/O is aligned");
    }
}

impl RegionFile for MemoryFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.read(buffer, position)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl File for MemoryFile {
    fn len(&self) -> Io<'_, u64> {
        Io::done(Ok(self.node.lock().bytes.len() as u64))
    }

    fn set_len(&self, length: u64) -> Io<'_, ()> {
        Io::done(self.resize(length, false))
    }

    fn read_exact_at<'a>(&'a self, buffer: &'a mut [u8], position: u64) -> Io<'a, ()> {
        Io::done(self.read(buffer, position))
    }

    fn read_cached(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        if self.disk.0.lock().cold {
            return Ok(0);
        }
        let (length, rotten) = {
            let contents = self.node.lock();
            (contents.bytes.len() as u64, contents.rotten)
        };
        if rotten {
            return Ok(0);
        }
        let count = buffer.len().min(usize::try_from(length.saturating_sub(position)).unwrap_or(usize::MAX));
        self.read(&mut buffer[..count], position)?;
        Ok(count)
    }

    fn write_all_at<'a>(&'a self, buffer: &'a [u8], position: u64) -> Io<'a, ()> {
        Io::done(self.write(buffer, position))
    }

    fn allocate(&self, position: u64, length: u64) -> Io<'_, ()> {
        Io::done(self.resize(position + length, true))
    }

    fn sync(&self) -> Io<'_, ()> {
        let sync = || {
            let mut state = self.disk.0.lock();
            match state.change(true) {
                Ok(Verdict::Go) => {}
                Ok(Verdict::Tear) => return Err(power_is_off()),
                Err(error) => {
                    self.node.lock().lose();
                    return Err(error);
                }
            }
            state.counts.syncs += 1;
            self.node.lock().sync();
            Ok(())
        };
        Io::done(sync())
    }

    fn writes_are_durable(&self) -> bool {
        self.durable
    }
}
