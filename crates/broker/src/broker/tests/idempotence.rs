//! Idempotent producers through the door.

use super::*;
use crate::session::records::{ActiveProducer, InitProducerError, Producer};

const ONE: &[&str] = &["a"];

async fn produce(bench: &Bench, epoch: i16, sequence: i32) -> Result<i64, AppendError> {
    let batch = Batch { values: ONE, producer: Some((7, epoch, sequence)), ..Batch::default() };
    bench.append("t", batch).await.map(|appended| appended.base_offset.0)
}

#[test]
fn a_batch_that_comes_again_is_answered_like_the_first_time() {
    bench(&[], async |bench| {
        bench.create("t", 1, &[]).await;
        for sequence in 0..7 {
            assert_eq!(produce(bench, 0, sequence).await, Ok(i64::from(sequence)));
        }
        for sequence in 2..7 {
            assert_eq!(produce(bench, 0, sequence).await, Ok(i64::from(sequence)), "sequence {sequence}");
        }
        assert!(matches!(produce(bench, 0, 1).await, Err(AppendError::OutOfOrderSequence { .. })));
        assert!(matches!(produce(bench, 0, 8).await, Err(AppendError::OutOfOrderSequence { .. })));
        assert_eq!(bench.partition("t").high_watermark(), Offset(7));
        assert_eq!(produce(bench, 1, 0).await, Ok(7));
        assert!(matches!(produce(bench, 0, 7).await, Err(AppendError::InvalidProducerEpoch { .. })));
    });
}

#[test]
fn who_is_forgotten_may_go_on_with_any_sequence() {
    bench(&[("producer.id.expiration.ms", "1000")], async |bench| {
        bench.create("t", 1, &[]).await;
        produce(bench, 0, 0).await.expect("the first");
        bench.advance_ms(999);
        bench.broker.expire_producers();
        assert!(produce(bench, 0, 9).await.is_err());
        bench.advance_ms(1);
        bench.broker.expire_producers();
        assert_eq!(produce(bench, 0, 9).await, Ok(1));
    });
}

#[test]
fn deleting_records_forgets_no_producer() {
    bench(&[], async |bench| {
        bench.create("t", 1, &[]).await;
        produce(bench, 0, 0).await.expect("the first");
        let deleted = bench.session.records().delete_records(&name("t"), PartitionIndex(0), None).await;
        assert_eq!(deleted.value, Ok(Offset(1)));
        assert!(produce(bench, 0, 2).await.is_err());
        assert_eq!(produce(bench, 0, 1).await, Ok(1));
    });
}

#[test]
fn active_producers_are_described() {
    bench(&[], async |bench| {
        bench.create("t", 1, &[]).await;
        let batch = Batch { values: &["a", "b"], producer: Some((7, 3, 0)), ..Batch::default() };
        bench.append("t", batch).await.expect("sound");
        let described = bench.session.records().describe_producers(&name("t"), PartitionIndex(0));
        let expect = ActiveProducer {
            producer: Producer { id: ProducerId(7), epoch: ProducerEpoch(3) },
            last_sequence: 1,
            last_timestamp: NOW,
            coordinator_epoch: None,
            transaction_start_offset: None,
        };
        assert_eq!(described.value, Ok(vec![expect]));
    });
}

#[test]
fn what_is_kept_of_producers_comes_back() {
    bench(&[("producer.id.expiration.ms", "1000")], async |bench| {
        bench.create("t", 1, &[]).await;
        bench.create("fresh", 1, &[]).await;
        assert!(bench.partition("fresh").snapshot(None).is_none());
        for sequence in 0..3 {
            produce(bench, 0, sequence).await.expect("in order");
        }
        let snapshot = bench.partition("t").snapshot(None).expect("there is a producer");
        assert_eq!(snapshot.seq, bench.partition("t").log().seq_of_state());
        let recovered = thalweg_storage::Recovered { snapshot: vec![snapshot.bytes], ..Default::default() };
        let restored = bench.partition("fresh");
        restored.restore(recovered.clone(), 1000);
        assert_eq!(restored.active_producers().0, bench.partition("t").active_producers().0);
        // One that expired meanwhile stays forgotten.
        bench.create("later", 1, &[]).await;
        bench.advance_ms(1000);
        bench.partition("later").restore(recovered, 1000);
        assert!(bench.partition("later").active_producers().0.is_empty());
    });
}

#[test]
fn producer_ids_are_given_by_kafkas_rules() {
    bench(&[], async |bench| {
        let records = bench.session.records();
        let first = records.init_producer_id(None, None).await.value.expect("there is space");
        assert_eq!(first, Producer { id: ProducerId(0), epoch: ProducerEpoch(0) });
        let again = records.init_producer_id(None, Some(first)).await.value.expect("there is space");
        assert_eq!(again, Producer { id: ProducerId(1), epoch: ProducerEpoch(0) });
        let refused = records.init_producer_id(Some("x"), None).await.value;
        assert_eq!(refused, Err(InitProducerError::Transactional));
        for (id, current) in [(Some(""), None), (None, Some((5, -1))), (None, Some((-1, 5)))] {
            let current =
                current.map(|(id, epoch)| Producer { id: ProducerId(id), epoch: ProducerEpoch(epoch) });
            let refused = records.init_producer_id(id, current).await.value;
            assert!(matches!(refused, Err(InitProducerError::InvalidRequest(_))), "{id:?} {current:?}");
        }
    });
}
