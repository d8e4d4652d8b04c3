//! Round trips, torn writes and rot of blocks.

use super::*;

fn entry(partition: i32, position: u32, length: u32) -> Entry {
    Entry {
        kind: if length == 0 { EntryKind::StartMoved } else { EntryKind::Data },
        partition: TopicPartition {
            topic: TopicId(Uuid::from_u128(0x1234 << 64)),
            partition: PartitionIndex(partition),
        },
        leader_epoch: LeaderEpoch(3),
        base_offset: Offset(1 << 40),
        last_delta: 9,
        producer_id: ProducerId(77),
        producer_epoch: ProducerEpoch(2),
        base_sequence: 5,
        attributes: -3,
        max_timestamp: TimestampMs(1_700_000_000_000),
        segment_first: partition == 1,
        position,
        length,
    }
}

fn header() -> Header {
    Header {
        chain: ChainId(Uuid::from_u128(42)),
        seq: WalSeq(7),
        durable_below: WalSeq(6),
        shard: 0,
        shard_epoch: 4,
        body_length: 0,
        entry_count: 0,
    }
}

fn example() -> (Vec<(Entry, Bytes)>, Vec<u8>) {
    let batches = vec![
        (entry(0, 80, 3), Bytes::from_static(b"abc")),
        (entry(1, 83, 5), Bytes::from_static(b"defgh")),
        (entry(1, 88, 0), Bytes::new()),
    ];
    let block = encode(header(), &batches).concat();
    (batches, block)
}

#[test]
fn a_block_is_read_back_as_it_was() {
    let (batches, block) = example();
    let read = check(&block).expect("the block is whole");
    assert_eq!(read.length(), block.len() as u64);
    assert_eq!(read, Header { body_length: 8, entry_count: 3, ..header() });
    let index = &block[read.index_position() as usize..];
    let entries = decode_index(&read, index).expect("the index is whole");
    assert_eq!(entries, batches.iter().map(|(entry, _)| *entry).collect::<Vec<_>>());
    for (entry, bytes) in &batches {
        let position = entry.position as usize;
        assert_eq!(&block[position..position + entry.length as usize], bytes);
    }
    // what follows a block does not matter
    assert_eq!(check(&[block.as_slice(), &[1; 100]].concat()), Ok(read));
}

#[test]
fn every_cut_and_every_flipped_bit_is_noticed() {
    let (_, block) = example();
    for length in 0..block.len() {
        assert!(check(&block[..length]).is_err(), "cut at {length}");
        let mut torn = block.clone();
        torn[length..].fill(0);
        assert!(torn == block || check(&torn).is_err(), "torn at {length}");
    }
    for position in 0..block.len() {
        let mut rotten = block.clone();
        rotten[position] ^= 0x10;
        assert!(check(&rotten).is_err(), "rotten at {position}");
    }
}

#[test]
fn an_empty_place_and_a_newer_format_are_told_apart() {
    assert_eq!(check(&[0; 4096]), Err(BlockError::Absent));
    assert_eq!(check(b""), Err(BlockError::Absent));
    let (_, mut block) = example();
    block[7] = 9;
    assert_eq!(check(&block), Err(BlockError::Newer(9)));
}

#[test]
fn a_lying_length_is_refused_without_reading_or_allocating() {
    let lying = Header { body_length: u64::MAX - 7, entry_count: u32::MAX, ..header() };
    let mut bytes = BytesMut::new();
    lying.encode(&mut bytes);
    assert_eq!(check(&bytes), Err(BlockError::Damaged("header")));
    let long = Header { body_length: 1 << 31, entry_count: u32::MAX, ..header() };
    bytes.clear();
    long.encode(&mut bytes);
    assert_eq!(check(&bytes), Err(BlockError::Damaged("length")));
    assert_eq!(decode_index(&long, &bytes), Err(BlockError::Damaged("length")));
}

#[test]
fn an_entry_that_points_out_of_the_batches_is_damage() {
    for (position, length) in [(79, 3), (80, 4), (u32::MAX, 1), (0, u32::MAX)] {
        let block = encode(header(), &[(entry(0, position, length), Bytes::from_static(b"abc"))]).concat();
        assert_eq!(check(&block), Err(BlockError::Damaged("index")), "{length} bytes at {position}");
    }
}
