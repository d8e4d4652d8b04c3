//! What a history tells of each partition, all clients together: who wrote what, which record is at which offset, and
//! since when that is known.

use thalweg_model::collections::{HashMap, HashSet};

use super::{Action, Operation, Outcome, Partition};

/// Partitions are numbers here.
pub(super) type Place = usize;

/// All that is known.
pub(super) struct Known<'a> {
    pub(super) operations: &'a [Operation],
    pub(super) partitions: Vec<Shard<'a>>,
    pub(super) writes: HashMap<u64, Write>,
    /// Values that two operations sent.
    pub(super) ambiguous: Vec<u64>,
    places: HashMap<&'a Partition, Place>,
    /// Transactions and whether an end of each kind was asked for: `(commit, abort)`.
    transactions: HashMap<u64, (bool, bool)>,
}

/// What is known of a partition.
pub(super) struct Shard<'a> {
    pub(super) partition: &'a Partition,
    /// Every record that was acknowledged or read, by offset, then value; each pair once.
    pub(super) versions: Vec<Version>,
    /// Below this, records may have been deleted.
    pub(super) floor: i64,
    /// What was told to be damaged.
    pub(super) damaged: Vec<(i64, i64)>,
    /// Whether somebody tried to delete the topic.
    pub(super) deleted: bool,
}

/// Who wrote a value.
#[derive(Clone, Copy)]
pub(super) struct Write {
    pub(super) operation: usize,
    pub(super) place: Place,
    pub(super) idempotent: bool,
    pub(super) failed: bool,
    pub(super) transaction: Option<u64>,
}

/// A record at an offset.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    pub(super) offset: i64,
    pub(super) value: u64,
    /// The end of the first operation that told of it.
    pub(super) since: u64,
    /// Whether it was acknowledged.
    pub(super) acknowledged: bool,
    /// Whether anybody read it.
    pub(super) read: bool,
}

impl<'a> Known<'a> {
    pub(super) fn of(operations: &'a [Operation]) -> Self {
        let mut known = Self {
            operations,
            partitions: Vec::new(),
            writes: HashMap::default(),
            ambiguous: Vec::new(),
            places: HashMap::default(),
            transactions: HashMap::default(),
        };
        let mut topics_deleted: HashSet<&str> = HashSet::default();
        for (index, operation) in operations.iter().enumerate() {
            known.learn(index, operation);
            if let Action::DeleteTopic { topic, outcome } = &operation.action
                && *outcome != Outcome::Failed
            {
                topics_deleted.insert(topic);
            }
        }
        for shard in &mut known.partitions {
            shard.deleted = topics_deleted.contains(&*shard.partition.topic);
            shard.versions.sort_unstable();
            shard.versions.dedup_by(|later, earlier| {
                let same = (later.offset, later.value) == (earlier.offset, earlier.value);
                if same {
                    // sorted by `since` too: the earlier one keeps it
                    earlier.acknowledged |= later.acknowledged;
                    earlier.read |= later.read;
                }
                same
            });
        }
        known
    }

    fn learn(&mut self, index: usize, operation: &'a Operation) {
        let end = operation.end.unwrap_or(u64::MAX);
        match &operation.action {
            Action::Produce { partition, value, idempotent, transaction, outcome } => {
                let place = self.place(partition);
                let write = Write {
                    operation: index,
                    place,
                    idempotent: *idempotent,
                    failed: *outcome == Outcome::Failed,
                    transaction: *transaction,
                };
                if self.writes.insert(*value, write).is_some() {
                    self.ambiguous.push(*value);
                }
                if let Outcome::Ok(offset) = *outcome {
                    self.saw(
                        place,
                        Version { offset, value: *value, since: end, acknowledged: true, read: false },
                    );
                }
            }
            Action::Poll { records, .. } => {
                for record in records {
                    let place = self.place(&record.partition);
                    let (offset, value) = (record.offset, record.value);
                    self.saw(place, Version { offset, value, since: end, acknowledged: false, read: true });
                }
            }
            Action::Census { partition, records, .. } => {
                let place = self.place(partition);
                for &(offset, value) in records {
                    self.saw(place, Version { offset, value, since: end, acknowledged: false, read: true });
                }
            }
            Action::DeleteRecords { partition, before, outcome } => {
                let place = self.place(partition);
                let floor = match *outcome {
                    Outcome::Ok(start) => start,
                    Outcome::Failed => 0,
                    // -1 stands for all that there is
                    Outcome::Unknown if *before < 0 => i64::MAX,
                    Outcome::Unknown => *before,
                };
                let shard = &mut self.partitions[place];
                shard.floor = shard.floor.max(floor);
            }
            Action::Damaged { partition, from, to } => {
                let place = self.place(partition);
                self.partitions[place].damaged.push((*from, *to));
            }
            Action::EndTransaction { transaction, commit, .. } => {
                let asked = self.transactions.entry(*transaction).or_default();
                if *commit {
                    asked.0 = true;
                } else {
                    asked.1 = true;
                }
            }
            Action::Assign { .. }
            | Action::Seek(_)
            | Action::Commit { .. }
            | Action::Committed { .. }
            | Action::DeleteTopic { .. } => {}
        }
    }

    fn saw(&mut self, place: Place, version: Version) {
        self.partitions[place].versions.push(version);
    }

    fn place(&mut self, partition: &'a Partition) -> Place {
        let next = self.partitions.len();
        let place = *self.places.entry(partition).or_insert(next);
        if place == next {
            let (versions, damaged) = (Vec::new(), Vec::new());
            self.partitions.push(Shard { partition, versions, floor: 0, damaged, deleted: false });
        }
        place
    }

    /// What is known of a partition that records were sent to or read from.
    pub(super) fn shard(&self, partition: &Partition) -> Option<&Shard<'a>> {
        self.places.get(partition).map(|place| &self.partitions[*place])
    }

    /// The number of a partition.
    pub(super) fn place_of(&self, partition: &Partition) -> Option<Place> {
        self.places.get(partition).copied()
    }

    /// Whether nobody may be shown this write: it was refused.
    pub(super) fn is_refused(&self, write: &Write) -> bool {
        write.failed
    }

    /// Whether a reader of committed records may not be shown it: nobody asked for its transaction to be committed.
    pub(super) fn is_aborted(&self, write: &Write) -> bool {
        write.transaction.is_some_and(|id| !self.transactions.get(&id).is_some_and(|(commit, _)| *commit))
    }

    /// Whether a reader of committed records must be shown it.
    pub(super) fn is_surely_committed(&self, value: u64) -> bool {
        let transaction = self.writes.get(&value).and_then(|write| write.transaction);
        transaction.is_none_or(|id| matches!(self.transactions.get(&id), Some((true, false))))
    }
}

impl Shard<'_> {
    /// Whether the record at this offset is there for good, once it is known: it was not deleted, and is not damaged.
    pub(super) fn stays(&self, offset: i64) -> bool {
        offset >= self.floor && !self.is_damaged(offset)
    }

    pub(super) fn is_damaged(&self, offset: i64) -> bool {
        self.damaged.iter().any(|(from, to)| (*from..*to).contains(&offset))
    }

    /// The records that are known at offsets of this range.
    pub(super) fn between(&self, from: i64, to: i64) -> &[Version] {
        let first = self.versions.partition_point(|version| version.offset < from);
        let last = self.versions.partition_point(|version| version.offset < to);
        self.versions.get(first..last).unwrap_or_default()
    }
}
