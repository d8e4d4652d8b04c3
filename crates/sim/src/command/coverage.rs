//! What the seeds of a run met, and what they cost: how often each thing happened, and in how many seeds. It tells what
//! a run without anything wrong has proven, and what it has not.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use thalweg_sim::simulation::peril::Peril;
use thalweg_sim::simulation::run::Report;

/// How a line begins by which one process tells another what a seed met.
const MET: &str = "met ";
/// And what it cost.
const COST: &str = "cost ";

/// So many seeds meet everything.
const SEEDS_THAT_MEET_ALL: u64 = 500;
/// What they meet beside all perils: what comes of these, and what the broker and its clients do meanwhile.
const MEETS: [&str; 33] = [
    "broker: checkpoints_total",
    "broker: ended by Power while it does not serve",
    "broker: ended by Power while it serves",
    "broker: ended by Process while it does not serve",
    "broker: ended by Process while it serves",
    "broker: gave up by itself",
    "broker: merge_bytes_total",
    "broker: run of damaged records met by a census",
    "broker: scrub_passes_total",
    "clients: census of a partition",
    "clients: commit, done",
    "clients: committed position read",
    "clients: idempotent record, done",
    "clients: plain record, done",
    "clients: poll that brought records",
    "clients: rebalance",
    "clients: records deleted or retained, done",
    "clients: seek",
    "clients: setting changed",
    "clients: topic deleted, done",
    "clients: topic made",
    "disk: bit rotted",
    "disk: call hung",
    "disk: no descriptor",
    "disk: no room",
    "disk: page lost by a power cut",
    "disk: read failed",
    "disk: read flipped a bit",
    "disk: read misdirected",
    "disk: sync failed",
    "disk: write torn",
    "network: no descriptor for a connection",
    "network: piece late",
];

/// What some seeds met.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    seeds: u64,
    things: BTreeMap<String, Times>,
    cost: Duration,
    cost_max: Duration,
}

/// How often something happened, and in how many seeds.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    times: u64,
    seeds: u64,
}

/// The processor's time that this process has taken so far.
pub(crate) fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Tells of one seed, for [`Coverage::hear`].
pub(crate) fn tell(report: &Report, cost: Duration) {
    for (what, times) in &report.counts {
        println!("{MET}{times} {what}");
    }
    println!("{COST}{}", cost.as_micros());
}

impl Coverage {
    /// Takes in a line of what [`tell`] said; false where it is another one.
    pub(crate) fn hear(&mut self, line: &str) -> bool {
        if let Some((times, what)) = line.strip_prefix(MET).and_then(|line| line.split_once(' ')) {
            self.met(what, times.parse().unwrap_or_default());
            return true;
        }
        let cost = line.strip_prefix(COST).and_then(|line| line.parse().ok());
        if let Some(micros) = cost {
            self.ended(Duration::from_micros(micros));
        }
        cost.is_some()
    }

    /// Takes in a seed.
    pub(crate) fn add(&mut self, report: &Report, cost: Duration) {
        for (what, times) in &report.counts {
            self.met(what, *times);
        }
        self.ended(cost);
    }

    /// What so many seeds should have met, and have not.
    pub(crate) fn missing(&self) -> Vec<String> {
        if self.seeds < SEEDS_THAT_MEET_ALL {
            return Vec::new();
        }
        let perils = Peril::ALL.iter().map(|peril| format!("perils: {peril:?}"));
        let all = perils.chain(MEETS.map(str::to_owned));
        all.filter(|what| !self.things.contains_key(what)).collect()
    }

    fn met(&mut self, what: &str, times: u64) {
        let found = self.things.entry(what.to_owned()).or_default();
        found.times += times;
        found.seeds += u64::from(times > 0);
    }

    fn ended(&mut self, cost: Duration) {
        self.seeds += 1;
        self.cost += cost;
        self.cost_max = self.cost_max.max(cost);
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seeds, things, cost, cost_max } = self;
        let mean = *cost / u32::try_from(*seeds).unwrap_or(u32::MAX).max(1);
        for (what, Times { times, seeds }) in things {
            writeln!(f, "{times:>12} times in {seeds:>6} seeds  {what}")?;
        }
        write!(f, "{mean:.1?} of the processor for a seed, {cost_max:.1?} at most")
    }
}
