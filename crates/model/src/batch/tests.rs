//! Round trips, hostile bytes, and Kafka's rules for produced batches.

mod hostile;
mod rules;
mod vectors;

use proptest::prelude::*;

use super::*;
use crate::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, TimestampMs};

/// A record that owns its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Owned {
    offset: i64,
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

fn build(options: BatchOptions, records: &[Owned]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(options);
    for record in records {
        let headers: Vec<_> =
            record.headers.iter().map(|(key, value)| Header { key, value: value.as_deref() }).collect();
        builder.append(NewRecord {
            timestamp: TimestampMs(record.timestamp),
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            headers: &headers,
        });
    }
    builder.finish().unwrap().to_vec()
}

fn read(batch: &[u8]) -> Result<Vec<Owned>, BatchError> {
    read_with_limit(batch, compression::DECOMPRESSED_BYTES_MAX)
}

fn read_with_limit(batch: &[u8], limit: usize) -> Result<Vec<Owned>, BatchError> {
    let mut records = Records::with_limit(batch, limit)?;
    let mut all = Vec::new();
    while let Some(record) = records.next() {
        let record = record?;
        all.push(Owned {
            offset: record.offset.0,
            timestamp: record.timestamp.0,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record.headers.iter().map(|h| (h.key.to_vec(), h.value.map(<[u8]>::to_vec))).collect(),
        });
    }
    Ok(all)
}

/// Passes over the records: how many, and whether all had keys.
fn pass(batch: &[u8]) -> Result<(usize, bool), BatchError> {
    let mut records = Records::new(batch)?;
    let (mut count, mut keys) = (0, true);
    while let Some(passed) = records.next_skipping() {
        keys &= passed?.has_key;
        count += 1;
    }
    Ok((count, keys))
}

fn value(offset: i64, value: &[u8]) -> Owned {
    Owned { offset, timestamp: 1000 + offset, value: Some(value.to_vec()), ..Owned::default() }
}

/// Bytes that compress a little, from a seed.
fn text(length: usize, mut seed: u64) -> Vec<u8> {
    (0..length)
        .map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            b"the quick brown fox jumps"[(seed >> 33) as usize % 25]
        })
        .collect()
}

fn any_bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..most)
}

prop_compose! {
    fn any_record()(
        timestamp in prop_oneof![Just(-1i64), 0..2_000_000_000_000i64, any::<i64>()],
        key in proptest::option::of(any_bytes(40)),
        value in proptest::option::of(prop_oneof![any_bytes(300), any_bytes(20_000)]),
        headers in proptest::collection::vec((any_bytes(10), proptest::option::of(any_bytes(10))), 0..4),
    ) -> Owned {
        Owned { offset: 0, timestamp, key, value, headers }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_built_is_read(
        mut records in proptest::collection::vec(any_record(), 1..30),
        codec in 0..5u8,
        base in 0..i64::MAX / 2,
    ) {
        let codec = Codec::from_number(codec).unwrap();
        let options = BatchOptions { codec, base_offset: Offset(base), ..BatchOptions::default() };
        let batch = build(options, &records);
        for (delta, record) in records.iter_mut().enumerate() {
            record.offset = base + delta as i64;
        }
        let header = BatchHeader::parse(&batch).unwrap();
        prop_assert_eq!(header.size(), batch.len());
        prop_assert_eq!(header.codec().unwrap(), codec);
        prop_assert_eq!(header.last_offset().0, base + records.len() as i64 - 1);
        prop_assert_eq!(header.max_timestamp.0, records.iter().map(|r| r.timestamp).max().unwrap().max(-1));
        header.check(&batch).unwrap();
        prop_assert_eq!(pass(&batch).unwrap(), (records.len(), records.iter().all(|r| r.key.is_some())));
        prop_assert_eq!(read(&batch).unwrap(), records);
    }

    #[test]
    fn bytes_never_panic(bytes in any_bytes(400), codec in 0..8i16, count in any::<i32>()) {
        let mut batch = build(BatchOptions::default(), &[]);
        batch.extend_from_slice(&bytes);
        let length = (batch.len() - 12) as i32;
        batch[8..12].copy_from_slice(&length.to_be_bytes());
        batch[21..23].copy_from_slice(&codec.to_be_bytes());
        batch[57..61].copy_from_slice(&count.to_be_bytes());
        let passed = pass(&batch);
        let read = read(&batch);
        prop_assert_eq!(passed.map(|p| p.0), read.map(|r| r.len()), "both walks say the same");
        let _ = produce::one_batch(&bytes);
    }

    #[test]
    fn a_changed_byte_is_noticed(at in 0..200usize, flip in 1..=255u8, codec in 0..5u8) {
        let codec = Codec::from_number(codec).unwrap();
        let batch = build(BatchOptions { codec, ..BatchOptions::default() }, &[value(0, &text(400, 7))]);
        let at = 16 + at % (batch.len() - 16);
        let mut changed = batch.clone();
        changed[at] ^= flip;
        let noticed = match BatchHeader::parse(&changed) {
            Ok(header) => header.check(&changed).is_err(),
            Err(_) => true,
        };
        prop_assert!(noticed, "byte {}", at);
    }
}

#[test]
fn records_larger_than_the_window() {
    for codec in Codec::ALL {
        let records =
            [value(0, b"small"), value(1, &text(300_000, 3)), value(2, &text(65_536, 4)), value(3, b"")];
        let batch = build(BatchOptions { codec, ..BatchOptions::default() }, &records);
        assert_eq!(read(&batch).unwrap(), records, "{codec:?}");
        assert_eq!(pass(&batch).unwrap(), (4, false), "{codec:?}");
    }
}

#[test]
fn all_header_fields_survive_and_patches_stay_outside_the_checksum() {
    let options = BatchOptions {
        codec: Codec::None,
        base_offset: Offset(77),
        partition_leader_epoch: LeaderEpoch(5),
        producer: Some(ProducerStamp { id: ProducerId(9), epoch: ProducerEpoch(2), sequence: i32::MAX }),
        transactional: true,
        control: true,
        ..BatchOptions::default()
    };
    let mut batch = build(options, &[value(0, b"a"), value(1, b"b")]);
    let header = BatchHeader::parse(&batch).unwrap();
    assert!(header.is_transactional() && header.is_control() && !header.has_delete_horizon());
    assert_eq!(header.producer_id, ProducerId(9));
    assert_eq!(header.producer_epoch, ProducerEpoch(2));
    assert_eq!((header.base_sequence, header.last_sequence()), (i32::MAX, 0), "sequences begin again at 0");
    assert_eq!(header.partition_leader_epoch, LeaderEpoch(5));
    patch_base_offset(&mut batch, Offset(1 << 40));
    patch_partition_leader_epoch(&mut batch, LeaderEpoch(6));
    let patched = BatchHeader::parse(&batch).unwrap();
    assert_eq!((patched.base_offset.0, patched.partition_leader_epoch.0), (1 << 40, 6));
    patched.check(&batch).unwrap();
}

#[test]
fn a_run_is_split_up_to_the_batch_that_is_cut() {
    let one = build(BatchOptions::default(), &[value(0, b"one")]);
    let two = build(BatchOptions { base_offset: Offset(1), ..BatchOptions::default() }, &[value(0, b"two")]);
    let run = [&one[..], &two[..]].concat();
    for cut in 0..=run.len() {
        let mut batches = Batches::new(&run[..cut]);
        let whole = batches.by_ref().map_while(Result::ok).count();
        let expected = usize::from(cut >= one.len()) + usize::from(cut == run.len());
        assert_eq!(whole, expected, "cut at {cut}");
        assert_eq!(batches.position(), [0, one.len(), run.len()][expected]);
    }
    let mut cut = Batches::new(&run[..one.len() + 30]);
    assert!(cut.next().unwrap().is_ok());
    assert!(matches!(cut.next(), Some(Err(BatchError::Truncated { .. }))));
    assert!(cut.next().is_none());
}

#[test]
fn a_timestamp_is_found() {
    for codec in Codec::ALL {
        let options = BatchOptions { codec, base_offset: Offset(50), ..BatchOptions::default() };
        let batch = build(options, &[value(0, b"a"), value(1, b"b"), value(2, b"c")]);
        assert_eq!(find_timestamp(&batch, TimestampMs(1001)).unwrap(), Some((Offset(51), TimestampMs(1001))));
        assert_eq!(find_timestamp(&batch, TimestampMs(0)).unwrap(), Some((Offset(50), TimestampMs(1000))));
        assert_eq!(find_timestamp(&batch, TimestampMs(1003)).unwrap(), None);
    }
}

#[test]
fn levels_compress_and_are_read() {
    let records = [value(0, &text(20_000, 1))];
    for (codec, levels) in
        [(Codec::Gzip, vec![-1, 1, 9]), (Codec::Zstd, vec![-131_072, 1, 3, 22]), (Codec::Lz4, vec![1, 17])]
    {
        for level in levels {
            let batch =
                build(BatchOptions { codec, level: Some(level), ..BatchOptions::default() }, &records);
            assert_eq!(read(&batch).unwrap(), records, "{codec:?} {level}");
        }
    }
    let size = |level| {
        build(BatchOptions { codec: Codec::Gzip, level: Some(level), ..BatchOptions::default() }, &records)
            .len()
    };
    assert!(size(9) < size(1));
}
