//! The manifest: which extents make up which partition, and all else that must be known before a record can be read.
//! A log of edits in the facts "shard-0", with an image in its beginning. One task makes all edits.
//!
//! Laws: what an edit names is durable before it (files are synced first, what it says of a log's end is durable in
//! the WAL first); what an edit drops is deleted after it. Edits may be applied to a state that has moved on: starts
//! only rise, borders only follow.

pub(crate) mod record;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use thalweg_model::collections::HashMap;
use thalweg_model::{NodeId, TopicPartition};

use self::record::{PartitionRow, Record};
use crate::extent::{Extent, FileNumber};
use crate::facts::{Facts, FactsError};
use crate::kept::{Kept, Part};
use crate::leases::Program;
use crate::log::{EpochRow, SegmentRow};
use crate::storage::OpenError;
use crate::wal::{ChainId, Named, WalSeq};

/// The format of the records.
pub(crate) const FORMAT: u32 = 3;
/// Records are gathered into facts of about this size.
const FACT_BYTES: usize = 1 << 20;

/// The log of edits.
pub(crate) struct Manifest {
    facts: Arc<dyn Facts>,
    index: u64,
}

/// A chain that is not covered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChainRow {
    pub(crate) chain: ChainId,
    pub(crate) first: WalSeq,
    /// The last block that counts; none while it is written.
    pub(crate) end: Option<WalSeq>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileRow {
    pub(crate) bytes: u64,
    /// How often its runs were merged; [`OWN_FILE`] for a segment file.
    pub(crate) level: u8,
}

/// The level of a file that is no pack.
pub(crate) const OWN_FILE: u8 = u8::MAX;
/// The level of a file of snapshots.
pub(crate) const STATE_FILE: u8 = OWN_FILE - 1;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartitionImage {
    pub(crate) start: i64,
    /// Epochs and segments are right up to here.
    pub(crate) end: i64,
    pub(crate) epochs: Vec<EpochRow>,
    pub(crate) segments: Vec<SegmentRow>,
    pub(crate) extents: Vec<Extent>,
    pub(crate) snapshot: Option<Kept>,
    /// Where it goes on, if that lies behind its end.
    pub(crate) skip_to: i64,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Image {
    /// The newest that was written into it.
    pub(crate) format: u32,
    pub(crate) node: Option<NodeId>,
    pub(crate) shard_epoch: i32,
    pub(crate) chains: Vec<ChainRow>,
    pub(crate) covered: WalSeq,
    pub(crate) files: BTreeMap<FileNumber, FileRow>,
    /// Above all numbers that files ever had.
    pub(crate) next_file: FileNumber,
    pub(crate) partitions: HashMap<TopicPartition, PartitionImage>,
}

impl Manifest {
    /// Reads it.
    pub(crate) async fn load(facts: Arc<dyn Facts>) -> Result<(Self, Image), OpenError> {
        let loaded = facts.load().await.map_err(facts_failed)?;
        let mut image = Image::default();
        for fact in &loaded.records {
            image.apply_fact(fact)?;
        }
        Ok((Self { facts, index: loaded.index }, image))
    }

    /// Makes an edit durable.
    pub(crate) async fn commit(&mut self, edit: Edit) -> Result<(), FactsError> {
        let facts = edit.finish();
        if !facts.is_empty() {
            self.index = self.facts.commit(self.index, facts).await?;
        }
        Ok(())
    }

    /// Whether an image is worth its cost.
    pub(crate) fn wants_image(&self) -> bool {
        self.facts.wants_snapshot()
    }

    /// Takes an image in place of all edits.
    pub(crate) async fn replace(&mut self, image: Edit) -> Result<(), FactsError> {
        self.index = self.facts.replace(self.index, image.finish()).await?;
        Ok(())
    }
}

pub(crate) fn facts_failed(error: FactsError) -> OpenError {
    match error {
        FactsError::Failed(error) => OpenError::Io(error),
        FactsError::Newer { name, format } => newer(name, u32::from(format)),
        FactsError::Full => OpenError::Io(std::io::ErrorKind::StorageFull.into()),
        error @ (FactsError::Conflict(_) | FactsError::Damaged { .. }) => {
            OpenError::Damaged(error.to_string())
        }
    }
}

fn newer(file: String, found: u32) -> OpenError {
    OpenError::Newer { file, found, known: FORMAT, program: Program::default() }
}

/// Records that become durable together.
#[derive(Default)]
pub(crate) struct Edit {
    open: BytesMut,
    full: Vec<Bytes>,
}

impl Edit {
    pub(crate) fn push(&mut self, record: &Record<'_>) {
        record::encode(record, &mut self.open);
        if self.open.len() >= FACT_BYTES {
            self.full.push(self.open.split().freeze());
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.full.is_empty()
    }

    fn finish(mut self) -> Vec<Bytes> {
        if !self.open.is_empty() {
            self.full.push(self.open.freeze());
        }
        self.full
    }
}

impl Image {
    /// The chains that may have blocks which lie in no file, each with the first of them.
    pub(crate) fn uncovered(&self) -> Vec<Named> {
        self.chains.iter().map(|row| row.named(self.covered)).collect()
    }

    /// Applies the records of one fact.
    pub(crate) fn apply_fact(&mut self, fact: &[u8]) -> Result<(), OpenError> {
        let mut rest = fact;
        while !rest.is_empty() {
            self.apply(record::decode(&mut rest)?)?;
        }
        Ok(())
    }

    fn apply(&mut self, record: Record<'_>) -> Result<(), OpenError> {
        match record {
            Record::Format { version, node } => {
                if version > FORMAT {
                    return Err(newer("facts/shard-0".into(), version));
                }
                self.format = self.format.max(version);
                self.node = Some(node);
            }
            Record::ShardEpoch(epoch) => self.shard_epoch = epoch,
            Record::ChainBegun { chain, first } => {
                self.chains.push(ChainRow { chain, first, end: None });
            }
            Record::ChainEnded { chain, end } => {
                for row in self.chains.iter_mut().filter(|row| row.chain == chain) {
                    row.end = Some(end);
                }
            }
            Record::ChainForgotten(chain) => self.chains.retain(|row| row.chain != chain),
            Record::Covered(seq) => self.covered = self.covered.max(seq),
            Record::NextFile(number) => self.next_file = self.next_file.max(number),
            Record::File { number, row } => {
                self.files.insert(number, row);
                self.next_file = self.next_file.max(number + 1);
            }
            Record::FileGone(number) => {
                self.files.remove(&number);
            }
            Record::Partition(row) => self.partition(row.partition).apply(row),
            Record::Extents { partition, from, to, add } => {
                self.partition(partition).replace_extents(from, to, add);
            }
            Record::PartitionGone(partition) => {
                self.partitions.remove(&partition);
            }
            Record::Snapshot { partition, offset, bytes } => {
                self.partition(partition).snapshot = Some(Kept { offset, parts: vec![here(bytes)] });
            }
            Record::SnapshotStored { partition, offset, whole: true, at } => {
                let parts = vec![Part::Stored(at)];
                self.partition(partition).snapshot = Some(Kept { offset, parts });
            }
            Record::Skip { partition, to } => self.partition(partition).skip_to = to,
            Record::SnapshotGone(partition) => self.partition(partition).snapshot = None,
            Record::SnapshotChanges { partition, offset, bytes } => {
                let kept = self.kept(partition)?;
                kept.offset = offset;
                // Without bytes nothing changed but the offset.
                if !bytes.is_empty() {
                    kept.parts.push(here(bytes));
                }
            }
            Record::SnapshotStored { partition, offset, whole: false, at } => {
                let kept = self.kept(partition)?;
                kept.offset = offset;
                kept.parts.push(Part::Stored(at));
            }
            Record::SnapshotMoved { partition, file, position, to } => {
                if !self.kept(partition)?.moved((file, position), to) {
                    let what = format!("the manifest moves a snapshot of {partition} that is not there");
                    return Err(OpenError::Damaged(what));
                }
            }
        }
        Ok(())
    }

    /// A snapshot that must be there.
    fn kept(&mut self, partition: TopicPartition) -> Result<&mut Kept, OpenError> {
        let missing = format!("the manifest has changes to a snapshot of {partition} that is not there");
        self.partition(partition).snapshot.as_mut().ok_or(OpenError::Damaged(missing))
    }

    fn partition(&mut self, partition: TopicPartition) -> &mut PartitionImage {
        self.partitions.entry(partition).or_default()
    }
}

/// A copy: what is kept must not keep the manifest that it was read from.
fn here(bytes: &[u8]) -> Part {
    let length = u32::try_from(bytes.len()).expect("a record tells its length so");
    Part::Here { length, bytes: Some(Bytes::copy_from_slice(bytes)) }
}

impl PartitionImage {
    fn apply(&mut self, row: PartitionRow) {
        self.start = self.start.max(row.start);
        self.end = row.end;
        if let Some(first) = row.epochs.first() {
            self.epochs.retain(|old| old.epoch < first.epoch);
            self.epochs.extend(row.epochs);
        }
        if let Some(first) = row.segments.first() {
            self.segments.retain(|old| old.base < first.base);
            self.segments.extend(row.segments);
        }
        let dead = self.extents.iter().take_while(|extent| extent.end <= self.start).count();
        self.extents.drain(..dead);
    }

    fn replace_extents(&mut self, from: i64, to: i64, add: Vec<Extent>) {
        replace_extents(&mut self.extents, from, to, add);
    }
}

/// Puts extents in the place of those that lie within `from..to`.
pub(crate) fn replace_extents(extents: &mut Vec<Extent>, from: i64, to: i64, add: Vec<Extent>) {
    let first = extents.partition_point(|extent| extent.base < from);
    let count = extents[first..].iter().take_while(|extent| extent.end <= to).count();
    if extents.capacity() == extents.len() && add.len() > count {
        // Most partitions have one: no room for growth that does not come.
        extents.reserve_exact((add.len() - count).max(extents.len() / 2));
    }
    extents.splice(first..first + count, add);
}
