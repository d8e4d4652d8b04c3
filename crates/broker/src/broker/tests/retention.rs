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
