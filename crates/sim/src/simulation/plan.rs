//! What a seed decides before anything happens: how large things are, who takes part, and what goes wrong how often.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use thalweg_kafka::client::PartitionName;
use thalweg_storage::{Durability, Options};

use crate::simulation::peril::Peril;
use crate::simulation::universe::Chance;

/// What settings are called by which records go by themselves.
const RETENTION: &str = "retention.";

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
    /// The topics that stay.
    pub topics: Vec<PlannedTopic>,
    /// What goes wrong.
    pub perils: Vec<Peril>,
    /// How much time lies between two things that go wrong.
    pub peril_every_micros: (u64, u64),
    /// How many clients produce,
    pub producers: u64,
    /// how many read,
    pub readers: u64,
    /// how many share partitions as a group,
    pub members: u64,
    /// and how many commit positions without being members.
    pub committers: u64,
    /// Whether records are deleted and settings changed.
    pub deletes: bool,
    /// Whether a topic is made and deleted again and again.
    pub remakes: bool,
}

/// A topic that is there from the beginning.
#[derive(Clone, Debug)]
pub struct PlannedTopic {
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: i32,
    /// Its settings.
    pub configs: Vec<(String, String)>,
}

impl Plan {
    /// The plan of a seed.
    pub fn new(chance: &Chance) -> Self {
        let text = |name: &str, value: &dyn std::fmt::Display| (name.into(), value.to_string().into());
        let settings = BTreeMap::from([
            text("node.id", &1),
            text("offsets.topic.num.partitions", &2),
            text("group.min.session.timeout.ms", &100),
            text("log.initial.task.delay.ms", &50),
            text("log.retention.check.interval.ms", &chance.between(50, 400)),
            text("log.segment.bytes", &(1 << 20)),
        ]);
        let most = *chance.pick(&[20_000, 100_000, 400_000]);
        let options = options(chance);
        let mut perils = Peril::choose(chance);
        let mut topics: Vec<_> =
            (0..chance.between(1, 2)).map(|number| PlannedTopic::new(number, chance)).collect();
        if options.durability == Durability::Os {
            perils.retain(|peril| !matches!(peril, Peril::PowerCut | Peril::KillThenPowerCut));
            // Nobody would know any more where retention had moved a start that the power cut takes back.
            topics
                .iter_mut()
                .for_each(|topic| topic.configs.retain(|(name, _)| !name.starts_with(RETENTION)));
        }
        Self {
            storm: chance.micros(400_000, 1_600_000),
            direct: chance.percent(70),
            options,
            settings,
            topics,
            perils,
            peril_every_micros: (most / 20, most),
            producers: chance.between(1, 3),
            readers: chance.between(0, 2),
            members: if chance.percent(40) { chance.between(1, 3) } else { 0 },
            committers: u64::from(chance.percent(50)),
            deletes: chance.percent(40),
            remakes: chance.percent(30),
        }
    }

    /// Whether a power cut may take the ends of partitions: there is one then, behind the storm.
    pub fn ends_may_be_lost(&self) -> bool {
        self.options.durability == Durability::Os
    }

    /// All partitions of the topics that stay.
    pub fn partitions(&self) -> Vec<PartitionName> {
        self.topics.iter().flat_map(PlannedTopic::all).collect()
    }

    /// Those of topics whose records go by themselves.
    pub fn retained(&self) -> Vec<PartitionName> {
        let is_retained =
            |topic: &&PlannedTopic| topic.configs.iter().any(|(name, _)| name.starts_with(RETENTION));
        self.topics.iter().filter(is_retained).flat_map(PlannedTopic::all).collect()
    }
}

impl PlannedTopic {
    fn new(number: u64, chance: &Chance) -> Self {
        let mut configs = Vec::new();
        let mut set = |name: &str, value: u64| configs.push((name.to_owned(), value.to_string()));
        if chance.percent(60) {
            set("segment.ms", chance.between(20, 600));
        }
        if chance.percent(25) {
            set("retention.bytes", chance.between(5_000, 60_000));
        } else if chance.percent(20) {
            set("retention.ms", chance.between(100, 1_500));
        }
        Self { name: format!("t{number}"), partitions: chance.between(1, 2) as i32, configs }
    }

    fn all(&self) -> Vec<PartitionName> {
        let topic: Arc<str> = self.name.as_str().into();
        (0..self.partitions).map(|index| PartitionName::new(topic.clone(), index)).collect()
    }
}

/// Small bounds, so that a short life meets all of them.
fn options(chance: &Chance) -> Options {
    let kib = |least, most| chance.between(least, most) << 10;
    // Many small packs are merged.
    let is_often = chance.percent(50);
    Options {
        durability: if chance.percent(15) { Durability::Os } else { Durability::Fsync },
        tail_bytes: kib(8, 64),
        wal_bytes: kib(16, 64),
        ring_first_bytes: *chance.pick(&[32 << 10, 64 << 10]),
        ring_file_bytes: *chance.pick(&[64 << 10, 128 << 10]),
        ring_files: chance.between(2, 4) as usize,
        ring_files_uncovered_max: 2,
        reserve_wait_max: chance.micros(50_000, 500_000),
        checkpoint_bytes: kib(8, 64),
        checkpoint_interval: if is_often {
            chance.micros(20_000, 100_000)
        } else {
            chance.micros(200_000, 2_000_000)
        },
        release_interval: chance.micros(100_000, 500_000),
        own_file_bytes: kib(4, 32),
        delete_delay: chance.micros(0, 300_000),
        cold_readers: chance.between(1, 3) as usize,
        scrub_bytes_per_second: kib(64, 4096),
        scrub_interval: chance.micros(200_000, 3_000_000),
        ..Options::default()
    }
}
