//! The lock on a data folder, and the word in it whose it is. The lock is the operating system's and ends with the
//! process, however that ends.
//!
//! ```text
//!   lock        locked while a broker runs; holds its process id, for the words of a refusal
//!   NAME.lease  format, node id and epoch of the last holding, as text; replaced in one step
//! ```

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use rustix::io::Errno;
use thalweg_model::NodeId;
use thalweg_model::world::BoxFuture;

use super::{Lease, LeaseError, Leases};

const LOCK: &str = "lock";
/// The newest format of the data folder that this program knows.
const FORMAT: u32 = 1;
/// A lease's text is shorter than this.
const TEXT_BYTES_MAX: u64 = 4096;

/// Leases of a data folder for a node.
#[derive(Clone, Debug)]
pub struct LocalLeases {
    folder: PathBuf,
    node: NodeId,
}

struct LocalLease {
    /// Closing it gives the lock up.
    _lock: File,
    epoch: u64,
}

/// What a lease file says.
struct Said {
    node: NodeId,
    epoch: u64,
}

impl LocalLeases {
    /// For a folder, which is made where it is missing.
    pub fn new(folder: &Path, node: NodeId) -> Self {
        Self { folder: folder.to_path_buf(), node }
    }

    fn hold_now(&self, name: &str) -> Result<Box<dyn Lease>, LeaseError> {
        let failed = |error| LeaseError::Failed { folder: self.folder.clone(), error };
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let lock = self.lock()?;
        let path = self.folder.join(format!("{name}.lease"));
        let epoch = match self.read(&path)? {
            Some(said) if said.node != self.node => {
                return Err(LeaseError::OtherNode {
                    folder: self.folder.clone(),
                    found: said.node,
                    expected: self.node,
                });
            }
            Some(said) => said.epoch + 1,
            None => 1,
        };
        self.write(&path, epoch).map_err(failed)?;
        Ok(Box::new(LocalLease { _lock: lock, epoch }))
    }

    fn lock(&self) -> Result<File, LeaseError> {
        let failed = |error| LeaseError::Failed { folder: self.folder.clone(), error };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut lock = options.open(self.folder.join(LOCK)).map_err(failed)?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let mut process = String::new();
                // whoever holds it may not have written yet
                let _ = (&lock).take(TEXT_BYTES_MAX).read_to_string(&mut process);
                let holder = match process.trim() {
                    "" => "another process".to_owned(),
                    process => format!("process {process}"),
                };
                return Err(LeaseError::Held { folder: self.folder.clone(), holder });
            }
            Err(error) => return Err(failed(error.into())),
        }
        lock.set_len(0).map_err(failed)?;
        writeln!(lock, "{}", std::process::id()).map_err(failed)?;
        Ok(lock)
    }

    fn read(&self, path: &Path) -> Result<Option<Said>, LeaseError> {
        let failed = |error| LeaseError::Failed { folder: self.folder.clone(), error };
        let damaged = |what| LeaseError::Damaged { path: path.to_path_buf(), what };
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            result => result.map_err(failed)?,
        };
        let mut text = String::new();
        file.take(TEXT_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        let value = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once('='));
            lines.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
        };
        let format: u32 =
            value("format").and_then(|text| text.parse().ok()).ok_or_else(|| damaged("no format"))?;
        if format > FORMAT {
            return Err(LeaseError::Newer { folder: self.folder.clone(), found: format, known: FORMAT });
        }
        let node =
            value("node.id").and_then(|text| text.parse().ok()).ok_or_else(|| damaged("no node.id"))?;
        let epoch = value("epoch").and_then(|text| text.parse().ok()).ok_or_else(|| damaged("no epoch"))?;
        Ok(Some(Said { node: NodeId(node), epoch }))
    }

    fn write(&self, path: &Path, epoch: u64) -> io::Result<()> {
        let mut text = String::from("# Whose this folder is. Written by the broker at each start.\n");
        let _ = writeln!(text, "format = {FORMAT}\nnode.id = {}\nepoch = {epoch}", self.node);
        let unfinished = path.with_extension("lease.new");
        let mut file = File::create(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        File::open(&self.folder)?.sync_all()
    }
}

impl Leases for LocalLeases {
    fn hold(&self, name: &str) -> BoxFuture<'_, Result<Box<dyn Lease>, LeaseError>> {
        let held = self.hold_now(name);
        Box::pin(async move { held })
    }
}

impl Lease for LocalLease {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn still_mine(&self) -> bool {
        true
    }
}
