//! Positions of groups: each is a register. A reader sees what a commit wrote that began before the reading ended, and
//! that no later commit had replaced before the reading began.

use thalweg_model::collections::HashMap;

use super::known::Known;
use super::{Action, Kind, Outcome, Partition, Verdict};

#[derive(Default)]
struct Register {
    writes: Vec<Write>,
    reads: Vec<Read>,
}

#[derive(Clone, Copy)]
struct Write {
    offset: i64,
    start: u64,
    /// None where nobody knows whether it was done.
    end: Option<u64>,
}

struct Read {
    client: u32,
    offset: Option<i64>,
    start: u64,
    end: u64,
}

pub(super) fn check(known: &Known<'_>, verdict: &mut Verdict) {
    let mut registers: HashMap<(&str, &Partition), Register> = HashMap::default();
    for operation in known.operations {
        let (start, end) = (operation.start, operation.end);
        match &operation.action {
            Action::Commit { group, offsets, outcome } if *outcome != Outcome::Failed => {
                let end = end.filter(|_| *outcome == Outcome::Ok(()));
                for (partition, offset) in offsets {
                    let register = registers.entry((group, partition)).or_default();
                    register.writes.push(Write { offset: *offset, start, end });
                }
            }
            Action::Committed { group, partition, offset } => {
                let (client, end) = (operation.client, end.unwrap_or(u64::MAX));
                let read = Read { client, offset: *offset, start, end };
                registers.entry((group, partition)).or_default().reads.push(read);
            }
            _ => {}
        }
    }
    let mut registers: Vec<_> = registers.into_iter().collect();
    registers.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    for ((group, partition), register) in registers {
        register.check(group, partition, verdict);
    }
}

impl Register {
    fn check(mut self, group: &str, partition: &Partition, verdict: &mut Verdict) {
        self.writes.sort_by_key(|write| (write.end.is_none(), write.end));
        // by end: the latest start of the commits that were done by then
        let mut done: Vec<(u64, u64)> = Vec::new();
        for write in &self.writes {
            let Some(end) = write.end else { break };
            let latest = done.last().map_or(0, |(_, latest)| *latest).max(write.start);
            done.push((end, latest));
        }
        let mut by_offset: HashMap<i64, Vec<Write>> = HashMap::default();
        for write in &self.writes {
            by_offset.entry(write.offset).or_default().push(*write);
        }
        for read in &self.reads {
            let count = done.partition_point(|(end, _)| *end < read.start);
            // what ended before the latest of these began is replaced
            let replaced_before = count.checked_sub(1).map(|last| done[last].1);
            let explained = match read.offset {
                None => replaced_before.is_none(),
                Some(offset) => by_offset.get(&offset).is_some_and(|writes| {
                    // the last to end is the best witness; those of unknown end come last
                    let witnesses = writes.iter().rev().take_while(|write| {
                        write.end.is_none_or(|end| replaced_before.is_none_or(|bound| end >= bound))
                    });
                    witnesses.clone().any(|write| write.start < read.end)
                }),
            };
            if !explained {
                let Read { client, offset, start, .. } = read;
                verdict.found(Kind::LostCommit, || {
                    let found = offset.map_or("none".to_owned(), |offset| offset.to_string());
                    let last = self.writes.iter().rfind(|write| write.end.is_some_and(|end| end < *start));
                    let last = last.map_or("none".to_owned(), |write| write.offset.to_string());
                    format!("group {group}, {partition}: client {client} found {found}; the last commit done before was {last}")
                });
            }
        }
    }
}
