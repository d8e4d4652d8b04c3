//! The engine over all its backends: what is appended is read again, whatever happened in between.

mod behaviour;
mod cold;
mod counts;
mod crash;
mod damage;
mod lost;
mod model;
mod newer;
mod power;
mod snapshots;
mod space;
mod states;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use thalweg_model::batch::{BatchBuilder, BatchHeader, BatchOptions, NewRecord, ProducerStamp};
use thalweg_model::collections::HashMap;
use thalweg_model::world::{Clock, ManualClock, NoMeter, Random, SeededRandom, Threads, World, block_on};
use thalweg_model::{
    LeaderEpoch, NodeId, Offset, PartitionIndex, ProducerEpoch, ProducerId, TimestampMs, TopicId,
    TopicPartition, Uuid,
};

use super::*;
use crate::disk::MemoryDisk;
use crate::log::{BatchFacts, Read};
use crate::options::OnFailure;
use crate::storage::{Backends, Existing, Storage};

/// A folder, and the surroundings of those who open it one after another.
pub(super) struct Folder {
    pub(super) options: Options,
    pub(super) clock: ManualClock,
    pub(super) world: World,
    pub(super) snapshots: Arc<Remembered>,
    pub(super) ground: Ground,
    ticking: Arc<AtomicBool>,
}

/// What is under the engine.
pub(super) enum Ground {
    Memory(Backends),
    Disk(MemoryDisk),
    Real(tempfile::TempDir),
}

/// What a caller would keep of its partitions.
#[derive(Default)]
pub(super) struct Remembered(pub(super) Mutex<HashMap<TopicPartition, Snapshot>>);

impl Snapshots for Remembered {
    fn snapshot(&self, partition: TopicPartition, _: Option<Offset>) -> Option<Snapshot> {
        self.0.lock().get(&partition).cloned()
    }
}

impl Folder {
    pub(super) fn memory(seed: u64) -> Self {
        let options = Options { on_failure: OnFailure::Tell, ..Options::default() };
        let ground = Ground::Memory(Backends::memory(&options));
        Self::on(ground, options, seed)
    }

    pub(super) fn disk(direct: bool, seed: u64) -> Self {
        Self::on(Ground::Disk(MemoryDisk::new(direct)), small_ring(), seed)
    }

    pub(super) fn real(seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("there is a folder for what passes");
        Self::on(Ground::Real(folder), small_ring(), seed)
    }

    fn on(ground: Ground, options: Options, seed: u64) -> Self {
        let clock = ManualClock::new(TimestampMs(1_000_000));
        let world = World {
            clock: Arc::new(clock.clone()),
            random: Arc::new(SeededRandom::new(seed)),
            spawner: Arc::new(Threads),
            meter: Arc::new(NoMeter),
        };
        let ticking = Arc::new(AtomicBool::new(true));
        tick(clock.clone(), ticking.clone());
        Self { options, clock, world, snapshots: Arc::default(), ground, ticking }
    }

    /// A small ring that is half full begins a checkpoint by itself, wherever the test then is; this one does not fill.
    pub(super) fn leave_checkpoints_to_the_test(&mut self) {
        (self.options.ring_first_bytes, self.options.ring_file_bytes) = (8 << 20, 8 << 20);
    }

    pub(super) fn open(&self) -> Engine {
        self.open_knowing(&|_: TopicPartition| true)
    }

    pub(super) fn open_knowing(&self, known: &dyn Existing) -> Engine {
        self.open_with(known, self.snapshots.clone())
    }

    pub(super) fn open_with(&self, known: &dyn Existing, snapshots: Arc<dyn Snapshots>) -> Engine {
        block_on(async {
            let storage = match &self.ground {
                Ground::Memory(backends) => {
                    let (options, world) = (self.options.clone(), self.world.clone());
                    Storage::over(backends.clone(), NodeId(1), options, world).await
                }
                Ground::Disk(disk) => {
                    let (options, world) = (self.options.clone(), self.world.clone());
                    Storage::on_disk(Arc::new(disk.clone()), NodeId(1), options, world).await
                }
                Ground::Real(folder) => {
                    let (options, world) = (self.options.clone(), self.world.clone());
                    Storage::local(folder.path(), NodeId(1), options, world).await
                }
            };
            let storage = storage.expect("the folder can be opened");
            storage.start(known, snapshots).await.expect("the folder can be recovered")
        })
    }
}

fn small_ring() -> Options {
    Options {
        on_failure: OnFailure::Tell,
        ring_first_bytes: 256 << 10,
        ring_file_bytes: 512 << 10,
        ..Options::default()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.ticking.store(false, Ordering::Relaxed);
    }
}

/// Lets short waits (the writer gathers) pass by themselves; long ones are the test's.
fn tick(clock: ManualClock, ticking: Arc<AtomicBool>) {
    let short = Duration::from_millis(5);
    Threads.spawn_blocking(
        "tick",
        Box::new(move || {
            while ticking.load(Ordering::Relaxed) {
                match clock.next_deadline() {
                    Some(at) if at < clock.elapsed() + short => clock.advance(Duration::from_micros(100)),
                    _ => std::thread::yield_now(),
                }
            }
        }),
    );
}

/// Lets time pass by itself until the test ends: what waits to try again shall not wait for ever.
pub(super) struct Passing(Arc<AtomicBool>);

impl Passing {
    pub(super) fn begin(clock: ManualClock) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let end = ended.clone();
        let pass = move || {
            while !end.load(Ordering::Acquire) {
                clock.advance(Duration::from_millis(1));
                std::thread::yield_now();
            }
        };
        drop(Threads.spawn_blocking("time", Box::new(pass)));
        Self(ended)
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

use thalweg_model::world::Spawner;

pub(super) fn partition(topic: u128, index: i32) -> TopicPartition {
    TopicPartition { topic: TopicId(Uuid::from_u128(topic)), partition: PartitionIndex(index) }
}

/// A batch of records of this size, `time` and the milliseconds after it.
pub(super) fn batch(base: i64, records: usize, size: usize, time: i64, epoch: i32) -> Piece {
    let options = BatchOptions {
        base_offset: Offset(base),
        partition_leader_epoch: LeaderEpoch(epoch),
        producer: Some(ProducerStamp { id: ProducerId(7), epoch: ProducerEpoch(0), sequence: base as i32 }),
        ..BatchOptions::default()
    };
    let mut builder = BatchBuilder::new(options);
    let value: Vec<u8> = (0..size).map(|at| (at as i64 + base) as u8).collect();
    for index in 0..records {
        builder.append(NewRecord {
            timestamp: TimestampMs(time + index as i64),
            value: Some(&value),
            ..NewRecord::default()
        });
    }
    piece(builder.finish().expect("nothing is compressed").freeze())
}

pub(super) fn piece(bytes: Bytes) -> Piece {
    let header = BatchHeader::parse(&bytes).expect("it was built just now");
    let facts = BatchFacts {
        base_offset: header.base_offset,
        last_delta: header.last_offset_delta as u32,
        leader_epoch: header.partition_leader_epoch,
        producer_id: header.producer_id,
        producer_epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
        attributes: header.attributes,
        max_timestamp: header.max_timestamp,
        starts_segment: false,
    };
    Piece { bytes, facts }
}

impl Engine {
    /// Appends one batch behind the last.
    pub(super) fn put(&self, log: &Log, records: usize, size: usize, time: i64) -> WalSeq {
        let piece = batch(log.end().0, records, size, time, self.shard_epoch());
        let reservation = block_on(self.reserve(piece.bytes.len())).expect("there is room");
        log.append(reservation, |_| piece)
    }

    /// Ends as `kill -9` does, but that what it had under way is over: nothing is written after this.
    pub(super) fn kill(self) {
        self.0.failure.send_replace(Some("killed".into()));
        self.0.bell.notify_one();
        let task = self.0.checkpointer.lock().take();
        block_on(task.expect("an engine ends once"));
        self.0.lease.lock().take();
    }

    pub(super) fn settle_one(&self, partition: TopicPartition) {
        let log = self.get(partition).expect("it was made");
        block_on(self.wait(log.seq_of_state()));
    }

    pub(super) fn settle(&self) {
        let last: Vec<Log> = self.0.logs.read().values().cloned().collect();
        for log in last {
            block_on(self.wait(log.seq_of_state()));
        }
    }
}

/// All bytes of a log between two offsets, by reads of so many bytes.
pub(super) fn contents(log: &Log, from: Offset, bytes_each: usize) -> Vec<u8> {
    let (mut from, mut all) = (from, Vec::new());
    while from < log.high_watermark() {
        let read: Read = block_on(log.read(from, log.high_watermark(), bytes_each)).expect("it is there");
        assert!(read.bytes > 0, "nothing at {from} of {log:?}");
        for region in &read.regions {
            all.extend_from_slice(&region.bytes().expect("the region can be read"));
        }
        assert!(read.next > from);
        from = read.next;
    }
    all
}

/// One test for each ground.
macro_rules! on_all_grounds {
    ($($name:ident)*) => {
        mod on_memory {
            $(#[test] fn $name() { super::$name(super::super::Folder::memory(1)); })*
        }
        mod on_disk {
            $(#[test] fn $name() { super::$name(super::super::Folder::disk(true, 2)); })*
        }
        mod on_a_real_disk {
            $(#[test] fn $name() { super::$name(super::super::Folder::real(4)); })*
        }
        mod on_disk_buffered {
            $(#[test] fn $name() { super::$name(super::super::Folder::disk(false, 3)); })*
        }
    };
}
pub(super) use on_all_grounds;
