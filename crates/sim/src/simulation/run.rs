//! One run: a world from a seed, a broker in it, clients, what goes wrong, and the verdict.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use thalweg_model::collections;
use thalweg_storage::disk::MemoryDisk;

use crate::history::{Action, Operation, Outcome, Rules, judge};
use crate::simulation::ledger::{Ledger, LostEnd};
use crate::simulation::network::{SimNetwork, Weather};
use crate::simulation::node::Node;
use crate::simulation::plan::Plan;
use crate::simulation::script::Script;
use crate::simulation::universe::{House, Trace, Universe};

/// A run that takes longer in its own time does not end.
const TIME_MAX: Duration = Duration::from_secs(300);
/// Nor one with more steps.
const STEPS_MAX: u64 = 3_000_000;

/// The seeds of hash maps belong to the process: one run at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// All that happened, as a number.
    pub hash: u64,
    /// How many polls there were.
    pub steps: u64,
    /// How long it took in its own time.
    pub elapsed: Duration,
    /// How many operations its clients wrote down.
    pub operations: usize,
    /// How often the broker was started.
    pub lives: u32,
    /// How often each thing happened in it.
    pub counts: BTreeMap<String, u64>,
    /// What is wrong; nothing where all is well.
    pub wrong: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, hash, steps, elapsed, operations, lives, wrong, .. } = self;
        write!(
            f,
            "seed {seed}: {hash:016x} {steps} steps {elapsed:?} {operations} operations {lives} lives"
        )?;
        wrong.iter().try_for_each(|wrong| write!(f, "\n    {wrong}"))
    }
}

/// Runs a seed.
pub fn run(seed: u64, trace: &Trace) -> Report {
    let _alone = ONE_AT_A_TIME.lock();
    collections::seed(seed);
    let universe = Universe::new(seed, trace.clone());
    let plan = Plan::new(&universe.chance("plan"));
    let network = SimNetwork::new(&universe, Arc::new(Weather::default()));
    let ledger = Ledger::new(&universe);
    let disk = MemoryDisk::new(plan.direct);
    let (options, settings) = (plan.options.clone(), plan.settings.clone());
    let node = Arc::new(Mutex::new(Node::new(&universe, &network, disk, options, settings)));
    let outcome: Arc<Mutex<Option<Result<(), String>>>> = Arc::default();
    let operator = House::punctual(&universe, "operator");
    let script = Script {
        universe: universe.clone(),
        network: network.clone(),
        ledger: ledger.clone(),
        node: node.clone(),
        plan,
    };
    let told = outcome.clone();
    let task = async move {
        let result = script.play().await;
        *told.lock() = Some(result);
    };
    drop(operator.world.spawner.spawn("operator", Box::pin(task)));
    let ended = loop {
        if let Some(result) = outcome.lock().take() {
            break result;
        }
        if !universe.step() {
            break Err("nothing happens any more".to_owned());
        }
        node.lock().health();
        if universe.elapsed() > TIME_MAX || universe.trace().steps() > STEPS_MAX {
            break Err("the run does not end".to_owned());
        }
    };
    let operations = ledger.operations();
    let mut wrong: Vec<String> = ended.err().into_iter().collect();
    let all_read = wrong.is_empty();
    wrong.extend(judged(&operations, ledger.lost_end(), Rules { dense: true, all_read, ..Rules::default() }));
    let lives = node.lock().lives();
    universe.end();
    universe.figures().sum(universe.tally());
    Report {
        seed,
        hash: trace.hash(),
        steps: trace.steps(),
        elapsed: universe.elapsed(),
        operations: operations.len(),
        lives,
        counts: universe.tally().counts(),
        wrong,
    }
}

/// What is wrong with a history. Where a power cut may have taken the ends of partitions, it has two ages: what the first
/// one knew holds up to where the counting after it found the ends, and the second one begins with what was counted.
fn judged(operations: &[Operation], lost_end: Option<LostEnd>, rules: Rules) -> Vec<String> {
    let told = |operations: &[Operation], rules| -> Vec<String> {
        judge(operations, rules).anomalies.iter().map(ToString::to_string).collect()
    };
    let Some(LostEnd { counting, counted }) = lost_end else { return told(operations, rules) };
    let first = Rules { all_read: false, ends_may_be_lost: true, ..rules };
    let mut wrong = told(&operations[..counted], first);
    let sent = operations[..counting].iter().filter_map(|operation| {
        let Action::Produce { partition, value, idempotent, .. } = &operation.action else { return None };
        let (partition, value, idempotent) = (partition.clone(), *value, *idempotent);
        let outcome = Outcome::Unknown;
        let action = Action::Produce { partition, value, idempotent, transaction: None, outcome };
        Some(Operation { end: None, action, ..operation.clone() })
    });
    let second: Vec<_> = sent.chain(operations[counting..].iter().cloned()).collect();
    wrong.extend(told(&second, rules));
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_one_run() {
        for seed in [1, 2, 3] {
            assert_eq!(run(seed, &Trace::quiet()), run(seed, &Trace::quiet()));
        }
        assert_ne!(run(1, &Trace::quiet()).hash, run(2, &Trace::quiet()).hash);
    }

    #[test]
    fn nothing_goes_wrong_in_some_runs() {
        for seed in 10..20 {
            let report = run(seed, &Trace::quiet());
            assert!(report.wrong.is_empty(), "seed {seed}: {:#?}", report.wrong);
            assert!(report.operations > 20, "seed {seed} proves little: {report:?}");
        }
    }
}
