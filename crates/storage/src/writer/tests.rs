//! The writer over the log in memory, and over one whose puts a test holds back.

use std::sync::OnceLock;

use thalweg_model::world::{BoxFuture, ManualClock, NoMeter, SeededRandom, Threads, block_on};
use thalweg_model::{
    LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, TimestampMs, TopicId, TopicPartition,
    Uuid,
};
use tokio::sync::Semaphore;

use super::*;
use crate::block::{EntryKind, check, decode_index};
use crate::wal::{Guarded, MemoryWal};

fn entry(partition: i32, base_offset: i64) -> Entry {
    Entry {
        kind: EntryKind::Data,
        partition: TopicPartition { topic: TopicId::ZERO, partition: PartitionIndex(partition) },
        leader_epoch: LeaderEpoch(0),
        base_offset: Offset(base_offset),
        last_delta: 0,
        producer_id: ProducerId::NONE,
        producer_epoch: ProducerEpoch(-1),
        base_sequence: -1,
        attributes: 0,
        max_timestamp: TimestampMs::NONE,
        segment_first: false,
        position: 0,
        length: 0,
    }
}

fn world(clock: &ManualClock) -> World {
    World {
        clock: Arc::new(clock.clone()),
        random: Arc::new(SeededRandom::new(1)),
        spawner: Arc::new(Threads),
        meter: Arc::new(NoMeter),
    }
}

/// Writes down what it hears.
#[derive(Default)]
struct Heard {
    told: Mutex<Vec<String>>,
    bell: Notify,
}

impl Heard {
    fn tell(&self, text: String) {
        self.told.lock().push(text);
        self.bell.notify_one();
    }

    fn until(&self, text: &str) {
        while !self.told.lock().iter().any(|told| told == text) {
            block_on(self.bell.notified());
        }
    }
}

impl Audience for Heard {
    fn sealed(&self, block: &Arc<Sealed>) {
        self.tell(format!("sealed {}", block.seq));
    }

    fn durable(&self, block: &Arc<Sealed>) {
        self.tell(format!("durable {} of {}", block.seq, block.batches.len()));
    }

    fn settled(&self) {}

    fn failed(&self, _: &PutError) {
        self.tell("failed".into());
    }
}

/// Looks at what those who wait for a block know of it when its readers are told, and afterwards.
#[derive(Default)]
struct Early {
    waiters: OnceLock<watch::Receiver<WalSeq>>,
    seen: Mutex<Vec<WalSeq>>,
}

impl Early {
    fn look(&self) {
        let waiters = self.waiters.get().expect("the test sets it before the first push");
        let known = *waiters.borrow();
        self.seen.lock().push(known);
    }
}

impl Audience for Early {
    fn sealed(&self, _: &Arc<Sealed>) {}

    fn durable(&self, _: &Arc<Sealed>) {
        self.look();
    }

    fn settled(&self) {
        self.look();
    }

    fn failed(&self, _: &PutError) {}
}

/// A log in memory that lets puts through one by one, as the gate allows.
fn held(cap: u64, fails: bool, gate: &Arc<Semaphore>) -> Arc<dyn Wal> {
    let gate = gate.clone();
    let guard = move || -> BoxFuture<'static, Result<(), PutError>> {
        let gate = gate.clone();
        Box::pin(async move {
            gate.acquire().await.expect("the gate stays").forget();
            if fails { Err(PutError::Failed(std::io::Error::other("no sync"))) } else { Ok(()) }
        })
    };
    Arc::new(Guarded::new(Arc::new(MemoryWal::new(cap)), guard))
}

struct Bench {
    chain: Chain,
    wal: Arc<dyn Wal>,
    gate: Arc<Semaphore>,
    heard: Arc<Heard>,
    clock: ManualClock,
}

fn bench(cap: u64, fails: bool, options: ChainOptions) -> Bench {
    let gate = Arc::new(Semaphore::new(0));
    let wal = held(cap, fails, &gate);
    let heard = Arc::new(Heard::default());
    let clock = ManualClock::new(TimestampMs(0));
    let chain = Chain::start(setup(wal.clone(), options, world(&clock), heard.clone()));
    Bench { chain, wal, gate, heard, clock }
}

fn setup(wal: Arc<dyn Wal>, options: ChainOptions, world: World, audience: Arc<dyn Audience>) -> ChainSetup {
    ChainSetup {
        wal,
        chain: ChainId(Uuid::from_u128(9)),
        first: WalSeq(1),
        shard: 0,
        shard_epoch: 1,
        options,
        world,
        audience,
    }
}

impl Bench {
    fn push(&self, partition: i32, base_offset: i64, bytes: &'static [u8]) -> WalSeq {
        let reservation = block_on(self.chain.reserve(bytes.len(), 1)).expect("there is room");
        self.chain.push(reservation, [(entry(partition, base_offset), Bytes::from_static(bytes))])
    }
}

#[test]
fn pushes_during_a_put_share_the_next_block_and_its_sync() {
    let bench = bench(1 << 20, false, ChainOptions::default());
    assert_eq!(bench.push(1, 0, b"first"), WalSeq(1));
    bench.heard.until("sealed 1");
    for offset in 0..50 {
        assert_eq!(bench.push(2 - offset % 2, i64::from(offset), b"more"), WalSeq(2));
    }
    assert_eq!(bench.chain.durable(), WalSeq(0));
    bench.gate.add_permits(2);
    block_on(bench.chain.wait(WalSeq(2)));
    bench.heard.until("durable 2 of 50");
    block_on(bench.chain.close());
    let told = bench.heard.told.lock();
    assert_eq!(*told, ["sealed 1", "durable 1 of 1", "sealed 2", "durable 2 of 50"]);
}

#[test]
fn readers_hear_of_a_block_before_those_who_wait_for_it() {
    let wal = held(1 << 20, false, &Arc::new(Semaphore::new(1)));
    let early = Arc::new(Early::default());
    let world = world(&ManualClock::new(TimestampMs(0)));
    let chain = Chain::start(setup(wal, ChainOptions::default(), world, early.clone()));
    early.waiters.set(chain.subscribe()).expect("it is set once");
    let reservation = block_on(chain.reserve(1, 1)).expect("there is room");
    assert_eq!(chain.push(reservation, [(entry(0, 0), Bytes::from_static(b"x"))]), WalSeq(1));
    block_on(chain.close());
    assert_eq!(*early.seen.lock(), [WalSeq(0), WalSeq(1)]);
}

#[test]
fn a_block_is_sorted_by_partition_and_says_what_was_durable() {
    let bench = bench(1 << 20, false, ChainOptions::default());
    bench.push(0, 0, b"x");
    bench.heard.until("sealed 1");
    for (partition, offset, bytes) in [(2, 0, b"ca"), (1, 0, b"ba"), (2, 1, b"cb"), (1, 1, b"bb")] {
        bench.push(partition, offset, bytes);
    }
    bench.gate.add_permits(2);
    block_on(bench.chain.wait(WalSeq(2)));
    let listed = bench.wal.list(bench.chain.id(), WalSeq(2));
    let whole = 0..listed[0].length;
    let block = block_on(bench.wal.read(bench.chain.id(), WalSeq(2), whole)).expect("it is there");
    let header = check(&block).expect("it is whole");
    assert_eq!((header.durable_below, header.shard_epoch), (WalSeq(2), 1));
    let entries = decode_index(&header, &block[header.index_position() as usize..]).expect("whole");
    let found: Vec<_> = entries
        .iter()
        .map(|entry| {
            let range = u64::from(entry.position)..u64::from(entry.position + entry.length);
            let bytes = block_on(bench.wal.read(bench.chain.id(), WalSeq(2), range)).expect("it is there");
            (entry.partition.partition.0, entry.base_offset.0, bytes)
        })
        .collect();
    let expect: [(i32, i64, &[u8]); 4] = [(1, 0, b"ba"), (1, 1, b"bb"), (2, 0, b"ca"), (2, 1, b"cb")];
    assert_eq!(
        found,
        expect.map(|(partition, offset, bytes)| (partition, offset, Bytes::from_static(bytes)))
    );
    block_on(bench.chain.close());
}

#[test]
fn after_a_large_block_the_next_is_gathered_until_its_time_or_its_size() {
    static LARGE: [u8; 9 << 10] = [7; 9 << 10];
    static FULL: [u8; 256 << 10] = [7; 256 << 10];
    let bench = bench(8 << 20, false, ChainOptions::default());
    bench.gate.add_permits(10);
    bench.push(0, 0, &LARGE);
    bench.heard.until("durable 1 of 1");
    // by time
    bench.push(0, 1, b"small");
    while bench.clock.next_deadline().is_none() {
        std::hint::spin_loop();
    }
    assert_eq!(bench.push(0, 2, &LARGE), WalSeq(2));
    assert_eq!(bench.chain.durable(), WalSeq(1));
    bench.clock.advance(Duration::from_micros(500));
    bench.heard.until("durable 2 of 2");
    // by size
    bench.push(0, 3, b"small");
    bench.push(0, 4, &FULL);
    bench.heard.until("durable 3 of 2");
    block_on(bench.chain.close());
}

#[test]
fn what_comes_long_after_a_large_block_is_not_gathered() {
    static LARGE: [u8; 9 << 10] = [7; 9 << 10];
    let bench = bench(8 << 20, false, ChainOptions::default());
    bench.gate.add_permits(10);
    bench.push(0, 0, &LARGE);
    bench.heard.until("durable 1 of 1");
    bench.clock.advance(Duration::from_micros(400));
    bench.push(0, 1, &LARGE);
    while bench.clock.next_deadline().is_none() {
        std::hint::spin_loop();
    }
    assert_eq!(bench.clock.next_deadline(), Some(Duration::from_micros(500)), "since the writer was idle");
    bench.clock.advance(Duration::from_micros(100));
    bench.heard.until("durable 2 of 1");
    bench.clock.advance(Duration::from_micros(500));
    bench.push(0, 2, b"alone");
    while bench.chain.durable() < WalSeq(3) {
        assert_eq!(bench.clock.next_deadline(), None, "it is not waited for others");
    }
    block_on(bench.chain.close());
}

#[test]
fn a_failed_put_ends_the_chain_and_nothing_is_acknowledged_after_it() {
    let bench = bench(1 << 20, true, ChainOptions::default());
    let seq = bench.push(0, 0, b"lost");
    let waiter = block_on(bench.chain.reserve(5, 1)).expect("there is room");
    bench.gate.add_permits(5);
    bench.heard.until("failed");
    bench.chain.push(waiter, [(entry(0, 1), Bytes::from_static(b"later"))]);
    assert!(matches!(block_on(bench.chain.reserve(1, 1)), Err(Refused::Closed)));
    block_on(bench.chain.close());
    assert!(bench.chain.durable() < seq);
    assert_eq!(*bench.heard.told.lock(), ["sealed 1", "failed"]);
}

#[test]
fn space_is_taken_before_and_given_back_when_durable_or_dropped() {
    let options = ChainOptions { wal_bytes: 100, ..ChainOptions::default() };
    let bench = bench(1 << 20, false, options);
    let dropped = block_on(bench.chain.reserve(90, 1)).expect("there is room");
    let chain = bench.chain.clone();
    let (tell, told) = std::sync::mpsc::channel();
    let task = spawn(async move {
        tell.send(chain.reserve(20, 1).await.map(drop)).expect("the test listens");
    });
    while bench.clock.next_deadline().is_none() {
        std::hint::spin_loop();
    }
    assert!(told.try_recv().is_err());
    drop(dropped);
    block_on(task);
    assert_eq!(told.recv(), Ok(Ok(())));
    // more than the whole share goes alone
    let alone = block_on(bench.chain.reserve(1000, 1)).expect("nothing else is under way");
    let chain = bench.chain.clone();
    let task = spawn(async move {
        let refused = chain.reserve(1, 1).await.expect_err("nobody gives space back");
        assert_eq!(refused, Refused::Timeout);
    });
    while bench.clock.next_deadline().is_none() {
        std::hint::spin_loop();
    }
    bench.clock.advance(Duration::from_secs(5));
    block_on(task);
    drop(alone);
    block_on(bench.chain.close());
}

#[test]
fn the_appends_of_a_block_give_back_together_what_each_took() {
    static HALF: [u8; 50] = [7; 50];
    let options = ChainOptions { wal_bytes: 100, ..ChainOptions::default() };
    let bench = bench(1 << 20, false, options);
    bench.push(0, 0, b"");
    bench.heard.until("sealed 1");
    assert_eq!((bench.push(0, 1, &HALF), bench.push(1, 0, &HALF)), (WalSeq(2), WalSeq(2)));
    bench.gate.add_permits(2);
    bench.heard.until("durable 2 of 2");
    let whole = block_on(bench.chain.reserve(100, 1)).expect("nothing is taken");
    drop(whole);
    block_on(bench.chain.close());
}

#[test]
fn closing_writes_what_was_pushed() {
    let bench = bench(1 << 20, false, ChainOptions::default());
    bench.gate.add_permits(10);
    for offset in 0..5 {
        bench.push(0, offset, b"abc");
    }
    let last = bench.chain.push_control(entry(0, 3));
    block_on(bench.chain.close());
    assert_eq!(bench.chain.durable(), last);
    assert!(matches!(block_on(bench.chain.reserve(1, 1)), Err(Refused::Closed)));
    block_on(bench.chain.covered(last));
    assert_eq!(bench.wal.bytes_held(), 0);
}

fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Task {
    use thalweg_model::world::Spawner;
    Threads.spawn("test", Box::pin(task))
}
