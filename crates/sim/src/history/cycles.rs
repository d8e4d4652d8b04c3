//! Orders that contradict each other. An operation comes before another one where
//!
//! - its record has the lower offset in the same partition,
//! - the other one read its record,
//! - it had ended before the other began.
//!
//! A cycle of these cannot be: records would have been read before they were sent, or offsets have gone back.

mod graph;

use self::graph::Graph;
use super::known::Known;
use super::{Action, Kind, Operation, Verdict};

/// How many steps of a cycle are told at its beginning, and at its end.
const STEPS_TOLD: usize = 4;

pub(super) fn check(known: &Known<'_>, verdict: &mut Verdict) {
    let count = known.operations.len();
    let mut graph = Graph::new(count);
    order_of_offsets(known, &mut graph);
    order_of_time(known.operations, &mut graph);
    for cycle in graph.cycles() {
        verdict.found(Kind::Cycle, || {
            let steps: Vec<usize> = cycle.into_iter().filter(|node| *node < count).collect();
            let tell = |steps: &[usize]| {
                let steps: Vec<_> = steps.iter().map(|step| describe(&known.operations[*step])).collect();
                steps.join("; ")
            };
            let told = match steps.len().checked_sub(2 * STEPS_TOLD) {
                Some(left_out @ 1..) => format!(
                    "{}; {left_out} more; {}",
                    tell(&steps[..STEPS_TOLD]),
                    tell(&steps[STEPS_TOLD + left_out..])
                ),
                _ => tell(&steps),
            };
            format!("each of these comes before the next, and the last before the first: {told}")
        });
    }
}

/// Edges between the writers of neighbouring offsets, and from the writer of the last record that a reader saw.
fn order_of_offsets(known: &Known<'_>, graph: &mut Graph) {
    for shard in &known.partitions {
        let mut last = None;
        let mut places: thalweg_model::collections::HashMap<u64, usize> = Default::default();
        for version in &shard.versions {
            *places.entry(version.value).or_default() += 1;
        }
        for version in shard.versions.iter().filter(|version| places[&version.value] == 1) {
            // what is at two places has no place in an order
            let Some(write) = known.writes.get(&version.value) else { continue };
            if let Some(before) = last.replace(write.operation) {
                graph.edge(before, write.operation);
            }
        }
    }
    for (index, operation) in known.operations.iter().enumerate() {
        match &operation.action {
            Action::Poll { records, .. } => {
                for run in records.chunk_by(|a, b| a.partition == b.partition) {
                    let last = run.iter().max_by_key(|record| record.offset);
                    let writer = last.and_then(|record| known.writes.get(&record.value));
                    if let Some(write) = writer {
                        graph.edge(write.operation, index);
                    }
                }
            }
            Action::Census { records, .. } => {
                if let Some(write) = records.last().and_then(|(_, value)| known.writes.get(value)) {
                    graph.edge(write.operation, index);
                }
            }
            _ => {}
        }
    }
}

/// Edges from what had ended to what began later, through one node for each end, so that they stay few.
fn order_of_time(operations: &[Operation], graph: &mut Graph) {
    let mut moments: Vec<(u64, bool, usize)> = Vec::with_capacity(2 * operations.len());
    for (index, operation) in operations.iter().enumerate() {
        // at the same moment beginnings come first: who ended then had not ended before
        moments.push((operation.start, false, index));
        if let Some(end) = operation.end {
            moments.push((end, true, index));
        }
    }
    moments.sort_unstable();
    let mut line = None;
    for (_, is_end, index) in moments {
        if is_end {
            let node = graph.node();
            graph.edge(index, node);
            if let Some(before) = line.replace(node) {
                graph.edge(before, node);
            }
        } else if let Some(before) = line {
            graph.edge(before, index);
        }
    }
}

fn describe(operation: &Operation) -> String {
    let Operation { client, start, end, action } = operation;
    let end = end.map_or("never".to_owned(), |end| end.to_string());
    let what = match action {
        Action::Produce { partition, value, outcome, .. } => {
            format!("sent {value} to {partition}: {outcome:?}")
        }
        Action::Poll { records, .. } => match (records.first(), records.last()) {
            (Some(first), Some(last)) => format!(
                "was shown {} records from {} offset {} to {} offset {} (value {})",
                records.len(),
                first.partition,
                first.offset,
                last.partition,
                last.offset,
                last.value
            ),
            _ => "was shown nothing".to_owned(),
        },
        Action::Census { partition, log_start, high_watermark, .. } => {
            format!("read {partition} from {log_start} to {high_watermark}")
        }
        other => format!("{other:?}"),
    };
    format!("client {client} from {start} to {end} {what}")
}
