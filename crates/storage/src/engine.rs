//! The engine's face: all partitions of a shard, the order of appends, and what is durable.

mod hearing;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use thalweg_model::collections::HashMap;
use thalweg_model::world::{Counter, Gauge, Task, World};
use thalweg_model::{Offset, TopicId, TopicPartition};
use tokio::sync::{Notify, watch};

use crate::cold::ColdReaders;
use crate::damage::{Damage, DamageBook};
use crate::delays::DeleteDelays;
use crate::disk::Space;
use crate::extent::{Extent, FileNumber};
use crate::files::Files;
use crate::leases::Lease;
use crate::log::{Log, Piece};
use crate::options::Options;
use crate::tail::Tail;
use crate::wal::{ChainId, Wal};
use crate::windows::Windows;
use crate::writer::Chain;

pub use crate::wal::WalSeq;
pub use crate::writer::{Refused, Reservation};

/// How many batches [`Engine::reserve`] makes room for.
pub const RESERVED_BATCHES: usize = 64;

/// What the caller keeps of a partition beside its records: producers, groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// How much of it.
    pub part: SnapshotPart,
    /// In the caller's own form. Changes without bytes say that nothing changed.
    pub bytes: Bytes,
    /// The last append that the state rests on: the snapshot is kept when that is durable.
    pub seq: WalSeq,
}

/// How much of the caller's state is in a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotPart {
    /// All of it.
    Whole,
    /// What changed since the offset that was asked about: taken in after what was kept before, it makes it whole.
    Changes,
}

/// Asked at a checkpoint for each partition that was appended to since the last one.
pub trait Snapshots: Send + Sync {
    /// The partition's present state; none where there is nothing to remember. It reflects every append that has
    /// happened when this is called: it is taken under the lock that the caller holds while it appends. Called from
    /// the checkpointer, which holds no lock.
    ///
    /// `since`: what is kept already reflects every append before this offset, and perhaps some after it; the answer
    /// may then be what was changed by the appends from there on. It never falls from one question to the next, but
    /// that it may be none, even after it was not: then all is asked for.
    fn snapshot(&self, partition: TopicPartition, since: Option<Offset>) -> Option<Snapshot>;
}

/// What storage holds at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Memory of the tail.
    pub tail_bytes: u64,
    /// Segment files and packs, dead bytes counted.
    pub segment_bytes: u64,
    /// Of these, what partitions still have.
    pub live_bytes: u64,
    /// Segment files and packs.
    pub files: u64,
    /// In the WAL and not in a segment file yet.
    pub uncovered_bytes: u64,
    /// Partitions.
    pub partitions: u64,
    /// Checkpoints made since the start.
    pub checkpoints: u64,
}

/// All partitions of a shard. Clones are the same engine.
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) world: World,
    pub(crate) wal: Arc<dyn Wal>,
    pub(crate) shard_epoch: i32,
    /// This life's chain; there from before anything is served.
    pub(crate) chain: OnceLock<Chain>,
    /// Where each chain that may still be read begins, oldest first.
    pub(crate) chains: Vec<(WalSeq, ChainId)>,
    // Read for each block and each request by name; written when topics come and go.
    pub(crate) logs: RwLock<HashMap<TopicPartition, Log>>,
    pub(crate) tail: Mutex<Tail>,
    pub(crate) covered: AtomicU64,
    pub(crate) files: Files,
    pub(crate) cold: ColdReaders,
    pub(crate) windows: Arc<Windows>,
    pub(crate) loose: Mutex<Loose>,
    pub(crate) bell: Notify,
    pub(crate) delays: DeleteDelays,
    /// Rung when the scrub shall end.
    pub(crate) scrub_bell: Notify,
    pub(crate) closing: AtomicBool,
    pub(crate) checkpointer: Mutex<Option<Task>>,
    pub(crate) failure: watch::Sender<Option<Arc<str>>>,
    /// How often it was looked for work, for who waits for a checkpoint.
    pub(crate) rounds: watch::Sender<u64>,
    pub(crate) wanted_rounds: AtomicU64,
    /// What keeps the folder ours until it is dropped.
    pub(crate) lease: Mutex<Option<Box<dyn Lease>>>,
    pub(crate) damage: DamageBook,
    /// Whether the last checkpoint found no space.
    pub(crate) disk_is_full: AtomicBool,
    pub(crate) scrubber: Mutex<Option<Task>>,
    pub(crate) figures: Figures,
}

/// What was let go and is not written down yet.
#[derive(Default)]
pub(crate) struct Loose {
    /// What no log has any more of files.
    pub(crate) freed: VecDeque<Freed>,
    /// Logs that begin within an extent since this place in the order, and at which offset.
    pub(crate) begun_within: BTreeMap<TopicPartition, (WalSeq, i64)>,
    /// Partitions that were removed.
    pub(crate) gone: Vec<TopicPartition>,
    /// When the first of it came.
    pub(crate) since: Option<Duration>,
}

/// Bytes of a file that nobody has any more, once what came at this place in the order is covered.
pub(crate) struct Freed {
    pub(crate) seq: WalSeq,
    pub(crate) file: FileNumber,
    pub(crate) bytes: u64,
    /// How long the file stays if this was the last of it.
    pub(crate) delay: Duration,
}

pub(crate) struct Figures {
    pub(crate) tail_bytes: Gauge,
    pub(crate) segment_bytes: Gauge,
    pub(crate) live_bytes: Gauge,
    pub(crate) files: Gauge,
    pub(crate) uncovered_bytes: Gauge,
    pub(crate) checkpoints: Counter,
    pub(crate) checkpoint_bytes: Counter,
    pub(crate) merged_bytes: Counter,
    pub(crate) cold_reads: Counter,
    pub(crate) states_read: Counter,
    pub(crate) scrubbed_bytes: Counter,
    pub(crate) scrubs: Counter,
}

impl Figures {
    pub(crate) fn new(world: &World) -> Self {
        let meter = &world.meter;
        let gauge = |name, help| Gauge(meter.gauge(name, help, &[]).0);
        let counter = |name, help| Counter(meter.counter(name, help, &[]).0);
        Self {
            tail_bytes: gauge("tail_bytes", "Memory of the newest batches."),
            segment_bytes: gauge("segment_bytes", "Bytes of segment files and packs."),
            live_bytes: gauge("segment_live_bytes", "Bytes of them that partitions still have."),
            files: gauge("segment_files", "Segment files and packs."),
            uncovered_bytes: gauge(
                "wal_uncovered_bytes",
                "Bytes of the WAL that are in no segment file yet.",
            ),
            checkpoints: counter("checkpoints_total", "Checkpoints made."),
            checkpoint_bytes: counter("checkpoint_bytes_total", "Bytes that checkpoints wrote."),
            merged_bytes: counter("merge_bytes_total", "Bytes that merges of files wrote."),
            cold_reads: counter("cold_reads_total", "Reads that had to wait for the disk."),
            states_read: counter("snapshot_reads_total", "Parts of snapshots that were read from files."),
            scrubbed_bytes: counter("scrub_bytes_total", "Bytes that the scrub has read and checked."),
            scrubs: counter("scrub_passes_total", "How often the scrub has been through all files."),
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    /// The log of a partition, made where there is none yet. Costs no I/O and may be repeated.
    pub fn create(&self, partition: TopicPartition) -> Log {
        if let Some(log) = self.get(partition) {
            return log;
        }
        let mut logs = self.0.logs.write();
        logs.entry(partition).or_insert_with(|| Log::new(partition, self.0.clone())).clone()
    }

    /// The log of a partition, if there is one.
    pub fn get(&self, partition: TopicPartition) -> Option<Log> {
        self.0.log(partition)
    }

    /// Forgets a topic whose removal is durable among the facts: its logs end, its files go after the delete delay.
    /// Logs still held answer reads with [`ReadError::Removed`](crate::ReadError::Removed).
    pub fn remove(&self, topic: TopicId) {
        let mut removed = Vec::new();
        self.0.logs.write().retain(|partition, log| {
            let stays = partition.topic != topic;
            if !stays {
                removed.push(log.clone());
            }
            stays
        });
        for log in removed {
            log.end_of_life();
        }
        self.0.delays.set_topic(topic, None);
    }

    /// From now on files stay for so long after the last that was wanted of them was let go.
    pub fn set_delete_delay(&self, delay: Duration) {
        self.0.delays.set(delay);
    }

    /// The same where a topic has something in them; none where it has no time of its own (any more). A file in which
    /// several had something stays for the longest time.
    pub fn set_topic_delete_delay(&self, topic: TopicId, delay: Option<Duration>) {
        self.0.delays.set_topic(topic, delay);
    }

    /// Which start of the broker on this folder this is: 1 the first time, one more each time.
    pub fn shard_epoch(&self) -> i32 {
        self.0.shard_epoch
    }

    /// Takes space for an append of so many bytes in at most [`RESERVED_BATCHES`] batches, waiting for it where the
    /// disk does not keep up.
    pub async fn reserve(&self, bytes: usize) -> Result<Reservation, Refused> {
        // A batch has 61 bytes at least.
        self.reserve_batches(bytes, (bytes / 61 + 1).min(RESERVED_BATCHES)).await
    }

    /// Takes space for an append of so many bytes in so many batches.
    pub async fn reserve_batches(&self, bytes: usize, batches: usize) -> Result<Reservation, Refused> {
        if self.0.memory_left().is_some_and(|space| bytes as u64 > space.free) {
            return Err(Refused::Full);
        }
        let reserved = self.0.chain().reserve(bytes, batches).await;
        // What a full disk cannot take out of the write-ahead log is in its way.
        let full = self.0.disk_is_full.load(Ordering::Acquire);
        reserved.map_err(|refused| if full && refused == Refused::Timeout { Refused::Full } else { refused })
    }

    /// Everything up to and with this is durable.
    pub fn durable(&self) -> WalSeq {
        self.0.durable()
    }

    /// Returns when everything up to and with `seq` is durable; never, when the disk has failed.
    pub async fn wait(&self, seq: WalSeq) {
        self.0.chain().wait(seq).await;
    }

    /// Shows the durable sequence as it moves; for a task that waits for several things.
    pub fn durable_watch(&self) -> watch::Receiver<WalSeq> {
        self.0.chain().subscribe()
    }

    /// Appends to several partitions at once: all of it lies in one block, and is durable whole or not at all. The
    /// caller holds its own locks of all these partitions; each is named once.
    pub fn append(&self, reservation: Reservation, parts: Vec<(&Log, Vec<Piece>)>) -> WalSeq {
        Log::append_all(&self.0, reservation, parts)
    }

    /// What is held at the moment.
    pub fn usage(&self) -> Usage {
        let figures = &self.0.figures;
        Usage {
            tail_bytes: self.0.tail.lock().bytes,
            segment_bytes: figures.segment_bytes.get().unsigned_abs(),
            live_bytes: figures.live_bytes.get().unsigned_abs(),
            files: figures.files.get().unsigned_abs(),
            uncovered_bytes: figures.uncovered_bytes.get().unsigned_abs(),
            partitions: self.0.logs.read().len() as u64,
            checkpoints: figures.checkpoints.get(),
        }
    }

    /// What is known to be damaged, in the order of partitions and offsets.
    pub fn damages(&self) -> Vec<Damage> {
        self.0.forget_damage_that_is_gone();
        self.0.damage.all()
    }

    /// Moves when [`damages`](Self::damages) may give something else.
    pub fn damage_watch(&self) -> watch::Receiver<u64> {
        self.0.damage.watch()
    }

    /// How much room there is for records: of the disk, or below the cap in memory; none where there is no bound.
    pub async fn space(&self) -> io::Result<Option<Space>> {
        match self.0.memory_left() {
            Some(space) => Ok(Some(space)),
            None => self.0.files.blobs.space().await,
        }
    }

    /// Says why the storage failed, once it has; nothing becomes durable after that, and the process must end. (With
    /// [`OnFailure::Abort`](crate::OnFailure::Abort) it has ended.)
    pub fn failure(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.0.failure.subscribe()
    }

    /// Makes a checkpoint of all that is durable now, and frees what can be freed. For tests and for who wants to
    /// copy the folder; otherwise checkpoints come by themselves.
    pub async fn checkpoint(&self) {
        let wanted = self.0.wanted_rounds.fetch_add(1, Ordering::AcqRel) + 1;
        self.0.bell.notify_one();
        let mut rounds = self.0.rounds.subscribe();
        let mut failure = self.0.failure.subscribe();
        // A checkpointer that has ended, or an engine that has failed, makes none: there is nothing to wait for.
        tokio::select! {
            biased;
            _ = rounds.wait_for(|done| *done >= wanted) => {}
            _ = failure.wait_for(Option::is_some) => {}
        }
    }

    /// Ends: what was appended becomes durable, a last checkpoint is made, the folder is given back.
    pub async fn close(self) {
        self.0.chain().close().await;
        self.0.closing.store(true, Ordering::Release);
        self.0.bell.notify_one();
        self.0.scrub_bell.notify_one();
        let tasks = [self.0.checkpointer.lock().take(), self.0.scrubber.lock().take()];
        for task in tasks.into_iter().flatten() {
            task.await;
        }
        // Logs hold the engine and the engine its logs: this is where the circle is cut.
        self.0.logs.write().clear();
        *self.0.tail.lock() = Tail::default();
        self.0.lease.lock().take();
    }
}

impl Shared {
    pub(crate) fn chain(&self) -> &Chain {
        self.chain.get().expect("the chain is begun before anything is served")
    }

    pub(crate) fn durable(&self) -> WalSeq {
        self.chain.get().map_or(self.covered(), Chain::durable)
    }

    pub(crate) fn covered(&self) -> WalSeq {
        WalSeq(self.covered.load(Ordering::Acquire))
    }

    pub(crate) fn log(&self, partition: TopicPartition) -> Option<Log> {
        self.logs.read().get(&partition).cloned()
    }

    /// What the cap in memory leaves, where there is one.
    fn memory_left(&self) -> Option<Space> {
        let total = self.options.memory_bytes_max?;
        let held = self.figures.uncovered_bytes.get() + self.figures.segment_bytes.get();
        Some(Space { total, free: total.saturating_sub(held.unsigned_abs()) })
    }

    /// Which chain a block belongs to.
    pub(crate) fn chain_of(&self, seq: WalSeq) -> ChainId {
        let after = self.chains.partition_point(|(first, _)| *first <= seq);
        self.chains[after.max(1) - 1].1
    }

    /// These extents, which a topic had, are nobody's once `seq` is covered.
    pub(crate) fn free(&self, topic: TopicId, seq: WalSeq, freed: &[Extent]) {
        let delay = self.delays.of_topic(topic);
        let bytes_of = |extent: &Extent| u64::from(extent.length);
        let mut loose = self.loose.lock();
        loose.freed.extend(freed.iter().map(|extent| Freed {
            seq,
            file: extent.file,
            bytes: bytes_of(extent),
            delay,
        }));
        loose.since.get_or_insert_with(|| self.world.clock.elapsed());
        drop(loose);
        self.bell.notify_one();
    }

    /// Since `seq` a log begins within its first extent: what of it lies before `start` is nobody's once that is
    /// durable.
    pub(crate) fn begins_within(&self, partition: TopicPartition, seq: WalSeq, start: i64) {
        let mut loose = self.loose.lock();
        loose.begun_within.insert(partition, (seq, start));
        loose.since.get_or_insert_with(|| self.world.clock.elapsed());
        drop(loose);
        self.bell.notify_one();
    }

    /// What was deleted, or written anew elsewhere, is no damage any more.
    pub(crate) fn forget_damage_that_is_gone(&self) {
        self.damage.retain(|damage| self.log(damage.partition).is_some_and(|log| log.start() < damage.to));
    }

    pub(crate) fn fail(&self, why: &str) {
        tracing::error!(why, "storage failed, the process must end");
        self.failure.send_replace(Some(why.into()));
        self.scrub_bell.notify_one();
        if self.options.on_failure == crate::options::OnFailure::Abort {
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests;
