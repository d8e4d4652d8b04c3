//! DescribeLogDirs (35): what lies where, and how large it is. v0, which Kafka 4 no longer serves, is here for the
//! clients of Kafka 1.0.
//!
//! - v2: flexible
//! - v3: an error for all of it
//! - v4: bytes of the disk
//! - v5: whether a folder takes new partitions (all do)

use thalweg_broker::{LogDir, WalSeq};
use thalweg_model::{PartitionIndex, TopicName};
use thalweg_wire::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use thalweg_wire::{DescribeLogDirsRequest, DescribeLogDirsResponse};

use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: DescribeLogDirsRequest = request.decode()?;
    let wanted: Option<Vec<(TopicName, Vec<PartitionIndex>)>> = asked.topics.map(|topics| {
        let partitions = |indexes: Vec<i32>| indexes.into_iter().map(PartitionIndex).collect();
        topics.into_iter().map(|topic| ((&topic.topic).into(), partitions(topic.partitions))).collect()
    });
    let folders = request.session.topics().log_dirs(wanted.as_deref()).await;
    let answer = DescribeLogDirsResponse {
        results: folders.into_iter().map(of_folder).collect(),
        ..Default::default()
    };
    request.answer(WalSeq::default(), &answer, None)
}

fn of_folder(folder: LogDir) -> DescribeLogDirsResult {
    let bytes = |count: Option<u64>| count.map_or(-1, |count| i64::try_from(count).unwrap_or(i64::MAX));
    let mut partitions = folder.partitions;
    partitions.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
    // Named twice, told once.
    partitions.dedup_by(|again, first| (&again.topic, again.partition) == (&first.topic, first.partition));
    let mut topics: Vec<DescribeLogDirsTopic> = Vec::new();
    for partition in partitions {
        let described = DescribeLogDirsPartition {
            partition_index: partition.partition.0,
            partition_size: bytes(Some(partition.size)),
            ..Default::default()
        };
        match topics.last_mut() {
            Some(last) if *last.name == *partition.topic.as_str() => last.partitions.push(described),
            _ => {
                topics.push(DescribeLogDirsTopic {
                    name: (&partition.topic).into(),
                    partitions: vec![described],
                });
            }
        }
    }
    DescribeLogDirsResult {
        log_dir: folder.path.to_string_lossy().into_owned().into(),
        topics,
        total_bytes: bytes(folder.total_bytes),
        usable_bytes: bytes(folder.usable_bytes),
        ..Default::default()
    }
}
