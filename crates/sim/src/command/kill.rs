//! `thalweg-sim kill`: the real binary killed again and again under clients who go on.
//!
//! A run cannot be played again exactly: processes have their own time. The seed decides when the kills come; what the
//! clients noted stays in the folder where something was wrong, and `thalweg-sim judge` reads it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::Args;
use thalweg_kafka::client::{Client, Isolation, NewTopic, OffsetSpec, PartitionName};
use thalweg_model::collections::HashSet;
use thalweg_model::world::{Random, SeededRandom, World};
use thalweg_sim::history::{Action, Operation, Outcome, Rules, Verdict, judge, write_line};
use thalweg_sim::kill::{Foreign, GROUP, Own, PARTITIONS, Role, TOPIC};
use thalweg_sim::real::{Census, Expected, Launch, Notes, Process, client, free_port, fresh_folder, real};

#[derive(Args)]
pub(crate) struct Flags {
    /// The binary of the broker
    #[arg(long, value_name = "FILE")]
    binary: PathBuf,
    /// Where all of the run lies; it is made anew
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// How often the broker is killed
    #[arg(long, default_value_t = 100)]
    kills: u64,
    /// What decides when
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A Python with confluent-kafka; without one only our own clients run
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    /// The program of its clients
    #[arg(long, value_name = "FILE", default_value = "compat/python/killed_client.py")]
    script: PathBuf,
}

const SETTINGS: &[(&str, &str)] = &[
    ("thalweg.checkpoint.interval.ms", "200"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("offsets.topic.num.partitions", "2"),
    ("log.segment.delete.delay.ms", "100"),
];
/// How long the broker serves between two kills, in milliseconds: between these.
const LIFE_MS: (u64, u64) = (20, 600);
/// One in so many starts is killed before it serves,
const KILLED_AT_START: u64 = 4;
/// within so many milliseconds.
const START_MS: u64 = 25;
/// After so many kills a member leaves and another one comes.
const MEMBER_LIFE_KILLS: u64 = 20;
/// How long the group may take to come to the end.
const CATCH_UP_MAX: Duration = Duration::from_secs(60);
/// How often that is asked.
const POLL: Duration = Duration::from_millis(50);
const PRODUCERS: usize = 2;
const MEMBERS: usize = 2;
/// The numbers of our own clients; the others follow.
const OWN_PRODUCER: u32 = 1;
const OWN_CONSUMER: u32 = 2;
const CENSUS: u32 = 3;

pub(crate) fn run(flags: &Flags) -> anyhow::Result<ExitCode> {
    let folder = fresh_folder(flags.folder.clone())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let told = runtime.block_on(Loop::run(flags, &folder));
    runtime.shutdown_timeout(Duration::from_secs(5));
    match told.and_then(|told| told.judge(&folder)) {
        Ok(()) => {
            std::fs::remove_dir_all(&folder)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            println!("FAILED {error:#}");
            println!(
                "  again: thalweg-sim kill --binary {} --folder {} --kills {} --seed {}{}; what was seen: {}/history",
                flags.binary.display(),
                flags.folder.display(),
                flags.kills,
                flags.seed,
                flags
                    .python
                    .as_ref()
                    .map(|python| format!(" --python {}", python.display()))
                    .unwrap_or_default(),
                folder.display()
            );
            Ok(ExitCode::FAILURE)
        }
    }
}

/// What a run left.
struct Told {
    seen: Vec<Operation>,
    census: Vec<Operation>,
    /// Whether there was a group of foreign members.
    has_group: bool,
}

struct Loop<'f> {
    flags: &'f Flags,
    folder: &'f Path,
    port: u16,
    chance: SeededRandom,
    world: World,
    /// None while it is being started.
    broker: Option<Process>,
    next_client: u32,
}

impl<'f> Loop<'f> {
    async fn run(flags: &'f Flags, folder: &'f Path) -> anyhow::Result<Told> {
        let mut this = Loop {
            flags,
            folder,
            port: free_port()?,
            chance: SeededRandom::new(flags.seed),
            world: real(flags.seed),
            broker: None,
            next_client: CENSUS,
        };
        this.broker = Some(this.launch()?.ready()?);
        let notes = Arc::new(Notes::new(monotonic));
        let client = client(this.port, &this.world).await?;
        client.create_topics(&[NewTopic { partitions: PARTITIONS, ..NewTopic::new(TOPIC) }], false).await?;
        let own =
            Arc::new(Own { client: client.clone(), notes: notes.clone(), ended: AtomicBool::new(false) });
        let producing = tasks({
            let own = own.clone();
            async move { own.produce(OWN_PRODUCER).await }
        });
        let consuming = tasks({
            let own = own.clone();
            async move { own.consume(OWN_CONSUMER).await }
        });
        let mut producers = this.foreign(Role::Produce, PRODUCERS)?;
        let mut members = this.foreign(Role::Consume, MEMBERS)?;
        let mut seen = Vec::new();
        let mut at_start = 0;
        for kill in 1..=flags.kills {
            this.rest(LIFE_MS.0, LIFE_MS.1).await;
            let broker = this.broker.take().context("it was started")?;
            this.kill(broker)?;
            while this.chance.next().is_multiple_of(KILLED_AT_START) {
                let broker = this.launch()?;
                this.rest(0, START_MS).await;
                this.kill(broker)?;
                at_start += 1;
            }
            this.broker = Some(this.launch()?.ready()?);
            if kill.is_multiple_of(MEMBER_LIFE_KILLS) && !members.is_empty() {
                let leaving = members.remove(0);
                members.extend(this.foreign(Role::Consume, 1)?);
                seen.extend(end(vec![leaving]).await?);
            }
        }
        own.ended.store(true, Ordering::Relaxed);
        producing.await??;
        seen.extend(end(std::mem::take(&mut producers)).await?);
        consuming.await??;
        let has_group = !members.is_empty();
        if has_group {
            this.wait_for_group(&client).await?;
        }
        seen.extend(end(members).await?);
        seen.extend(notes.take());
        let expected = Expected::of(&seen);
        let start = notes.now();
        let census =
            Census::take(&client, &expected).await?.operations(&expected, CENSUS, start, notes.now());
        println!("{} kills while it served, {at_start} while it started", flags.kills);
        Ok(Told { seen, census, has_group })
    }

    fn launch(&self) -> anyhow::Result<Process> {
        let (data, log) = (self.folder.join("data"), self.folder.join("broker.log"));
        let (binary, port) = (&self.flags.binary, self.port);
        Launch { binary, data: &data, port, journal: None, settings: SETTINGS, log: &log }.begin()
    }

    fn kill(&self, mut broker: Process) -> anyhow::Result<()> {
        ensure!(
            broker.is_alive(),
            "the broker ended by itself; see {}",
            self.folder.join("broker.log").display()
        );
        broker.kill();
        Ok(())
    }

    async fn rest(&self, least_ms: u64, most_ms: u64) {
        let ms = least_ms + self.chance.next() % (most_ms - least_ms);
        self.world.clock.sleep(Duration::from_millis(ms)).await;
    }

    fn foreign(&mut self, role: Role, count: usize) -> anyhow::Result<Vec<Foreign>> {
        let Some(python) = &self.flags.python else { return Ok(Vec::new()) };
        let mut started = Vec::new();
        for _ in 0..count {
            self.next_client += 1;
            let (script, client) = (&self.flags.script, self.next_client);
            started.push(Foreign::start(python, script, role, self.port, client, self.folder)?);
        }
        Ok(started)
    }

    /// Waits until the group has committed the end of every partition.
    async fn wait_for_group(&self, client: &Client) -> anyhow::Result<()> {
        let deadline = self.world.clock.elapsed() + CATCH_UP_MAX;
        let ends: Vec<_> =
            (0..PARTITIONS).map(|index| (PartitionName::new(TOPIC, index), OffsetSpec::Latest)).collect();
        loop {
            let mut behind = Vec::new();
            let committed = client.committed(GROUP, None).await?;
            for (name, listed) in client.list_offsets(&ends, Isolation::default()).await? {
                let end = listed?.offset;
                let found = committed.iter().find(|(other, _)| *other == name);
                let position =
                    found.and_then(|(_, found)| found.as_ref().ok()).map_or(0, |found| found.offset);
                if position < end {
                    behind.push(format!("{name} at {position} of {end}"));
                }
            }
            if behind.is_empty() {
                return Ok(());
            }
            if self.world.clock.elapsed() > deadline {
                bail!("the group did not go on: {}", behind.join(", "));
            }
            self.world.clock.sleep(POLL).await;
        }
    }
}

impl Told {
    fn judge(self, folder: &Path) -> anyhow::Result<()> {
        let Self { seen, census, has_group } = self;
        let all: Vec<Operation> = seen.iter().chain(&census).cloned().collect();
        let mut lines = Vec::new();
        for operation in &all {
            write_line(&mut lines, operation)?;
        }
        std::fs::write(folder.join("history"), lines)?;
        let verdict = judge(&all, Rules { dense: true, all_read: true, ..Rules::default() });
        println!("{}", first_line(&verdict));
        ensure!(verdict.is_right(), "{verdict}");
        ensure!(verdict.acknowledged > 1000, "a load that hardly writes proves nothing");
        if has_group {
            let unread = not_polled_by_members(&seen);
            ensure!(unread.is_empty(), "the group passed over {} records: {:?}", unread.len(), &unread[..1]);
        }
        Ok(())
    }
}

fn first_line(verdict: &Verdict) -> String {
    verdict.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Records that were acknowledged and that no member of the group was handed.
fn not_polled_by_members(seen: &[Operation]) -> Vec<u64> {
    let members = seen.iter().filter(|operation| operation.client > CENSUS);
    let mut polled: HashSet<u64> = HashSet::default();
    for operation in members {
        if let Action::Poll { records, .. } = &operation.action {
            polled.extend(records.iter().map(|record| record.value));
        }
    }
    let acknowledged = seen.iter().filter_map(|operation| match &operation.action {
        Action::Produce { value, outcome: Outcome::Ok(_), .. } => Some(*value),
        _ => None,
    });
    acknowledged.filter(|value| !polled.contains(value)).collect()
}

/// Lets clients end, on a thread that may wait for them.
async fn end(clients: Vec<Foreign>) -> anyhow::Result<Vec<Operation>> {
    let work = move || {
        let mut seen = Vec::new();
        for client in clients {
            seen.extend(client.end()?);
        }
        anyhow::Ok(seen)
    };
    blocking(work).await?
}

#[allow(clippy::disallowed_methods, reason = "real runs have a real runtime")]
fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> tokio::task::JoinHandle<T> {
    tokio::task::spawn_blocking(work)
}

#[allow(clippy::disallowed_methods, reason = "real runs have a real runtime")]
fn tasks<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> tokio::task::JoinHandle<T> {
    tokio::spawn(task)
}

/// The system's clock that never goes back, in nanoseconds: one for all processes.
fn monotonic() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}
