//! Work in the background: what retention releases, and producers that are forgotten. Segments go whole, oldest
//! first, by Kafka's rules; freeing their space is storage's affair.

use std::time::Duration;

use thalweg_model::{Offset, TimestampMs};
use thalweg_storage::Segment;

use crate::catalog::Entry;
use crate::config::TopicConfig;
use crate::partition::Partition;

use super::Broker;
use super::configs::milliseconds;

/// Kafka's `producer.id.expiration.check.interval.ms`, which is none of its described settings.
const PRODUCER_EXPIRY_INTERVAL: Duration = Duration::from_secs(600);

/// So many partitions are looked at before other tasks have their turn.
const PARTITIONS_AT_ONCE: usize = 256;

impl Broker {
    pub(super) async fn run_retention(&self) {
        let config = self.config();
        let mut pause = milliseconds(config.log_initial_task_delay_ms);
        while self.pause(pause).await {
            self.apply_retention().await;
            pause = milliseconds(config.log_retention_check_interval_ms);
        }
    }

    pub(super) async fn run_producer_expiry(&self) {
        while self.pause(PRODUCER_EXPIRY_INTERVAL).await {
            self.expire_producers();
        }
    }

    /// Waits; false when the broker closes.
    async fn pause(&self, duration: Duration) -> bool {
        let mut closing = self.0.closing.subscribe();
        tokio::select! {
            biased;
            _ = closing.wait_for(|closing| *closing) => false,
            () = self.0.world.clock.sleep(duration) => true,
        }
    }

    /// Moves the start of every partition to where its settings say.
    pub(super) async fn apply_retention(&self) {
        self.tell_compact_only();
        for (count, partition) in self.all_partitions().into_iter().enumerate() {
            if count % PARTITIONS_AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
            let config = partition.topic().config();
            if !config.cleanup_policy.delete {
                continue;
            }
            let segments = partition.log().segments();
            let now = self.0.world.clock.now();
            if let Some(start) = retained_from(&segments, &config, partition.high_watermark(), now) {
                let from = partition.log_start_offset();
                partition.move_start(start);
                tracing::debug!(?partition, from = from.0, to = start.0, "retention released records");
            }
        }
    }

    /// Counts the topics of which nothing is removed because there is no cleaner yet.
    pub(super) fn tell_compact_only(&self) -> usize {
        let is_compact_only = |entry: &&Entry| {
            let policy = entry.topic.config().cleanup_policy;
            policy.compact && !policy.delete && !entry.topic.internal
        };
        let count = self.0.catalog.read(|state| state.entries().filter(is_compact_only).count());
        let help = "Topics that are compacted only: nothing is removed from them yet";
        let gauge = self.0.world.meter.gauge("topics_compact_only", help, &[]);
        gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        count
    }

    pub(super) fn expire_producers(&self) {
        let expiration_ms = i64::from(self.config().producer_id_expiration_ms);
        for partition in self.all_partitions() {
            partition.expire_producers(expiration_ms);
        }
    }

    fn all_partitions(&self) -> Vec<Partition> {
        self.0
            .catalog
            .read(|state| state.entries().flat_map(|entry| entry.partitions.iter().cloned()).collect())
    }
}

/// Where a log shall begin, if that is further on than it does: after the segments that go for the log's size, then
/// after those whose newest record is too old. A segment goes only when all of it is durable.
fn retained_from(
    segments: &[Segment],
    config: &TopicConfig,
    high_watermark: Offset,
    now: TimestampMs,
) -> Option<Offset> {
    let size: u64 = segments.iter().map(|segment| segment.bytes).sum();
    let mut excess = match u64::try_from(config.retention_bytes) {
        Ok(most) => size.saturating_sub(most),
        Err(_) => 0,
    };
    let mut start = None;
    let mut rest = segments.iter().filter(|segment| segment.bytes > 0).peekable();
    while let Some(segment) = rest.next_if(|s| s.end <= high_watermark && s.bytes <= excess) {
        excess -= segment.bytes;
        start = Some(segment.end);
    }
    let is_expired = |segment: &&Segment| {
        // Without timestamps a segment is as old as its file is.
        let newest = if segment.max_timestamp.0 >= 0 { segment.max_timestamp } else { segment.created };
        let age = now.0.saturating_sub(newest.0);
        segment.end <= high_watermark && config.retention_ms >= 0 && age > config.retention_ms
    };
    while let Some(segment) = rest.next_if(is_expired) {
        start = Some(segment.end);
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(base: i64, end: i64, bytes: u64, newest: i64) -> Segment {
        let (max_timestamp, first_timestamp) = (TimestampMs(newest), TimestampMs(newest));
        let created = TimestampMs(500);
        Segment {
            base: Offset(base),
            end: Offset(end),
            bytes,
            max_timestamp,
            first_timestamp,
            created,
            active: false,
        }
    }

    fn check(retention_ms: i64, retention_bytes: i64, high_watermark: i64, expect: Option<i64>) {
        let segments = [segment(0, 10, 100, 1000), segment(10, 20, 100, 3000), segment(20, 30, 100, 2000)];
        let mut config = TopicConfig::clone(&TopicConfig::new(&Default::default(), &Default::default()));
        config.retention_ms = retention_ms;
        config.retention_bytes = retention_bytes;
        let now = TimestampMs(4000);
        let found = retained_from(&segments, &config, Offset(high_watermark), now);
        assert_eq!(
            found.map(|o| o.0),
            expect,
            "ms {retention_ms} bytes {retention_bytes} hw {high_watermark}"
        );
    }

    #[test]
    fn segments_go_oldest_first_by_size_and_age() {
        check(-1, -1, 30, None);
        // By age: strictly older than the bound, and a young segment protects those after it.
        check(3000, -1, 30, None);
        check(2999, -1, 30, Some(10));
        check(1500, -1, 30, Some(10));
        check(999, -1, 30, Some(30));
        // By size: a segment goes if the rest is still as large as the bound.
        check(-1, 300, 30, None);
        check(-1, 299, 30, None);
        check(-1, 200, 30, Some(10));
        check(-1, 101, 30, Some(10));
        check(-1, 100, 30, Some(20));
        check(-1, 0, 30, Some(30));
        // Both: size first, age goes on from there.
        check(999, 200, 30, Some(30));
        // Only what is durable.
        check(0, -1, 20, Some(20));
        check(0, -1, 9, None);
    }

    #[test]
    fn a_segment_without_timestamps_is_as_old_as_it_is() {
        let segments = [segment(0, 10, 100, -1)];
        let mut config = TopicConfig::clone(&TopicConfig::new(&Default::default(), &Default::default()));
        config.retention_ms = 100;
        assert_eq!(retained_from(&segments, &config, Offset(10), TimestampMs(600)), None);
        assert_eq!(retained_from(&segments, &config, Offset(10), TimestampMs(601)), Some(Offset(10)));
    }
}
