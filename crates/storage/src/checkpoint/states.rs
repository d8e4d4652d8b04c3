//! The caller's state at a checkpoint: asked for, and written where it belongs. Small parts go into the manifest, large
//! ones into a file of their own, which like any other is durable before the manifest names it.

use std::io;

use bytes::Bytes;
use thalweg_model::{Offset, TopicPartition};

use super::{Checkpointer, NewFile, SNAPSHOTS_MAX};
use crate::blobs::Cached;
use crate::engine::{Snapshot, SnapshotPart};
use crate::kept::{HERE_BYTES_MAX, Kept, Part, Stored};
use crate::log::Log;
use crate::manifest::record::Record;
use crate::manifest::{Edit, STATE_FILE};
use crate::run_file::RunFileWriter;
use crate::wal::WalSeq;

/// What is to be said of a partition's state.
pub(super) enum Said {
    /// What the manifest has still holds; in an image it is said again.
    Same(Option<Kept>),
    /// There is none (any more).
    Gone,
    /// It reflects at least what lies before this offset.
    New { offset: i64, part: SnapshotPart, seq: WalSeq, place: Place },
}

/// Where a part goes.
pub(super) enum Place {
    Here(Bytes),
    Stored(Stored),
}

impl Checkpointer {
    /// What has become of the state of each of these partitions. A file that it takes is added to `written`.
    pub(super) async fn states(&mut self, logs: &[Log], written: &mut Vec<NewFile>) -> io::Result<Vec<Said>> {
        let mut file = None;
        let mut all = Vec::with_capacity(logs.len());
        for log in logs {
            let since = log.kept().filter(|kept| !kept.wants_whole()).map(|kept| kept.offset);
            all.push(self.state(log, since, &mut file).await?);
        }
        finish(file, written).await?;
        Ok(all)
    }

    /// The same for an image: what lies in files stays where it is, what lies in the manifest is asked for anew.
    pub(super) async fn states_whole(
        &mut self,
        logs: &[Log],
        written: &mut Vec<NewFile>,
    ) -> io::Result<Vec<Said>> {
        let mut file = None;
        let mut all = Vec::with_capacity(logs.len());
        for log in logs {
            let kept = log.kept();
            all.push(match kept {
                Some(kept) if kept.here_bytes() > 0 => self.state(log, None, &mut file).await?,
                kept => Said::Same(kept),
            });
        }
        finish(file, written).await?;
        Ok(all)
    }

    async fn state(
        &mut self,
        log: &Log,
        since: Option<i64>,
        file: &mut Option<RunFileWriter>,
    ) -> io::Result<Said> {
        // What its owner has not taken over yet stays what is known.
        if let Some(kept) = log.untaken() {
            return Ok(Said::Same(kept));
        }
        let Some((offset, Snapshot { part, bytes, seq })) = self.snapshot(log, since) else {
            return Ok(Said::Gone);
        };
        let before = match part {
            SnapshotPart::Whole => 0,
            SnapshotPart::Changes => log.kept().map_or(0, |kept| kept.here_bytes()),
        };
        // Changes without bytes say that nothing changed but the offset.
        if bytes.is_empty() || before + bytes.len() as u64 <= HERE_BYTES_MAX {
            return Ok(Said::New { offset, part, seq, place: Place::Here(bytes) });
        }
        let mut writer = match file.take() {
            Some(writer) => writer,
            None => self.begin_file(Cached::Passed).await?,
        };
        let stored = writer.push_state(log.partition(), &bytes).await?;
        *file = Some(writer);
        Ok(Said::New { offset, part, seq, place: Place::Stored(stored) })
    }

    /// The caller's state of a partition, and the offset up to which it surely reflects the log. Where `since` is told,
    /// what changed from there on is enough.
    fn snapshot(&self, log: &Log, since: Option<i64>) -> Option<(i64, Snapshot)> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (offset, _) = log.end_and_removed();
            let snapshot = self.snapshots.snapshot(log.partition(), since.map(Offset))?;
            // Replay twice does no harm, so an append between the two is no fault; but mostly there is none.
            if log.end_and_removed().0 == offset || tries == SNAPSHOTS_MAX {
                return Some((offset, snapshot));
            }
        }
    }
}

async fn finish(file: Option<RunFileWriter>, written: &mut Vec<NewFile>) -> io::Result<()> {
    if let Some(writer) = file {
        written.push(NewFile { file: writer.finish().await?, level: STATE_FILE });
    }
    Ok(())
}

impl Said {
    /// What must be durable before.
    pub(super) fn rests_on(&self) -> WalSeq {
        match self {
            Self::New { seq, .. } => *seq,
            Self::Same(_) | Self::Gone => WalSeq::NONE,
        }
    }

    /// As an edit of a manifest that has something of the partition, or has nothing.
    pub(super) fn edit(&self, partition: TopicPartition, had: bool, edit: &mut Edit) {
        match self {
            Self::Same(_) => {}
            Self::Gone if had => edit.push(&Record::SnapshotGone(partition)),
            Self::Gone => {}
            Self::New { offset, part, place, .. } => edit.push(&record(partition, *offset, *part, place)),
        }
    }

    /// As a part of an image.
    pub(super) fn image(&self, partition: TopicPartition, image: &mut Edit) {
        let Self::Same(Some(kept)) = self else { return self.edit(partition, false, image) };
        let mut part = SnapshotPart::Whole;
        for each in &kept.parts {
            let place = match each {
                Part::Here { bytes, .. } => Place::Here(bytes.clone().unwrap_or_default()),
                Part::Stored(stored) => Place::Stored(*stored),
            };
            image.push(&record(partition, kept.offset, part, &place));
            part = SnapshotPart::Changes;
        }
    }

    /// The part of it that was written into a file, for a partition that was removed meanwhile.
    pub(super) fn stored(&self) -> Option<&Stored> {
        match self {
            Self::New { place: Place::Stored(stored), .. } => Some(stored),
            _ => None,
        }
    }

    /// The manifest says so now.
    pub(super) fn keep(self, log: &Log) {
        match self {
            Self::Same(_) => {}
            Self::Gone => log.keeps_nothing(),
            Self::New { offset, part, place, .. } => {
                let added = match place {
                    Place::Here(bytes) if bytes.is_empty() && part == SnapshotPart::Changes => None,
                    Place::Here(bytes) => Some(Part::Here { length: bytes.len() as u32, bytes: None }),
                    Place::Stored(stored) => Some(Part::Stored(stored)),
                };
                log.keeps(offset, part, added);
            }
        }
    }
}

fn record(partition: TopicPartition, offset: i64, part: SnapshotPart, place: &Place) -> Record<'_> {
    let whole = part == SnapshotPart::Whole;
    match place {
        Place::Here(bytes) if whole => Record::Snapshot { partition, offset, bytes },
        Place::Here(bytes) => Record::SnapshotChanges { partition, offset, bytes },
        Place::Stored(at) => Record::SnapshotStored { partition, offset, whole, at: *at },
    }
}
