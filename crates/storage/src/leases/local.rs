//! The lock on a data folder, and the word in it whose it is. The lock is the operating system's and ends with the
//! process, however that ends; its file is the one thing in the folder that is no `Disk`'s, and holds nothing that
//! anybody relies on.
//!
//! ```text
//!   lock        locked while a broker runs; holds its process id, for the words of a refusal
//!   NAME.lease  format, node id and epoch of the last holding, the program's version, as text, and a checksum of it;
//!               replaced in one step
//! ```

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crc_fast::CrcAlgorithm;
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use thalweg_model::NodeId;
use thalweg_model::world::BoxFuture;

use super::{Lease, LeaseError, Leases, Program};
use crate::disk::{Access, Create, Disk, Open};

const LOCK: &str = "lock";
/// The newest format of the data folder that this program knows.
const FORMAT: u32 = 1;
/// What stands before the checksum, on the last line. Texts of the first programs have none, and these pass over it.
const CHECKSUM: &str = "checksum = ";
/// A lease's text is shorter than this.
const TEXT_BYTES_MAX: u64 = 4096;

/// Leases of a data folder for a node.
#[derive(Clone)]
pub struct LocalLeases {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
    node: NodeId,
}

struct LocalLease {
    /// Closing it gives the lock up.
    _lock: File,
    epoch: u64,
}

/// What a lease file says.
pub(crate) struct Said {
    pub(crate) node: NodeId,
    epoch: u64,
    /// The version of the program that wrote it, where it says so.
    pub(crate) program: Option<String>,
}

/// A folder that is locked, and in which nothing was written yet.
pub(crate) struct Locked {
    lock: File,
    name: String,
    epoch: u64,
}

impl LocalLeases {
    /// For a folder, which is made where it is missing, and its disk.
    pub fn new(folder: &Path, disk: Arc<dyn Disk>, node: NodeId) -> Self {
        Self { folder: folder.to_path_buf(), disk, node }
    }

    /// Keeps others away, and changes nothing: whether the folder can be used is seen after this.
    pub(crate) async fn lock(&self, name: &str) -> Result<Locked, LeaseError> {
        let failed = |error| LeaseError::Failed { folder: self.folder.clone(), error };
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let lock = self.lock_file()?;
        let name = format!("{name}.lease");
        let epoch = match self.read(&name).await? {
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
        Ok(Locked { lock, name, epoch })
    }

    /// Writes down who holds it from now on.
    pub(crate) async fn take(&self, locked: Locked) -> Result<Box<dyn Lease>, LeaseError> {
        let failed = |error| LeaseError::Failed { folder: self.folder.clone(), error };
        let Locked { mut lock, name, epoch } = locked;
        lock.set_len(0).map_err(failed)?;
        writeln!(lock, "{}", std::process::id()).map_err(failed)?;
        self.write(&name, epoch).await.map_err(failed)?;
        Ok(Box::new(LocalLease { _lock: lock, epoch }))
    }

    /// Keeps others away, whoever they are, for as long as the file is held.
    pub(crate) fn lock_file(&self) -> Result<File, LeaseError> {
        let failed = |error| LeaseError::Failed { folder: self.folder.clone(), error };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let lock = options.open(self.folder.join(LOCK)).map_err(failed)?;
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
        Ok(lock)
    }

    pub(crate) async fn read(&self, name: &str) -> Result<Option<Said>, LeaseError> {
        let failed = |error| LeaseError::Failed { folder: self.folder.clone(), error };
        let damaged = |what| LeaseError::Damaged { path: self.folder.join(name), what };
        let existing = Open { access: Access::Buffered, create: Create::Existing };
        let file = match self.disk.open(name, existing).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            result => result.map_err(failed)?,
        };
        let length = file.len().await.map_err(failed)?.min(TEXT_BYTES_MAX);
        let mut bytes = vec![0; usize::try_from(length).expect("it is short")];
        file.read_exact_at(&mut bytes, 0).await.map_err(failed)?;
        let text = String::from_utf8(bytes).map_err(|_| damaged("it is no text"))?;
        let value = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once('='));
            lines.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
        };
        let format: u32 =
            value("format").and_then(|text| text.parse().ok()).ok_or_else(|| damaged("no format"))?;
        let program = value("program").map(str::to_owned);
        if format > FORMAT {
            let (folder, known) = (self.folder.clone(), FORMAT);
            return Err(LeaseError::Newer {
                folder,
                file: name.to_owned(),
                found: format,
                known,
                program: Program(program),
            });
        }
        if let Some((before, sum)) = text.rsplit_once(CHECKSUM)
            && sum.trim_end() != checksum(before)
        {
            return Err(damaged("its checksum does not hold"));
        }
        let node =
            value("node.id").and_then(|text| text.parse().ok()).ok_or_else(|| damaged("no node.id"))?;
        let epoch = value("epoch").and_then(|text| text.parse().ok()).ok_or_else(|| damaged("no epoch"))?;
        Ok(Some(Said { node: NodeId(node), epoch, program }))
    }

    async fn write(&self, name: &str, epoch: u64) -> io::Result<()> {
        let mut text = String::from("# Whose this folder is. Written by the broker at each start.\n");
        let program = env!("CARGO_PKG_VERSION");
        let _ = writeln!(
            text,
            "format = {FORMAT}\nnode.id = {}\nepoch = {epoch}\nprogram = {program}",
            self.node
        );
        let sum = checksum(&text);
        let _ = writeln!(text, "{CHECKSUM}{sum}");
        let unfinished = format!("{name}.new");
        let made = Open { access: Access::Buffered, create: Create::IfMissing };
        let file = self.disk.open(&unfinished, made).await?;
        file.set_len(0).await?;
        file.write_all_at(text.as_bytes(), 0).await?;
        file.sync().await?;
        self.disk.rename(&unfinished, name).await?;
        self.disk.sync_dir("").await
    }
}

fn checksum(text: &str) -> String {
    format!("{:08x}", crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, text.as_bytes()))
}

impl Leases for LocalLeases {
    fn hold(&self, name: &str) -> BoxFuture<'_, Result<Box<dyn Lease>, LeaseError>> {
        let name = name.to_owned();
        Box::pin(async move { self.take(self.lock(&name).await?).await })
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
