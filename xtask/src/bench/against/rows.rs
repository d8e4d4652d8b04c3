//! The table: each workload with its clients, its size and what is wanted of us.

use super::load::{Amount, Client, Consuming, JAVA, LIBRDKAFKA, Load, Producing, READERS};
use super::metric::Bound::{AtLeast, AtMost};
use super::metric::{Goal, Metric};
use super::side::Side;

pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) load: Load,
    pub(super) goals: &'static [Goal],
}

const EIGHTH: f64 = 1.0 / 8.0;
const QUARTER: f64 = 1.0 / 4.0;
const SIXTH: f64 = 1.0 / 6.0;
const TWENTIETH: f64 = 1.0 / 20.0;

/// The most memory that any workload may take, in MiB.
pub(super) const PEAK_MEMORY_GOAL: Goal = Goal::alone(Metric::PeakMemory, AtMost(256.0));

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "start",
        title: "start on an empty folder, idle memory",
        load: Load::Start,
        goals: &[Goal::alone(Metric::Ready, AtMost(50.0)), Goal::alone(Metric::IdleMemory, AtMost(15.0))],
    },
    Row {
        name: "rd-1p-1k",
        title: "librdkafka, 1 partition, 1 KiB",
        load: Load::Produce(Producing { partitions: 1, ..LIBRDKAFKA }),
        goals: &[
            Goal::to_default(Metric::Rate, AtLeast(5.0)),
            Goal::to_default(Metric::CpuPerGb, AtMost(EIGHTH)),
        ],
    },
    Row {
        name: "rd-100p-100b",
        title: "librdkafka, 100 partitions, 100 B",
        load: Load::Produce(Producing {
            partitions: 100,
            size: 100,
            records: Amount { quick: 1_500_000, full: 10_000_000 },
            ..LIBRDKAFKA
        }),
        goals: &[
            Goal::to_default(Metric::Rate, AtLeast(4.0)),
            Goal::to_default(Metric::CpuPerGb, AtMost(EIGHTH)),
        ],
    },
    Row {
        name: "java-100p-1k",
        title: "Java, 100 partitions, 1 KiB",
        load: Load::Produce(Producing { partitions: 100, ..JAVA }),
        goals: &[
            Goal::to_synced(Metric::Rate, AtLeast(2.0)),
            Goal::both_os(Metric::Rate, AtLeast(2.0)),
            Goal::to_synced(Metric::CpuPerGb, AtMost(SIXTH)),
            Goal::both_os(Metric::CpuPerGb, AtMost(SIXTH)),
            Goal::to_synced(Metric::P99, AtMost(0.1)),
            Goal::both_os(Metric::P99, AtMost(0.1)),
        ],
    },
    Row {
        name: "rd-consume-1p",
        title: "librdkafka consume, 1 partition, 1 KiB",
        load: Load::Consume(READERS),
        goals: &[
            Goal::to_default(Metric::Rate, AtLeast(3.0)),
            Goal::to_default(Metric::CpuPerGb, AtMost(QUARTER)),
        ],
    },
    Row {
        name: "java-consume-100p",
        title: "Java consume, 100 partitions, 1 KiB",
        load: Load::Consume(Consuming { client: Client::Java, partitions: 100, ..READERS }),
        goals: &[
            Goal::to_default(Metric::Rate, AtLeast(1.3)),
            Goal::to_default(Metric::CpuPerGb, AtMost(QUARTER)),
        ],
    },
    Row {
        name: "end-to-end",
        title: "one record at a time, end to end, 1 KiB",
        load: Load::EndToEnd { size: 1024, records: Amount { quick: 3_000, full: 20_000 } },
        goals: &[
            Goal::to_default(Metric::Mean, AtMost(1.0)),
            Goal::to_default(Metric::P999, AtMost(1.0 / 3.0)),
        ],
    },
    Row {
        name: "java-10k",
        title: "Java, 10,000/s, 16 partitions, 1 KiB",
        load: Load::Produce(Producing {
            records: Amount { quick: 40_000, full: 300_000 },
            rate: Some(10_000),
            ..JAVA
        }),
        goals: &[Goal::alone(Metric::P50, AtMost(1.0)), Goal::alone(Metric::P99, AtMost(10.0))],
    },
    Row {
        name: "java-request-5",
        title: "Java, a request per record, 5 in flight, 100 B",
        load: Load::Produce(Producing {
            partitions: 1,
            size: 100,
            records: Amount { quick: 10_000, full: 100_000 },
            properties: &["linger.ms=0", "batch.size=0", "max.in.flight.requests.per.connection=5"],
            ..JAVA
        }),
        goals: &[Goal::to_synced(Metric::Rate, AtLeast(8.0)), Goal::to_default(Metric::Rate, AtLeast(1.5))],
    },
    rd_request(
        "rd-request-1",
        "librdkafka, a request per record, 1 in flight, 100 B",
        &["linger.ms=0", "batch.num.messages=1", "max.in.flight=1"],
        Amount { quick: 5_000, full: 50_000 },
        &[Goal::to_synced(Metric::Rate, AtLeast(2.0))],
    ),
    rd_request(
        "rd-request-5",
        "librdkafka, a request per record, 5 in flight, 100 B",
        &["linger.ms=0", "batch.num.messages=1", "max.in.flight=5"],
        Amount { quick: 8_000, full: 80_000 },
        &[Goal::to_synced(Metric::Rate, AtLeast(7.0))],
    ),
    rd_request(
        "rd-request-100",
        "librdkafka, a request per record, 100 in flight, 100 B",
        &["linger.ms=0", "batch.num.messages=1", "max.in.flight=100"],
        Amount { quick: 8_000, full: 100_000 },
        &[Goal::to_synced(Metric::Rate, AtLeast(30.0))],
    ),
    Row {
        name: "create",
        title: "create 5 topics of 1,000 partitions",
        load: Load::Create { topics: 5, partitions: 1_000 },
        goals: &[
            Goal::to_default(Metric::CpuSeconds, AtMost(TWENTIETH)),
            Goal::to_default(Metric::BytesPerPartition, AtMost(TWENTIETH)),
        ],
    },
    Row {
        name: "java-1000p-1k",
        title: "Java, 1,000 partitions, 1 KiB",
        load: Load::Produce(Producing {
            partitions: 1_000,
            records: Amount { quick: 30_000, full: 200_000 },
            properties: &["linger.ms=5"],
            ..JAVA
        }),
        goals: &[
            Goal::both_os(Metric::Rate, AtLeast(5.0)),
            Goal::both_os(Metric::CpuPerGb, AtMost(TWENTIETH)),
        ],
    },
    Row {
        name: "killed",
        title: "ready after kill -9",
        load: Load::Killed {
            partitions: Amount { quick: 540, full: 5_400 },
            records: Amount { quick: 270_000, full: 2_700_000 },
        },
        goals: &[Goal::alone(Metric::Ready, AtMost(500.0))],
    },
    Row {
        name: "rd-lz4",
        title: "librdkafka, 16 partitions, 1 KiB, lz4",
        load: Load::Produce(Producing {
            properties: &["linger.ms=1", "batch.size=131072", "compression.codec=lz4"],
            ..LIBRDKAFKA
        }),
        goals: &[Goal::to_default(Metric::Rate, AtLeast(1.0))],
    },
    Row {
        name: "java-zstd",
        title: "Java, 16 partitions, 1 KiB, zstd",
        load: Load::Produce(Producing {
            properties: &[
                "linger.ms=1",
                "batch.size=131072",
                "buffer.memory=33554432",
                "compression.type=zstd",
            ],
            ..JAVA
        }),
        goals: &[Goal::to_default(Metric::Rate, AtLeast(1.0))],
    },
    Row {
        name: "many-producers",
        title: "50 librdkafka producers, 5 requests of 1 MB in flight each",
        load: Load::Produce(Producing {
            processes: 50,
            partitions: 50,
            records: Amount { quick: 500_000, full: 5_000_000 },
            properties: &["linger.ms=50", "batch.size=1000000", "max.in.flight=5"],
            ..LIBRDKAFKA
        }),
        goals: &[Goal::to_default(Metric::Rate, AtLeast(1.0)), PEAK_MEMORY_GOAL],
    },
    Row {
        name: "fan-out",
        title: "10 librdkafka consumers of the same 8 partitions, 1 KiB",
        load: Load::Consume(Consuming {
            processes: 10,
            partitions: 8,
            records: Amount { quick: 200_000, full: 1_000_000 },
            ..READERS
        }),
        goals: &[
            Goal::to_default(Metric::Rate, AtLeast(1.0)),
            Goal::to_default(Metric::CpuPerGb, AtMost(1.0)),
        ],
    },
    Row {
        name: "catch-up",
        title: "Java, 10,000/s, while librdkafka reads what is old",
        load: Load::CatchUp(
            Producing { rate: Some(10_000), records: Amount { quick: 40_000, full: 200_000 }, ..JAVA },
            Consuming { partitions: 8, ..READERS },
        ),
        goals: &[Goal::to_default(Metric::P99, AtMost(1.0))],
    },
    Row {
        name: "rd-keyed",
        title: "librdkafka, 16 partitions, 1 KiB, with a key",
        load: Load::Produce(Producing { key: Some("a key of the usual length"), ..LIBRDKAFKA }),
        goals: &[Goal::to_default(Metric::Rate, AtLeast(1.0))],
    },
    Row {
        name: "bystanders",
        title: "Java, 16 partitions, 1 KiB, beside 10,000 connections",
        load: Load::Produce(Producing { bystanders: 10_000, ..JAVA }),
        goals: &[Goal::to_default(Metric::Rate, AtLeast(1.0)), PEAK_MEMORY_GOAL],
    },
    Row {
        name: "java-10000p-1k",
        title: "Java, 10,000 partitions, 1 KiB",
        load: Load::Produce(Producing {
            partitions: 10_000,
            records: Amount { quick: 20_000, full: 100_000 },
            properties: &["linger.ms=5", "buffer.memory=268435456"],
            ..JAVA
        }),
        goals: &[Goal::to_default(Metric::Rate, AtLeast(1.0))],
    },
];

/// What the quick form measures; the others take longer, or say less.
pub(super) const QUICK: &[&str] = &[
    "start",
    "rd-1p-1k",
    "rd-100p-100b",
    "java-100p-1k",
    "rd-consume-1p",
    "java-consume-100p",
    "end-to-end",
    "java-10k",
    "java-request-5",
    "rd-request-1",
    "rd-request-5",
    "rd-request-100",
    "create",
    "killed",
];

/// What is not measured, whatever the form: with a sync for each append Kafka takes some 80 records a second where there
/// are so many partitions, and the client gives up.
const LEFT_OUT: &[(&str, Side)] =
    &[("java-1000p-1k", Side::KafkaFsync), ("java-10000p-1k", Side::KafkaFsync)];

const fn rd_request(
    name: &'static str,
    title: &'static str,
    properties: &'static [&'static str],
    records: Amount,
    goals: &'static [Goal],
) -> Row {
    let load = Load::Produce(Producing { partitions: 1, size: 100, records, properties, ..LIBRDKAFKA });
    Row { name, title, load, goals }
}

impl Row {
    /// All sides that it can be measured on.
    pub(super) fn sides(&self) -> Vec<Side> {
        Side::ALL.into_iter().filter(|side| !LEFT_OUT.contains(&(self.name, *side))).collect()
    }

    /// The sides that the quick form needs: those of the first goal, which may be about ours alone.
    pub(super) fn sides_quick(&self) -> Vec<Side> {
        let first = self.goals.first();
        let ours = first.map_or(Side::Thalweg, |goal| goal.ours);
        first.and_then(|goal| goal.theirs).into_iter().chain([ours]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_of_one_row() {
        for name in QUICK {
            assert_eq!(ROWS.iter().filter(|row| row.name == *name).count(), 1, "{name}");
        }
        for (index, row) in ROWS.iter().enumerate() {
            assert!(ROWS.iter().skip(index + 1).all(|other| other.name != row.name), "{}", row.name);
        }
    }

    #[test]
    fn the_quick_form_measures_what_a_goal_names() {
        let sides = |name| ROWS.iter().find(|row| row.name == name).map(Row::sides_quick);
        assert_eq!(sides("rd-1p-1k"), Some(vec![Side::Kafka, Side::Thalweg]));
        assert_eq!(sides("rd-request-5"), Some(vec![Side::KafkaFsync, Side::Thalweg]));
        assert_eq!(sides("java-1000p-1k"), Some(vec![Side::Kafka, Side::ThalwegOs]));
        assert_eq!(sides("killed"), Some(vec![Side::Thalweg]));
        for (name, side) in LEFT_OUT {
            let row = ROWS.iter().find(|row| row.name == *name).expect("the row is there");
            assert!(!row.sides().contains(side) && row.sides().len() > 1, "{name}");
        }
    }
}
