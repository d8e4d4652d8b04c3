//! A house: the tasks of one process, with its world. It can be torn down between any two polls.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use thalweg_model::world::{BoxFuture, Meter, NoMeter, Spawner, Task, World};

use super::{HouseClock, Universe};

/// How late blocking work begins.
const BLOCKING_MICROS_MAX: u64 = 900;

thread_local! {
    static BLOCKS: Cell<bool> = const { Cell::new(false) };
    static TASK: Cell<&'static str> = const { Cell::new("") };
}

/// What serves a connection sends what was read, and checked, just before: it is in the page cache.
const SENDER: &str = "kafka-connection";

/// Whether work runs that blocks its thread: nothing may be promised to it for later.
pub fn is_blocking() -> bool {
    BLOCKS.get()
}

/// Whether what runs reads what the device gives, and not what was read before.
pub fn reads_the_device() -> bool {
    TASK.get() != SENDER
}

/// Tells which task runs.
pub(super) fn set_task(name: &'static str) {
    TASK.set(name);
}

/// Which house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HouseId(u64);

/// A process.
#[derive(Clone)]
pub struct House {
    universe: Universe,
    id: HouseId,
    /// What the code of the process gets.
    pub world: World,
}

impl House {
    /// The process of a broker. `wrong_ms` is how wrong its wall clock is, which may change; what it counts of itself
    /// is kept.
    pub fn of_broker(universe: &Universe, name: &str, life: u32, wrong_ms: Arc<AtomicI64>) -> Self {
        Self::new(universe, name, wrong_ms, universe.figures().meter(u64::from(life)))
    }

    fn new(universe: &Universe, name: &str, wrong_ms: Arc<AtomicI64>, meter: Arc<dyn Meter>) -> Self {
        let id = {
            let mut state = universe.0.state.lock();
            state.next_house += 1;
            let id = HouseId(state.next_house);
            state.houses.insert(id);
            id
        };
        let world = World {
            clock: Arc::new(HouseClock::new(universe.clone(), wrong_ms)),
            random: Arc::new(universe.chance(&format!("{name} {}", id.0))),
            spawner: Arc::new(HouseSpawner { universe: universe.clone(), house: id }),
            meter,
        };
        Self { universe: universe.clone(), id, world }
    }

    /// A process whose clock is right.
    pub fn punctual(universe: &Universe, name: &str) -> Self {
        Self::new(universe, name, Arc::default(), Arc::new(NoMeter))
    }

    /// Why it wants to end, if it does.
    pub fn wants_to_end(&self) -> Option<String> {
        self.universe.0.state.lock().ended.get(&self.id).cloned()
    }

    /// Ends it, wherever its tasks are.
    pub fn kill(&self) {
        self.universe.demolish(self.id);
    }
}

struct HouseSpawner {
    universe: Universe,
    house: HouseId,
}

impl Spawner for HouseSpawner {
    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>) -> Task {
        let end = Arc::new(Mutex::new(End::default()));
        let guard = Ending(end.clone());
        let whole = async move {
            task.await;
            drop(guard);
        };
        self.universe.spawn(self.house, name, Box::pin(whole));
        Task(Box::pin(Ended(end)))
    }

    fn spawn_thread(&self, name: &'static str, task: BoxFuture<'static, ()>) -> Task {
        self.spawn(name, task)
    }

    fn end_process(&self, why: String) -> BoxFuture<'static, Infallible> {
        self.universe.0.state.lock().ended.insert(self.house, why);
        Box::pin(std::future::pending())
    }

    fn spawn_blocking(&self, name: &'static str, work: Box<dyn FnOnce() + Send>) -> Task {
        let universe = self.universe.clone();
        let task = async move {
            let late = universe.0.chance.micros(1, BLOCKING_MICROS_MAX);
            universe.sleep(late).await;
            BLOCKS.set(true);
            work();
            BLOCKS.set(false);
        };
        self.spawn(name, Box::pin(task))
    }
}

#[derive(Default)]
struct End {
    ended: bool,
    waker: Option<Waker>,
}

/// Tells that the task has ended; also when it was taken away, when nobody is left to hear it.
struct Ending(Arc<Mutex<End>>);

impl Drop for Ending {
    fn drop(&mut self) {
        let mut end = self.0.lock();
        end.ended = true;
        let waker = end.waker.take();
        drop(end);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct Ended(Arc<Mutex<End>>);

impl Future for Ended {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut end = self.0.lock();
        if end.ended {
            return Poll::Ready(());
        }
        end.waker = Some(context.waker().clone());
        Poll::Pending
    }
}
