//! What is measured of a workload on one side, and what is wanted of us beside Apache Kafka.

use super::side::Side;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Metric {
    /// Records a second.
    Rate,
    Mean,
    P50,
    P99,
    P999,
    Max,
    CpuPerGb,
    CpuPerMillion,
    /// All of a run, where bytes say nothing.
    CpuSeconds,
    PeakMemory,
    IdleMemory,
    BytesPerPartition,
    WrittenPerByte,
    /// From the process's start to its first answer.
    Ready,
    SyncsPerGb,
    RequestsPerRead,
    AllocationsPerBatch,
    CpuPerBatch,
}

impl Metric {
    /// In the order of the table.
    pub(super) const ALL: [Self; 18] = [
        Self::Rate,
        Self::Mean,
        Self::P50,
        Self::P99,
        Self::P999,
        Self::Max,
        Self::CpuPerGb,
        Self::CpuPerMillion,
        Self::CpuSeconds,
        Self::PeakMemory,
        Self::IdleMemory,
        Self::BytesPerPartition,
        Self::WrittenPerByte,
        Self::Ready,
        Self::SyncsPerGb,
        Self::RequestsPerRead,
        Self::AllocationsPerBatch,
        Self::CpuPerBatch,
    ];

    /// What it is called in the JSON, unit last.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rate => "records_per_second",
            Self::Mean => "mean_ms",
            Self::P50 => "p50_ms",
            Self::P99 => "p99_ms",
            Self::P999 => "p99.9_ms",
            Self::Max => "max_ms",
            Self::CpuPerGb => "cpu_seconds_per_gb",
            Self::CpuPerMillion => "cpu_seconds_per_million_records",
            Self::CpuSeconds => "cpu_seconds",
            Self::PeakMemory => "peak_memory_mib",
            Self::IdleMemory => "idle_memory_mib",
            Self::BytesPerPartition => "memory_bytes_per_partition",
            Self::WrittenPerByte => "written_bytes_per_byte",
            Self::Ready => "ready_ms",
            Self::SyncsPerGb => "syncs_per_gb",
            Self::RequestsPerRead => "requests_per_socket_read",
            Self::AllocationsPerBatch => "allocations_per_batch",
            Self::CpuPerBatch => "cpu_nanoseconds_per_batch",
        }
    }

    /// What it is called in the table.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Rate => "records/s",
            Self::Mean => "mean ms",
            Self::P50 => "p50 ms",
            Self::P99 => "p99 ms",
            Self::P999 => "p99.9 ms",
            Self::Max => "max ms",
            Self::CpuPerGb => "CPU s/GB",
            Self::CpuPerMillion => "CPU s/M records",
            Self::CpuSeconds => "CPU s",
            Self::PeakMemory => "peak MiB",
            Self::IdleMemory => "idle MiB",
            Self::BytesPerPartition => "bytes/partition",
            Self::WrittenPerByte => "written/byte",
            Self::Ready => "ready ms",
            Self::SyncsPerGb => "syncs/GB",
            Self::RequestsPerRead => "requests/read",
            Self::AllocationsPerBatch => "allocations/batch",
            Self::CpuPerBatch => "CPU ns/batch",
        }
    }
}

/// What one run on one side came to.
pub(super) type Sample = Vec<(Metric, f64)>;

pub(super) fn value(sample: &Sample, metric: Metric) -> Option<f64> {
    sample.iter().find(|(name, _)| *name == metric).map(|(_, value)| *value)
}

#[derive(Clone, Copy)]
pub(super) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    pub(super) fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

/// One figure of ours, as it is or as a ratio to one of Kafka's.
#[derive(Clone, Copy)]
pub(super) struct Goal {
    pub(super) metric: Metric,
    pub(super) ours: Side,
    pub(super) theirs: Option<Side>,
    pub(super) bound: Bound,
}

impl Goal {
    /// Ours with its default, synced, to Kafka with its default, which is not.
    pub(super) const fn to_default(metric: Metric, bound: Bound) -> Self {
        Self { metric, ours: Side::Thalweg, theirs: Some(Side::Kafka), bound }
    }

    /// Both synced.
    pub(super) const fn to_synced(metric: Metric, bound: Bound) -> Self {
        Self { metric, ours: Side::Thalweg, theirs: Some(Side::KafkaFsync), bound }
    }

    /// Both not synced.
    pub(super) const fn both_os(metric: Metric, bound: Bound) -> Self {
        Self { metric, ours: Side::ThalwegOs, theirs: Some(Side::Kafka), bound }
    }

    /// Ours alone.
    pub(super) const fn alone(metric: Metric, bound: Bound) -> Self {
        Self { metric, ours: Side::Thalweg, theirs: None, bound }
    }

    pub(super) fn text(&self) -> String {
        let (word, bound) = match self.bound {
            Bound::AtLeast(bound) => ("at least", bound),
            Bound::AtMost(bound) => ("at most", bound),
        };
        let bound =
            if bound > 0.0 && bound < 1.0 { format!("1/{:.0}", 1.0 / bound) } else { bound.to_string() };
        match self.theirs {
            Some(theirs) => {
                format!("{}: {} / {} {word} {bound}", self.metric.title(), self.ours.name(), theirs.name())
            }
            None => format!("{}: {} {word} {bound}", self.metric.title(), self.ours.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_read_as_sentences() {
        let goal = Goal::to_default(Metric::CpuPerGb, Bound::AtMost(0.125));
        assert_eq!(goal.text(), "CPU s/GB: thalweg / kafka at most 1/8");
        let goal = Goal::alone(Metric::P99, Bound::AtMost(10.0));
        assert_eq!(goal.text(), "p99 ms: thalweg at most 10");
        assert!(Bound::AtLeast(5.0).is_met(5.0) && !Bound::AtMost(5.0).is_met(5.1));
    }
}
