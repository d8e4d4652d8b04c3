//! What a seed decides before anything happens: how large things are, who takes part, and what goes wrong how often.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use thalweg_kafka::client::PartitionName;
use thalweg_storage::Options;

use crate::simulation::universe::Chance;

/// The plan of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How long clients work and things go wrong.
    pub storm: Duration,
    /// Whether the disk writes past the page cache.
    pub direct: bool,
    /// Storage's bounds.
    pub options: Options,
    /// The broker's settings.
    pub settings: BTreeMap<Arc<str>, Arc<str>>,
    /// The topics that stay, with their numbers of partitions.
    pub topics: Vec<(String, i32)>,
    /// How many clients produce,
    pub producers: u64,
    /// and how many read.
    pub readers: u64,
}

impl Plan {
    /// The plan of a seed.
    pub fn new(chance: &Chance) -> Self {
        let kib = |least, most| chance.between(least, most) << 10;
        let options = Options {
            tail_bytes: kib(8, 64),
            wal_bytes: kib(16, 64),
            ring_first_bytes: *chance.pick(&[32 << 10, 64 << 10]),
            ring_file_bytes: *chance.pick(&[64 << 10, 128 << 10]),
            ring_files: chance.between(2, 4) as usize,
            ring_files_uncovered_max: 2,
            reserve_wait_max: chance.micros(50_000, 500_000),
            checkpoint_bytes: kib(8, 64),
            checkpoint_interval: chance.micros(200_000, 2_000_000),
            release_interval: chance.micros(100_000, 500_000),
            own_file_bytes: kib(4, 32),
            delete_delay: chance.micros(0, 300_000),
            cold_readers: chance.between(1, 3) as usize,
            ..Options::default()
        };
        let text = |name: &str, value: &dyn std::fmt::Display| (name.into(), value.to_string().into());
        let settings = BTreeMap::from([
            text("node.id", &1),
            text("offsets.topic.num.partitions", &2),
            text("group.min.session.timeout.ms", &100),
            text("log.initial.task.delay.ms", &50),
            text("log.retention.check.interval.ms", &chance.between(50, 400)),
            text("log.segment.bytes", &(1 << 20)),
        ]);
        let topics = (0..chance.between(1, 3))
            .map(|number| (format!("t{number}"), chance.between(1, 3) as i32))
            .collect();
        Self {
            storm: chance.micros(600_000, 2_500_000),
            direct: chance.percent(70),
            options,
            settings,
            topics,
            producers: chance.between(1, 4),
            readers: chance.between(1, 2),
        }
    }

    /// All partitions of the topics that stay.
    pub fn partitions(&self) -> Vec<PartitionName> {
        let of = |(topic, count): &(String, i32)| {
            let topic: Arc<str> = topic.as_str().into();
            (0..*count).map(move |index| PartitionName::new(topic.clone(), index)).collect::<Vec<_>>()
        };
        self.topics.iter().flat_map(of).collect()
    }
}
