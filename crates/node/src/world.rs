//! The real world: the system's clock and chance, tasks on tokio, threads, figures that `/metrics` shows.

// Named by its path because the tests of the commands take this file in from where they are.
#[path = "world/own_thread.rs"]
mod own_thread;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use thalweg_model::TimestampMs;
use thalweg_model::world::{BoxFuture, Clock, Meter, Random, Spawner, Task, World};
use tokio::runtime::Handle;

/// The world of a process that serves on this runtime.
pub(crate) fn real(runtime: &Handle, meter: Arc<dyn Meter>) -> World {
    World {
        clock: Arc::new(SystemClock::start()),
        random: Arc::new(SystemRandom),
        spawner: Arc::new(Tokio(runtime.clone())),
        meter,
    }
}

/// The clock of the system.
#[derive(Debug)]
pub(crate) struct SystemClock(Instant);

impl SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the Clock that others ask")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the Clock that others ask")]
    fn now(&self) -> TimestampMs {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        TimestampMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    #[allow(clippy::disallowed_methods, reason = "this is the Clock that others ask")]
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let begun = Instant::now();
        Box::pin(async move {
            let own = begun.checked_add(duration).and_then(own_thread::sleep_until);
            match own {
                Some(sleep) => sleep.await,
                None => tokio::time::sleep(duration).await,
            }
        })
    }
}

/// The chance of the system.
#[derive(Debug)]
pub(crate) struct SystemRandom;

impl Random for SystemRandom {
    fn next(&self) -> u64 {
        let mut bytes = [0; 8];
        let filled = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
        assert_eq!(filled, Ok(bytes.len()), "the system gives up to 256 random bytes at once, whole");
        u64::from_ne_bytes(bytes)
    }
}

/// Work for a thread that may not be there yet.
type Work = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// How long after the system had no thread to give it is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

#[allow(clippy::disallowed_methods, reason = "this is the world that others ask")]
async fn ask_again_later() {
    tokio::time::sleep(ASK_AGAIN).await;
}

fn begin_thread(name: &str, work: &Work) -> std::io::Result<()> {
    let work = work.clone();
    let run = move || {
        let work = work.lock().take();
        if let Some(work) = work {
            work();
        }
    };
    std::thread::Builder::new().name(name.into()).spawn(run).map(drop)
}

/// Tasks on tokio.
#[derive(Debug)]
struct Tokio(Handle);

impl Spawner for Tokio {
    fn spawn(&self, _: &'static str, task: BoxFuture<'static, ()>) -> Task {
        let task = self.0.spawn(task);
        Task(Box::pin(async move { drop(task.await) }))
    }

    fn spawn_thread(&self, name: &'static str, task: BoxFuture<'static, ()>) -> Task {
        let runtime = self.0.clone();
        let (ended, end) = tokio::sync::oneshot::channel();
        let context = runtime.clone();
        let run = move || {
            let _context = context.enter();
            own_thread::run(task);
            let _ = ended.send(());
        };
        let work: Work = Arc::new(Mutex::new(Some(Box::new(run))));
        if let Err(error) = begin_thread(name, &work) {
            // Short of memory or of threads: the work waits until there is one, and the process goes on.
            tracing::error!(thread = name, %error, "the system has no thread to give, it is asked again and again");
            drop(runtime.spawn(async move {
                while begin_thread(name, &work).is_err() {
                    ask_again_later().await;
                }
            }));
        }
        Task(Box::pin(async move { drop(end.await) }))
    }

    fn spawn_blocking(&self, _: &'static str, work: Box<dyn FnOnce() + Send>) -> Task {
        let task = self.0.spawn_blocking(work);
        Task(Box::pin(async move { drop(task.await) }))
    }
}
