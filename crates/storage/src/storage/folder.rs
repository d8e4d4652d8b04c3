//! A data folder on a disk: which parts it has.
//!
//! ```text
//!   lock, *.lease    who works here, and whose the folder is
//!   facts/cluster    topics, settings          facts/shard-0   the manifest
//!   wal/             the ring                  segments/       segment files and packs
//!   reserve          space for facts on a full disk
//! ```

use std::path::Path;
use std::sync::Arc;

use thalweg_model::NodeId;
use thalweg_model::world::World;

use super::formats::refuse_newer;
use super::{Backends, OpenError, Storage};
use crate::blobs::LocalBlobs;
use crate::disk::{Disk, RealDisk, Recorder};
use crate::facts::{Facts, LocalFacts, Reserve};
use crate::leases::{LocalLeases, Program};
use crate::manifest::Manifest;
use crate::options::Options;
use crate::wal::{Ring, RingOptions};

/// The folder of segment files and packs.
pub(crate) const SEGMENTS: &str = "segments";
/// The manifest's facts, and the lease.
pub(crate) const SHARD: &str = "shard-0";

impl Storage {
    /// Opens a data folder, or makes it. It is ours until the engine is closed, or the process ends.
    pub async fn local(
        folder: &Path,
        node: NodeId,
        options: Options,
        world: World,
    ) -> Result<Self, OpenError> {
        let looking: Arc<dyn Disk> = Arc::new(RealDisk::buffered(folder)?);
        let leases = LocalLeases::new(folder, looking.clone(), node);
        let locked = leases.lock(SHARD).await?;
        let program = Program(leases.read(&format!("{SHARD}.lease")).await?.and_then(|said| said.program));
        refuse_newer(&*looking, options.facts_version_max, program).await?;
        let mut disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder)?);
        if let Some(journal) = &options.disk_journal {
            disk = Arc::new(Recorder::new(disk, journal)?);
        }
        let lease = LocalLeases::new(folder, disk.clone(), node).take(locked).await?;
        let mut storage = Self::on_seen_disk(disk, node, options, world).await?;
        storage.lease = Some(lease);
        Ok(storage)
    }

    /// Opens a data folder on any disk. That nobody else works on it is for the caller to see to.
    pub async fn on_disk(
        disk: Arc<dyn Disk>,
        node: NodeId,
        options: Options,
        world: World,
    ) -> Result<Self, OpenError> {
        refuse_newer(&*disk, options.facts_version_max, Program::default()).await?;
        Self::on_seen_disk(disk, node, options, world).await
    }

    async fn on_seen_disk(
        disk: Arc<dyn Disk>,
        node: NodeId,
        options: Options,
        world: World,
    ) -> Result<Self, OpenError> {
        let reserve = Reserve::open(disk.clone()).await?;
        let facts = |name: &str| -> Arc<dyn Facts> {
            Arc::new(LocalFacts::new(disk.clone(), name, reserve.clone(), world.random.clone()))
        };
        let (cluster, manifest_facts) = (facts("cluster"), facts(SHARD));
        let (manifest, image) = Manifest::load(manifest_facts.clone()).await?;
        let named = image.uncovered();
        let ring = RingOptions {
            first_bytes: options.ring_first_bytes,
            file_bytes: options.ring_file_bytes,
            files: options.ring_files,
            files_uncovered_max: options.ring_files_uncovered_max,
            durability: options.durability,
        };
        let wal = Arc::new(Ring::open(disk.clone(), ring, world.clone(), &named).await?);
        let blobs = Arc::new(LocalBlobs::open(disk, SEGMENTS).await?);
        let backends = Backends { cluster, manifest: manifest_facts, wal, blobs };
        Self::checked(backends, node, options, world, manifest, image)
    }
}
