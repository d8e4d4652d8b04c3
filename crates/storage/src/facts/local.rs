//! Facts in a file: commits with checksums, one after another, each on a page of its own, so that a torn write cannot
//! touch an earlier one. An image begins a new file, which takes the old one's name. Drawn in `docs/formats.md`.

mod format;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use thalweg_model::Uuid;
use thalweg_model::law::Law;
use thalweg_model::world::{BoxFuture, Random};
use tokio::sync::Mutex;

use crate::disk::{Access, Create, Disk, File, Open, settle_folder};

pub(crate) use self::format::{FRAME_PAGE_BYTES, FrameHead, HEADER_BYTES as FRAME_HEADER_BYTES, frame_head};
use self::format::{Kind, encode, scan};
use super::{Facts, FactsError, Loaded, Reserve};
use crate::files::is_out_of_descriptors;

/// The folder of facts.
const FOLDER: &str = "facts";
/// Space is taken in steps of this, so that most commits tell the file system nothing new.
const ALLOCATE_BYTES: u64 = 64 << 10;
/// How often a file is read before it is called damaged.
const READS_MAX: u32 = 3;
/// Commits beyond the image that are worth a new image.
const SNAPSHOT_BYTES_MIN: u64 = 1 << 20;

/// What a file of facts holds, by its bytes.
pub(crate) fn decode_file(name: &str, bytes: Bytes) -> Result<Loaded, FactsError> {
    Ok(scan(name, bytes)?.loaded)
}

/// The facts of one name in a data folder.
pub struct LocalFacts {
    disk: Arc<dyn Disk>,
    name: String,
    reserve: Reserve,
    random: Arc<dyn Random>,
    // one commit at a time, across its disk calls
    state: Mutex<State>,
    image_bytes: AtomicU64,
    bytes: AtomicU64,
}

enum State {
    /// Not read yet.
    Closed,
    /// There is no file: the first commit makes it.
    Empty,
    /// Ready for the next commit.
    Open(Log),
    /// A write failed in an unknown way.
    Failed,
}

struct Log {
    file: Arc<dyn File>,
    /// What tells this file's commits from all others.
    id: Uuid,
    index: u64,
    end: u64,
    allocated: u64,
}

impl LocalFacts {
    /// The facts of a name, which need not be there yet. Reads nothing.
    pub fn new(disk: Arc<dyn Disk>, name: &str, reserve: Reserve, random: Arc<dyn Random>) -> Self {
        Self {
            disk,
            name: format!("{FOLDER}/{name}"),
            reserve,
            random,
            state: Mutex::new(State::Closed),
            image_bytes: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    async fn read(&self, state: &mut State) -> Result<Loaded, FactsError> {
        let (loaded, read) = self.read_file().await?;
        *state = read;
        Ok(loaded)
    }

    async fn read_file(&self) -> Result<(Loaded, State), FactsError> {
        let existing = Open { access: Access::Buffered, create: Create::Existing };
        settle_folder(&*self.disk, FOLDER).await.map_err(FactsError::Failed)?;
        let file = match self.disk.open(&self.name, existing).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((Loaded::default(), State::Empty));
            }
            result => result.map_err(FactsError::Failed)?,
        };
        let length = file.len().await.map_err(FactsError::Failed)?;
        let mut reads = 0;
        let (bytes, found) = loop {
            let mut bytes = vec![0; usize::try_from(length).map_err(|_| self.damaged(0, "length"))?];
            file.read_exact_at(&mut bytes, 0).await.map_err(FactsError::Failed)?;
            let bytes = Bytes::from(bytes);
            reads += 1;
            match scan(&self.name, bytes.clone()) {
                // It may have been the reading that was wrong; and a commit that seems torn may be whole.
                Err(FactsError::Damaged { .. }) if reads < READS_MAX => {}
                Ok(found) if reads < READS_MAX && self.goes_on(&*file, &bytes, found.end).await? => {}
                result => break (bytes, result?),
            }
        };
        // The last commit of a process that ended can be readable and not on the device; where its sync had failed, the
        // system takes it for written, and another sync alone would do nothing. So can the file's name.
        let again = async {
            if found.leftover {
                self.wipe(&*file, found.end, length).await?;
            }
            if let Some(last) = found.last_commit {
                file.write_all_at(&bytes[last as usize..found.end as usize], last).await?;
            }
            file.sync().await?;
            self.disk.sync_dir(FOLDER).await
        };
        again.await.map_err(FactsError::Failed)?;
        self.image_bytes.store(found.image_bytes, Ordering::Relaxed);
        self.bytes.store(found.end, Ordering::Relaxed);
        let log = Log { file, id: found.id, index: found.loaded.index, end: found.end, allocated: length };
        Ok((found.loaded, State::Open(log)))
    }

    /// Whether something lies behind the last whole commit of what was read. Where nothing does, the page that would
    /// begin the next commit is read once more by itself: the device may have gone astray, and brought an empty one.
    async fn goes_on(&self, file: &dyn File, bytes: &[u8], end: u64) -> Result<bool, FactsError> {
        let rest = usize::try_from(end).ok().and_then(|end| bytes.get(end..)).unwrap_or_default();
        let is_written = |bytes: &[u8]| bytes.iter().any(|byte| *byte != 0);
        if is_written(rest) {
            return Ok(true);
        }
        let mut page = vec![0; rest.len().min(FRAME_PAGE_BYTES as usize)];
        file.read_exact_at(&mut page, end).await.map_err(FactsError::Failed)?;
        Ok(is_written(&page))
    }

    /// Puts zeros where a torn commit is, so that what is found there the next time was written in one go.
    async fn wipe(&self, file: &dyn File, from: u64, to: u64) -> io::Result<()> {
        let zeros = vec![0; ALLOCATE_BYTES as usize];
        for position in (from..to).step_by(ALLOCATE_BYTES as usize) {
            let count = (to - position).min(ALLOCATE_BYTES) as usize;
            file.write_all_at(&zeros[..count], position).await?;
        }
        Ok(())
    }

    fn damaged(&self, position: u64, what: &'static str) -> FactsError {
        FactsError::Damaged { name: self.name.clone(), position, what }
    }

    /// Reads the file if nobody did, and gives the last index.
    async fn expect(&self, state: &mut State, expected: u64) -> Result<(), FactsError> {
        if matches!(state, State::Closed) {
            self.read(state).await?;
        }
        let index = match state {
            State::Open(log) => log.index,
            State::Failed => return Err(FactsError::Failed(io::Error::other("an earlier commit failed"))),
            State::Empty | State::Closed => 0,
        };
        if index == expected { Ok(()) } else { Err(FactsError::Conflict(index)) }
    }

    async fn append(&self, state: &mut State, records: &[Bytes]) -> Result<u64, FactsError> {
        let State::Open(log) = state else {
            return self.write_image(state, 1, records).await;
        };
        let frame = encode(Kind::Commit, log.id, log.index + 1, records);
        let end = log.end + frame.len() as u64;
        if end > log.allocated {
            let wanted = end.next_multiple_of(ALLOCATE_BYTES);
            let (file, from) = (log.file.clone(), log.allocated);
            // all of the step, or at least what is needed
            let mut taken = file.allocate(from, wanted - from).await.map(|()| wanted);
            if is_full(&taken) {
                taken = file.allocate(from, end - from).await.map(|()| end);
            }
            if is_full(&taken) && self.reserve.give().await {
                taken = file.allocate(from, end - from).await.map(|()| end);
            }
            log.allocated = match taken {
                Err(error) if error.kind() == io::ErrorKind::StorageFull => return Err(FactsError::Full),
                result => result.map_err(FactsError::Failed)?,
            };
        }
        let written = async {
            log.file.write_all_at(&frame, log.end).await?;
            if Law::FactsAreSynced.is_broken() { Ok(()) } else { log.file.sync().await }
        };
        if let Err(error) = written.await {
            *state = State::Failed;
            return Err(FactsError::Failed(error));
        }
        (log.end, log.index) = (end, log.index + 1);
        self.bytes.store(end, Ordering::Relaxed);
        Ok(log.index)
    }

    async fn write_image(&self, state: &mut State, index: u64, image: &[Bytes]) -> Result<u64, FactsError> {
        let unfinished = format!("{}.new", self.name);
        let id = self.random.uuid();
        let frame = encode(Kind::Image, id, index, image);
        let mut made = self.make(&unfinished, &frame).await;
        if is_full(&made) && self.reserve.give().await {
            made = self.make(&unfinished, &frame).await;
        }
        let file = match made {
            Ok(file) => file,
            Err(error) => {
                // the old file stands as it was; a part of a new one is in nobody's way but takes space
                let _ = self.disk.unlink(&unfinished).await;
                return Err(match error.kind() {
                    io::ErrorKind::StorageFull => FactsError::Full,
                    // Nothing was begun.
                    _ if is_out_of_descriptors(&error) => FactsError::Full,
                    _ => FactsError::Failed(error),
                });
            }
        };
        let named = async {
            self.disk.rename(&unfinished, &self.name).await?;
            self.disk.sync_dir(FOLDER).await
        };
        if let Err(error) = named.await {
            *state = State::Failed;
            return Err(FactsError::Failed(error));
        }
        let end = frame.len() as u64;
        self.image_bytes.store(end, Ordering::Relaxed);
        self.bytes.store(end, Ordering::Relaxed);
        *state = State::Open(Log { file, id, index, end, allocated: end });
        Ok(index)
    }

    async fn make(&self, name: &str, frame: &[u8]) -> io::Result<Arc<dyn File>> {
        let file = self.disk.open(name, Open { access: Access::Buffered, create: Create::IfMissing }).await?;
        file.set_len(0).await?;
        file.allocate(0, frame.len() as u64).await?;
        file.write_all_at(frame, 0).await?;
        file.sync().await?;
        Ok(file)
    }
}

fn is_full<T>(result: &io::Result<T>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::StorageFull)
}

impl Facts for LocalFacts {
    fn load(&self) -> BoxFuture<'_, Result<Loaded, FactsError>> {
        Box::pin(async move {
            let mut state = self.state.lock().await;
            if matches!(*state, State::Failed) {
                return Err(FactsError::Failed(io::Error::other("an earlier commit failed")));
            }
            self.read(&mut state).await
        })
    }

    fn commit(&self, expected: u64, records: Vec<Bytes>) -> BoxFuture<'_, Result<u64, FactsError>> {
        Box::pin(async move {
            let mut state = self.state.lock().await;
            self.expect(&mut state, expected).await?;
            let index = self.append(&mut state, &records).await?;
            self.reserve.refill(self.bytes()).await;
            Ok(index)
        })
    }

    fn replace(&self, expected: u64, image: Vec<Bytes>) -> BoxFuture<'_, Result<u64, FactsError>> {
        Box::pin(async move {
            let mut state = self.state.lock().await;
            self.expect(&mut state, expected).await?;
            let index = self.write_image(&mut state, expected + 1, &image).await?;
            self.reserve.refill(self.bytes()).await;
            Ok(index)
        })
    }

    fn wants_snapshot(&self) -> bool {
        let image = self.image_bytes.load(Ordering::Relaxed);
        self.bytes() - image > image.max(SNAPSHOT_BYTES_MIN)
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}
