//! What a produce is told: every refusal, and what is stored.

use thalweg_model::Offset;
use thalweg_model::batch::produce::{Refusal, RefusalCause};
use thalweg_model::batch::{BatchHeader, Codec, Records};

use super::*;
use crate::session::records::{InvalidAcks, PartitionError};
use crate::{FetchError, Isolation};

#[test]
fn acks_are_checked() {
    assert_eq!(Acks::try_from(-1), Ok(Acks::All));
    assert_eq!(Acks::try_from(0), Ok(Acks::None));
    assert_eq!(Acks::try_from(1), Ok(Acks::Leader));
    assert_eq!(Acks::try_from(2), Err(InvalidAcks(2)));
    assert_eq!(Acks::try_from(-2), Err(InvalidAcks(-2)));
}

/// All that a reader gets from an offset on.
async fn read(bench: &Bench, topic: &str, from: i64) -> Vec<u8> {
    let partition = bench.partition(topic);
    let read = partition.read(Offset(from), Isolation::ReadCommitted, 1 << 20).await.expect("it is there");
    let mut bytes = Vec::new();
    for region in &read.regions {
        bytes.extend_from_slice(&region.bytes().expect("it is in memory"));
    }
    bytes
}

#[test]
fn batches_get_offsets_and_epochs_and_come_back() {
    bench(&[], async |bench| {
        bench.create("t", 1, &[]).await;
        assert_eq!(bench.append_values("t", &["a", "b"]).await, Offset(0));
        assert_eq!(bench.append_values("t", &["c"]).await, Offset(2));
        let bytes = read(bench, "t", 0).await;
        let first = BatchHeader::parse(&bytes).expect("a batch");
        assert_eq!((first.base_offset, first.partition_leader_epoch.0), (Offset(0), 0));
        let second = &bytes[first.size()..];
        let mut records = Records::new(second).expect("a batch");
        let record = records.next().expect("one record").expect("a sound one");
        assert_eq!((record.offset, record.value), (Offset(2), Some(&b"c"[..])));
        let partition = bench.partition("t");
        assert_eq!(partition.high_watermark(), Offset(3));
        assert_eq!(partition.last_stable_offset(), Offset(3));
        read(bench, "t", 1).await;
        read(bench, "t", 3).await;
        let meters = partition.topic().meters(&*bench.broker.0.world.meter);
        assert_eq!((meters.records_in.get(), meters.records_out.get()), (3, 3 + 2));
    });
}

#[test]
fn who_reads_at_the_end_waits_and_who_reads_beyond_is_told() {
    bench(&[], async |bench| {
        bench.create("t", 1, &[]).await;
        bench.append_values("t", &["a", "b"]).await;
        let partition = bench.partition("t");
        let at_end = partition.read_tail(Offset(2), Isolation::ReadUncommitted, 100).expect("no error");
        assert_eq!(at_end.expect("the end is in memory").bytes, 0);
        for beyond in [3, -1, i64::MAX] {
            let refused = partition.read_tail(Offset(beyond), Isolation::ReadUncommitted, 100);
            assert!(matches!(refused, Err(FetchError::OutOfRange { .. })), "{beyond}: {refused:?}");
            let refused = partition.read(Offset(beyond), Isolation::ReadUncommitted, 100).await;
            assert!(matches!(refused, Err(FetchError::OutOfRange { .. })), "{beyond}");
        }
    });
}

#[test]
fn partitions_that_are_not_there_are_told_apart() {
    bench(&[], async |bench| {
        bench.create("t", 2, &[]).await;
        let find =
            |topic: TopicRef, index| bench.session.records().partition(&topic, PartitionIndex(index)).err();
        assert_eq!(find(name("t"), 1), None);
        assert_eq!(find(name("t"), 2), Some(PartitionError::Unknown));
        assert_eq!(find(name("t"), -1), Some(PartitionError::Unknown));
        assert_eq!(find(name("u"), 0), Some(PartitionError::Unknown));
        assert_eq!(find(TopicRef::Id(TopicId::ZERO), 0), Some(PartitionError::UnknownTopicId));
    });
}

async fn refused(bench: &Bench, topic: &str, records: BytesMut) -> AppendError {
    let before = bench.partition(topic).high_watermark();
    let error = bench.append_bytes(topic, records).await.expect_err("it must be refused");
    assert_eq!(bench.partition(topic).high_watermark(), before, "nothing of it was written");
    error
}

#[test]
fn batches_are_refused_by_kafkas_rules() {
    bench(&[], async |bench| {
        bench.create("t", 1, &[("max.message.bytes", "200")]).await;
        bench.create("compact", 1, &[("cleanup.policy", "compact")]).await;
        let plain = Batch { values: &["a", "b"], ..Batch::default() };

        let options = BatchOptions { transactional: true, ..BatchOptions::default() };
        let producer = Some((1, 0, 0));
        let transactional = encode(Batch { options, producer, ..plain });
        assert_eq!(refused(bench, "t", transactional).await, AppendError::Transactional);

        let options = BatchOptions { control: true, ..BatchOptions::default() };
        let control = encode(Batch { options, ..plain });
        assert_eq!(refused(bench, "t", control).await, AppendError::Refused(Refusal::Control));

        let large = "x".repeat(200);
        let large = encode(Batch { values: &[&large], ..plain });
        let error = refused(bench, "t", large).await;
        assert!(matches!(error, AppendError::Refused(Refusal::TooLarge { maximum: 200, .. })), "{error:?}");

        let mut corrupt = encode(plain);
        let last = corrupt.len() - 1;
        corrupt[last] ^= 1;
        let error = refused(bench, "t", corrupt).await;
        assert!(matches!(error, AppendError::Refused(Refusal::Batch(_))), "{error:?}");

        assert_eq!(refused(bench, "t", BytesMut::new()).await, AppendError::Refused(Refusal::NoBatch));
        let mut two = encode(plain);
        two.extend_from_slice(&encode(plain));
        assert_eq!(refused(bench, "t", two).await, AppendError::Refused(Refusal::SeveralBatches));

        let future = encode(Batch { timestamp: Some(NOW.0 + 3_600_001), ..plain });
        let error = refused(bench, "t", future).await;
        let AppendError::Refused(Refusal::Records(records)) = error else { panic!("{error:?}") };
        assert!(records.any_timestamp);

        let error = refused(bench, "compact", encode(plain)).await;
        let AppendError::Refused(Refusal::Records(records)) = error else { panic!("{error:?}") };
        assert_eq!((records.count, records.listed[1].index), (2, 1));
        assert_eq!(records.listed[1].cause, RefusalCause::KeyMissing);
        bench.append("compact", Batch { key: Some("k"), ..plain }).await.expect("it has keys");
    });
}

#[test]
fn clients_do_not_write_to_internal_topics() {
    bench(&[], async |bench| {
        bench.broker.offsets_topic_ready().await.expect("there is space");
        let batch = Batch { values: &["a"], key: Some("k"), ..Batch::default() };
        let error = bench.append("__consumer_offsets", batch).await.expect_err("it is ours");
        assert_eq!(error, AppendError::InternalTopic("__consumer_offsets".into()));
    });
}

#[test]
fn the_brokers_clock_and_codec_are_used_where_the_topic_says_so() {
    bench(&[], async |bench| {
        let settings = [("message.timestamp.type", "LogAppendTime"), ("compression.type", "lz4")];
        bench.create("t", 1, &settings).await;
        bench.advance_ms(5);
        let appended = bench.append("t", Batch { values: &["a"], ..Batch::default() }).await.expect("sound");
        let now = TimestampMs(NOW.0 + 5);
        assert_eq!(appended.log_append_time, Some(now));
        let bytes = read(bench, "t", 0).await;
        let header = BatchHeader::parse(&bytes).expect("a batch");
        assert_eq!((header.codec(), header.max_timestamp), (Ok(Codec::Lz4), now));
        header.check(&bytes).expect("its checksum is that of what it now is");
        // A large one is compressed elsewhere, and comes out the same.
        let value = "x".repeat(100_000);
        bench.append("t", Batch { values: &[&value], ..Batch::default() }).await.expect("sound");
        let header = BatchHeader::parse(&read(bench, "t", 1).await).expect("a batch");
        assert_eq!((header.codec(), header.base_offset), (Ok(Codec::Lz4), Offset(1)));
    });
}

#[test]
fn a_batch_must_fit_into_a_segment() {
    bench(&[], async |bench| {
        bench.create("t", 1, &[("segment.bytes", "1048576"), ("max.message.bytes", "5000000")]).await;
        let value = "x".repeat(1_100_000);
        let batch = Batch { values: &[&value], ..Batch::default() };
        let error = bench.append("t", batch).await.expect_err("a segment has a megabyte");
        assert!(matches!(error, AppendError::LargerThanSegment { maximum: 1_048_576, .. }), "{error:?}");
    });
}

#[test]
fn segments_roll_by_size_and_by_time() {
    bench(&[], async |bench| {
        bench.create("size", 1, &[("segment.bytes", "1048576")]).await;
        let value = "x".repeat(400_000);
        for _ in 0..5 {
            bench.append_values("size", &[&value]).await;
        }
        let segments = |topic: &str| -> Vec<_> {
            bench.partition(topic).log().segments().iter().map(|s| (s.base.0, s.end.0)).collect()
        };
        assert_eq!(segments("size"), [(0, 2), (2, 4), (4, 5)]);

        bench.create("time", 1, &[("segment.ms", "1000")]).await;
        let at = async |timestamp: i64| {
            let timestamp = Some(NOW.0 + timestamp);
            bench
                .append("time", Batch { values: &["a"], timestamp, ..Batch::default() })
                .await
                .expect("sound")
        };
        // The records' own time counts, from the segment's first batch on.
        for timestamp in [0, 1000, 1001, 500, 2001, 2002] {
            at(timestamp).await;
        }
        assert_eq!(segments("time"), [(0, 2), (2, 5), (5, 6)]);
    });
}

#[test]
fn watchers_are_told_when_there_is_more() {
    struct Count(AtomicU64);

    impl crate::Watcher for Count {
        fn moved(&self, token: u64) {
            self.0.fetch_add(token, Ordering::Relaxed);
        }
    }

    bench(&[], async |bench| {
        bench.create("t", 1, &[]).await;
        let partition = bench.partition("t");
        let count = Arc::new(Count(AtomicU64::new(0)));
        let watcher: Arc<dyn crate::Watcher> = count.clone();
        partition.watch(watcher.clone(), 5);
        bench.append_values("t", &["a"]).await;
        let told = |at_least: u64| {
            for _ in 0..5_000_000 {
                if count.0.load(Ordering::Relaxed) >= at_least {
                    return true;
                }
                std::thread::yield_now();
            }
            false
        };
        assert!(told(5));
        let _ = bench.session.topics().delete(&[name("t")]).await;
        assert!(told(10), "the end of the topic is told too");
        partition.unwatch(&watcher, 5);
    });
}

#[test]
fn log_folders_tell_sizes() {
    bench(&[], async |bench| {
        bench.create("t", 2, &[]).await;
        bench.append_values("t", &["a"]).await;
        let dirs = bench.session.topics().log_dirs(None).await;
        let sizes: Vec<_> = dirs[0].partitions.iter().map(|p| (p.partition.0, p.size > 0)).collect();
        assert_eq!(sizes, [(0, true), (1, false)]);
        let wanted = [(TopicName::from("t"), vec![PartitionIndex(1), PartitionIndex(9)])];
        let dirs = bench.session.topics().log_dirs(Some(&wanted)).await;
        assert_eq!(dirs[0].partitions.len(), 1);
        assert_eq!(dirs[0].path, PathBuf::from("/data"));
        assert_eq!((dirs[0].total_bytes, dirs[0].usable_bytes), (None, None), "memory without a cap");
    });
}
