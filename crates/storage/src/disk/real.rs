//! The disk of the operating system. Every call blocks until it has happened, so that callers must be on threads that
//! may block.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::fs::{Advice, FallocateFlags, Mode, OFlags, fadvise};
use rustix::io::{Errno, ReadWriteFlags};
use thalweg_model::region::RegionFile;

use super::{ALIGNMENT, Access, Aligned, Create, Disk, File, Io, Open, Space};

/// The name of the file by which direct I/O is tried at start.
const PROBE: &str = "direct-io-probe";

/// A data folder on a real disk.
#[derive(Debug)]
pub struct RealDisk {
    folder: PathBuf,
    direct: bool,
    /// Folders that were synced once stay open: a rename must not stand undecided because descriptors ran out.
    folders: Mutex<BTreeMap<String, Arc<fs::File>>>,
}

impl RealDisk {
    /// The folder, which is made where it is missing. Writes a small file to see whether the file system has direct
    /// I/O.
    pub fn open(folder: &Path) -> io::Result<Self> {
        make_folder(folder)?;
        let direct = has_direct_io(&folder.join(PROBE))?;
        Ok(Self { folder: folder.to_path_buf(), direct, folders: Mutex::default() })
    }

    /// A disk that goes through the page cache whatever the file system can.
    pub fn buffered(folder: &Path) -> io::Result<Self> {
        make_folder(folder)?;
        Ok(Self { folder: folder.to_path_buf(), direct: false, folders: Mutex::default() })
    }

    fn folder_file(&self, folder: &str) -> io::Result<Arc<fs::File>> {
        if let Some(open) = self.folders.lock().get(folder) {
            return Ok(open.clone());
        }
        let opened = Arc::new(fs::File::open(self.folder.join(folder))?);
        Ok(self.folders.lock().entry(folder.to_owned()).or_insert(opened).clone())
    }

    fn open_now(&self, name: &str, how: Open) -> io::Result<Arc<dyn File>> {
        let direct = self.direct && how.access != Access::Buffered;
        let create = match how.create {
            Create::Existing => OFlags::empty(),
            Create::New => OFlags::CREATE | OFlags::EXCL,
            Create::IfMissing => OFlags::CREATE,
        };
        let direct_flag = if direct { OFlags::DIRECT } else { OFlags::empty() };
        let flags = OFlags::RDWR | OFlags::CLOEXEC | create | direct_flag;
        let opened = rustix::fs::open(self.folder.join(name), flags, Mode::from_raw_mode(0o644));
        let descriptor = opened.map_err(told)?;
        Ok(Arc::new(RealFile { descriptor, durable: direct && how.access == Access::DirectDurable }))
    }
}

impl Disk for RealDisk {
    fn open<'a>(&'a self, name: &'a str, how: Open) -> Io<'a, Arc<dyn File>> {
        Io::done(self.open_now(name, how))
    }

    fn create_dir<'a>(&'a self, name: &'a str) -> Io<'a, ()> {
        Io::done(fs::create_dir_all(self.folder.join(name)))
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> Io<'a, ()> {
        Io::done(fs::rename(self.folder.join(from), self.folder.join(to)))
    }

    fn unlink<'a>(&'a self, name: &'a str) -> Io<'a, ()> {
        Io::done(fs::remove_file(self.folder.join(name)))
    }

    fn list<'a>(&'a self, folder: &'a str) -> Io<'a, Vec<String>> {
        let list = || {
            let mut names = Vec::new();
            for entry in fs::read_dir(self.folder.join(folder))? {
                let entry = entry?;
                if entry.file_type()?.is_file()
                    && let Ok(name) = entry.file_name().into_string()
                {
                    names.push(name);
                }
            }
            names.sort();
            Ok(names)
        };
        Io::done(list())
    }

    fn sync_dir<'a>(&'a self, folder: &'a str) -> Io<'a, ()> {
        Io::done(self.folder_file(folder).and_then(|folder| folder.sync_all()))
    }

    fn space(&self) -> Io<'_, Space> {
        let space = rustix::fs::statvfs(&self.folder).map(|found| Space {
            total: found.f_blocks * found.f_frsize,
            free: found.f_bavail * found.f_frsize,
        });
        Io::done(space.map_err(Into::into))
    }

    fn is_direct(&self) -> bool {
        self.direct
    }
}

/// Makes the data folder where it is missing, so that its name outlives a power cut too.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    match std::path::absolute(folder)?.parent() {
        Some(above) => fs::File::open(above)?.sync_all(),
        None => Ok(()),
    }
}

/// Whether a file can be opened, written and read past the page cache.
fn has_direct_io(probe: &Path) -> io::Result<bool> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::DIRECT;
    let tried = rustix::fs::open(probe, flags, Mode::from_raw_mode(0o644)).and_then(|descriptor| {
        let mut page = Aligned::zeroed(ALIGNMENT);
        let written = rustix::io::pwritev2(&descriptor, &[IoSlice::new(&page)], 0, ReadWriteFlags::DSYNC)?;
        let read = rustix::io::pread(&descriptor, &mut page[..], 0)?;
        Ok(written == ALIGNMENT && read == ALIGNMENT)
    });
    // a file system without direct I/O may have made the file before it refused
    if let Err(error) = fs::remove_file(probe)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    match tried {
        Ok(direct) => Ok(direct),
        Err(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A quota that is used up is a full disk to whoever asks.
fn told(error: Errno) -> io::Error {
    match error {
        Errno::DQUOT => io::Error::new(io::ErrorKind::StorageFull, "the quota is used up"),
        error => error.into(),
    }
}

struct RealFile {
    descriptor: OwnedFd,
    durable: bool,
}

impl RealFile {
    fn read_now(&self, mut buffer: &mut [u8], mut position: u64) -> io::Result<()> {
        while !buffer.is_empty() {
            match rustix::io::pread(&self.descriptor, &mut *buffer, position) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    buffer = &mut buffer[count..];
                    position += count as u64;
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn write_now(&self, mut buffer: &[u8], mut position: u64) -> io::Result<()> {
        // the flag of the single write, as rustix's own name for the flag of the file means the dearer O_SYNC
        let flags = if self.durable { ReadWriteFlags::DSYNC } else { ReadWriteFlags::empty() };
        while !buffer.is_empty() {
            match rustix::io::pwritev2(&self.descriptor, &[IoSlice::new(buffer)], position, flags) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    buffer = &buffer[count..];
                    position += count as u64;
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(told(error)),
            }
        }
        Ok(())
    }
}

impl RegionFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.read_now(buffer, position)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.descriptor.as_fd())
    }
}

impl File for RealFile {
    fn len(&self) -> Io<'_, u64> {
        let length = rustix::fs::fstat(&self.descriptor).map(|found| found.st_size.unsigned_abs());
        Io::done(length.map_err(Into::into))
    }

    fn set_len(&self, length: u64) -> Io<'_, ()> {
        Io::done(rustix::fs::ftruncate(&self.descriptor, length).map_err(Into::into))
    }

    fn read_exact_at<'a>(&'a self, buffer: &'a mut [u8], position: u64) -> Io<'a, ()> {
        Io::done(self.read_now(buffer, position))
    }

    fn read_cached(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let mut buffers = [IoSliceMut::new(buffer)];
        match rustix::io::preadv2(&self.descriptor, &mut buffers, position, ReadWriteFlags::NOWAIT) {
            Ok(count) => Ok(count),
            // a file system that cannot tell is taken as cold
            Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::INTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    fn read_nothing_ahead(&self) {
        // Advice: a file system that does not take it reads ahead as before.
        let _ = fadvise(&self.descriptor, 0, None, Advice::Random);
    }

    fn write_all_at<'a>(&'a self, buffer: &'a [u8], position: u64) -> Io<'a, ()> {
        Io::done(self.write_now(buffer, position))
    }

    #[allow(unsafe_code, reason = "no safe wrapper of this call is at hand")]
    fn begin_write_out(&self, position: u64, length: u64) {
        let (Ok(position), Ok(length)) = (i64::try_from(position), i64::try_from(length)) else { return };
        let descriptor = self.descriptor.as_raw_fd();
        // SAFETY: the descriptor is open, and the call reads and writes no memory of ours. Its result says nothing that
        // the sync to come will not say.
        unsafe { libc::sync_file_range(descriptor, position, length, libc::SYNC_FILE_RANGE_WRITE) };
    }

    fn allocate(&self, position: u64, length: u64) -> Io<'_, ()> {
        match rustix::fs::fallocate(&self.descriptor, FallocateFlags::empty(), position, length) {
            // a hole: the writes themselves will take the space
            Err(Errno::OPNOTSUPP) => {
                let lengthen = || {
                    let length_now = rustix::fs::fstat(&self.descriptor)?.st_size.unsigned_abs();
                    rustix::fs::ftruncate(&self.descriptor, length_now.max(position + length))
                };
                Io::done(lengthen().map_err(Into::into))
            }
            result => Io::done(result.map_err(told)),
        }
    }

    fn sync(&self) -> Io<'_, ()> {
        Io::done(rustix::fs::fdatasync(&self.descriptor).map_err(Into::into))
    }

    fn writes_are_durable(&self) -> bool {
        self.durable
    }
}
