//! What a partition's owner kept beside the records, after a restart: read when the owner asks, not before.

use std::io;

use bytes::Bytes;
use thalweg_model::Offset;

use super::{BatchFacts, Log};
use crate::kept::{Part, Stored};
use crate::run_file::path_of;

/// How often a read looks again when the file it was sent to is gone.
const LOOKS_MAX: usize = 8;

/// What the caller keeps of a partition, after a restart. The state is the snapshot with its changes, and then every
/// batch from `from` on, in order; the snapshot may reflect some of the first of them already, so that taking a batch
/// twice must do no harm.
#[derive(Clone, Debug, Default)]
pub struct Recovered {
    /// The last whole snapshot that the caller gave, and then the changes that it gave, in order; empty where it gave
    /// none. One that is damaged has no bytes.
    pub snapshot: Vec<Bytes>,
    /// It reflects all batches before this offset. Without a snapshot: the log's start.
    pub from: Offset,
    /// What is known without a read of the batches from there on: those since the last checkpoint. (With a snapshot
    /// these are all.) Their records can be read from the log.
    pub replay: Vec<BatchFacts>,
}

impl Log {
    /// What the caller kept of this partition before the restart; none where there was nothing in it, and after
    /// [`forget_recovered`](Self::forget_recovered). Until then a checkpoint asks for nothing and keeps what there is.
    pub async fn recovered(&self) -> io::Result<Option<Recovered>> {
        let mut looks = 0;
        loop {
            let Some((mut recovered, parts)) = self.found() else { return Ok(None) };
            looks += 1;
            match self.read_parts(parts).await {
                Ok(parts) => {
                    recovered.snapshot = parts;
                    return Ok(Some(recovered));
                }
                // The file was let go between the look and the read: its parts are elsewhere now.
                Err(error) if error.kind() == io::ErrorKind::NotFound && looks < LOOKS_MAX => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The caller has taken over what [`recovered`](Self::recovered) gave: from here on a checkpoint asks for what has
    /// become of it. To be told before the first append; may be told again.
    pub fn forget_recovered(&self) {
        let mut state = self.0.state.lock();
        if std::mem::take(&mut state.untaken) {
            state.found = None;
            if let Some(kept) = &mut state.kept {
                kept.let_go();
            }
        }
    }

    /// Both at once, for who takes it over without delay.
    pub async fn take_recovered(&self) -> io::Result<Option<Recovered>> {
        let recovered = self.recovered().await?;
        self.forget_recovered();
        Ok(recovered)
    }

    fn found(&self) -> Option<(Recovered, Vec<Part>)> {
        let state = self.0.state.lock();
        if !state.untaken {
            return None;
        }
        let replay = state.found.as_ref().map(|found| found.replay.clone()).unwrap_or_default();
        let kept = state.kept.as_deref();
        let from = kept.map_or(state.start, |kept| kept.offset.max(state.start));
        let parts = kept.map(|kept| kept.parts.clone()).unwrap_or_default();
        Some((Recovered { snapshot: Vec::new(), from: Offset(from), replay }, parts))
    }

    async fn read_parts(&self, parts: Vec<Part>) -> io::Result<Vec<Bytes>> {
        let mut read = Vec::with_capacity(parts.len());
        for part in parts {
            read.push(match part {
                Part::Here { bytes, .. } => bytes.unwrap_or_default(),
                Part::Stored(stored) => self.read_stored(stored).await?,
            });
        }
        Ok(read)
    }

    async fn read_stored(&self, stored: Stored) -> io::Result<Bytes> {
        let shared = &self.0.shared;
        let file = shared.files.get(stored.file).await?;
        shared.figures.states_read.add(1);
        match shared.cold.run(move || stored.read(&*file.blob)).await {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let what = format!("at byte {}, of {}: {error}", stored.position, self.partition());
                shared.damage.found_beside_records(&path_of(stored.file), &what);
                Ok(Bytes::new())
            }
            read => read,
        }
    }
}
