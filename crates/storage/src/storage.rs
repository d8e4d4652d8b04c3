//! An opened data folder: the backends, the lock, who it belongs to. Recovery turns it into an engine.

mod folder;
mod formats;

pub(crate) use self::folder::{SEGMENTS, SHARD};
pub(crate) use self::formats::refuse_newer;

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, RwLock};
use thalweg_model::collections::HashMap;
use thalweg_model::law::Law;
use thalweg_model::world::World;
use thalweg_model::{NodeId, Offset, TopicPartition};
use thiserror::Error;
use tokio::sync::{Notify, watch};

use crate::blobs::{Blobs, MemoryBlobs};
use crate::block::EntryKind;
use crate::checkpoint::{self, Checkpointer, FileState};
use crate::cold::ColdReaders;
use crate::damage::{Damage, DamageBook};
use crate::delays::DeleteDelays;
use crate::engine::{Engine, Figures, Shared, Snapshots};
use crate::extent::FileNumber;
use crate::facts::{Facts, MemoryFacts};
use crate::files::Files;
use crate::kept::HERE_BYTES_MAX;
use crate::leases::{Lease, LeaseError, Program};
use crate::log::{Log, State};
use crate::manifest::record::Record;
use crate::manifest::{ChainRow, Edit, FORMAT, Image, Manifest, facts_failed};
use crate::options::Options;
use crate::recovery::{self, FoundBlock, LostBlock, MayBeLost, offsets_that_may_be_lost};
use crate::run_file::number_of;
use crate::scrub;
use crate::wal::{ChainId, MemoryWal, Wal};
use crate::windows::Windows;
use crate::writer::{Chain, ChainOptions, ChainSetup};

/// Why a data folder cannot be used.
#[derive(Debug, Error)]
pub enum OpenError {
    /// It is another's: the words say whose, and what to do.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// It belongs to another node: choose another folder, or this node's id.
    #[error("the data folder belongs to node {found}, this is node {expected}")]
    OtherNode {
        /// Whose it is.
        found: NodeId,
        /// Who we are.
        expected: NodeId,
    },
    /// A newer binary wrote it: use that one.
    #[error(
        "{file} of the data folder has format {found}, this program knows formats up to {known}: {program}"
    )]
    Newer {
        /// Which file, as it is called in the folder.
        file: String,
        /// What is written there.
        found: u32,
        /// What we can read.
        known: u32,
        /// Which program can use the folder.
        program: Program,
    },
    /// What is in it contradicts itself: restore it from a backup.
    #[error("the data folder is damaged: {0}")]
    Damaged(String),
    /// The newest records may lie where the disk cannot be read: start again, or go on elsewhere without them.
    #[error(
        "{place} cannot be read, and may hold the newest records that were acknowledged: start again, it may be readable \
         then; if it stays so, copy the data folder to another disk with zeros in place of what cannot be read and start \
         there, and what was acknowledged in that place is lost"
    )]
    Unreadable {
        /// What cannot be read.
        place: String,
    },
    /// The disk failed: mend it.
    #[error("the data folder cannot be read or written")]
    Io(#[from] io::Error),
}

/// What storage rests on. All of it belongs to one engine at a time.
#[derive(Clone)]
pub struct Backends {
    /// Topics, settings: the caller's facts.
    pub cluster: Arc<dyn Facts>,
    /// The manifest's.
    pub manifest: Arc<dyn Facts>,
    /// Where appends become durable.
    pub wal: Arc<dyn Wal>,
    /// Where segment files and packs lie.
    pub blobs: Arc<dyn Blobs>,
}

impl Backends {
    /// Everything in memory. Clones share it, so that a test can start again from what is there.
    pub fn memory(options: &Options) -> Self {
        Self {
            cluster: Arc::new(MemoryFacts::default()),
            manifest: Arc::new(MemoryFacts::default()),
            wal: Arc::new(MemoryWal::new(options.memory_bytes_max.unwrap_or(u64::MAX))),
            blobs: Arc::new(MemoryBlobs::default()),
        }
    }
}

/// Which partitions there are: what belongs to others is garbage. A function is enough where nothing was ever lost.
pub trait Existing: Sync {
    /// Whether this one exists.
    fn has(&self, partition: TopicPartition) -> bool;
    /// All of them, as far as they can be told.
    fn all(&self) -> Vec<TopicPartition> {
        Vec::new()
    }
}

impl<F: Fn(TopicPartition) -> bool + Sync> Existing for F {
    fn has(&self, partition: TopicPartition) -> bool {
        self(partition)
    }
}

/// An opened data folder.
pub struct Storage {
    /// Topics, settings: the caller's facts. Durable before anything uses them.
    pub facts: Arc<dyn Facts>,
    options: Options,
    world: World,
    backends: Backends,
    node: NodeId,
    manifest: Manifest,
    pub(crate) image: Image,
    lease: Option<Box<dyn Lease>>,
}

impl Storage {
    /// A data folder in memory; it ends with the process.
    pub async fn memory(options: Options, world: World) -> Self {
        let backends = Backends::memory(&options);
        let opened = Self::over(backends, NodeId(0), options, world).await;
        opened.expect("what was made just now can be read")
    }

    /// A data folder over these backends.
    pub async fn over(
        backends: Backends,
        node: NodeId,
        options: Options,
        world: World,
    ) -> Result<Self, OpenError> {
        let (manifest, image) = Manifest::load(backends.manifest.clone()).await?;
        Self::checked(backends, node, options, world, manifest, image)
    }

    pub(crate) fn checked(
        backends: Backends,
        node: NodeId,
        options: Options,
        world: World,
        manifest: Manifest,
        image: Image,
    ) -> Result<Self, OpenError> {
        if let Some(found) = image.node.filter(|found| *found != node) {
            return Err(OpenError::OtherNode { found, expected: node });
        }
        let facts = backends.cluster.clone();
        Ok(Self { facts, options, world, backends, node, manifest, image, lease: None })
    }

    /// Recovers what is in the folder. `existing` tells which partitions still exist. `snapshots` gives, at each
    /// checkpoint, what the caller keeps of a partition beside its records.
    pub async fn start(
        self,
        existing: &dyn Existing,
        snapshots: Arc<dyn Snapshots>,
    ) -> Result<Engine, OpenError> {
        let Self { options, world, backends, node, mut manifest, mut image, lease, .. } = self;
        let (wal, covered) = (backends.wal, image.covered);
        let mut edit = Edit::default();
        if image.node.is_none() || image.format < FORMAT {
            edit.push(&Record::Format { version: FORMAT, node });
        }
        let shard_epoch = if Law::EpochsRise.is_broken() { 1 } else { image.shard_epoch + 1 };
        edit.push(&Record::ShardEpoch(shard_epoch));

        let mut next = covered.next();
        let mut chains = Vec::new();
        let (mut blocks, mut lost) = (Vec::new(), Vec::new());
        for row in std::mem::take(&mut image.chains) {
            let found = recovery::read_chain(&wal, row, covered).await?;
            let end = found.row.end.unwrap_or(row.first);
            next = next.max(end.next()).max(row.first);
            if row.end.is_none() {
                edit.push(&Record::ChainEnded { chain: row.chain, end });
            }
            if end <= covered {
                edit.push(&Record::ChainForgotten(row.chain));
                wal.trim(row.chain, end.next()).await;
                continue;
            }
            chains.push(found.row);
            blocks.extend(found.blocks);
            lost.extend(found.lost);
        }
        let own = ChainRow { chain: ChainId(world.random.uuid()), first: next, end: None };
        edit.push(&Record::ChainBegun { chain: own.chain, first: own.first });
        chains.push(own);

        let gone: Vec<_> =
            image.partitions.keys().filter(|partition| !existing.has(**partition)).copied().collect();
        for partition in gone {
            image.partitions.remove(&partition);
            edit.push(&Record::PartitionGone(partition));
        }
        let mut files: BTreeMap<FileNumber, FileState> = BTreeMap::new();
        for (number, row) in &image.files {
            files.insert(*number, FileState { row: *row, ..FileState::default() });
        }
        for partition in image.partitions.values() {
            let extents = partition.extents.iter().map(|extent| (extent.file, extent.length));
            let states = partition.snapshot.iter().flat_map(|kept| kept.stored());
            for (file, length) in extents.chain(states.map(|stored| (stored.file, stored.length))) {
                if let Some(file) = files.get_mut(&file) {
                    file.live += u64::from(length);
                    file.runs += 1;
                }
            }
        }
        files.retain(|number, file| {
            if file.runs == 0 {
                edit.push(&Record::FileGone(*number));
            }
            file.runs > 0
        });

        let mut kept = image.partitions.values().filter_map(|partition| partition.snapshot.as_ref());
        let is_laden = kept.any(|kept| kept.here_bytes() > HERE_BYTES_MAX);
        let mut states: HashMap<TopicPartition, State> = image
            .partitions
            .drain()
            .map(|(partition, image)| (partition, State::from_image(image)))
            .collect();
        let now = world.clock.now().0;
        let damage = DamageBook::new(&*world.meter);
        let mut freed = Vec::new();
        for block in &blocks {
            for (entry, what) in block.damaged.iter().filter(|(entry, _)| existing.has(entry.partition)) {
                let to = entry.base_offset.0 + i64::from(entry.last_delta) + 1;
                damage.found(lost_in_wal(entry.partition, entry.base_offset.0, to, what.clone()));
            }
            for entry in block.entries.iter().filter(|entry| existing.has(entry.partition)) {
                let state = states.entry(entry.partition).or_insert_with(State::new);
                let (end, base) = (state.end, entry.base_offset.0);
                if entry.kind == EntryKind::Data && base > end && base != state.skip_to {
                    let what = "a block of the write-ahead log is lost".to_owned();
                    damage.found(lost_in_wal(entry.partition, end, base, what));
                }
                let dead = state.replay(block.seq, entry, now);
                if !dead.is_empty() {
                    freed.push((entry.partition.topic, block.seq, dead));
                }
            }
        }
        if !lost.is_empty() {
            keep_clear(&lost, &blocks, &existing.all(), &mut states, &damage, &mut edit);
        }
        manifest.commit(edit).await.map_err(facts_failed)?;
        let named: Vec<_> = files.keys().copied().collect();
        delete_orphans(&*backends.blobs, &named).await?;

        let shared = Arc::new(Shared {
            wal: wal.clone(),
            shard_epoch,
            chain: OnceLock::new(),
            chains: chains.iter().map(|row| (row.first, row.chain)).collect(),
            logs: RwLock::default(),
            tail: Mutex::default(),
            covered: AtomicU64::new(covered.0),
            files: Files::new(backends.blobs),
            cold: ColdReaders::new(options.cold_readers, &world),
            windows: Arc::new(Windows::new(options.window_bytes, world.clock.clone())),
            loose: Mutex::default(),
            bell: Notify::new(),
            delays: DeleteDelays::new(options.delete_delay),
            scrub_bell: Notify::new(),
            closing: AtomicBool::new(false),
            checkpointer: Mutex::new(None),
            failure: watch::Sender::new(None),
            rounds: watch::Sender::new(0),
            wanted_rounds: AtomicU64::new(0),
            lease: Mutex::new(lease),
            damage,
            disk_is_full: AtomicBool::new(false),
            scrubber: Mutex::new(None),
            figures: Figures::new(&world),
            options: options.clone(),
            world: world.clone(),
        });
        let begun_within = states.iter().filter(|(_, state)| state.begins_within_extent());
        let begun_within = begun_within.map(|(partition, state)| (*partition, (state.last_seq, state.start)));
        shared.loose.lock().begun_within = begun_within.collect();
        let logs = states.into_iter();
        *shared.logs.write() = logs
            .map(|(partition, state)| (partition, Log::with_state(partition, shared.clone(), state)))
            .collect();
        shared.find_blocks(blocks);
        for (topic, seq, dead) in freed {
            shared.free(topic, seq, &dead);
        }
        let chain = Chain::start(ChainSetup {
            wal,
            chain: own.chain,
            first: own.first,
            shard: 0,
            shard_epoch,
            options: ChainOptions {
                durability: options.durability,
                wal_bytes: options.wal_bytes,
                reserve_wait_max: options.reserve_wait_max,
                ..ChainOptions::default()
            },
            world: world.clone(),
            audience: shared.clone(),
        });
        let begun = shared.chain.set(chain);
        assert!(begun.is_ok(), "an engine is started once");
        let checkpointer = Checkpointer {
            shared: shared.clone(),
            manifest,
            node,
            files,
            next_file: image.next_file,
            chains,
            snapshots,
            is_laden,
            doomed: Vec::new(),
            dirty_since: None,
            failures: 0,
            unreadable: Vec::new(),
        };
        let task = world.spawner.spawn_thread("checkpointer", Box::pin(checkpoint::task(checkpointer)));
        *shared.checkpointer.lock() = Some(task);
        if options.scrub_bytes_per_second > 0 {
            let task = world.spawner.spawn_thread("scrubber", Box::pin(scrub::task(shared.clone())));
            *shared.scrubber.lock() = Some(task);
        }
        Ok(Engine(shared))
    }
}

/// No offset is given again that a lost block may have held: what may be missing is told, and appends go on behind it.
fn keep_clear(
    lost: &[LostBlock],
    found: &[FoundBlock],
    all: &[TopicPartition],
    states: &mut HashMap<TopicPartition, State>,
    damage: &DamageBook,
    edit: &mut Edit,
) {
    let mut unsure = 0;
    for MayBeLost { partition, from, to, is_likely } in offsets_that_may_be_lost(lost, found, all, states) {
        if is_likely {
            let what = "a block of the write-ahead log, whose index is lost, may have held these records";
            damage.found(lost_in_wal(partition, from, to, what.to_owned()));
        } else {
            unsure += 1;
        }
        let state = states.entry(partition).or_insert_with(State::new);
        if to <= state.skip_to {
            continue;
        }
        state.skip_to = to;
        edit.push(&Record::Skip { partition, to });
    }
    if unsure > 0 {
        tracing::error!(
            blocks = lost.len(),
            partitions = unsure,
            "it cannot be known whose records a lost block held: any of these partitions may miss its newest records; \
             their next offsets are far enough behind"
        );
    }
}

fn lost_in_wal(partition: TopicPartition, from: i64, to: i64, what: String) -> Damage {
    Damage { partition, from: Offset(from), to: Offset(to), file: "wal".into(), position: None, what }
}

/// Deletes what no manifest names: files that were not finished, or whose deletion was not.
async fn delete_orphans(blobs: &dyn Blobs, named: &[FileNumber]) -> Result<(), OpenError> {
    for name in blobs.list().await? {
        if number_of(&name).is_some_and(|number| named.binary_search(&number).is_err()) {
            blobs.delete(&name).await?;
        }
    }
    Ok(())
}
