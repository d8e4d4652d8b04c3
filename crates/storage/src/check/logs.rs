//! Whether each partition's log is whole: from its start to its end every offset is in a file or in the write-ahead log.

use super::{Check, RECORDS_MISSING, Uncovered};
use crate::manifest::Image;

impl Check<'_> {
    pub(super) fn logs(&mut self, image: &Image, uncovered: &Uncovered) {
        let mut partitions: Vec<_> = image.partitions.iter().collect();
        partitions.sort_by_key(|(partition, _)| **partition);
        for (partition, row) in partitions {
            let mut next = row.start;
            let in_files = row.extents.iter().map(|extent| (extent.base, extent.end));
            let in_wal = uncovered.get(partition).into_iter().flatten().copied();
            for (base, end) in in_files.chain(in_wal) {
                if base > next {
                    let what = "records are in no file and not in the write-ahead log".to_owned();
                    self.records(*partition, (next, base), "facts/shard-0", None, what, RECORDS_MISSING);
                }
                next = next.max(end);
            }
        }
        for (partition, stretches) in
            uncovered.iter().filter(|(partition, _)| !image.partitions.contains_key(*partition))
        {
            let mut next = 0;
            for (base, end) in stretches {
                if *base > next {
                    let what = "records are not in the write-ahead log".to_owned();
                    self.records(*partition, (next, *base), "wal", None, what, RECORDS_MISSING);
                }
                next = next.max(*end);
            }
            self.report.partitions += 1;
        }
    }
}
