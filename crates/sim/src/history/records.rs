//! Single records: each offset has one, each record of an idempotent producer has one offset, and none is shown that
//! was not sent or was taken back.

use super::known::Known;
use super::{Action, Kind, Partition, Verdict};

pub(super) fn check(known: &Known<'_>, verdict: &mut Verdict) {
    for value in &known.ambiguous {
        verdict.found(Kind::Ambiguous, || format!("value {value} was sent by two operations"));
    }
    let mut found: Vec<(u64, usize, i64)> = Vec::new();
    for (place, shard) in known.partitions.iter().enumerate() {
        for pair in shard.versions.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if a.offset == b.offset {
                verdict.found(Kind::Inconsistent, || {
                    format!(
                        "{} offset {} has value {} and value {}",
                        shard.partition, a.offset, a.value, b.value
                    )
                });
            }
        }
        found.extend(shard.versions.iter().map(|version| (version.value, place, version.offset)));
    }
    found.sort_unstable();
    for same in found.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
        let value = same[0].0;
        // a plain producer that tries again may write twice
        if known.writes.get(&value).is_none_or(|write| write.idempotent) {
            verdict.found(Kind::Duplicate, || {
                let places: Vec<_> = same
                    .iter()
                    .map(|(_, place, offset)| {
                        format!("{} offset {offset}", known.partitions[*place].partition)
                    })
                    .collect();
                format!("value {value} is at {}", places.join(" and "))
            });
        }
    }
    for operation in known.operations {
        match &operation.action {
            Action::Poll { records, committed } => {
                for record in records {
                    let at = (&record.partition, record.offset, record.value);
                    shown(known, at, *committed, operation.client, verdict);
                }
            }
            Action::Census { partition, records, .. } => {
                for &(offset, value) in records {
                    shown(known, (partition, offset, value), false, operation.client, verdict);
                }
            }
            _ => {}
        }
    }
}

fn shown(
    known: &Known<'_>,
    (partition, offset, value): (&Partition, i64, u64),
    committed: bool,
    client: u32,
    verdict: &mut Verdict,
) {
    let kind = match known.writes.get(&value) {
        None => Kind::Unwritten,
        Some(write) if known.place_of(partition) != Some(write.place) => Kind::Unwritten,
        Some(write) if known.is_refused(write) => Kind::AbortedRead,
        Some(write) if committed && known.is_aborted(write) => Kind::AbortedRead,
        Some(_) => return,
    };
    verdict.found(kind, || format!("client {client} was shown value {value} at {partition} offset {offset}"));
}
