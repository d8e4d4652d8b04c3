//! Copying one partition's batches into a file: from memory, or from the WAL what memory has no longer. What is damaged
//! there is told, and costs no neighbour its place.

use std::io;

use bytes::Bytes;

use super::{Checkpointer, READS_MAX};
use crate::blobs::MemoryBlob;
use crate::log::{Log, Source, WalRun, wal_bytes};
use crate::run_file::RunFileWriter;
use crate::walk::{Damaged, Run, Walk, WalkError};

impl Checkpointer {
    pub(super) async fn write_run(
        &self,
        writer: &mut RunFileWriter,
        log: &Log,
        sources: Vec<Source>,
    ) -> io::Result<()> {
        for source in sources {
            let stretch = source.stretch();
            let bytes = match source {
                Source::Memory(_, bytes) => bytes,
                Source::Wal(run) => match self.checked_wal_bytes(log, run).await {
                    Ok(bytes) => bytes,
                    Err(error) if self.failures < READS_MAX => return Err(error),
                    Err(error) => {
                        let what = format!("the write-ahead log cannot be read: {error}");
                        let lost = Damaged { from: stretch.base, to: stretch.end, position: 0, what };
                        self.shared.damage.found(log.damage(&lost, "wal".into()));
                        continue;
                    }
                },
            };
            writer.push(log.partition(), stretch, &bytes).await?;
        }
        Ok(())
    }

    /// Takes note of what is damaged in it, and gives it as it is, so that what lies around keeps its place: who reads
    /// the bad place is told.
    async fn checked_wal_bytes(&self, log: &Log, run: WalRun) -> io::Result<Bytes> {
        let bytes = wal_bytes(&self.shared, run).await?;
        let blob = MemoryBlob(bytes.clone());
        let expected = Run::whole(bytes.len() as u64, run.base, run.end).with_epochs(log.epoch_rows());
        let mut walk = Walk::checking(&blob, expected);
        loop {
            let checked = match walk.next() {
                Ok(None) => return Ok(bytes),
                Ok(Some(step)) => walk.check(&step),
                Err(error) => Err(error),
            };
            match checked {
                Ok(()) => {}
                Err(WalkError::Io(error)) => return Err(error),
                Err(WalkError::Damaged(damaged)) => {
                    self.shared.damage.found(log.damage(&damaged, "wal".into()));
                }
            }
        }
    }
}
