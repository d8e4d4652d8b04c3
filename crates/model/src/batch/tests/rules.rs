//! What Kafka's rules say of produced batches.

use bytes::BytesMut;

use super::produce::*;
use super::*;

const NOW: TimestampMs = TimestampMs(1_700_000_000_000);

fn at(timestamp: i64) -> Owned {
    Owned { timestamp, key: Some(b"k".to_vec()), value: Some(b"v".to_vec()), ..Owned::default() }
}

fn fresh(count: usize) -> Vec<Owned> {
    (0..count).map(|index| at(NOW.0 - 10 + index as i64)).collect()
}

fn admit_bytes(bytes: &[u8], policy: &Policy) -> Result<Admitted, Refusal> {
    admit(BytesMut::from(bytes), policy, NOW)
}

fn refusal(bytes: &[u8], policy: &Policy) -> Refusal {
    admit_bytes(bytes, policy).unwrap_err()
}

/// `batch` with its header changed and its checksum made good.
fn changed(batch: &[u8], change: impl FnOnce(&mut BatchHeader)) -> Vec<u8> {
    let mut batch = batch.to_vec();
    let mut header = BatchHeader::parse(&batch).unwrap();
    change(&mut header);
    header.write(&mut batch);
    header.crc = checksum(&batch);
    header.write(&mut batch);
    batch
}

#[test]
fn good_batches_are_stored_as_they_came() {
    for codec in Codec::ALL {
        let batch = build(BatchOptions { codec, ..BatchOptions::default() }, &fresh(3));
        let policy = Policy { compression: Some((codec, 1)), compacted: true, ..Policy::default() };
        for policy in [Policy::default(), policy] {
            let admitted = admit_bytes(&batch, &policy).unwrap();
            assert_eq!(admitted.store, Store::AsItCame, "{codec:?}");
            assert_eq!(admitted.bytes, batch);
        }
    }
}

#[test]
fn one_batch_and_nothing_else() {
    let batch = build(BatchOptions::default(), &fresh(2));
    assert_eq!(refusal(b"", &Policy::default()), Refusal::NoBatch);
    assert_eq!(refusal(&batch[..batch.len() - 1], &Policy::default()), Refusal::NoBatch);
    assert_eq!(refusal(&batch.repeat(2), &Policy::default()), Refusal::SeveralBatches);
    let followed = [&batch[..], &batch[..20]].concat();
    assert_eq!(admit_bytes(&followed, &Policy::default()).unwrap().bytes, batch, "what is cut is overlooked");
    let old = [&batch[..16], &[1], &batch[17..]].concat();
    assert_eq!(refusal(&old, &Policy::default()), Refusal::Batch(BatchError::OldMagic(1)));
}

#[test]
fn headers_that_are_refused() {
    let batch = build(BatchOptions::default(), &fresh(2));
    let check = |change: &dyn Fn(&mut BatchHeader), expected: Refusal| {
        assert_eq!(refusal(&changed(&batch, change), &Policy::default()), expected);
    };
    check(&|h| h.base_offset = Offset(1), Refusal::BaseOffset(1));
    check(&|h| h.records_count = 0, Refusal::Count { count: 0, last_offset_delta: 1 });
    check(&|h| h.records_count = -1, Refusal::Count { count: -1, last_offset_delta: 1 });
    check(&|h| h.last_offset_delta = 2, Refusal::Count { count: 2, last_offset_delta: 2 });
    check(&|h| h.last_offset_delta = i32::MIN, Refusal::Count { count: 2, last_offset_delta: i32::MIN });
    check(&|h| h.attributes |= 1 << 5, Refusal::Control);
    check(&|h| h.producer_id = ProducerId(4), Refusal::Sequence { producer: 4, sequence: -1 });
    check(&|h| h.attributes |= 7, Refusal::Batch(BatchError::UnknownCodec(7)));
    let declared_more = |h: &mut BatchHeader| (h.records_count, h.last_offset_delta) = (3, 2);
    check(&declared_more, Refusal::Batch(BatchError::RecordsMissing { declared: 3, present: 2 }));
    let declared_less = |h: &mut BatchHeader| (h.records_count, h.last_offset_delta) = (1, 0);
    check(&declared_less, Refusal::Batch(BatchError::BytesLeft(1)));
    let mut corrupt = batch.clone();
    *corrupt.last_mut().unwrap() ^= 1;
    assert!(matches!(refusal(&corrupt, &Policy::default()), Refusal::Batch(BatchError::Checksum { .. })));
    let small = Policy { batch_bytes_max: batch.len() - 1, ..Policy::default() };
    assert_eq!(refusal(&batch, &small), Refusal::TooLarge { size: batch.len(), maximum: batch.len() - 1 });
}

#[test]
fn zstd_is_younger_than_produce_7() {
    let batch = build(BatchOptions { codec: Codec::Zstd, ..BatchOptions::default() }, &fresh(1));
    assert_eq!(refusal(&batch, &Policy { zstd_allowed: false, ..Policy::default() }), Refusal::ZstdTooEarly);
}

#[test]
fn compacted_topics_need_keys() {
    for codec in Codec::ALL {
        let mut records = fresh(4);
        records[1].key = None;
        records[3].key = None;
        let batch = build(BatchOptions { codec, ..BatchOptions::default() }, &records);
        assert!(admit_bytes(&batch, &Policy::default()).is_ok());
        let Refusal::Records(refused) = refusal(&batch, &Policy { compacted: true, ..Policy::default() })
        else {
            panic!("another refusal");
        };
        let indexes: Vec<_> = refused.listed.iter().map(|record| (record.index, record.cause)).collect();
        assert_eq!(indexes, [(1, RefusalCause::KeyMissing), (3, RefusalCause::KeyMissing)]);
        assert_eq!((refused.count, refused.any_timestamp), (2, false));
    }
}

#[test]
fn refused_records_are_listed_up_to_a_bound() {
    let mut records = fresh(REFUSED_RECORDS_LISTED + 5);
    records.iter_mut().for_each(|record| record.key = None);
    let batch = build(BatchOptions::default(), &records);
    match refusal(&batch, &Policy { compacted: true, ..Policy::default() }) {
        Refusal::Records(refused) => {
            assert_eq!(
                (refused.listed.len(), refused.count),
                (REFUSED_RECORDS_LISTED, REFUSED_RECORDS_LISTED + 5)
            );
        }
        other => panic!("{other}"),
    }
}

#[test]
fn timestamps_have_bounds() {
    let policy = Policy { timestamp_before_max_ms: 1000, timestamp_after_max_ms: 500, ..Policy::default() };
    let check = |timestamp: i64, good: bool| {
        let batch = build(BatchOptions::default(), &[at(NOW.0), at(timestamp)]);
        match admit_bytes(&batch, &policy) {
            Ok(_) => assert!(good, "{timestamp}"),
            Err(Refusal::Records(refused)) => {
                assert!(!good, "{timestamp}");
                assert_eq!((refused.listed[0].index, refused.any_timestamp), (1, true));
            }
            Err(other) => panic!("{other}"),
        }
    };
    check(NOW.0 - 1000, true);
    check(NOW.0 - 1001, false);
    check(NOW.0 + 500, true);
    check(NOW.0 + 501, false);
    check(-1, true);
    check(i64::MIN, false);
    check(i64::MAX, false);
    let old = build(BatchOptions::default(), &[at(0)]);
    assert!(admit_bytes(&old, &Policy::default()).is_ok(), "by default any past is good");
    let append_time = Policy { timestamp_type: TimestampType::LogAppendTime, ..policy };
    assert!(admit_bytes(&old, &append_time).is_ok(), "the broker's own time has no bounds");
}

#[test]
fn log_append_time_changes_the_header_alone() {
    for codec in Codec::ALL {
        let batch = build(BatchOptions { codec, ..BatchOptions::default() }, &fresh(3));
        let policy = Policy { timestamp_type: TimestampType::LogAppendTime, ..Policy::default() };
        let admitted = admit_bytes(&batch, &policy).unwrap();
        assert_eq!(admitted.store, Store::Patched);
        assert_eq!(admitted.bytes[61..], batch[61..]);
        assert_eq!(admitted.header.timestamp_type(), TimestampType::LogAppendTime);
        assert_eq!(admitted.header.max_timestamp, NOW);
        admitted.header.check(&admitted.bytes).unwrap();
        assert!(read(&admitted.bytes).unwrap().iter().all(|record| record.timestamp == NOW.0));
        let Refusal::Records(refused) = refusal(&admitted.bytes, &policy) else { panic!("another refusal") };
        assert_eq!(refused.listed[0].cause, RefusalCause::LogAppendTime, "a producer must not say so itself");
    }
}

#[test]
fn a_wrong_max_timestamp_is_mended() {
    for codec in Codec::ALL {
        let batch = build(BatchOptions { codec, ..BatchOptions::default() }, &fresh(3));
        for wrong in [-1, 0, i64::MAX] {
            let lying = changed(&batch, |header| header.max_timestamp = TimestampMs(wrong));
            let admitted = admit_bytes(&lying, &Policy::default()).unwrap();
            assert_eq!((admitted.store, &admitted.bytes[..]), (Store::Patched, &batch[..]));
        }
    }
}

#[test]
fn another_compression_type_rewrites() {
    for from in Codec::ALL {
        for to in Codec::ALL.into_iter().filter(|to| *to != from) {
            let mut records = fresh(50);
            records[3].headers = vec![(b"h".to_vec(), None), (b"h".to_vec(), Some(b"twice".to_vec()))];
            let producer = Some(ProducerStamp { id: ProducerId(8), epoch: ProducerEpoch(1), sequence: 40 });
            let batch = build(BatchOptions { codec: from, producer, ..BatchOptions::default() }, &records);
            let policy = Policy { compression: Some((to, to.level_default())), ..Policy::default() };
            let admitted = admit_bytes(&batch, &policy).unwrap();
            assert_eq!(admitted.store, Store::Rewritten(RewriteReason::Compression));
            assert_eq!(admitted.header.codec().unwrap(), to);
            assert_eq!((admitted.header.producer_id.0, admitted.header.base_sequence), (8, 40));
            admitted.header.check(&admitted.bytes).unwrap();
            assert_eq!(read(&admitted.bytes).unwrap(), read(&batch).unwrap(), "{from:?} to {to:?}");
        }
    }
}

#[test]
fn a_rewritten_batch_must_fit_too() {
    let records: Vec<_> = (0..3).map(|_| Owned { value: Some(vec![0; 10_000]), ..at(NOW.0) }).collect();
    let batch = build(BatchOptions { codec: Codec::Gzip, ..BatchOptions::default() }, &records);
    let policy = Policy { compression: Some((Codec::None, 0)), batch_bytes_max: 20_000, ..Policy::default() };
    assert!(matches!(refusal(&batch, &policy), Refusal::TooLarge { maximum: 20_000, .. }));
}

#[test]
fn offsets_with_gaps_are_rewritten() {
    let whole = build(BatchOptions::default(), &fresh(3));
    for codec in Codec::ALL {
        let mut builder = BatchBuilder::new(BatchOptions { codec, ..BatchOptions::default() });
        let mut records = Records::new(&whole).unwrap();
        let mut delta = 0;
        while let Some(record) = records.next() {
            builder.append_record_at(delta, &record.unwrap());
            delta += 2;
        }
        let gaps = changed(&builder.finish().unwrap(), |header| header.last_offset_delta = 2);
        let admitted = admit_bytes(&gaps, &Policy::default()).unwrap();
        assert_eq!(admitted.store, Store::Rewritten(RewriteReason::Offsets), "{codec:?}");
        assert_eq!(read(&admitted.bytes).unwrap(), read(&whole).unwrap(), "{codec:?}");
    }
}
