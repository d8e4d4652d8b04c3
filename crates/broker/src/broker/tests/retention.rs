//! Retention by time and size, with a clock that the test moves.

use super::*;
use crate::Isolation;

#[test]
fn old_segments_go_and_the_log_goes_on() {
    bench(&[], async |bench| {
        bench.create("age", 1, &[("retention.ms", "1000"), ("segment.ms", "100")]).await;
        bench.create("kept", 1, &[("retention.ms", "-1"), ("segment.ms", "100")]).await;
        bench.create("compact", 1, &[("retention.ms", "0"), ("cleanup.policy", "compact")]).await;
        bench.create("both", 1, &[("retention.ms", "0"), ("cleanup.policy", "compact,delete")]).await;
        for step in 0..3 {
            for topic in ["age", "kept", "compact", "both"] {
                let timestamp = Some(NOW.0 + step * 500);
                let batch = Batch { values: &["a"], key: Some("k"), timestamp, ..Batch::default() };
                bench.append(topic, batch).await.expect("sound");
            }
        }
        bench.advance_ms(1501);
        bench.broker.apply_retention().await;
        let start = |topic: &str| bench.partition(topic).log().start().0;
        assert_eq!((start("age"), start("kept"), start("compact"), start("both")), (2, 0, 0, 3));
        bench.advance_ms(600);
        bench.broker.apply_retention().await;
        assert_eq!((start("age"), start("kept")), (3, 0));
        // An emptied log goes on at its next offset.
        assert_eq!(bench.append_values("age", &["b"]).await, Offset(3));
        let read = bench.partition("age").read(Offset(3), Isolation::ReadUncommitted, 100).await;
        assert!(read.expect("it is there").bytes > 0);
    });
}

#[test]
fn the_first_check_comes_after_its_delay() {
    bench(&[("log.initial.task.delay.ms", "30000")], async |bench| {
        bench.create("t", 1, &[("retention.ms", "1000"), ("segment.ms", "100")]).await;
        bench.append_values("t", &["a"]).await;
        let begun = || bench.partition("t").log().start() == Offset(1);
        let mut passed = 0;
        while !begun() {
            assert!(passed < 100_000, "the first check was not made after {passed} s");
            bench.advance_ms(1000);
            passed += 1;
            std::thread::yield_now();
        }
        assert!(passed >= 30, "the first check was made after {passed} s");
    });
}

#[test]
fn of_mixed_retentions_in_one_pack_no_more_is_dead_than_alive() {
    // Kafka's settings, shortened: the delay of files is their topic's, the engine's own is for gathered ones.
    bench(&[("log.segment.delete.delay.ms", "1000")], async |bench| {
        let minutes = |count: u64| (count * 60_000).to_string();
        let topics = [("minutes", minutes(2)), ("longer", minutes(7)), ("days", minutes(10_000))];
        for (topic, retention_ms) in &topics {
            let configs = [("retention.ms", retention_ms.as_str()), ("segment.ms", "60000")];
            bench.create(topic, 1, &configs).await;
        }
        bench.create("bytes", 1, &[("retention.bytes", "1000000"), ("segment.bytes", "1048576")]).await;
        let engine = bench.broker.engine();
        let value = "0123456789".repeat(20_000);
        let mut written = 0;
        for minute in 0..30 {
            for topic in ["minutes", "longer", "days", "bytes"] {
                // What is kept for days is little at first, then most.
                let count = if topic == "days" && minute < 15 { 0 } else { 2 };
                for _ in 0..count {
                    let timestamp = Some(NOW.0 + minute * 60_000);
                    let batch = Batch { values: &[&value], timestamp, ..Batch::default() };
                    bench.append(topic, batch).await.expect("sound");
                    written += value.len() as u64;
                }
            }
            engine.checkpoint().await;
            bench.advance_ms(60_000);
            bench.broker.apply_retention().await;
            let logs = ["minutes", "longer", "days", "bytes"].map(|topic| bench.partition(topic));
            for partition in &logs {
                bench.durable(partition.log().seq_of_state());
            }
            engine.checkpoint().await;
            let usage = engine.usage();
            let sizes: u64 = logs.iter().map(|partition| partition.log().size()).sum();
            assert_eq!(usage.live_bytes, sizes, "minute {minute}: {usage:?}");
            // A file's own header and directory are not worth writing it anew.
            let slack = 6_000 * usage.files;
            assert!(usage.segment_bytes <= 2 * sizes + slack, "minute {minute}: {sizes} of {usage:?}");
        }
        let size = |topic: &str| bench.partition(topic).log().size();
        assert!(size("minutes") <= 8 * value.len() as u64 && size("bytes") <= 2_100_000);
        assert!(size("days") >= 30 * value.len() as u64, "nothing of it was released");
        assert!(written > 2 * engine.usage().live_bytes, "most was released");
    });
}
