//! The world of a simulation: tasks, time and chance on one thread, decided by one seed.
//!
//! A step polls one task that is ready, chosen by chance, and lets a little time pass. Where none is ready, time jumps
//! to the next timer. So a task may be taken away between any two of its awaits, and every run of a seed is the same
//! run: the set of ready tasks counts, not the order in which they were woken.

mod chance;
mod clock;
mod house;
mod tally;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use thalweg_model::world::BoxFuture;

pub use self::chance::Chance;
pub use self::clock::{HouseClock, Sleep};
pub use self::house::{House, HouseId, is_blocking, reads_the_device};
pub use self::tally::{Figures, Tally};
pub use self::trace::Trace;

/// How long one poll of a task takes at most.
const STEP_MICROS_MAX: u64 = 6;
/// One in so many tasks that are ready does not get the processor at once,
const STALL_ONE_IN: u64 = 600;
/// but so much later at most.
const STALL_MICROS_MAX: u64 = 15_000;

/// The world; clones are the same world.
#[derive(Clone)]
pub struct Universe(Arc<Inner>);

struct Inner {
    seed: u64,
    chance: Chance,
    trace: Trace,
    tally: Tally,
    figures: Figures,
    state: Mutex<State>,
    ready: Arc<Mutex<BTreeSet<TaskId>>>,
}

type TaskId = u64;

#[derive(Default)]
struct State {
    elapsed: Duration,
    tasks: BTreeMap<TaskId, Slot>,
    next_task: TaskId,
    houses: BTreeSet<HouseId>,
    /// Houses that want to end, and why.
    ended: BTreeMap<HouseId, String>,
    next_house: u64,
    timers: BTreeMap<(Duration, u64), Waker>,
    next_timer: u64,
}

struct Slot {
    house: HouseId,
    name: &'static str,
    /// Taken out while it is polled.
    future: Option<BoxFuture<'static, ()>>,
}

struct WakeTask {
    task: TaskId,
    ready: Arc<Mutex<BTreeSet<TaskId>>>,
}

impl Wake for WakeTask {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.lock().insert(self.task);
    }
}

impl Universe {
    /// An empty world.
    pub fn new(seed: u64, trace: Trace) -> Self {
        Self(Arc::new(Inner {
            seed,
            chance: Chance::new(seed, "universe"),
            trace,
            tally: Tally::default(),
            figures: Figures::default(),
            state: Mutex::default(),
            ready: Arc::default(),
        }))
    }

    /// Chance for a purpose: what one purpose uses does not change what another gets.
    pub fn chance(&self, purpose: &str) -> Chance {
        Chance::new(self.0.seed, purpose)
    }

    /// Where everything that happens is told.
    pub fn trace(&self) -> &Trace {
        &self.0.trace
    }

    /// How often each thing happened.
    pub fn tally(&self) -> &Tally {
        &self.0.tally
    }

    /// What brokers count of themselves.
    pub fn figures(&self) -> &Figures {
        &self.0.figures
    }

    /// Time since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.0.state.lock().elapsed
    }

    /// Ends when so much time has passed.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(self.clone(), self.elapsed() + duration)
    }

    /// Something that happens is told; it is part of what two runs of a seed have in common.
    pub fn say(&self, what: std::fmt::Arguments<'_>) {
        self.0.trace.say(self.elapsed(), what);
    }

    /// Polls one task; false when nothing will ever happen any more.
    pub fn step(&self) -> bool {
        let Some(task) = self.next_ready() else { return false };
        let mut state = self.0.state.lock();
        state.elapsed += Duration::from_micros(1 + self.0.chance.below(STEP_MICROS_MAX));
        let elapsed = state.elapsed;
        let Some(slot) = state.tasks.get_mut(&task) else { return true };
        let Some(mut future) = slot.future.take() else { return true };
        let name = slot.name;
        self.0.trace.step(elapsed, task, name);
        drop(state);
        let waker = Waker::from(Arc::new(WakeTask { task, ready: self.0.ready.clone() }));
        house::set_task(name);
        let poll = future.as_mut().poll(&mut Context::from_waker(&waker));
        let mut state = self.0.state.lock();
        // Its house may have ended meanwhile.
        if let Some(slot) = state.tasks.get_mut(&task) {
            match poll {
                Poll::Ready(()) => drop(state.tasks.remove(&task)),
                Poll::Pending => slot.future = Some(future),
            }
        }
        true
    }

    /// Ends everything: who holds on to the world must not keep its tasks alive.
    pub fn end(&self) {
        let tasks = {
            let mut state = self.0.state.lock();
            state.houses.clear();
            std::mem::take(&mut state.tasks)
        };
        drop(tasks);
        self.0.state.lock().timers.clear();
    }

    fn next_ready(&self) -> Option<TaskId> {
        loop {
            self.fire_timers();
            let mut ready = self.0.ready.lock();
            if ready.is_empty() {
                drop(ready);
                let mut state = self.0.state.lock();
                let (at, _) = *state.timers.keys().next()?;
                state.elapsed = state.elapsed.max(at);
                continue;
            }
            let index = self.0.chance.below(ready.len() as u64) as usize;
            let task = *ready.iter().nth(index).expect("it is below their number");
            ready.remove(&task);
            drop(ready);
            if !self.0.chance.one_in(STALL_ONE_IN) {
                return Some(task);
            }
            let mut state = self.0.state.lock();
            let at = state.elapsed + Duration::from_micros(self.0.chance.below(STALL_MICROS_MAX));
            let timer = state.timer(at);
            let waker = Waker::from(Arc::new(WakeTask { task, ready: self.0.ready.clone() }));
            state.timers.insert(timer, waker);
        }
    }

    fn fire_timers(&self) {
        let mut state = self.0.state.lock();
        let now = state.elapsed;
        let mut due = Vec::new();
        while let Some(timer) = state.timers.first_entry()
            && timer.key().0 <= now
        {
            due.push(timer.remove());
        }
        drop(state);
        due.into_iter().for_each(Waker::wake);
    }

    fn spawn(&self, house: HouseId, name: &'static str, future: BoxFuture<'static, ()>) {
        let mut state = self.0.state.lock();
        // What a house starts while it ends never runs.
        if !state.houses.contains(&house) {
            drop(state);
            drop(future);
            return;
        }
        state.next_task += 1;
        let task = state.next_task;
        state.tasks.insert(task, Slot { house, name, future: Some(future) });
        self.0.ready.lock().insert(task);
    }

    /// Takes all tasks of a house away, wherever they are.
    fn demolish(&self, house: HouseId) {
        let mut state = self.0.state.lock();
        state.houses.remove(&house);
        let gone: Vec<TaskId> =
            state.tasks.iter().filter(|(_, slot)| slot.house == house).map(|(task, _)| *task).collect();
        let gone: Vec<Slot> = gone.iter().filter_map(|task| state.tasks.remove(task)).collect();
        drop(state);
        // Not under the lock: what is dropped wakes others and touches timers.
        drop(gone);
    }
}

impl State {
    /// A new timer's key.
    fn timer(&mut self, at: Duration) -> (Duration, u64) {
        self.next_timer += 1;
        (at, self.next_timer)
    }
}
