//! Files as the first release wrote them: what is on somebody's disk must be read for ever. A format's golden file
//! never changes; a new version gets a new one.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use thalweg_model::world::{SeededRandom, block_on};
use thalweg_model::{
    LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, TimestampMs, TopicId, TopicPartition,
    Uuid,
};
use thalweg_storage::WalSeq;
use thalweg_storage::block::{Entry, EntryKind, Header, check, decode_index, encode};
use thalweg_storage::disk::{Access, Create, Disk, MemoryDisk, Open};
use thalweg_storage::facts::{Facts, Loaded, LocalFacts, Reserve};
use thalweg_storage::wal::ChainId;

/// The golden file of a name. Where it is missing, `written` becomes it, and the test fails once.
fn golden(name: &str, written: &[u8]) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(name);
    std::fs::read(&path).unwrap_or_else(|_| {
        std::fs::write(&path, written).expect("the golden file can be written");
        panic!("{name} was missing and is written now: look at it and commit it");
    })
}

fn entry(kind: EntryKind, partition: i32, position: u32, length: u32) -> Entry {
    Entry {
        kind,
        partition: TopicPartition {
            topic: TopicId(Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff)),
            partition: PartitionIndex(partition),
        },
        leader_epoch: LeaderEpoch(3),
        base_offset: Offset(1 << 40),
        last_delta: 9,
        producer_id: ProducerId(77),
        producer_epoch: ProducerEpoch(2),
        base_sequence: 5,
        attributes: 2,
        max_timestamp: TimestampMs(1_700_000_000_000),
        segment_first: partition == 1,
        position,
        length,
    }
}

#[test]
fn blocks_of_version_1_are_read() {
    let header = Header {
        chain: ChainId(Uuid::from_u128(0xffee_ddcc_bbaa_9988_7766_5544_3322_1100)),
        seq: WalSeq(7),
        durable_below: WalSeq(6),
        shard: 1,
        shard_epoch: 4,
        body_length: 8,
        entry_count: 3,
    };
    let batches = [
        (entry(EntryKind::Data, 0, 80, 3), Bytes::from_static(b"abc")),
        (entry(EntryKind::Data, 1, 83, 5), Bytes::from_static(b"defgh")),
        (entry(EntryKind::StartMoved, 2, 88, 0), Bytes::new()),
    ];
    let written = encode(header, &batches).concat();
    let block = golden("block-1.bin", &written);
    assert_eq!(check(&block), Ok(header));
    let entries = decode_index(&header, &block[header.index_position() as usize..]).expect("it is whole");
    assert_eq!(entries, batches.map(|(entry, _)| entry));
    assert_eq!(&block[80..88], b"abcdefgh");
    // as long as version 1 is what we write
    assert_eq!(written, block);
}

#[test]
fn facts_of_version_1_are_read() {
    let open = |disk: &MemoryDisk| {
        let disk: Arc<dyn Disk> = Arc::new(disk.clone());
        let reserve = block_on(Reserve::open(disk.clone())).expect("it opens");
        LocalFacts::new(disk, "golden", reserve, Arc::new(SeededRandom::new(1)))
    };
    let how = Open { access: Access::Buffered, create: Create::IfMissing };
    let written = MemoryDisk::new(false);
    let facts = open(&written);
    let record = Bytes::from_static;
    block_on(facts.commit(0, vec![record(b"image"), record(b"")])).expect("it works");
    block_on(facts.commit(1, vec![record(b"commit")])).expect("it works");
    let file = block_on(written.open("facts/golden", how)).expect("it is there");
    let mut bytes = vec![0; 2 * 4096];
    block_on(file.read_exact_at(&mut bytes, 0)).expect("it works");

    let golden = golden("facts-1.bin", &bytes);
    let disk = MemoryDisk::new(false);
    let file = block_on(disk.open("facts/golden", how)).expect("it works");
    block_on(file.write_all_at(&golden, 0)).expect("it works");
    let loaded = block_on(open(&disk).load()).expect("they are whole");
    let records = vec![record(b"image"), record(b""), record(b"commit")];
    assert_eq!(loaded, Loaded { records, index: 2 });
}
