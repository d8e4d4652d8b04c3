//! What was acknowledged or shown stays: by what later readers saw, and by whole readings of a partition.

use thalweg_model::collections::HashMap;

use super::known::{Known, Shard};
use super::{Action, Kind, Outcome, Partition, Rules, Verdict};

pub(super) fn check(known: &Known<'_>, rules: Rules, verdict: &mut Verdict) {
    let ends = if rules.ends_may_be_lost { ends(known) } else { HashMap::default() };
    for shard in known.partitions.iter().filter(|shard| !shard.deleted) {
        let end = ends.get(shard.partition).copied().unwrap_or(i64::MAX);
        let highest_read = shard.versions.iter().rev().find(|version| version.read);
        let highest_read = highest_read.map_or(-1, |version| version.offset);
        let never_read = shard.versions.iter().filter(|version| version.acknowledged && !version.read);
        for version in never_read.filter(|version| shard.stays(version.offset)) {
            if version.offset >= end || (version.offset > highest_read && !rules.all_read) {
                verdict.unseen += 1;
            } else if known.is_surely_committed(version.value) {
                verdict.found(Kind::Lost, || {
                    format!(
                        "{} offset {}: value {} was acknowledged; nobody ever read it, the last read was of offset {highest_read}",
                        shard.partition, version.offset, version.value
                    )
                });
            }
        }
    }
    let mut deletions: Vec<(&Partition, u64, i64)> = Vec::new();
    let mut topics_deleted: Vec<(&str, u64)> = Vec::new();
    for operation in known.operations {
        let end = operation.end.unwrap_or(u64::MAX);
        match &operation.action {
            Action::DeleteRecords { partition, outcome: Outcome::Ok(start), .. } => {
                deletions.push((partition, end, *start));
            }
            Action::DeleteTopic { topic, outcome: Outcome::Ok(()) } => topics_deleted.push((topic, end)),
            _ => {}
        }
    }
    for operation in known.operations {
        if let Action::Census { partition, log_start, high_watermark, records } = &operation.action {
            let census = Census {
                partition,
                begun: operation.start,
                log_start: *log_start,
                high_watermark: *high_watermark,
                records,
            };
            if rules.dense {
                census.check_gaps(known.shard(partition), verdict);
            }
            if !rules.ends_may_be_lost {
                census.check_start(&deletions, verdict);
            }
            let is_deleted =
                |(topic, end): &(&str, u64)| *topic == &*partition.topic && *end < operation.start;
            if topics_deleted.iter().any(is_deleted) {
                verdict.found(Kind::Resurrected, || {
                    format!("{partition}: its topic was deleted, and is there again")
                });
            }
            if let Some(shard) = known.shard(partition).filter(|shard| !shard.deleted) {
                census.check_presence(known, shard, rules, verdict);
            }
        }
    }
}

/// Where the last census found the end of each partition.
fn ends<'a>(known: &Known<'a>) -> HashMap<&'a Partition, i64> {
    let mut ends = HashMap::default();
    let mut last: HashMap<&Partition, u64> = HashMap::default();
    for operation in known.operations {
        if let Action::Census { partition, high_watermark, .. } = &operation.action
            && last.get(partition).is_none_or(|start| *start < operation.start)
        {
            last.insert(partition, operation.start);
            ends.insert(partition, *high_watermark);
        }
    }
    ends
}

struct Census<'a> {
    partition: &'a Partition,
    begun: u64,
    log_start: i64,
    high_watermark: i64,
    records: &'a [(i64, u64)],
}

impl Census<'_> {
    /// Everything that was known before it began is in it.
    fn check_presence(&self, known: &Known<'_>, shard: &Shard<'_>, rules: Rules, verdict: &mut Verdict) {
        let mut records = self.records.iter().peekable();
        let before = shard.versions.iter().filter(|version| version.since < self.begun);
        let end = if rules.ends_may_be_lost { self.high_watermark } else { i64::MAX };
        for version in before.filter(|version| version.offset < end && shard.stays(version.offset)) {
            while records.next_if(|(offset, _)| *offset < version.offset).is_some() {}
            let is_there = records.peek().is_some_and(|(offset, _)| *offset == version.offset);
            if !is_there && known.is_surely_committed(version.value) {
                verdict.found(Kind::Lost, || {
                    format!(
                        "{} offset {}: value {} was {} before a census that reached from {} to {} and did not find it",
                        self.partition,
                        version.offset,
                        version.value,
                        if version.acknowledged { "acknowledged" } else { "shown" },
                        self.log_start,
                        self.high_watermark
                    )
                });
            }
        }
    }

    fn check_gaps(&self, shard: Option<&Shard<'_>>, verdict: &mut Verdict) {
        let all_damaged =
            |from, to| shard.is_some_and(|shard| (from..to).all(|offset| shard.is_damaged(offset)));
        let mut next = self.log_start;
        for &(offset, _) in self.records {
            if offset != next && (offset < next || !all_damaged(next, offset)) {
                verdict.found(Kind::Gap, || {
                    format!("{}: a census wanted offset {next} and got {offset}", self.partition)
                });
            }
            next = offset + 1;
        }
        if next < self.high_watermark && !all_damaged(next, self.high_watermark) {
            verdict.found(Kind::Gap, || {
                format!("{}: a census ended at {next} of {}", self.partition, self.high_watermark)
            });
        }
    }

    /// What was deleted stays deleted.
    fn check_start(&self, deletions: &[(&Partition, u64, i64)], verdict: &mut Verdict) {
        let mine =
            deletions.iter().filter(|(partition, end, _)| *partition == self.partition && *end < self.begun);
        let start = mine.map(|(_, _, start)| *start).max().unwrap_or(0);
        if self.log_start < start {
            verdict.found(Kind::Resurrected, || {
                format!("{}: deleted up to {start}, and begins at {} again", self.partition, self.log_start)
            });
        }
    }
}
