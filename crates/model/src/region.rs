//! A run of record bytes on its way out: in memory, or still in a file.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use bytes::Bytes;

/// A run of bytes that a head sends as it is.
#[derive(Clone, Debug)]
pub enum Region {
    /// Bytes that are in memory.
    Memory(Bytes),
    /// Bytes that are in a file, which stays open and unchanged as long as the region lives.
    File(FileRegion),
}

/// Bytes `position..position + length` of a file.
#[derive(Clone)]
pub struct FileRegion {
    /// The open file.
    pub file: Arc<dyn RegionFile>,
    /// Where the run begins in the file.
    pub position: u64,
    /// How long it is.
    pub length: u32,
}

/// What a file region needs of its file.
pub trait RegionFile: Send + Sync {
    /// Fills `buffer` from `position` on; an end of file before it is full is an error.
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()>;
    /// The descriptor for `sendfile`, where there is a real file.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;
}

impl Region {
    /// Its length in bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.len(),
            Self::File(file) => file.length as usize,
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes themselves: copied where they are in a file. For replay and tests, not for the way out.
    pub fn bytes(&self) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => Ok(bytes.clone()),
            Self::File(region) => {
                let mut buffer = vec![0; region.length as usize];
                region.file.read_at(&mut buffer, region.position)?;
                Ok(buffer.into())
            }
        }
    }
}

impl std::fmt::Debug for FileRegion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileRegion").field("position", &self.position).field("length", &self.length).finish()
    }
}
