//! Blobs as files of one folder of a disk, written in steps, with one sync at the end. What is new goes through the page
//! cache, where its readers find it; each step begins to go out at once, so that the sync finds little left and the
//! writeback never comes in one piece that the WAL waits behind. What is old goes past it.

use std::io;
use std::sync::{Arc, OnceLock};

use thalweg_model::Region;
use thalweg_model::law::Law;
use thalweg_model::region::{FileRegion, RegionFile};
use thalweg_model::world::{BoxFuture, block_on};

use super::{Blob, BlobWriter, Blobs, Cached};
use crate::disk::{ALIGNMENT, Access, Aligned, Create, Disk, File, Open, Space, align_up, settle_folder};

/// How much is written at once past the page cache.
const DIRECT_STEP_BYTES: usize = 1 << 20;
/// How much is written at once through it: a step stays in the processor's second cache between its two copies, and the
/// kernel finds memory for it in one piece. Steps of 1 MiB take half as much again of the processor, and more.
const CACHED_STEP_BYTES: usize = 256 << 10;
/// From here on it costs less to write bytes as they are than to copy them into a step first, where they need not be
/// aligned.
const LARGE_BYTES: usize = 64 << 10;

/// A folder of blobs.
pub struct LocalBlobs {
    disk: Arc<dyn Disk>,
    folder: Arc<str>,
}

impl LocalBlobs {
    /// The folder, which is made where it is missing.
    pub async fn open(disk: Arc<dyn Disk>, folder: &str) -> io::Result<Self> {
        settle_folder(&*disk, folder).await?;
        Ok(Self { disk, folder: folder.into() })
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }
}

impl Blobs for LocalBlobs {
    fn create<'a>(&'a self, name: &'a str, cached: Cached) -> BoxFuture<'a, io::Result<Box<dyn BlobWriter>>> {
        Box::pin(async move {
            let (access, step_bytes) = match cached {
                Cached::Kept => (Access::Buffered, CACHED_STEP_BYTES),
                Cached::Passed => (Access::Direct, DIRECT_STEP_BYTES),
            };
            let how = Open { access, create: Create::New };
            let file = self.disk.open(&self.path(name), how).await?;
            Ok(Box::new(Writer {
                disk: self.disk.clone(),
                folder: self.folder.clone(),
                file,
                cached,
                step: Aligned::zeroed(step_bytes),
                filled: 0,
                written: 0,
                going_out: 0,
            }) as Box<dyn BlobWriter>)
        })
    }

    fn open<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Arc<dyn Blob>>> {
        Box::pin(async move {
            let path = self.path(name);
            let how = Open { access: Access::Buffered, create: Create::Existing };
            let file = self.disk.open(&path, how).await?;
            if self.disk.is_direct() {
                // Windows are read ahead of who reads on; the system would read far more, and a put would wait for it.
                file.read_nothing_ahead();
            }
            let length = file.len().await?;
            let aside =
                self.disk.is_direct().then(|| Aside { disk: self.disk.clone(), path, file: OnceLock::new() });
            Ok(Arc::new(LocalBlob { file, length, aside }) as Arc<dyn Blob>)
        })
    }

    fn open_once<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Arc<dyn Blob>>> {
        Box::pin(async move {
            if !self.disk.is_direct() {
                return self.open(name).await;
            }
            let path = self.path(name);
            let how = |access| Open { access, create: Create::Existing };
            let file = self.disk.open(&path, how(Access::Direct)).await?;
            let buffered = self.disk.open(&path, how(Access::Buffered)).await?;
            let length = file.len().await?;
            Ok(Arc::new(DirectBlob { file, buffered: LocalBlob { file: buffered, length, aside: None } })
                as Arc<dyn Blob>)
        })
    }

    fn list(&self) -> BoxFuture<'_, io::Result<Vec<String>>> {
        Box::pin(async move { self.disk.list(&self.folder).await })
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            match self.disk.unlink(&self.path(name)).await {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                result => result,
            }
        })
    }

    fn space(&self) -> BoxFuture<'_, io::Result<Option<Space>>> {
        Box::pin(async move { self.disk.space().await.map(Some) })
    }
}

struct Writer {
    disk: Arc<dyn Disk>,
    folder: Arc<str>,
    file: Arc<dyn File>,
    cached: Cached,
    step: Aligned,
    filled: usize,
    written: u64,
    /// Up to here the system was told to begin.
    going_out: u64,
}

impl Writer {
    async fn write_step(&mut self) -> io::Result<()> {
        if self.filled == 0 {
            return Ok(());
        }
        self.file.write_all_at(&self.step[..self.filled], self.written).await?;
        self.written += self.filled as u64;
        self.filled = 0;
        self.let_go_out();
        Ok(())
    }

    fn let_go_out(&mut self) {
        // A page that is not full will be written again.
        let whole_pages_end = self.written - self.written % ALIGNMENT as u64;
        let length = whole_pages_end - self.going_out;
        if self.cached == Cached::Kept && length >= CACHED_STEP_BYTES as u64 {
            self.file.begin_write_out(self.going_out, length);
            self.going_out = whole_pages_end;
        }
    }
}

impl BlobWriter for Writer {
    fn push(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.step.len() - self.filled);
        match self.cached {
            Cached::Kept => self.step.put(self.filled, &bytes[..count]),
            Cached::Passed => self.step.put_for_device(self.filled, &bytes[..count]),
        }
        self.filled += count;
        count
    }

    fn write_out(&mut self) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(async move {
            assert_eq!(self.filled, self.step.len(), "only a full step is written");
            self.write_step().await
        })
    }

    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> Option<BoxFuture<'a, io::Result<()>>> {
        if self.cached == Cached::Passed || bytes.len() < LARGE_BYTES {
            return None;
        }
        Some(Box::pin(async move {
            self.write_step().await?;
            for part in bytes.chunks(CACHED_STEP_BYTES) {
                self.file.write_all_at(part, self.written).await?;
                self.written += part.len() as u64;
                self.let_go_out();
            }
            Ok(())
        }))
    }

    fn finish(mut self: Box<Self>) -> BoxFuture<'static, io::Result<()>> {
        Box::pin(async move {
            let length = self.written + self.filled as u64;
            if self.cached == Cached::Passed {
                let padded = align_up(self.filled as u64) as usize;
                self.step[self.filled..padded].fill(0);
                self.filled = padded;
            }
            self.write_step().await?;
            if self.written != length {
                self.file.set_len(length).await?;
            }
            if Law::SegmentsAreSynced.is_broken() {
                return Ok(());
            }
            self.file.sync().await?;
            self.disk.sync_dir(&self.folder).await
        })
    }
}

struct LocalBlob {
    file: Arc<dyn File>,
    length: u64,
    /// None where the disk has no direct I/O.
    aside: Option<Aside>,
}

/// The way past the page cache; it costs a descriptor more, from the first such read on.
struct Aside {
    disk: Arc<dyn Disk>,
    path: String,
    file: OnceLock<Arc<dyn File>>,
}

impl Aside {
    fn file(&self) -> io::Result<&Arc<dyn File>> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let how = Open { access: Access::Direct, create: Create::Existing };
        let file = block_on(self.disk.open(&self.path, how))?;
        Ok(self.file.get_or_init(|| file))
    }
}

impl Blob for LocalBlob {
    fn len(&self) -> u64 {
        self.length
    }

    fn region(&self, position: u64, length: u32) -> Region {
        let file: Arc<dyn RegionFile> = self.file.clone();
        Region::File(FileRegion { file, position, length })
    }

    fn is_at_hand(&self, position: u64) -> bool {
        matches!(self.file.read_cached(&mut [0], position), Ok(1))
    }

    fn read(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.file.read_at(buffer, position)
    }

    fn reads_aside(&self) -> bool {
        self.aside.is_some()
    }

    fn read_aside(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        let Some(aside) = &self.aside else { return self.read(buffer, position) };
        let whole_pages_end = self.length - self.length % ALIGNMENT as u64;
        let direct = whole_pages_end.saturating_sub(position).min(buffer.len() as u64);
        let (pages, last) = buffer.split_at_mut(direct as usize);
        if !pages.is_empty() {
            aside.file()?.read_at(pages, position)?;
        }
        if last.is_empty() { Ok(()) } else { self.read(last, position + direct) }
    }
}

/// A blob that is read past the page cache, but for the last part of a page.
struct DirectBlob {
    file: Arc<dyn File>,
    buffered: LocalBlob,
}

impl Blob for DirectBlob {
    fn len(&self) -> u64 {
        self.buffered.length
    }

    fn region(&self, position: u64, length: u32) -> Region {
        self.buffered.region(position, length)
    }

    fn is_at_hand(&self, _: u64) -> bool {
        false
    }

    fn read(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        let page = ALIGNMENT as u64;
        let (from, end) = (position - position % page, position + buffer.len() as u64);
        let whole_pages_end = self.len() - self.len() % page;
        let to = align_up(end).min(whole_pages_end);
        let mut rest = buffer;
        let mut at = position;
        if from < to && position < to {
            let mut pages = Aligned::zeroed((to - from) as usize);
            self.file.read_at(&mut pages, from)?;
            let (direct, last) = rest.split_at_mut((end.min(to) - position) as usize);
            direct.copy_from_slice(&pages[(position - from) as usize..][..direct.len()]);
            (rest, at) = (last, at + direct.len() as u64);
        }
        if rest.is_empty() { Ok(()) } else { self.buffered.read(rest, at) }
    }
}
