//! Space that is kept so that facts can be written, and things deleted, on a full disk. One for a data folder.

use std::io;
use std::sync::Arc;

use tokio::sync::Mutex;
use tracing::{info, warn};

use crate::disk::{Access, Create, Disk, Open};

/// The file that holds the space.
const NAME: &str = "reserve";
/// How much it holds at least.
const BYTES_MIN: u64 = 1 << 20;

/// The reserve of a data folder; clones are the same one.
#[derive(Clone)]
pub struct Reserve {
    disk: Arc<dyn Disk>,
    /// How much it holds now.
    held: Arc<Mutex<u64>>,
}

impl Reserve {
    /// Takes the space, or what is there of it already. Without space it begins empty, and is filled when there is.
    pub async fn open(disk: Arc<dyn Disk>) -> io::Result<Self> {
        let reserve = Self { disk, held: Arc::default() };
        match reserve.grow(BYTES_MIN).await {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                warn!("no space is left for the reserve of the data folder");
            }
            result => result?,
        }
        Ok(reserve)
    }

    /// Gives the space back to the disk; false where none is held.
    pub(super) async fn give(&self) -> bool {
        let mut held = self.held.lock().await;
        if *held == 0 || self.disk.unlink(NAME).await.is_err() {
            return false;
        }
        info!(bytes = *held, "the disk is full: the reserve is used");
        *held = 0;
        true
    }

    /// Sees that it holds twice what facts take, if the disk has that much.
    pub(super) async fn refill(&self, facts_bytes: u64) {
        let wanted = (facts_bytes * 2).max(BYTES_MIN).next_power_of_two();
        if let Err(error) = self.grow(wanted).await
            && error.kind() != io::ErrorKind::StorageFull
        {
            warn!(%error, "failed to fill the reserve");
        }
    }

    async fn grow(&self, wanted: u64) -> io::Result<()> {
        let mut held = self.held.lock().await;
        if *held >= wanted {
            return Ok(());
        }
        let file = self.disk.open(NAME, Open { access: Access::Buffered, create: Create::IfMissing }).await?;
        let there = file.len().await?;
        let allocated = if there < wanted { file.allocate(there, wanted - there).await } else { Ok(()) };
        match allocated {
            Ok(()) => *held = there.max(wanted),
            // what was there stays
            Err(error) => {
                *held = there;
                if there == 0 {
                    self.disk.unlink(NAME).await?;
                }
                return Err(error);
            }
        }
        Ok(())
    }
}
