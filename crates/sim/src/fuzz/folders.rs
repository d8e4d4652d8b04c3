//! Data folders that are damaged anywhere: a start recovers what is whole or says what is wrong, and nothing is served
//! that was not written.
//!
//! The folder is that of a broker that was killed: checkpoints behind it, blocks not yet covered, two lives. An input
//! is a list of changes: which file (one byte), where (four), how many bytes (one), and the bytes.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use parking_lot::Mutex;
use thalweg_model::batch::{BatchBuilder, BatchHeader, BatchOptions, Batches, NewRecord};
use thalweg_model::{
    LeaderEpoch, NodeId, Offset, PartitionIndex, TimestampMs, TopicId, TopicPartition, Uuid,
};
use thalweg_storage::disk::{Access, Create, Disk, MemoryDisk, Open};
use thalweg_storage::facts::{Facts, LocalFacts, Reserve};
use thalweg_storage::{
    BatchFacts, Engine, Log, OnFailure, OpenError, Options, Piece, Snapshot, Snapshots, Storage,
};

use crate::simulation::universe::{House, Trace, Universe};

/// More changes than this in one input add nothing.
const CHANGES_MAX: usize = 64;
/// A start, and reading all there is, take fewer polls.
const STEPS_MAX: u64 = 200_000;
/// More reads than this are wanted only where offsets lie.
const READS_MAX: usize = 200;
/// Where the folder keeps files.
const FOLDERS: [&str; 4] = ["", "facts", "wal", "segments"];
const PARTITIONS: u128 = 3;
/// How often the broker was started before.
const LIVES: u64 = 2;
/// No batch of the folder is larger.
const BATCH_BYTES_MAX: usize = 1 << 10;

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let files = BASE.files.len() as u8;
    let mut seeds = vec![Vec::new(), vec![0; 4], vec![0; 40]];
    for file in 0..files {
        for position in [0u32, 7, 70, 4_096, 4_100, 8_200] {
            seeds.push([&[file][..], &position.to_be_bytes(), &[1, 0xff]].concat());
        }
    }
    seeds
}

pub(super) fn body(input: &[u8]) {
    let _ = served(input);
}

/// How many batches are served of the folder with this damage; none where it is refused.
fn served(input: &[u8]) -> Option<usize> {
    let mut files = BASE.files.clone();
    damage(&mut files, input);
    served_from(disk_of(&files), None)
}

/// The same with these records at the manifest's end, behind right checksums.
pub(super) fn served_with(records: &[u8]) -> Option<usize> {
    served_from(disk_of(&BASE.files), Some(Bytes::copy_from_slice(records)))
}

/// The records of the folder's manifest.
pub(super) fn manifest() -> Vec<Vec<u8>> {
    let (disk, found) = (disk_of(&BASE.files), Arc::new(Mutex::new(Vec::new())));
    let tell = found.clone();
    in_a_house(LIVES, async move |house| {
        let loaded = manifest_of(&disk, &house).await.load().await.expect("the folder is sound");
        *tell.lock() = loaded.records;
    });
    let records = found.lock();
    records.iter().map(|record| record.to_vec()).collect()
}

async fn manifest_of(disk: &MemoryDisk, house: &House) -> LocalFacts {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let reserve = Reserve::open(disk.clone()).await.expect("there is room");
    LocalFacts::new(disk, "shard-0", reserve, house.world.random.clone())
}

fn served_from(disk: MemoryDisk, records: Option<Bytes>) -> Option<usize> {
    let found = Arc::new(Mutex::new(None));
    let tell = found.clone();
    in_a_house(LIVES, async move |house| {
        if let Some(records) = records {
            let facts = manifest_of(&disk, &house).await;
            let index = facts.load().await.expect("the folder is sound").index;
            facts.commit(index, vec![records]).await.expect("there is room");
        }
        let engine = match open(&disk, &house).await {
            Ok(engine) => engine,
            // It says what is wrong, and serves nothing.
            Err(_) => return,
        };
        let mut count = 0;
        for log in logs(&engine) {
            for batch in read_all(&log).await {
                count += 1;
                let header = BatchHeader::parse(&batch).expect("what is served is a batch");
                assert_eq!(header.check(&batch), Ok(()), "what is served bears a right checksum");
                assert!(BASE.batches.contains(&batch), "what is served was written: {header:?}");
            }
        }
        engine.close().await;
        *tell.lock() = Some(count);
    });
    let found = found.lock();
    *found
}

fn damage(files: &mut [File], mut input: &[u8]) {
    for _ in 0..CHANGES_MAX {
        let [file, a, b, c, d, length, rest @ ..] = input else { return };
        let (bytes, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        input = rest;
        let file = &mut files[usize::from(*file) % BASE.files.len()];
        let position = u32::from_be_bytes([*a, *b, *c, *d]) as usize % file.used.max(1);
        for (byte, new) in file.bytes[position..].iter_mut().zip(bytes) {
            *byte = *new;
        }
    }
}

#[derive(Clone)]
struct File {
    name: String,
    bytes: Vec<u8>,
    /// What follows is zeros: a prewritten file is long.
    used: usize,
}

/// The folder that is damaged.
struct Base {
    files: Vec<File>,
    /// All that was ever written.
    batches: BTreeSet<Bytes>,
}

static BASE: LazyLock<Base> = LazyLock::new(|| {
    let disk = MemoryDisk::new(true);
    let batches = Arc::new(Mutex::new(BTreeSet::new()));
    for life in 0..LIVES {
        let (disk, batches) = (disk.clone(), batches.clone());
        in_a_house(life, async move |house| {
            let engine = open(&disk, &house).await.expect("a sound folder opens");
            for round in 0..12 {
                for log in logs(&engine) {
                    let reservation = engine.reserve(BATCH_BYTES_MAX).await.expect("there is room");
                    let seq = log.append(reservation, |end| {
                        let piece = piece(&log, end.offset, life as i32 * 100 + round, engine.shard_epoch());
                        batches.lock().insert(piece.bytes.clone());
                        piece
                    });
                    engine.wait(seq).await;
                }
                if round == 7 {
                    engine.checkpoint().await;
                }
            }
        });
    }
    let files = read_files(&disk);
    let batches = std::mem::take(&mut *batches.lock());
    Base { files, batches }
});

/// Runs this in a world of its own until it is done; what it started is then taken away, as by a kill.
///
/// Each life has a number of its own: chance must not repeat itself between them.
fn in_a_house<F: Future<Output = ()> + Send + 'static>(life: u64, work: impl FnOnce(House) -> F) {
    let universe = Universe::new(life, Trace::quiet());
    let house = House::punctual(&universe, "node");
    let done = Arc::new(Mutex::new(false));
    let (told, work) = (done.clone(), work(house.clone()));
    let main = async move {
        work.await;
        *told.lock() = true;
    };
    drop(house.world.spawner.spawn("main", Box::pin(main)));
    while !*done.lock() {
        assert!(universe.step(), "nothing happens any more");
        assert!(universe.trace().steps() < STEPS_MAX, "it does not end");
        if house.wants_to_end().is_some() {
            break;
        }
    }
    house.kill();
    universe.end();
}

async fn open(disk: &MemoryDisk, house: &House) -> Result<Engine, OpenError> {
    let options = Options {
        on_failure: OnFailure::Tell,
        tail_bytes: 2 << 10,
        ring_first_bytes: 64 << 10,
        ring_file_bytes: 64 << 10,
        ring_files: 2,
        own_file_bytes: 4 << 10,
        ..Options::default()
    };
    let storage = Storage::on_disk(Arc::new(disk.clone()), NodeId(1), options, house.world.clone()).await?;
    storage.start(&|_: TopicPartition| true, Arc::new(NoSnapshots)).await
}

struct NoSnapshots;

impl Snapshots for NoSnapshots {
    fn snapshot(&self, _: TopicPartition, _: Option<Offset>) -> Option<Snapshot> {
        None
    }
}

fn logs(engine: &Engine) -> Vec<Log> {
    let partition = |topic| TopicPartition {
        topic: TopicId(Uuid::from_u128(topic)),
        partition: PartitionIndex(topic as i32),
    };
    let find = |partition| engine.get(partition).unwrap_or_else(|| engine.create(partition));
    (1..=PARTITIONS).map(partition).map(find).collect()
}

/// Every batch that can be read; what is damaged is passed over.
async fn read_all(log: &Log) -> Vec<Bytes> {
    let (mut from, end, mut found) = (log.start(), log.high_watermark(), Vec::new());
    for _ in 0..READS_MAX {
        if from >= end {
            break;
        }
        match log.read(from, end, 1 << 10).await {
            Ok(read) if read.next > from => {
                let regions = read.regions.iter();
                let bytes: Bytes =
                    regions.flat_map(|region| region.bytes().expect("memory can be read")).collect();
                let batches = Batches::new(&bytes).map(|batch| batch.expect("whole batches are served").1);
                found.extend(batches.map(Bytes::copy_from_slice));
                from = read.next;
            }
            _ => from = Offset(from.0 + 1),
        }
    }
    found
}

fn piece(log: &Log, base_offset: Offset, number: i32, epoch: i32) -> Piece {
    let partition_leader_epoch = LeaderEpoch(epoch);
    let options = BatchOptions { base_offset, partition_leader_epoch, ..BatchOptions::default() };
    let mut builder = BatchBuilder::new(options);
    let value = format!("number {number} at {base_offset:?} of {}", log.partition()).repeat(10);
    let timestamp = TimestampMs(i64::from(number));
    builder.append(NewRecord { timestamp, value: Some(value.as_bytes()), ..NewRecord::default() });
    let bytes = builder.finish().expect("nothing is compressed").freeze();
    let facts = BatchFacts {
        base_offset,
        last_delta: 0,
        leader_epoch: partition_leader_epoch,
        producer_id: thalweg_model::ProducerId::NONE,
        producer_epoch: thalweg_model::ProducerEpoch(-1),
        base_sequence: -1,
        attributes: 0,
        max_timestamp: timestamp,
        starts_segment: base_offset.0 % 5 == 0,
    };
    Piece { bytes, facts }
}

fn read_files(disk: &MemoryDisk) -> Vec<File> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        for name in now(disk.list(folder)) {
            let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let file = now(disk.open(&name, Open { access: Access::Buffered, create: Create::Existing }));
            let mut bytes = vec![0; now(file.len()) as usize];
            now(file.read_exact_at(&mut bytes, 0));
            let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            files.push(File { name, bytes, used });
        }
    }
    files
}

fn disk_of(files: &[File]) -> MemoryDisk {
    let disk = MemoryDisk::new(true);
    for File { name, bytes, .. } in files {
        let file = now(disk.open(name, Open { access: Access::Buffered, create: Create::New }));
        now(file.write_all_at(bytes, 0));
        now(file.sync());
    }
    for folder in FOLDERS {
        now(disk.sync_dir(folder));
    }
    disk
}

/// A disk in memory has done what it is asked when it answers.
fn now<T: Unpin>(io: thalweg_storage::disk::Io<'_, T>) -> T {
    thalweg_model::world::block_on(io).expect("the disk in memory is well")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_served_of_a_sound_folder_and_less_of_a_damaged_one() {
        assert_eq!(served(&[]), Some(BASE.batches.len()));
        let segment = BASE.files.iter().position(|file| file.name.starts_with("segments/"));
        let segment = segment.expect("there was a checkpoint") as u8;
        let few = served(&[segment, 0, 0, 0, 200, 1, 0xff]).expect("the rest is served");
        assert!(few < BASE.batches.len(), "{few} batches are served though one is damaged");
    }
}
