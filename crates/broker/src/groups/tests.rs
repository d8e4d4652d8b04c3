//! The coordinator through its face, over a log that is a list and a clock that the test moves.

mod join;
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
use thalweg_model::world::{BoxFuture, ManualClock, NoMeter, SeededRandom, Threads, World};
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
        self.coordinator.describe(GROUP).value.expect("there is a group").state
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
        self.coordinator.fetch(GROUP, Some(&asked)).value[0].2.as_ref().map(|committed| committed.offset.0)
    }

    /// The same log, read by a new coordinator.
    fn restarted(&self) -> Bench {
        let list = Arc::new(List::default());
        let again = bench_with(settings(), list);
        for (partition, records) in self.list.records.lock().iter() {
            for (record, next) in records.iter().zip(1..) {
                again.coordinator.replay(*partition, Offset(next), record.key.clone(), record.value.clone());
            }
        }
        again.coordinator.loaded();
        again
    }
}
