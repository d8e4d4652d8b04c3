//! The writer of the chain: gathers what partitions push into blocks and makes one block after another durable, on one
//! thread. Gives no offsets and knows no log: what it must tell of a block it tells its [`Audience`].
//!
//! ```text
//!   push ──► open block ──► sealed ──► put ──► durable counter ──► audience, waiters
//!              ▲  pushes go on while a put is under way: into the next block
//!   reserve ───┘  before offsets are given: memory, and room in the ring
//! ```

mod budget;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use thalweg_model::world::{Clock, Histogram, Task, World};
use tokio::sync::{Notify, watch};

use crate::block::{self, ENTRY_BYTES, Entry, FOOTER_BYTES, HEADER_BYTES, Header};
use crate::options::Durability;
use crate::wal::{Caps, ChainId, PutError, Wal, WalSeq};

use self::budget::Budget;
pub use self::budget::{Refused, Reservation};

/// How the writer works.
#[derive(Clone, Debug)]
pub struct ChainOptions {
    /// Whether a put is durable: decides what blocks say of those before them.
    pub durability: Durability,
    /// Bytes of batches that may be reserved or on their way to the disk.
    pub wal_bytes: u64,
    /// How long a reservation waits before it is refused.
    pub reserve_wait_max: Duration,
    /// After a block above this, the next one is gathered.
    pub gather_above_bytes: usize,
    /// A block this large is gathered no more.
    pub gather_bytes: usize,
    /// Nor one that is open this long, or still is when the one before it ended so long ago.
    pub gather_time: Duration,
}

impl Default for ChainOptions {
    fn default() -> Self {
        Self {
            durability: Durability::Fsync,
            wal_bytes: 16 << 20,
            reserve_wait_max: Duration::from_secs(5),
            gather_above_bytes: 8 << 10,
            gather_bytes: 256 << 10,
            gather_time: Duration::from_micros(500),
        }
    }
}

/// A block on its way to the disk, or there.
#[derive(Debug)]
pub struct Sealed {
    /// Its number.
    pub seq: WalSeq,
    /// Its batches, sorted by partition, each partition's in the order of its pushes; positions are set.
    pub batches: Vec<(Entry, Bytes)>,
    /// The length of the block.
    pub length: u64,
}

/// Who hears of blocks. Called on the writer's thread, block after block, under no lock of the writer's; must not
/// block for long, as nothing becomes durable meanwhile.
pub trait Audience: Send + Sync {
    /// A block is complete and its put begins.
    fn sealed(&self, block: &Arc<Sealed>);
    /// A block is durable, and can be read. Those who wait for it are told after this, so that nobody who has an answer
    /// in hand looks for the record before its readers have heard of it.
    fn durable(&self, block: &Arc<Sealed>);
    /// All have been told of a block: what nobody waits for can be done.
    fn settled(&self);
    /// Nothing will become durable any more: the process must end.
    fn failed(&self, error: &PutError);
}

/// What a chain is begun with.
pub struct ChainSetup {
    /// Where blocks go.
    pub wal: Arc<dyn Wal>,
    /// The chain's new name, which is durable among the facts already.
    pub chain: ChainId,
    /// The first block's number: above all blocks of earlier chains.
    pub first: WalSeq,
    /// The shard that it belongs to.
    pub shard: u32,
    /// Which leadership of the shard this is.
    pub shard_epoch: i32,
    /// How the writer works.
    pub options: ChainOptions,
    /// Time, threads and figures.
    pub world: World,
    /// Who hears of blocks.
    pub audience: Arc<dyn Audience>,
}

/// The chain of this life of the broker; clones are the same chain.
#[derive(Clone)]
pub struct Chain(Arc<Shared>);

struct Shared {
    wal: Arc<dyn Wal>,
    caps: Caps,
    chain: ChainId,
    shard: u32,
    shard_epoch: i32,
    options: ChainOptions,
    clock: Arc<dyn Clock>,
    budget: Arc<Budget>,
    // held for a push of a few entries, and while the writer takes a block out
    state: Mutex<State>,
    /// Rung when the writer may have something to do.
    pushed: Notify,
    durable: AtomicU64,
    durable_tell: watch::Sender<WalSeq>,
    covered: AtomicU64,
    task: Mutex<Option<Task>>,
    put_seconds: Arc<dyn Histogram>,
    block_bytes: Arc<dyn Histogram>,
    block_batches: Arc<dyn Histogram>,
}

struct State {
    /// Blocks that are not sealed; only the last one takes more.
    open: VecDeque<Open>,
    next: WalSeq,
    closing: bool,
}

struct Open {
    seq: WalSeq,
    batches: Vec<(Entry, Bytes)>,
    length: usize,
    since: Duration,
    /// What all its appends took, in one.
    reservation: Option<Reservation>,
}

/// What the writer does next.
enum Next {
    Write(Open),
    Gather(Duration),
    Idle,
    End,
}

impl Chain {
    /// Begins a chain; its writer runs until [`Chain::close`].
    pub fn start(setup: ChainSetup) -> Self {
        let ChainSetup { wal, chain, first, shard, shard_epoch, options, world, audience } = setup;
        let meter = &world.meter;
        let before = WalSeq(first.0 - 1);
        let shared = Arc::new(Shared {
            caps: wal.caps(),
            budget: Arc::new(Budget::new(wal.clone(), options.wal_bytes, world.clock.clone())),
            wal,
            chain,
            shard,
            shard_epoch,
            clock: world.clock.clone(),
            state: Mutex::new(State { open: VecDeque::new(), next: first, closing: false }),
            pushed: Notify::new(),
            durable: AtomicU64::new(before.0),
            durable_tell: watch::Sender::new(before),
            covered: AtomicU64::new(before.0),
            task: Mutex::new(None),
            put_seconds: meter.histogram(
                "wal_put_seconds",
                "Time to make a block of the write-ahead log durable.",
                &[],
                &[0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0],
            ),
            block_bytes: meter.histogram(
                "wal_block_bytes",
                "Bytes that one put of the write-ahead log made durable.",
                &[],
                &[1024.0, 4096.0, 16384.0, 65536.0, 262_144.0, 1_048_576.0, 4_194_304.0],
            ),
            block_batches: meter.histogram(
                "wal_block_batches",
                "Record batches that one put of the write-ahead log made durable.",
                &[],
                &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 500.0, 2000.0],
            ),
            options,
        });
        let writer = shared.clone();
        // The writer alone holds its audience, which holds the chain: what ends the writer cuts the circle.
        let work = async move { writer.run(&*audience).await };
        let task = world.spawner.spawn_thread("wal-writer", Box::pin(work));
        *shared.task.lock() = Some(task);
        Self(shared)
    }

    /// The chain's name.
    pub fn id(&self) -> ChainId {
        self.0.chain
    }

    /// Takes memory and room for batches of so many bytes in all before they get offsets; waits for it, at most as
    /// long as the options say.
    pub async fn reserve(&self, bytes: usize, entries: usize) -> Result<Reservation, Refused> {
        self.0.budget.reserve(bytes, entries, self.0.options.reserve_wait_max).await
    }

    /// Adds batches to the open block, all into the same one, and says which. Cheap, never waits for the disk: called
    /// under the locks of their partitions, so that the order of pushes is the order of offsets. The reservation is
    /// given back when the block is durable.
    pub fn push(
        &self,
        reservation: Reservation,
        batches: impl IntoIterator<Item = (Entry, Bytes)>,
    ) -> WalSeq {
        self.0.push(Some(reservation), batches)
    }

    /// Adds an entry without bytes; it needs no reservation, so that space can be freed when there is none.
    pub fn push_control(&self, entry: Entry) -> WalSeq {
        self.0.push(None, [(entry, Bytes::new())])
    }

    /// Everything up to this is durable.
    pub fn durable(&self) -> WalSeq {
        WalSeq(self.0.durable.load(Ordering::Acquire))
    }

    /// Ends when everything up to `seq` is durable; never, when the writer has failed.
    pub async fn wait(&self, seq: WalSeq) {
        if self.durable() >= seq {
            return;
        }
        let mut durable = self.subscribe();
        durable.wait_for(|durable| *durable >= seq).await.expect("the chain is held by its waiter");
    }

    /// The counter as something to wait on.
    pub fn subscribe(&self) -> watch::Receiver<WalSeq> {
        self.0.durable_tell.subscribe()
    }

    /// Everything up to `seq` lies in segments and a durable manifest says so: its space can be used again.
    pub async fn covered(&self, seq: WalSeq) {
        self.0.covered.fetch_max(seq.0, Ordering::AcqRel);
        self.0.wal.trim(self.0.chain, seq.next()).await;
    }

    /// Refuses reservations from now on, makes durable what was pushed, and ends the writer.
    pub async fn close(&self) {
        self.0.budget.close();
        self.0.state.lock().closing = true;
        self.0.pushed.notify_one();
        let task = self.0.task.lock().take();
        if let Some(task) = task {
            task.await;
        }
    }
}

impl Shared {
    fn push(
        &self,
        reservation: Option<Reservation>,
        batches: impl IntoIterator<Item = (Entry, Bytes)>,
    ) -> WalSeq {
        let mut batches = batches.into_iter().peekable();
        let mut state = self.state.lock();
        let more = reservation.as_ref().map_or(ENTRY_BYTES, Reservation::block_bytes);
        let joins = |open: &Open| open.length + more <= self.caps.block_bytes_target;
        let mut rings = false;
        if !state.open.back().is_some_and(joins) && batches.peek().is_some() {
            let seq = state.next;
            state.next = seq.next();
            state.open.push_back(Open {
                seq,
                batches: Vec::new(),
                length: HEADER_BYTES + FOOTER_BYTES,
                since: self.clock.elapsed(),
                reservation: None,
            });
            rings = true;
        }
        let Some(open) = state.open.back_mut() else {
            // nothing was pushed, and nothing is under way that it could depend on
            return WalSeq(state.next.0 - 1);
        };
        let before = open.length;
        for (entry, bytes) in batches {
            open.length += ENTRY_BYTES + bytes.len();
            open.batches.push((entry, bytes));
        }
        match (&mut open.reservation, reservation) {
            (Some(held), Some(more)) => held.absorb(more),
            (held, more) => *held = held.take().or(more),
        }
        rings |= before < self.options.gather_bytes && open.length >= self.options.gather_bytes;
        let seq = open.seq;
        drop(state);
        if rings {
            self.pushed.notify_one();
        }
        seq
    }

    async fn run(&self, audience: &dyn Audience) {
        let mut large_until = None;
        while let Some(open) = self.next_block(large_until).await {
            let large = open.length > self.options.gather_above_bytes;
            match self.write(open, audience).await {
                Ok(ended) => large_until = large.then_some(ended),
                Err(error) => {
                    self.budget.close();
                    audience.failed(&error);
                    return;
                }
            }
        }
    }

    /// Waits for the next block to write; none when the chain is closing and all is written. Where the last one was
    /// large, `large_until` says when its put ended.
    async fn next_block(&self, large_until: Option<Duration>) -> Option<Open> {
        loop {
            match self.look(large_until) {
                Next::Write(open) => return Some(open),
                Next::End => return None,
                Next::Idle => self.pushed.notified().await,
                Next::Gather(time) => tokio::select! {
                    biased;
                    () = self.pushed.notified() => {}
                    () = self.clock.sleep(time) => {}
                },
            }
        }
    }

    fn look(&self, large_until: Option<Duration>) -> Next {
        let mut state = self.state.lock();
        let closing = state.closing;
        let several = state.open.len() > 1;
        let Some(first) = state.open.front() else {
            return if closing { Next::End } else { Next::Idle };
        };
        let full = several || first.length >= self.options.gather_bytes;
        if let Some(ended) = large_until
            && !closing
            && !full
        {
            // Who comes long after the last block comes alone: there is nobody to wait for.
            let gathered_for = self.clock.elapsed().saturating_sub(first.since.min(ended));
            if gathered_for < self.options.gather_time {
                return Next::Gather(self.options.gather_time - gathered_for);
            }
        }
        state.open.pop_front().map_or(Next::Idle, Next::Write)
    }

    /// Makes a block durable and tells of it; says when its put ended.
    async fn write(&self, open: Open, audience: &dyn Audience) -> Result<Duration, PutError> {
        let Open { seq, batches, mut reservation, .. } = open;
        let durable_below = match self.options.durability {
            Durability::Fsync => self.durable.load(Ordering::Acquire) + 1,
            // nothing was synced: only what is covered is known to be safe
            Durability::Os => self.covered.load(Ordering::Acquire) + 1,
        };
        let header = Header {
            chain: self.chain,
            seq,
            durable_below: WalSeq(durable_below),
            shard: self.shard,
            shard_epoch: self.shard_epoch,
            body_length: 0,
            entry_count: 0,
        };
        let block = Arc::new(Sealed::new(seq, batches));
        audience.sealed(&block);
        let pieces = block::encode(header, &block.batches);
        let began = self.clock.elapsed();
        self.wal.put(self.chain, seq, &pieces).await?;
        reservation.iter_mut().for_each(Reservation::was_used);
        let ended = self.clock.elapsed();
        self.durable.store(seq.0, Ordering::Release);
        audience.durable(&block);
        self.durable_tell.send_replace(seq);
        audience.settled();
        drop(reservation);
        self.put_seconds.observe(ended.saturating_sub(began).as_secs_f64());
        self.block_bytes.observe(block.length as f64);
        self.block_batches.observe(block.batches.len() as f64);
        Ok(ended)
    }
}

impl Sealed {
    fn new(seq: WalSeq, mut batches: Vec<(Entry, Bytes)>) -> Self {
        // stable: a partition's batches stay in the order of their offsets
        batches.sort_by_key(|(entry, _)| entry.partition);
        let mut position = HEADER_BYTES;
        for (entry, bytes) in &mut batches {
            entry.position = u32::try_from(position).expect("a block is smaller than 4 GiB");
            entry.length = u32::try_from(bytes.len()).expect("a batch is smaller than 4 GiB");
            position += bytes.len();
        }
        let length = (position + batches.len() * ENTRY_BYTES + FOOTER_BYTES) as u64;
        Self { seq, batches, length }
    }
}

#[cfg(test)]
mod tests;
