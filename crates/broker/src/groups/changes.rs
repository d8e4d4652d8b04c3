//! What a partition's groups wrote since storage took their last snapshot: the newest record of each key, so that the
//! next snapshot need only tell these.

use std::collections::BTreeMap;

use bytes::Bytes;
use thalweg_model::Offset;

use super::log::Record;

/// Bounded by what the write-ahead log holds between two checkpoints.
#[derive(Default)]
pub(super) struct Changes {
    /// Only what was written from this offset on is surely here.
    from: Offset,
    newest: BTreeMap<Bytes, (Offset, Option<Bytes>)>,
}

impl Changes {
    /// What was written before this offset need not be told, or cannot be told alone.
    pub(super) fn begin(&mut self, from: Offset) {
        self.from = from;
        self.newest.clear();
    }

    /// Takes note of a record that was written at this offset.
    pub(super) fn note(&mut self, at: Offset, key: Bytes, value: Option<Bytes>) {
        self.newest.insert(key, (at, value));
    }

    /// What was written from this offset on, in the order of the log; none where not all of it is known. What came
    /// before is forgotten.
    pub(super) fn since(&mut self, since: Offset) -> Option<Vec<Record>> {
        if since < self.from {
            return None;
        }
        self.from = since;
        self.newest.retain(|_, (at, _)| *at >= since);
        // A group's end is a record as well, and what came after it must not come before it.
        let mut newest: Vec<_> = self.newest.iter().collect();
        newest.sort_by_key(|(_, (at, _))| *at);
        let record = |(key, (_, value)): (&Bytes, &(Offset, Option<Bytes>))| Record {
            key: key.clone(),
            value: value.clone(),
        };
        Some(newest.into_iter().map(record).collect())
    }
}
