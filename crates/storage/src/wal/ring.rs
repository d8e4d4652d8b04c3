//! The local write-ahead log: a ring of files that are written over and never extended, as a sync then costs the
//! device and nothing of the file system. Places blocks, keeps account of files; decides no end of a chain itself.
//!
//! ```text
//!   wal/ring-0    4 MiB, made with the folder
//!   wal/ring-1…6  32 MiB each, made (written with zeros and synced) in the background once there is load
//!   wal/own-N     a block larger than a ring file; unlinked when covered
//!
//!   a file:  [ blocks, each on 4 KiB, in order │ what was there before: older blocks, or zeros ]
//! ```
//!
//! A file is free when none of its blocks is needed any more and nobody reads it. The file in use begins anew when all
//! of it is covered, so that a folder without load needs no second one.

mod files;
mod make;
mod scan;
mod survey;

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use thalweg_model::law::Law;
use thalweg_model::world::{BoxFuture, World};
use tokio::sync::Notify;
use tracing::warn;

use crate::disk::{ALIGNMENT, Access, Aligned, Create, Disk, File, Open, align_up, settle_folder};
use crate::options::Durability;

use super::{Caps, ChainEnd, ChainId, Listed, Named, PutError, ReadError, Room, Wal, WalSeq, decide_end};

pub(crate) use self::files::is_of_ring;
use self::files::{Files, Handle, Place, Taken};
pub(crate) use self::scan::{Older, find_newer, first};
pub(crate) use self::survey::survey;

/// The folder of the ring's files.
pub(crate) const FOLDER: &str = "wal";
/// What a block should not exceed when it can be divided.
const BLOCK_BYTES_TARGET: u64 = 1 << 20;
/// How much is written at once.
const WRITE_BYTES: usize = 1 << 20;
/// How long after a failure to make a file it is tried again.
const MAKE_AGAIN: Duration = Duration::from_secs(1);
/// How often a block is read that is to be written again.
const READS_MAX: u32 = 3;

/// The ring's measures.
#[derive(Clone, Copy, Debug)]
pub struct RingOptions {
    /// The file that is made with the folder.
    pub first_bytes: u64,
    /// Each of the others.
    pub file_bytes: u64,
    /// How many others.
    pub files: usize,
    /// With so many files full and not covered nothing more is taken.
    pub files_uncovered_max: usize,
    /// Whether a put waits for the device.
    pub durability: Durability,
}

impl RingOptions {
    /// What a block should not exceed when it can be divided; also what may be lost at a file's end.
    fn block_bytes_target(&self) -> u64 {
        BLOCK_BYTES_TARGET.min(self.first_bytes / 4)
    }
}

impl Default for RingOptions {
    fn default() -> Self {
        Self {
            first_bytes: 4 << 20,
            file_bytes: 32 << 20,
            files: 6,
            files_uncovered_max: 4,
            durability: Durability::Fsync,
        }
    }
}

/// The ring of a data folder.
#[derive(Clone)]
pub struct Ring(Arc<Shared>);

struct Shared {
    disk: Arc<dyn Disk>,
    options: RingOptions,
    world: World,
    bell: Arc<Notify>,
    // held for bookkeeping alone, never during a disk call
    state: Mutex<State>,
}

struct State {
    files: Files,
    /// What the named chains of earlier lives came to.
    ends: Vec<(ChainId, ChainEnd)>,
    scratch: Option<Aligned>,
    failed: bool,
    making: bool,
    /// When making a file failed for want of space, in time since start.
    make_failed: Option<Duration>,
}

impl Ring {
    /// Opens the ring of a folder, or makes one. `named` are the chains that facts name: all else in the files is stale
    /// and can be written over.
    pub async fn open(
        disk: Arc<dyn Disk>,
        options: RingOptions,
        world: World,
        named: &[Named],
    ) -> io::Result<Self> {
        settle_folder(&*disk, FOLDER).await?;
        let access = access(options.durability);
        let mut files = Files::default();
        for name in disk.list(FOLDER).await? {
            let path = format!("{FOLDER}/{name}");
            let Some((number, own)) = files::parse(&name) else {
                // a file that was being made when the process ended
                disk.unlink(&path).await?;
                continue;
            };
            let file = disk.open(&path, Open { access, create: Create::Existing }).await?;
            let reader =
                disk.open(&path, Open { access: Access::Buffered, create: Create::Existing }).await?;
            let length = file.len().await?;
            files.add(number, own, Arc::new(Handle { name: path, length, file, reader }));
        }
        if files.count() > 0 {
            // the name that a file got from a process that ended can be there and not on the device
            disk.sync_dir(FOLDER).await?;
        }
        let found = scan::scan(&files, named).await;
        let ends = files.adopt(named, found);
        let shared = Shared {
            disk,
            options,
            world,
            bell: Arc::default(),
            state: Mutex::new(State {
                files,
                ends,
                scratch: Some(Aligned::zeroed(WRITE_BYTES)),
                failed: false,
                making: false,
                make_failed: None,
            }),
        };
        let ring = Self(Arc::new(shared));
        ring.0.sweep().await?;
        if ring.0.state.lock().files.ring_count() == 0 {
            ring.0.make(0, options.first_bytes).await?;
        }
        Ok(ring)
    }

    /// How many files there are.
    pub fn file_count(&self) -> usize {
        self.0.state.lock().files.count()
    }
}

fn access(durability: Durability) -> Access {
    match durability {
        Durability::Fsync => Access::DirectDurable,
        Durability::Os => Access::Buffered,
    }
}

impl Shared {
    /// Finds a place for a block, waiting for a file where there is none.
    async fn place(self: &Arc<Self>, chain: ChainId, seq: WalSeq, length: u64) -> Result<Taken, PutError> {
        let padded = align_up(length);
        if padded > self.options.file_bytes {
            let taken = self.state.lock().files.take_own(chain, seq, length);
            return match taken {
                Some(taken) => Ok(taken),
                None => self.place_late(chain, seq, length).await,
            };
        }
        loop {
            let rung = self.bell.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            if let Some(taken) = self.state.lock().files.take(chain, seq, length) {
                return Ok(taken);
            }
            self.make_more();
            // where making a file failed, it is tried again: nobody else may ask
            tokio::select! {
                biased;
                () = rung => {}
                () = self.world.clock.sleep(MAKE_AGAIN) => {}
            }
        }
    }

    /// For a block that came out larger than what was reserved for it.
    async fn place_late(&self, chain: ChainId, seq: WalSeq, length: u64) -> Result<Taken, PutError> {
        self.make_own(align_up(length)).await.map_err(PutError::Failed)?;
        let taken = self.state.lock().files.take_own(chain, seq, length);
        taken.ok_or_else(|| PutError::Failed(io::ErrorKind::StorageFull.into()))
    }

    async fn write(&self, scratch: &mut Aligned, taken: &Taken, pieces: &[Bytes]) -> io::Result<()> {
        let unsynced = Law::BlocksAreSynced.is_broken();
        let file = if unsynced { &taken.handle.reader } else { &taken.handle.file };
        let mut position = taken.position;
        let mut filled = 0;
        for piece in pieces {
            let mut rest = &piece[..];
            while !rest.is_empty() {
                let count = rest.len().min(scratch.len() - filled);
                scratch.put_for_device(filled, &rest[..count]);
                (filled, rest) = (filled + count, &rest[count..]);
                if filled == scratch.len() {
                    file.write_all_at(scratch, position).await?;
                    position += filled as u64;
                    filled = 0;
                }
            }
        }
        if filled > 0 {
            let padded = filled.next_multiple_of(ALIGNMENT);
            scratch[filled..padded].fill(0);
            file.write_all_at(&scratch[..padded], position).await?;
        }
        if self.options.durability == Durability::Fsync && !file.writes_are_durable() && !unsynced {
            file.sync().await?;
        }
        Ok(())
    }

    async fn read(&self, chain: ChainId, seq: WalSeq, range: Range<u64>) -> Result<Bytes, ReadError> {
        let (handle, place) = self.state.lock().files.find(chain, seq).ok_or(ReadError::Gone(seq))?;
        if range.start > range.end || range.end > place.length {
            return Err(ReadError::Gone(seq));
        }
        let (from, to) = (place.position + range.start, place.position + range.end);
        let aligned = from - from % ALIGNMENT as u64;
        let length = usize::try_from(align_up(to) - aligned).expect("a block fits in memory");
        let mut buffer = Aligned::zeroed(length);
        // what an earlier life wrote was read at start and is in the page cache
        let file: &dyn File = if place.earlier { &*handle.reader } else { &*handle.file };
        file.read_exact_at(&mut buffer, aligned).await.map_err(ReadError::Failed)?;
        let skip = usize::try_from(from - aligned).expect("less than a page");
        let count = usize::try_from(to - from).expect("a block fits in memory");
        Ok(buffer.into_bytes(skip..skip + count))
    }

    /// Writes the blocks once more of which no later one says that they were durable. A block of a process that ended
    /// can be readable and not on the device; where its sync had failed, the system takes it for written, and another
    /// sync alone would do nothing. Where no put is synced this holds all the more: the end is written down, and the next
    /// chain goes on behind it.
    async fn write_again(&self, chain: ChainId, from: WalSeq, end: WalSeq) -> io::Result<()> {
        let listed = self.state.lock().files.list(chain, from);
        let proven = listed.iter().map(|block| block.durable_below).max().unwrap_or(from);
        for block in listed.iter().filter(|block| block.whole && block.seq >= proven && block.seq <= end) {
            let found = self.state.lock().files.find(chain, block.seq);
            let Some((handle, place)) = found else { continue };
            let length = usize::try_from(align_up(place.length)).expect("a block fits in memory");
            let mut buffer = Aligned::zeroed(length);
            let whole = usize::try_from(place.length).expect("a block fits in memory");
            let mut reads = 0;
            loop {
                handle.reader.read_exact_at(&mut buffer, place.position).await?;
                reads += 1;
                // A bad read must not be what is written: it was whole a moment ago, so it is read again.
                let what = match crate::block::check(&buffer[..whole]) {
                    Ok(header) if (header.chain, header.seq) == (chain, block.seq) => break,
                    Ok(_) => "another block was read".to_owned(),
                    Err(error) => error.to_string(),
                };
                if reads == READS_MAX {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, what));
                }
            }
            handle.file.write_all_at(&buffer, place.position).await?;
        }
        Ok(())
    }

    /// Unlinks files of single blocks that are covered.
    async fn sweep(&self) -> io::Result<()> {
        let gone = self.state.lock().files.remove_covered_own();
        for name in gone {
            match self.disk.unlink(&name).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Wal for Ring {
    fn caps(&self) -> Caps {
        Caps {
            puts_in_flight: 1,
            block_bytes_target: usize::try_from(self.0.options.block_bytes_target()).unwrap_or(usize::MAX),
            block_bytes_max: usize::try_from(self.0.options.file_bytes).unwrap_or(usize::MAX),
        }
    }

    fn put<'a>(
        &'a self,
        chain: ChainId,
        seq: WalSeq,
        pieces: &'a [Bytes],
    ) -> BoxFuture<'a, Result<(), PutError>> {
        Box::pin(async move {
            let length = pieces.iter().map(|piece| piece.len() as u64).sum();
            if self.0.state.lock().failed {
                return Err(PutError::Failed(io::Error::other("an earlier put failed")));
            }
            let taken = self.0.place(chain, seq, length).await?;
            let mut scratch = self.0.state.lock().scratch.take().expect("one put at a time");
            let written = self.0.write(&mut scratch, &taken, pieces).await;
            let mut state = self.0.state.lock();
            state.scratch = Some(scratch);
            if let Err(error) = written
                && !Law::FailedSyncsEnd.is_broken()
            {
                state.failed = true;
                return Err(PutError::Failed(error));
            }
            let half_used = state.files.only_small_file_is_half_used(self.0.options.file_bytes);
            drop(state);
            if half_used {
                self.0.make_more();
            }
            Ok(())
        })
    }

    fn settle(&self, chain: ChainId) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(async move {
            if self.0.options.durability == Durability::Os {
                let handles = self.0.state.lock().files.handles_of(chain);
                for handle in handles {
                    handle.file.sync().await?;
                }
            }
            Ok(())
        })
    }

    fn close(&self, named: Named) -> BoxFuture<'_, Result<ChainEnd, ReadError>> {
        Box::pin(async move {
            let Named { chain, from, .. } = named;
            let (end, handles) = {
                let state = self.0.state.lock();
                let known = state.ends.iter().find(|(known, _)| *known == chain);
                let end = known.map(|(_, end)| end.clone()).unwrap_or_else(|| decide_end(named, &[]));
                (end, state.files.handles_of(chain))
            };
            if Law::FoundIsSynced.is_broken() {
                return Ok(end);
            }
            self.0.write_again(chain, from, end.end).await.map_err(ReadError::Failed)?;
            for handle in handles {
                handle.file.sync().await.map_err(ReadError::Failed)?;
            }
            Ok(end)
        })
    }

    fn list(&self, chain: ChainId, from: WalSeq) -> Vec<Listed> {
        self.0.state.lock().files.list(chain, from)
    }

    fn read(
        &self,
        chain: ChainId,
        seq: WalSeq,
        range: Range<u64>,
    ) -> BoxFuture<'_, Result<Bytes, ReadError>> {
        Box::pin(self.0.read(chain, seq, range))
    }

    fn trim(&self, chain: ChainId, below: WalSeq) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.0.state.lock().files.trim(chain, below);
            if let Err(error) = self.0.sweep().await {
                // the next start unlinks it
                warn!(%error, "failed to unlink a covered file of the write-ahead log");
            }
            self.0.bell.notify_waiters();
        })
    }

    fn room(&self, wanted: u64) -> Room {
        let state = self.0.state.lock();
        if state.failed {
            return Room::Bytes(0);
        }
        if state.files.full_and_uncovered() >= self.0.options.files_uncovered_max {
            return Room::Bytes(0);
        }
        let room = state.files.room(self.0.options.block_bytes_target());
        let full = state.make_failed.is_some();
        drop(state);
        if room < wanted {
            self.0.make_more();
        }
        if full && room < wanted.max(1) { Room::Full } else { Room::Bytes(room) }
    }

    fn room_bell(&self) -> Arc<Notify> {
        self.0.bell.clone()
    }

    fn allocate_alone(&self, bytes: u64) -> BoxFuture<'_, bool> {
        Box::pin(async move {
            let made = self.0.make_own(align_up(bytes)).await;
            if let Err(error) = &made {
                warn!(%error, bytes, "failed to make a file for a large block");
            }
            made.is_ok()
        })
    }

    fn release_alone(&self, bytes: u64) {
        // unlinked with the next file that is covered
        self.0.state.lock().files.release_own(align_up(bytes));
    }

    fn bytes_held(&self) -> u64 {
        self.0.state.lock().files.bytes()
    }
}

/// A place in a file, as [`Files`] keeps it, made from what a scan found.
impl From<scan::Block> for Place {
    fn from(block: scan::Block) -> Self {
        Self {
            file: block.file,
            position: block.position,
            length: block.listed.length,
            durable_below: block.listed.durable_below,
            whole: block.listed.whole,
            unreadable: block.listed.unreadable,
            earlier: true,
        }
    }
}
