//! What the clients of a simulation did and saw, written down as it happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::history::{Action, Operation, Outcome};
use crate::simulation::universe::Universe;

/// The history of a run; clones write into the same one.
#[derive(Clone)]
pub struct Ledger {
    universe: Universe,
    operations: Arc<Mutex<Vec<Operation>>>,
    /// Counts moments: no two are the same.
    moment: Arc<AtomicU64>,
    next_client: Arc<AtomicU32>,
    next_value: Arc<AtomicU64>,
    lost_end: Arc<Mutex<Option<LostEnd>>>,
}

/// Where in a history a power cut may have taken the ends of partitions.
#[derive(Clone, Copy, Debug)]
pub struct LostEnd {
    /// What was counted after it begins here,
    pub counting: usize,
    /// and ends here.
    pub counted: usize,
}

impl Ledger {
    /// An empty history.
    pub fn new(universe: &Universe) -> Self {
        Self {
            universe: universe.clone(),
            operations: Arc::default(),
            moment: Arc::default(),
            next_client: Arc::default(),
            next_value: Arc::default(),
            lost_end: Arc::default(),
        }
    }

    /// A new client's number.
    pub fn client(&self) -> u32 {
        self.next_client.fetch_add(1, Ordering::Relaxed)
    }

    /// What no record has said before.
    pub fn value(&self) -> u64 {
        self.next_value.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Now.
    pub fn moment(&self) -> u64 {
        self.moment.fetch_add(1, Ordering::Relaxed)
    }

    /// Writes down what began at `start` and has ended now; where nobody knows how, it may end yet.
    pub fn ended(&self, client: u32, start: u64, action: Action) {
        let moment = self.moment();
        let end = (!is_unknown(&action)).then_some(moment);
        self.universe.say(format_args!("client {client}: {start}..: {action:?}"));
        self.universe.tally().count(doing(&action));
        self.operations.lock().push(Operation { client, start, end, action });
    }

    /// Writes down what happens at this moment.
    pub fn now(&self, client: u32, action: Action) {
        self.ended(client, self.moment(), action);
    }

    /// How much was written down.
    pub fn len(&self) -> usize {
        self.operations.lock().len()
    }

    /// Whether nothing was written down.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A power cut may have taken the ends of partitions; what is left was counted since `counting`.
    pub fn lost_the_end(&self, counting: usize) {
        *self.lost_end.lock() = Some(LostEnd { counting, counted: self.len() });
    }

    /// Where that was.
    pub fn lost_end(&self) -> Option<LostEnd> {
        *self.lost_end.lock()
    }

    /// All that was written down.
    pub fn operations(&self) -> Vec<Operation> {
        self.operations.lock().clone()
    }
}

/// What was done, and how it went, as it is counted.
fn doing(action: &Action) -> &'static str {
    match action {
        Action::Produce { idempotent: true, outcome: Outcome::Ok(_), .. } => {
            "clients: idempotent record, done"
        }
        Action::Produce { idempotent: true, .. } => "clients: idempotent record, nobody knows",
        Action::Produce { idempotent: false, outcome: Outcome::Ok(_), .. } => "clients: plain record, done",
        Action::Produce { idempotent: false, .. } => "clients: plain record, nobody knows",
        Action::Poll { .. } => "clients: poll that brought records",
        Action::Census { .. } => "clients: census of a partition",
        Action::Assign { .. } => "clients: assignment, alone or in a group",
        Action::Seek(_) => "clients: seek",
        Action::Commit { outcome: Outcome::Ok(()), .. } => "clients: commit, done",
        Action::Commit { .. } => "clients: commit, nobody knows",
        Action::Committed { .. } => "clients: committed position read",
        Action::DeleteRecords { outcome: Outcome::Ok(_), .. } => "clients: records deleted or retained, done",
        Action::DeleteRecords { .. } => "clients: records deleted, nobody knows",
        Action::DeleteTopic { outcome: Outcome::Ok(()), .. } => "clients: topic deleted, done",
        Action::DeleteTopic { .. } => "clients: topic deleted, nobody knows",
        Action::EndTransaction { .. } => "clients: transaction ended",
        Action::Damaged { .. } => "broker: run of damaged records met by a census",
    }
}

fn is_unknown(action: &Action) -> bool {
    match action {
        Action::Produce { outcome, .. } | Action::DeleteRecords { outcome, .. } => {
            *outcome == Outcome::Unknown
        }
        Action::Commit { outcome, .. }
        | Action::DeleteTopic { outcome, .. }
        | Action::EndTransaction { outcome, .. } => *outcome == Outcome::Unknown,
        Action::Poll { .. }
        | Action::Census { .. }
        | Action::Assign { .. }
        | Action::Seek(_)
        | Action::Committed { .. }
        | Action::Damaged { .. } => false,
    }
}
