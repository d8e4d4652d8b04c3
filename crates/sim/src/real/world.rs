//! The real world for our own client: the system's clock, tasks on tokio.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use thalweg_kafka::client::{Client, ClientError, ClientOptions};
use thalweg_model::TimestampMs;
use thalweg_model::world::{BoxFuture, Clock, NoMeter, SeededRandom, Spawner, Task, Threads, World};
use tokio::runtime::Handle;

/// How long a client tries before it says that something does not work.
const PATIENCE: Duration = Duration::from_secs(20);

/// A world whose chance has a seed, and whose time is real. Called inside a runtime.
pub fn real(seed: u64) -> World {
    World {
        clock: Arc::new(RealClock(Instant::now())),
        random: Arc::new(SeededRandom::new(seed)),
        spawner: Arc::new(Tasks(Handle::current())),
        meter: Arc::new(NoMeter),
    }
}

/// Our own client of the broker at a port of this machine.
pub async fn client(port: u16, world: &World) -> Result<Client, ClientError> {
    let mut options = ClientOptions::new(vec![("127.0.0.1".to_owned(), port)]);
    options.retry_timeout = PATIENCE;
    options.retry_backoff = Duration::from_millis(10);
    Client::connect(options, world.clone()).await
}

struct RealClock(Instant);

impl Clock for RealClock {
    fn now(&self) -> TimestampMs {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        TimestampMs(since.as_millis() as i64)
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

struct Tasks(Handle);

impl Spawner for Tasks {
    fn spawn(&self, _: &'static str, task: BoxFuture<'static, ()>) -> Task {
        let task = self.0.spawn(task);
        Task(Box::pin(async move { drop(task.await) }))
    }

    fn spawn_thread(&self, name: &'static str, task: BoxFuture<'static, ()>) -> Task {
        let runtime = self.0.clone();
        self.spawn_blocking(name, Box::new(move || runtime.block_on(task)))
    }

    fn spawn_blocking(&self, name: &'static str, work: Box<dyn FnOnce() + Send>) -> Task {
        Threads.spawn_blocking(name, work)
    }
}
