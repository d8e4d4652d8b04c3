//! The four that are compared: each broker with both durabilities.

use std::path::Path;

use crate::apache;
use crate::bench::broker::Software;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// As it comes: records are acknowledged from the kernel's memory.
    Kafka,
    /// Every append is synced.
    KafkaFsync,
    /// As it comes: every acknowledged record is synced.
    Thalweg,
    /// Records are acknowledged from the kernel's memory.
    ThalwegOs,
}

impl Side {
    pub(super) const ALL: [Self; 4] = [Self::Kafka, Self::Thalweg, Self::KafkaFsync, Self::ThalwegOs];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::KafkaFsync => "kafka-fsync",
            Self::Thalweg => "thalweg",
            Self::ThalwegOs => "thalweg-os",
        }
    }

    pub(super) fn is_ours(self) -> bool {
        matches!(self, Self::Thalweg | Self::ThalwegOs)
    }

    pub(super) fn software(self, binary: &Path, jars: &apache::Jars) -> Software {
        let kafka = || {
            // One node cannot keep three copies of its internal topics.
            Software::kafka(binary, jars.clone()).with("offsets.topic.replication.factor", "1")
        };
        match self {
            Self::Kafka => kafka(),
            Self::KafkaFsync => kafka().with("log.flush.interval.messages", "1"),
            Self::Thalweg => Software::thalweg(binary),
            Self::ThalwegOs => Software::thalweg(binary).with("thalweg.durability", "os"),
        }
    }
}
