//! The facts "cluster" of a folder that no broker uses: which topics there are, for the check and the dump of folders.

use std::collections::BTreeMap;

use bytes::Bytes;
use thalweg_model::{TopicId, TopicName, TopicPartition};
use thalweg_storage::check::CallersFacts;

use super::Record;

/// The topics of a data folder, from the records of its facts.
#[derive(Default)]
pub struct FolderTopics {
    topics: BTreeMap<TopicId, (TopicName, usize)>,
}

impl FolderTopics {
    /// The name of a topic.
    pub fn name(&self, id: TopicId) -> Option<&TopicName> {
        self.topics.get(&id).map(|(name, _)| name)
    }
}

impl CallersFacts for FolderTopics {
    fn take(&mut self, record: &[u8]) -> Result<(), String> {
        match Record::decode(Bytes::copy_from_slice(record))? {
            Record::Topic(topic) => {
                let partitions = topic.partitions();
                self.topics.insert(topic.id, (topic.name, partitions));
            }
            Record::Removed(id) => drop(self.topics.remove(&id)),
            Record::Cluster(_)
            | Record::Broker { .. }
            | Record::Named { .. }
            | Record::ProducerIds { .. } => {}
        }
        Ok(())
    }

    fn knows(&self, partition: TopicPartition) -> bool {
        let index = usize::try_from(partition.partition.0).unwrap_or(usize::MAX);
        self.topics.get(&partition.topic).is_some_and(|(_, partitions)| index < *partitions)
    }
}

/// A record of the facts in words, for people who look into the file.
pub fn describe_fact(record: &[u8]) -> Result<String, String> {
    Ok(match Record::decode(Bytes::copy_from_slice(record))? {
        Record::Cluster(id) => format!("cluster id={id}"),
        Record::Topic(topic) => {
            let runs: Vec<_> =
                topic.runs.iter().map(|run| format!("{} from epoch {}", run.count, run.epoch_base)).collect();
            format!(
                "topic id={} name={} partitions={} settings={:?}",
                topic.id,
                topic.name,
                runs.join(" + "),
                topic.overrides
            )
        }
        Record::Removed(id) => format!("removed id={id}"),
        Record::Broker { node, overrides } => format!("broker node={node} settings={overrides:?}"),
        Record::Named { kind, name, overrides } => format!("{kind:?} name={name} settings={overrides:?}"),
        Record::ProducerIds { end } => format!("producer ids end={end}"),
    })
}
