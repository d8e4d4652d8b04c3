//! Making the ring's files: space taken, zeros written and synced before a file bears its name, so that a sync later
//! has nothing to tell the file system.

use std::io;
use std::sync::Arc;

use tracing::warn;

use crate::disk::{Access, Aligned, Create, Open};

use super::files::{Handle, own_name, ring_name};
use super::{FOLDER, MAKE_AGAIN, Shared, WRITE_BYTES, access};

impl Shared {
    /// Begins to make the missing files in the background, unless that goes on already, or failed a moment ago.
    pub(super) fn make_more(self: &Arc<Self>) {
        let now = self.world.clock.elapsed();
        {
            let mut state = self.state.lock();
            let complete = state.files.ring_count() > self.options.files;
            let too_soon = state.make_failed.is_some_and(|failed| now < failed + MAKE_AGAIN);
            if state.making || complete || too_soon {
                return;
            }
            state.making = true;
        }
        let shared = self.clone();
        let work = async move {
            loop {
                let number = {
                    let mut state = shared.state.lock();
                    if state.files.ring_count() > shared.options.files {
                        (state.making, state.make_failed) = (false, None);
                        return;
                    }
                    state.files.unused_number(false)
                };
                if let Err(error) = shared.make(number, shared.options.file_bytes).await {
                    let mut state = shared.state.lock();
                    state.making = false;
                    if state.make_failed.replace(shared.world.clock.elapsed()).is_none() {
                        warn!(%error, "cannot make another file of the write-ahead log, it is tried again and again");
                    }
                    return;
                }
                shared.bell.notify_waiters();
            }
        };
        drop(self.world.spawner.spawn_thread("wal-ring", Box::pin(work)));
    }

    /// Makes a file of the ring.
    pub(super) async fn make(&self, number: u32, length: u64) -> io::Result<()> {
        let name = format!("{FOLDER}/{}", ring_name(number));
        let unfinished = format!("{name}.new");
        let made = self.prewrite(&unfinished, length).await;
        if made.is_err() {
            // gives its space back; the next start would unlink it too
            let _ = self.disk.unlink(&unfinished).await;
        }
        made?;
        self.disk.rename(&unfinished, &name).await?;
        self.disk.sync_dir(FOLDER).await?;
        let handle = self.handle(name, length).await?;
        self.state.lock().files.add(number, false, handle);
        Ok(())
    }

    async fn prewrite(&self, name: &str, length: u64) -> io::Result<()> {
        let file = self.disk.open(name, Open { access: Access::Direct, create: Create::IfMissing }).await?;
        file.allocate(0, length).await?;
        let zeros = Aligned::zeroed(WRITE_BYTES);
        for position in (0..length).step_by(WRITE_BYTES) {
            let count = usize::try_from(length - position).unwrap_or(usize::MAX).min(WRITE_BYTES);
            file.write_all_at(&zeros[..count], position).await?;
        }
        file.sync().await
    }

    /// Makes a file for one large block.
    pub(super) async fn make_own(&self, length: u64) -> io::Result<()> {
        let number = {
            let state = self.state.lock();
            state.files.unused_number(true)
        };
        let name = format!("{FOLDER}/{}", own_name(number));
        let made = async {
            let file =
                self.disk.open(&name, Open { access: Access::Direct, create: Create::IfMissing }).await?;
            file.allocate(0, length).await?;
            file.sync().await?;
            self.disk.sync_dir(FOLDER).await?;
            self.handle(name.clone(), length).await
        };
        match made.await {
            Ok(handle) => {
                self.state.lock().files.add_prepared(number, handle);
                Ok(())
            }
            Err(error) => {
                let _ = self.disk.unlink(&name).await;
                Err(error)
            }
        }
    }

    async fn handle(&self, name: String, length: u64) -> io::Result<Arc<Handle>> {
        let access = access(self.options.durability);
        let file = self.disk.open(&name, Open { access, create: Create::Existing }).await?;
        let reader =
            self.disk.open(&name, Open { access: Access::Buffered, create: Create::Existing }).await?;
        Ok(Arc::new(Handle { name, length, file, reader }))
    }
}
