//! Offsets by time, by epoch, and after deleted records.

use thalweg_model::LeaderEpoch;

use super::*;
use crate::session::records::{DeleteRecordsError, ListedOffset, OffsetAt, PartitionError};
use crate::{EpochEnd, FetchError, Isolation};

async fn list(bench: &Bench, at: OffsetAt) -> (Option<i64>, Option<i64>, Option<i32>) {
    let records = bench.session.records();
    let listed =
        records.list_offset(&name("t"), PartitionIndex(0), None, at, Isolation::ReadUncommitted).await;
    let ListedOffset { offset, timestamp, leader_epoch } = listed.value.expect("the partition is there");
    (offset.map(|o| o.0), timestamp.map(|t| t.0), leader_epoch.map(|e| e.0))
}

#[test]
fn the_ends_are_found() {
    bench(&[], async |bench| {
        bench.create("t", 1, &[]).await;
        assert_eq!(list(bench, OffsetAt::Earliest).await, (Some(0), None, Some(0)));
        assert_eq!(list(bench, OffsetAt::Latest).await, (Some(0), None, Some(0)));
        bench.append_values("t", &["a", "b", "c"]).await;
        let deleted =
            bench.session.records().delete_records(&name("t"), PartitionIndex(0), Some(Offset(1))).await;
        bench.durable(deleted.after);
        assert_eq!(list(bench, OffsetAt::Earliest).await, (Some(1), None, Some(0)));
        assert_eq!(list(bench, OffsetAt::EarliestLocal).await, (Some(1), None, Some(0)));
        assert_eq!(list(bench, OffsetAt::Latest).await, (Some(3), None, Some(0)));
        assert_eq!(list(bench, OffsetAt::LatestTiered).await, (None, None, None));
        assert_eq!(list(bench, OffsetAt::EarliestPendingUpload).await, (None, None, None));
    });
}

#[test]
fn the_latest_of_records_without_timestamps_is_the_first() {
    bench(&[], async |bench| {
        bench.create("t", 1, &[]).await;
        assert_eq!(list(bench, OffsetAt::MaxTimestamp).await, (None, None, None));
        for _ in 0..2 {
            let batch = Batch { values: &["a", "b"], timestamp: Some(-1), ..Batch::default() };
            bench.append("t", batch).await.expect("records may have none");
        }
        // As seen on a running Kafka 4.4.0.
        assert_eq!(list(bench, OffsetAt::MaxTimestamp).await, (Some(0), Some(-1), Some(0)));
        assert_eq!(list(bench, OffsetAt::Timestamp(TimestampMs(0))).await, (None, None, None));
        let batch = Batch { values: &["c", "d"], timestamp: Some(5), ..Batch::default() };
        bench.append("t", batch).await.expect("it has one");
        assert_eq!(list(bench, OffsetAt::MaxTimestamp).await, (Some(4), Some(5), Some(0)));
    });
}

#[test]
fn epochs_end_where_the_next_one_begins() {
    bench(&[], async |bench| {
        bench.create("t", 1, &[]).await;
        bench.append_values("t", &["a", "b"]).await;
        let end = |epoch| {
            let records = bench.session.records();
            let end =
                records.offset_for_leader_epoch(&name("t"), PartitionIndex(0), None, LeaderEpoch(epoch));
            let EpochEnd { epoch, end_offset } = end.value.expect("the partition is there");
            (epoch.map(|e| e.0), end_offset.map(|o| o.0))
        };
        assert_eq!(end(0), (Some(0), Some(2)));
        assert_eq!(end(1), (None, None));
        assert_eq!(end(-1), (None, None));
    });
}

#[test]
fn clients_with_another_epoch_are_told() {
    bench(&[], async |bench| {
        bench.create("t", 1, &[]).await;
        let partition = bench.partition("t");
        assert_eq!(partition.check_leader_epoch(None), Ok(()));
        assert_eq!(partition.check_leader_epoch(Some(LeaderEpoch(0))), Ok(()));
        let newer = partition.check_leader_epoch(Some(LeaderEpoch(1)));
        assert!(matches!(newer, Err(PartitionError::UnknownLeaderEpoch { .. })), "{newer:?}");
        let older = partition.check_leader_epoch(Some(LeaderEpoch(-1)));
        assert!(matches!(older, Err(PartitionError::FencedLeaderEpoch { .. })), "{older:?}");
    });
}

#[test]
fn logs_that_part_are_seen() {
    bench(&[], async |bench| {
        bench.create("t", 1, &[]).await;
        bench.append_values("t", &["a", "b"]).await;
        let partition = bench.partition("t");
        let check = |epoch, offset| partition.diverging_epoch(LeaderEpoch(epoch), Offset(offset));
        assert_eq!(check(0, 2), Ok(None));
        let end = EpochEnd { epoch: Some(LeaderEpoch(0)), end_offset: Some(Offset(2)) };
        assert_eq!(check(0, 3), Ok(Some(end)));
        assert!(matches!(check(1, 2), Err(FetchError::OutOfRange { .. })));
    });
}

#[test]
fn records_are_deleted_by_kafkas_rules() {
    bench(&[], async |bench| {
        bench.create("t", 1, &[]).await;
        bench.create("compact", 1, &[("cleanup.policy", "compact")]).await;
        bench.create("both", 1, &[("cleanup.policy", "compact,delete")]).await;
        bench.append_values("t", &["a", "b", "c"]).await;
        let delete = async |topic: &str, before: Option<i64>| {
            let before = before.map(Offset);
            let answer =
                bench.session.records().delete_records(&name(topic), PartitionIndex(0), before).await;
            bench.durable(answer.after);
            answer.value.map(|start| start.0)
        };
        assert_eq!(delete("t", Some(2)).await, Ok(2));
        // Backwards changes nothing.
        assert_eq!(delete("t", Some(1)).await, Ok(2));
        for outside in [4, -1] {
            let refused = delete("t", Some(outside)).await;
            assert!(matches!(refused, Err(DeleteRecordsError::OutOfRange { .. })), "{outside}: {refused:?}");
        }
        assert_eq!(bench.partition("t").log_start_offset(), Offset(2));
        let gone = bench.partition("t").read(Offset(1), Isolation::ReadUncommitted, 100).await;
        assert!(matches!(gone, Err(FetchError::OutOfRange { .. })));
        assert_eq!(delete("t", None).await, Ok(3));
        assert_eq!(delete("compact", None).await, Err(DeleteRecordsError::NotDeletable));
        assert_eq!(delete("both", None).await, Ok(0));
        assert!(matches!(
            delete("u", None).await,
            Err(DeleteRecordsError::Partition(PartitionError::Unknown))
        ));
        bench.broker.offsets_topic_ready().await.expect("there is space");
        let refused = delete("__consumer_offsets", None).await;
        assert!(matches!(refused, Err(DeleteRecordsError::InternalTopic(_))), "{refused:?}");
    });
}

#[test]
fn readers_hear_of_a_start_that_moved_when_it_stays() {
    let (backends, held) = memory_that_can_be_held();
    bench_over(backends, &[], async |bench| {
        bench.create("t", 1, &[]).await;
        bench.append_values("t", &["a", "b", "c"]).await;
        held.send_replace(true);
        let records = bench.session.records();
        let deleted = records.delete_records(&name("t"), PartitionIndex(0), Some(Offset(2))).await;
        let partition = bench.partition("t");
        assert_eq!(
            partition.read_tail(Offset(1), Isolation::ReadUncommitted, 100).map(|read| read.is_none()),
            Ok(true)
        );
        let mut read = std::pin::pin!(partition.read(Offset(1), Isolation::ReadUncommitted, 100));
        let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
        assert!(read.as_mut().poll(context).is_pending(), "the start may move back");
        held.send_replace(false);
        bench.durable(deleted.after);
        assert!(matches!(read.await, Err(FetchError::OutOfRange { .. })));
    });
}
