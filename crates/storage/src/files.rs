//! The segment files and packs that are open, so that a read need not open one. A bound keeps descriptors few; who
//! still sends from a file that was let go holds it open himself.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use thalweg_model::collections::HashMap;

use crate::blobs::{Blob, Blobs};
use crate::extent::FileNumber;
use crate::run_file::name_of;

/// How many files are kept open at most.
const OPEN_MAX: usize = 512;

pub(crate) struct Files {
    pub(crate) blobs: Arc<dyn Blobs>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    files: HashMap<FileNumber, (Arc<dyn Blob>, u64)>,
    uses: u64,
}

impl Files {
    pub(crate) fn new(blobs: Arc<dyn Blobs>) -> Self {
        Self { blobs, open: Mutex::default() }
    }

    pub(crate) async fn get(&self, number: FileNumber) -> io::Result<Arc<dyn Blob>> {
        if let Some(blob) = self.open.lock().used(number) {
            return Ok(blob);
        }
        let blob = self.blobs.open(&name_of(number)).await?;
        let mut open = self.open.lock();
        if open.files.len() >= OPEN_MAX {
            open.close_the_half_used_longest_ago();
        }
        let uses = open.uses;
        open.files.insert(number, (blob.clone(), uses));
        Ok(blob)
    }

    /// The file will be deleted.
    pub(crate) fn forget(&self, number: FileNumber) {
        self.open.lock().files.remove(&number);
    }
}

impl Open {
    fn used(&mut self, number: FileNumber) -> Option<Arc<dyn Blob>> {
        self.uses += 1;
        let (blob, used) = self.files.get_mut(&number)?;
        *used = self.uses;
        Some(blob.clone())
    }

    fn close_the_half_used_longest_ago(&mut self) {
        let mut uses: Vec<u64> = self.files.values().map(|(_, used)| *used).collect();
        uses.sort_unstable();
        let middle = uses[uses.len() / 2];
        self.files.retain(|_, (_, used)| *used > middle);
    }
}
