//! The start of a broker whose `__consumer_offsets` took millions of commits, against that on an empty folder. A start is
//! over when the groups answer: when the last offset of each one that is asked for comes back.
//!
//! What is kept of a group is its last offset of each partition, so it is their number that a start may cost something
//! for, and not that of the commits.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::broker::Broker;
use super::figures::{Figures, mebibytes, milliseconds, spread};
use super::wire::{self, Wire};
use super::{Yard, start};

const TOPIC: &str = "committed";
/// A commit request names so many partitions.
const PARTITIONS: u32 = 100;
/// So many groups are asked, whatever their number.
const GROUPS_ASKED: usize = 100;
/// How many connections commit at the same time, each for its own groups.
const CONNECTIONS: u64 = 20;
/// How many requests of a connection are on their way.
const IN_FLIGHT: usize = 8;
/// How often starts are measured; the median counts.
const STARTS: usize = 9;
/// How often it is killed and started, and commits between.
const KILLS: usize = 3;
const COMMITS_BEFORE_KILL: u64 = 200_000;
/// Groups whose partition of `__consumer_offsets` is still being read.
const LOADING: [i16; 2] = [14, 15];
const LIMIT_LOAD: Duration = Duration::from_secs(120);
const LOAD_POLL: Duration = Duration::from_millis(1);
const RATIO_GOAL: f64 = 1.2;

pub(super) fn run(yard: &Yard) -> anyhow::Result<Figures> {
    let mut found = Figures::default();
    let groups = yard.options.groups;
    let mut broker = yard.broker("commits")?;
    broker.command(&["topic", "create", TOPIC, "--partitions", &PARTITIONS.to_string()])?;
    let began = Instant::now();
    let mut rounds = commit(&broker, groups, yard.options.commits, 0)?;
    found.add("commits", (rounds * groups * u64::from(PARTITIONS)) as f64);
    found.add("offsets_kept", (groups * u64::from(PARTITIONS)) as f64);
    found.add("commits_per_second", yard.options.commits as f64 / began.elapsed().as_secs_f64());
    found.add("memory_mib", mebibytes(broker.memory_bytes()?));
    let (mut empty, mut stopped, mut killed) = (Vec::new(), Starts::default(), Starts::default());
    for _ in 0..STARTS {
        empty.extend(start::times(yard, 1)?);
        broker.stop()?;
        stopped.add(&mut broker, groups, rounds)?;
    }
    let mut uncovered = 0;
    for _ in 0..KILLS {
        rounds += commit(&broker, groups, COMMITS_BEFORE_KILL, rounds)?;
        uncovered = uncovered.max(broker.figure("thalweg_wal_uncovered_bytes").unwrap_or_default());
        broker.kill();
        killed.add(&mut broker, groups, rounds)?;
    }
    let base = spread(&empty)[1];
    found.add_spread(["start_empty_ms", "start_empty_ms_least", "start_empty_ms_most"], &empty, None);
    found.add_spread(["start_ms", "start_ms_least", "start_ms_most"], &stopped.ready, None);
    found.add("groups_answer_ms", spread(&stopped.groups_answer)[1]);
    found.add_with_goal("start_ratio", spread(&stopped.ready)[1] / base, RATIO_GOAL);
    found.add_with_goal("groups_answer_ratio", spread(&stopped.groups_answer)[1] / base, RATIO_GOAL);
    found.add("start_after_kill_ms", spread(&killed.ready)[1]);
    found.add("groups_answer_after_kill_ms", spread(&killed.groups_answer)[1]);
    found.add("uncovered_mib_at_kill_most", mebibytes(uncovered));
    Ok(found)
}

/// How long starts took, in milliseconds: until the broker answers, and until its groups do.
#[derive(Default)]
struct Starts {
    ready: Vec<f64>,
    groups_answer: Vec<f64>,
}

impl Starts {
    fn add(&mut self, broker: &mut Broker, groups: u64, rounds: u64) -> anyhow::Result<()> {
        broker.start_again()?;
        self.ready.push(milliseconds(broker.ready));
        self.groups_answer.push(milliseconds(broker.ready + groups_answer(broker, groups, rounds)?));
        Ok(())
    }
}

/// Commits at least so often, evenly for all groups and partitions; how many rounds that took. A commit's offset is its
/// round, from `first` on.
fn commit(broker: &Broker, groups: u64, commits: u64, first: u64) -> anyhow::Result<u64> {
    let rounds = commits.div_ceil(groups * u64::from(PARTITIONS));
    std::thread::scope(|scope| {
        let mine = |connection: u64| (0..groups).filter(move |group| group % CONNECTIONS == connection);
        let works: Vec<_> = (0..CONNECTIONS)
            .map(|connection| {
                let requests = (first..first + rounds)
                    .flat_map(move |round| mine(connection).map(move |group| (group, round)));
                scope.spawn(move || commit_all(broker, requests))
            })
            .collect();
        for work in works {
            work.join().expect("a committer does not panic")?;
        }
        Ok(rounds)
    })
}

fn commit_all(broker: &Broker, requests: impl Iterator<Item = (u64, u64)>) -> anyhow::Result<()> {
    let mut wire = Wire::open(broker.address())?;
    let mut waiting = std::collections::VecDeque::new();
    let answered = |wire: &mut Wire, request: (u64, u64)| -> anyhow::Result<()> {
        // The first commit of all makes `__consumer_offsets`: until then the coordinator is not there.
        while let error @ 1.. = wire::commit_error(&wire.receive()?)? {
            if ![14, 15, 16].contains(&error) {
                bail!("error {error} for a commit");
            }
            std::thread::sleep(LOAD_POLL);
            wire.send(&request_frame(request))?;
        }
        Ok(())
    };
    for (index, request) in requests.enumerate() {
        wire.send(&request_frame(request))?;
        waiting.push_back(request);
        // One alone begins.
        while waiting.len() >= if index == 0 { 1 } else { IN_FLIGHT } {
            let request = waiting.pop_front().context("one waits")?;
            answered(&mut wire, request)?;
        }
    }
    waiting.into_iter().try_for_each(|request| answered(&mut wire, request))
}

fn request_frame((group, round): (u64, u64)) -> Vec<u8> {
    wire::commit(&group_name(group), TOPIC, PARTITIONS, round as i64)
}

fn group_name(group: u64) -> String {
    format!("group-{group}")
}

/// How long it takes until each group that is asked tells what was committed last.
fn groups_answer(broker: &Broker, groups: u64, rounds: u64) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let mut wire = Wire::open(broker.address())?;
    let apart = groups.div_ceil(GROUPS_ASKED as u64).max(1);
    for group in (0..groups).step_by(apart as usize) {
        loop {
            wire.send(&wire::fetch(&group_name(group), TOPIC))?;
            match wire::fetched(&wire.receive()?)? {
                Ok(offset) if offset == rounds as i64 - 1 => break,
                Ok(offset) => bail!("{} is at {offset}, not {}", group_name(group), rounds - 1),
                Err(error) if LOADING.contains(&error) && began.elapsed() < LIMIT_LOAD => {
                    std::thread::sleep(LOAD_POLL);
                }
                Err(error) => bail!("error {error} for {}", group_name(group)),
            }
        }
    }
    Ok(began.elapsed())
}
