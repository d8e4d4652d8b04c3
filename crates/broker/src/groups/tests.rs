//! The coordinator through its face, over a log that is a list and a clock that the test moves.

mod join;
mod load;
mod offsets;
mod snapshots;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use thalweg_model::world::{BoxFuture, ManualClock, NoMeter, SeededRandom, Threads, World, block_on};
use thalweg_model::{Offset, PartitionIndex, TimestampMs, TopicId};

use super::*;
use crate::WalSeq;

const GROUP: &str = "g";
const SESSION: Duration = Duration::from_secs(10);
const REBALANCE: Duration = Duration::from_secs(30);

/// A log that keeps what was appended.
#[derive(Default)]
struct List {
    records: Mutex<BTreeMap<PartitionIndex, Vec<Record>>>,
    /// What storage has of partitions: up to which offset, and in which parts.
    kept: Mutex<BTreeMap<PartitionIndex, (Offset, Vec<Bytes>)>>,
    /// While it is held nothing can be loaded.
    held: tokio::sync::Mutex<()>,
    loads: AtomicU64,
    damaged: AtomicBool,
    seq: AtomicU64,
    full: AtomicBool,
}

impl OffsetsLog for Arc<List> {
    fn reserve(&self, partition: PartitionIndex, _: usize) -> BoxFuture<'_, Result<Place, LogRefused>> {
        let list = self.clone();
        Box::pin(async move {
            if list.full.load(Ordering::Relaxed) {
                return Err(LogRefused::Unavailable);
            }
            Ok(Place::new(move |records| {
                let mut all = list.records.lock();
                let kept = all.entry(partition).or_default();
                kept.extend(records);
                let seq = WalSeq(list.seq.fetch_add(1, Ordering::Relaxed) + 1);
                Placed { seq, next: Offset(kept.len() as i64) }
            }))
        })
    }

    fn load<'a>(
        &'a self,
        partition: PartitionIndex,
        into: &'a mut Loading,
    ) -> BoxFuture<'a, Result<(), LoadFailed>> {
        Box::pin(async move {
            self.loads.fetch_add(1, Ordering::Relaxed);
            let _held = self.held.lock().await;
            if self.damaged.load(Ordering::Relaxed) {
                return Err(LoadFailed("it is damaged".into()));
            }
            let mut next = Offset(0);
            if let Some((upto, parts)) = self.kept.lock().get(&partition) {
                next = into.restore(*upto, parts.clone()).unwrap_or_default();
            }
            let all = self.records.lock();
            let records = all.get(&partition).into_iter().flatten().zip(1..);
            for (Record { key, value }, next) in records.skip(next.0 as usize) {
                into.replay(Offset(next), key.clone(), value.clone());
            }
            Ok(())
        })
    }

    fn loaded(&self, _: PartitionIndex) {}
}

struct Bench {
    coordinator: Arc<Coordinator>,
    clock: ManualClock,
    list: Arc<List>,
}

fn settings() -> GroupSettings {
    GroupSettings {
        session_timeout_min: Duration::from_secs(6),
        session_timeout_max: Duration::from_secs(1800),
        initial_rebalance_delay: Duration::ZERO,
        members_max: 3,
        offset_metadata_bytes_max: 16,
        offsets_retention: Duration::from_secs(3600),
        offsets_retention_check_interval: Duration::from_secs(600),
    }
}

fn bench() -> Bench {
    bench_with(settings(), Arc::default())
}

fn bench_with(settings: GroupSettings, list: Arc<List>) -> Bench {
    let bench = unloaded(settings, list);
    block_on(bench.coordinator.load_all());
    bench
}

fn unloaded(settings: GroupSettings, list: Arc<List>) -> Bench {
    let clock = ManualClock::new(TimestampMs(1_000_000));
    let world = World {
        clock: Arc::new(clock.clone()),
        random: Arc::new(SeededRandom::new(1)),
        spawner: Arc::new(Threads),
        meter: Arc::new(NoMeter),
    };
    let coordinator = Arc::new(Coordinator::new(3, Arc::new(list.clone()), settings, world));
    Bench { coordinator, clock, list }
}

/// A request under way, polled by hand.
struct Pending<T>(Pin<Box<dyn Future<Output = T>>>);

impl<T> Pending<T> {
    fn start(future: impl Future<Output = T> + 'static) -> Self {
        Self(Box::pin(future))
    }

    fn poll(&mut self) -> Option<T> {
        match self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    fn done(mut self) -> T {
        self.poll().expect("the answer is there")
    }
}

type Joining = Pending<Result<Joined, JoinRefused>>;

#[derive(Clone, Default)]
struct Who {
    member: String,
    instance: Option<String>,
    protocols: Vec<&'static str>,
    two_steps: bool,
    skips: bool,
}

fn who(member: &str) -> Who {
    Who { member: member.into(), protocols: vec!["range"], ..Who::default() }
}

impl Bench {
    fn join(&self, who: Who) -> Joining {
        let coordinator = self.coordinator.clone();
        let mut joining = Pending::start(async move {
            let protocol =
                |name: &&'static str| Protocol { name: (*name).into(), metadata: Bytes::from_static(b"m") };
            let join = Join {
                group: GROUP,
                member: &who.member,
                instance: who.instance.as_deref(),
                client_id: "client",
                client_host: "/127.0.0.1",
                session_timeout: SESSION,
                rebalance_timeout: REBALANCE,
                protocol_type: "consumer",
                protocols: who.protocols.iter().map(protocol).collect(),
                require_known_member: who.two_steps,
                can_skip_assignment: who.skips,
            };
            coordinator.join(join).await.value
        });
        if let Some(value) = joining.poll() {
            return Pending::start(std::future::ready(value));
        }
        joining
    }

    fn sync(
        &self,
        member: &str,
        generation: i32,
        given: &[(&str, &'static [u8])],
    ) -> Pending<Result<Synced, GroupError>> {
        let coordinator = self.coordinator.clone();
        let member = member.to_owned();
        let given: Vec<_> =
            given.iter().map(|(id, bytes)| (id.to_string(), Bytes::from_static(bytes))).collect();
        let mut syncing = Pending::start(async move {
            let sync = Sync {
                group: GROUP,
                member: &member,
                instance: None,
                generation,
                protocol_type: None,
                protocol: None,
                assignments: given.iter().map(|(id, bytes)| (id.as_str(), bytes.clone())).collect(),
            };
            coordinator.sync(sync).await.value
        });
        if let Some(value) = syncing.poll() {
            return Pending::start(std::future::ready(value));
        }
        syncing
    }

    fn heartbeat(&self, member: &str, generation: i32) -> Result<(), GroupError> {
        let coordinator = self.coordinator.clone();
        let member = member.to_owned();
        Pending::start(async move { coordinator.heartbeat(GROUP, &member, None, generation).await.value })
            .done()
    }

    fn leave(&self, member: &str) -> Result<(), GroupError> {
        let coordinator = self.coordinator.clone();
        let member = member.to_owned();
        Pending::start(async move {
            let leaving = [Leaving { member: &member, instance: None }];
            coordinator.leave(GROUP, &leaving).await.value.map(|results| results[0])
        })
        .done()
        .and_then(|result| result)
    }

    /// Lets time pass and acts on every deadline that it brings.
    fn pass(&self, time: Duration) {
        self.clock.advance(time);
        while let Ok(timer) = self.coordinator.timers.take(self.clock_elapsed()) {
            let coordinator = self.coordinator.clone();
            Pending::start(async move { coordinator.fire(&timer.group, &timer.due).await }).done();
        }
    }

    fn clock_elapsed(&self) -> Duration {
        self.coordinator.world.clock.elapsed()
    }

    fn state(&self) -> GroupState {
        self.described().expect("there is a group").state
    }

    fn described(&self) -> Result<Described, GroupError> {
        block_on(self.coordinator.describe(GROUP)).value
    }

    fn list(&self) -> Vec<Listed> {
        block_on(self.coordinator.list()).value.expect("all is loaded")
    }

    /// One member, joined and synced.
    fn alone(&self) -> Joined {
        let joined = self.join(who("")).done().expect("nobody is in the way");
        let given: [(&str, &'static [u8]); 1] = [(&joined.member, b"all")];
        assert_eq!(
            self.sync(&joined.member, joined.generation, &given).done().expect("synced").assignment,
            "all"
        );
        joined
    }

    fn commit(&self, member: &str, generation: i32, offset: i64, metadata: &str) -> Result<(), GroupError> {
        let coordinator = self.coordinator.clone();
        let (member, metadata) = (member.to_owned(), metadata.to_owned());
        Pending::start(async move {
            let commit = Commit {
                group: GROUP,
                member: &member,
                instance: None,
                generation,
                retention: None,
                offsets: vec![CommitOffset {
                    topic: "t",
                    topic_id: TopicId::ZERO,
                    partition: PartitionIndex(0),
                    offset: Offset(offset),
                    leader_epoch: None,
                    metadata: &metadata,
                }],
            };
            coordinator.commit(commit).await.value.map(|results| results[0])
        })
        .done()
        .and_then(|result| result)
    }

    fn committed(&self) -> Option<i64> {
        let asked = [("t", vec![PartitionIndex(0)])];
        let fetched = block_on(self.coordinator.fetch(GROUP, Some(&asked))).value.expect("it is loaded");
        fetched[0].2.as_ref().map(|committed| committed.offset.0)
    }

    /// The same log, read by a new coordinator.
    fn restarted(&self) -> Bench {
        let records = Mutex::new(self.list.records.lock().clone());
        bench_with(settings(), Arc::new(List { records, ..List::default() }))
    }
}
