//! An extent: a run of one partition's batches in one file. A partition's stored log is its extents in the order of
//! their offsets.

use std::sync::Arc;

/// The number of a segment file or pack; given once and never again.
pub(crate) type FileNumber = u64;

/// How far apart marks are.
pub(crate) const MARK_BYTES: u32 = 1 << 20;

/// The longest extent: a longer run becomes several.
pub(crate) const EXTENT_BYTES_MAX: u32 = 1 << 30;

/// A run of batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) file: FileNumber,
    pub(crate) position: u64,
    pub(crate) length: u32,
    /// The first offset of its first batch.
    pub(crate) base: i64,
    /// The offset after its last batch.
    pub(crate) end: i64,
    pub(crate) max_timestamp: i64,
    /// Where batches begin, about every [`MARK_BYTES`]; none for a short run. The first batch has no mark.
    pub(crate) marks: Option<Arc<[Mark]>>,
}

/// A batch's beginning within an extent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The batch's first offset.
    pub(crate) offset: i64,
    /// From the extent's beginning.
    pub(crate) position: u32,
    /// The largest timestamp before it, in the whole extent.
    pub(crate) max_before: i64,
}

impl Extent {
    pub(crate) fn marks(&self) -> &[Mark] {
        self.marks.as_deref().unwrap_or_default()
    }

    /// Where in the extent to begin to look for the batch that contains `offset`.
    pub(crate) fn position_before(&self, offset: i64) -> u32 {
        let after = self.marks().partition_point(|mark| mark.offset <= offset);
        after.checked_sub(1).map_or(0, |index| self.marks()[index].position)
    }

    /// What is left of it from a batch on: `position` counts from the extent's beginning.
    pub(crate) fn rest(&self, position: u32, base: i64) -> Self {
        let marks = self.marks().iter().filter(|mark| mark.position > position);
        let marks: Vec<_> = marks.map(|mark| Mark { position: mark.position - position, ..*mark }).collect();
        Self {
            position: self.position + u64::from(position),
            length: self.length - position,
            base,
            marks: (!marks.is_empty()).then(|| marks.into()),
            ..self.clone()
        }
    }

    /// Where in the extent to begin to look for the first batch with this timestamp or a later one.
    pub(crate) fn position_before_timestamp(&self, timestamp: i64) -> u32 {
        let after = self.marks().partition_point(|mark| mark.max_before < timestamp);
        after.checked_sub(1).map_or(0, |index| self.marks()[index].position)
    }
}
