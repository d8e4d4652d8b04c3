//! Which topics there are, what was set for them and for brokers, which producer ids were given out: the facts named
//! "cluster", and the state that they make. A fact is durable before anything uses it; one change is made at a time.
//!
//! The records are drawn in [`record`]. Nothing of the records of topics is here.

mod name;
mod offline;
mod record;
mod state;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use parking_lot::RwLock;
use thalweg_model::world::Spawner;
use thalweg_model::{PartitionIndex, ProducerId};
use thalweg_storage::facts::{Facts, FactsError};
use thiserror::Error;

use crate::partition::Partition;
use crate::session::TopicRef;

pub use self::offline::{FolderTopics, describe_fact};

pub(crate) use self::name::{CLUSTER_METADATA, fault, is_internal};
pub(crate) use self::record::{PartitionRun, Record, TopicRecord};

/// The newest version of a record of the facts "cluster" that this program knows; it is a record's first byte.
pub const FACTS_VERSION: u8 = record::VERSION;
pub(crate) use self::state::{Entry, State};

/// Why a change was not made; nothing of it was.
#[derive(Debug, Error)]
pub(crate) enum CatalogError {
    /// No space for facts: make some.
    #[error("no space is left for facts")]
    Full,
}

/// Why the facts cannot be used.
#[derive(Debug, Error)]
pub enum LoadError {
    /// They cannot be read.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// A record is not one that this version writes.
    #[error("record {index} of the cluster's facts cannot be read: {what}")]
    Record {
        /// Which, counted from the last image.
        index: usize,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// The catalog.
pub(crate) struct Catalog {
    facts: Arc<dyn Facts>,
    // Ends the process where the facts fail.
    spawner: Arc<dyn Spawner>,
    // One change at a time; held while the change becomes durable.
    writer: tokio::sync::Mutex<Writer>,
    // Short: looked up by every request, changed when a change is durable.
    state: RwLock<State>,
}

struct Writer {
    index: u64,
    // Ids that are durable and not given out.
    producer_ids: std::ops::Range<i64>,
}

/// How many producer ids one fact stands for, as in Kafka.
const PRODUCER_IDS_PER_BLOCK: i64 = 1000;

/// A change under way: nobody else makes one.
pub(crate) struct Changing<'a> {
    catalog: &'a Catalog,
    writer: tokio::sync::MutexGuard<'a, Writer>,
}

impl Catalog {
    /// What the facts say; the topics have no partitions yet, because these need the engine.
    pub(crate) async fn load(
        facts: Arc<dyn Facts>,
        spawner: Arc<dyn Spawner>,
    ) -> Result<(Self, Vec<TopicRecord>), LoadError> {
        let loaded = facts.load().await?;
        let mut state = State::default();
        for (index, bytes) in loaded.records.into_iter().enumerate() {
            let record = Record::decode(bytes).map_err(|what| LoadError::Record { index, what })?;
            state.apply(record);
        }
        let topics = state.topic_records();
        // What was left of a block when the process ended is not given out again.
        let writer = Writer { index: loaded.index, producer_ids: 0..0 };
        Ok((
            Self { facts, spawner, writer: tokio::sync::Mutex::new(writer), state: RwLock::new(state) },
            topics,
        ))
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read())
    }

    /// Changes what is not a fact but follows from facts: topics with their partitions.
    pub(crate) fn adjust<T>(&self, adjust: impl FnOnce(&mut State) -> T) -> T {
        adjust(&mut self.state.write())
    }

    /// A topic.
    pub(crate) fn find(&self, topic: &TopicRef) -> Option<Entry> {
        self.read(|state| state.find(topic).cloned())
    }

    /// A partition.
    pub(crate) fn partition(&self, topic: &TopicRef, index: PartitionIndex) -> Option<Partition> {
        let index = usize::try_from(index.0).ok()?;
        self.read(|state| state.find(topic)?.partitions.get(index).cloned())
    }

    /// Waits until nobody else changes anything.
    pub(crate) async fn change(&self) -> Changing<'_> {
        Changing { catalog: self, writer: self.writer.lock().await }
    }

    /// A producer id that was never given out before.
    pub(crate) async fn next_producer_id(&self) -> Result<ProducerId, CatalogError> {
        let mut changing = self.change().await;
        if let Some(id) = changing.writer.producer_ids.next() {
            return Ok(ProducerId(id));
        }
        let first = self.read(|state| state.producer_ids_end());
        let end = first + PRODUCER_IDS_PER_BLOCK;
        changing.commit(vec![Record::ProducerIds { end }]).await?;
        changing.writer.producer_ids = first + 1..end;
        Ok(ProducerId(first))
    }
}

impl Changing<'_> {
    /// Makes records durable, then part of the state.
    ///
    /// Where nobody knows whether they are durable the process ends, and the next start finds out.
    pub(crate) async fn commit(&mut self, records: Vec<Record>) -> Result<(), CatalogError> {
        let facts = &self.catalog.facts;
        let encoded = records.iter().map(Record::encode).collect();
        match facts.commit(self.writer.index, encoded).await {
            Ok(index) => self.writer.index = index,
            Err(FactsError::Full) => return Err(CatalogError::Full),
            Err(error) => self.fail(error).await,
        }
        self.catalog.adjust(|state| {
            for record in records {
                state.apply(record);
            }
        });
        if facts.wants_snapshot() {
            self.shorten().await;
        }
        Ok(())
    }

    /// Puts an image in the place of all commits.
    async fn shorten(&mut self) {
        let image = self.catalog.read(State::image).iter().map(Record::encode).collect();
        match self.catalog.facts.replace(self.writer.index, image).await {
            Ok(index) => self.writer.index = index,
            // It is only longer than it need be.
            Err(FactsError::Full) => tracing::warn!("no space for an image of the cluster's facts"),
            Err(error) => self.fail(error).await,
        }
    }

    async fn fail(&self, error: FactsError) -> ! {
        let why = format!("the facts of the cluster could not be written: {error}");
        match self.catalog.spawner.end_process(why).await {}
    }

    /// The state, which nobody else changes now.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        self.catalog.read(look)
    }
}
