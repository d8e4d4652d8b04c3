//! Each consumer by itself: between a seek or an assignment and the next, offsets rise and pass over nothing.

use thalweg_model::collections::HashMap;

use super::known::Known;
use super::{Action, Kind, Partition, Polled, Verdict};

/// What a consumer wants next of each partition; none where that is not known.
type Wanted<'a> = HashMap<&'a Partition, Option<i64>>;

pub(super) fn check(known: &Known<'_>, verdict: &mut Verdict) {
    let mut order: Vec<usize> = (0..known.operations.len())
        .filter(|index| {
            let action = &known.operations[*index].action;
            matches!(action, Action::Poll { .. } | Action::Assign { .. } | Action::Seek(_))
        })
        .collect();
    order.sort_by_key(|index| (known.operations[*index].start, *index));
    let mut consumers: HashMap<u32, Wanted<'_>> = HashMap::default();
    for index in order {
        let operation = &known.operations[index];
        let wanted = consumers.entry(operation.client).or_default();
        match &operation.action {
            Action::Assign { partitions } => {
                wanted.clear();
                wanted.extend(partitions.iter().map(|position| (&position.partition, position.offset)));
            }
            Action::Seek(position) => drop(wanted.insert(&position.partition, position.offset)),
            Action::Poll { records, committed } => {
                for record in records {
                    step(known, operation.client, record, *committed, wanted, verdict);
                }
            }
            _ => {}
        }
    }
}

fn step<'a>(
    known: &Known<'_>,
    client: u32,
    record: &'a Polled,
    committed: bool,
    wanted: &mut Wanted<'a>,
    verdict: &mut Verdict,
) {
    let next = wanted.insert(&record.partition, Some(record.offset + 1)).flatten();
    let Some(next) = next else { return };
    let (partition, offset) = (&record.partition, record.offset);
    if offset < next {
        verdict.found(Kind::NonMonotonic, || {
            format!("client {client} wanted {partition} offset {next} and got {offset}")
        });
        return;
    }
    let Some(shard) = known.shard(partition) else { return };
    let passed_over = shard.between(next.max(shard.floor), offset).iter().find(|version| {
        !shard.is_damaged(version.offset) && (!committed || known.is_surely_committed(version.value))
    });
    if let Some(version) = passed_over {
        verdict.found(Kind::Skipped, || {
            format!(
                "client {client} wanted {partition} offset {next} and got {offset}: value {} at {} was passed over",
                version.value, version.offset
            )
        });
    }
}
