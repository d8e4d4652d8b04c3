//! Finding a record by its time. The places that may hold it are known by their largest timestamps; within one, batch
//! headers are walked, and one batch is opened.

use std::cmp::Reverse;

use bytes::Bytes;
use thalweg_model::batch::Records;
use thalweg_model::world::block_on;
use thalweg_model::{Offset, TimestampMs};

use super::read::wal_bytes;
use super::{Found, Log, ReadError, WalRun};
use crate::blobs::{Blob, MemoryBlob};
use crate::extent::Extent;
use crate::run_file::path_of;
use crate::walk::{Damaged, Run, Walk, WalkError};

/// Where batches are.
#[derive(Clone)]
enum Place {
    Extent(Extent),
    Wal(WalRun),
    Memory { base: i64, end: i64, max_timestamp: i64, bytes: Bytes },
}

impl Place {
    fn base(&self) -> i64 {
        match self {
            Self::Extent(extent) => extent.base,
            Self::Wal(run) => run.base,
            Self::Memory { base, .. } => *base,
        }
    }

    fn end(&self) -> i64 {
        match self {
            Self::Extent(extent) => extent.end,
            Self::Wal(run) => run.end,
            Self::Memory { end, .. } => *end,
        }
    }

    fn max_timestamp(&self) -> i64 {
        match self {
            Self::Extent(extent) => extent.max_timestamp,
            Self::Wal(run) => run.max_timestamp,
            Self::Memory { max_timestamp, .. } => *max_timestamp,
        }
    }
}

/// What is looked for in a place.
#[derive(Clone, Copy)]
enum Wish {
    /// The first record this late or later.
    From(i64),
    /// The first of the latest ones.
    Latest,
}

impl Log {
    /// The first record at or after the start, before `upto`, whose timestamp is `timestamp` or later.
    pub async fn find(&self, timestamp: TimestampMs, upto: Offset) -> Result<Option<Found>, ReadError> {
        let mut from = self.start().0;
        let upto = upto.min(self.high_watermark()).0;
        loop {
            let reaches = |place: &Place| place.max_timestamp() >= timestamp.0;
            let Some(place) = self.places(from, upto, true, reaches)?.into_iter().next() else {
                return Ok(None);
            };
            let next = place.end();
            if let Some(found) = self.look(place, from, upto, Wish::From(timestamp.0)).await? {
                return Ok(Some(found));
            }
            from = next;
        }
    }

    /// The first of the records with the largest timestamp, before `upto`: where none has one, the first of all.
    pub async fn find_max_timestamp(&self, upto: Offset) -> Result<Option<Found>, ReadError> {
        let from = self.start().0;
        let upto = upto.min(self.high_watermark()).0;
        let mut places = self.places(from, upto, false, |_| true)?;
        places.sort_by_key(|place| (Reverse(place.max_timestamp()), place.base()));
        let mut best: Option<Found> = None;
        for place in places {
            if best.is_some_and(|best| best.timestamp.0 >= place.max_timestamp()) {
                break;
            }
            // A place's latest record may lie outside the range: then another place may have a later one.
            if let Some(found) = self.look(place, from, upto, Wish::Latest).await?
                && best.is_none_or(|best| found.timestamp > best.timestamp)
            {
                best = Some(found);
            }
        }
        Ok(best)
    }

    /// Places with batches between two offsets, in order, each batch in one place only.
    fn places(
        &self,
        from: i64,
        upto: i64,
        first_only: bool,
        wanted: impl Fn(&Place) -> bool,
    ) -> Result<Vec<Place>, ReadError> {
        let state = self.0.state.lock();
        if state.removed {
            return Err(ReadError::Removed);
        }
        let stored_end = state.extents.last().map_or(i64::MIN, |extent| extent.end);
        let stored = state.extents[state.extents.partition_point(|extent| extent.end <= from)..].iter();
        let stored = stored.map(|extent| Place::Extent(extent.clone()));
        let runs = state.wal_runs.iter().map(|run| Place::Wal(*run));
        let recents = state.recents.iter().filter(|recent| recent.base >= stored_end);
        let recents = recents.map(|recent| Place::Memory {
            base: recent.base,
            end: recent.end(),
            max_timestamp: recent.max_timestamp,
            bytes: recent.bytes.clone(),
        });
        let places = stored.chain(runs).chain(recents);
        let places = places.filter(|place| place.end() > from && place.base() < upto && wanted(place));
        Ok(places.take(if first_only { 1 } else { usize::MAX }).collect())
    }

    async fn look(&self, place: Place, from: i64, upto: i64, wish: Wish) -> Result<Option<Found>, ReadError> {
        let shared = &self.0.shared;
        let mut file = None;
        let found = match place {
            Place::Memory { bytes, base, end, .. } => {
                let blob = MemoryBlob::new(bytes);
                look_in(Walk::new(&blob, Run::whole(blob.len(), base, end)), from, upto, wish)
            }
            Place::Extent(extent) => {
                file = Some(extent.file);
                self.look_in_extent(extent, from, upto, wish).await
            }
            Place::Wal(run) => {
                let for_job = shared.clone();
                let job = move || {
                    let blob = MemoryBlob::new(block_on(wal_bytes(&for_job, run))?);
                    look_in(
                        Walk::checking_some(&blob, Run::whole(blob.len(), run.base, run.end)),
                        from,
                        upto,
                        wish,
                    )
                };
                shared.cold.run(job).await
            }
        };
        found.map_err(|error| match error {
            WalkError::Io(error) => ReadError::Io(error),
            WalkError::Damaged(damaged) => {
                shared.damage.found(self.damage(&damaged, file.map_or("wal".into(), path_of)));
                let Damaged { from, to, what, .. } = damaged;
                ReadError::Damaged { from: Offset(from), to: Offset(to), what }
            }
        })
    }

    async fn look_in_extent(
        &self,
        extent: Extent,
        from: i64,
        upto: i64,
        wish: Wish,
    ) -> Result<Option<Found>, WalkError> {
        let shared = &self.0.shared;
        let file = shared.files.get(extent.file).await?;
        let begin = extent.position_before(from).max(match wish {
            Wish::From(timestamp) => extent.position_before_timestamp(timestamp),
            Wish::Latest => 0,
        });
        let run = Run::of(&extent).at_mark(begin).with_epochs(self.epoch_rows());
        shared.cold.run(move || look_in(Walk::checking_some(&*file.blob, run), from, upto, wish)).await
    }
}

fn look_in(mut walk: Walk<'_>, from: i64, upto: i64, wish: Wish) -> Result<Option<Found>, WalkError> {
    let mut best: Option<Found> = None;
    while let Some(step) = walk.next()? {
        if step.base() >= upto {
            break;
        }
        let max_timestamp = step.header.max_timestamp.0;
        let least = match wish {
            Wish::From(timestamp) => timestamp,
            Wish::Latest => best.map_or(i64::MIN, |best| best.timestamp.0.saturating_add(1)),
        };
        if step.next() <= from || max_timestamp < least {
            continue;
        }
        walk.check(&step)?;
        let epoch = step.header.partition_leader_epoch;
        let damaged = |error: thalweg_model::batch::BatchError| {
            let (from, to, position) = (step.base(), step.next(), step.position);
            WalkError::Damaged(Damaged { from, to, position, what: error.to_string() })
        };
        let mut records = Records::new(walk.batch(&step)?).map_err(damaged)?;
        while let Some(record) = records.next() {
            let record = record.map_err(damaged)?;
            let (offset, timestamp) = (record.offset, record.timestamp);
            if offset.0 < from || offset.0 >= upto {
                continue;
            }
            let better = match wish {
                Wish::From(least) => timestamp.0 >= least,
                Wish::Latest => best.is_none_or(|best| timestamp > best.timestamp),
            };
            if better {
                best = Some(Found { offset, timestamp, leader_epoch: epoch });
                if matches!(wish, Wish::From(_)) {
                    return Ok(best);
                }
            }
        }
    }
    Ok(best)
}
