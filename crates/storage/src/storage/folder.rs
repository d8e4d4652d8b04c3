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

use super::{Backends, OpenError, Storage};
use crate::blobs::LocalBlobs;
use crate::disk::{Disk, RealDisk, Recorder};
use crate::facts::{Facts, LocalFacts, Reserve};
use crate::leases::{Leases, LocalLeases};
use crate::manifest::Manifest;
use crate::options::Options;
use crate::wal::{Ring, RingOptions};

/// The folder of segment files and packs.
const SEGMENTS: &str = "segments";
/// The manifest's facts, and the lease.
const SHARD: &str = "shard-0";

impl Storage {
    /// Opens a data folder, or makes it. It is ours until the engine is closed, or the process ends.
    pub async fn local(
        folder: &Path,
        node: NodeId,
        options: Options,
        world: World,
    ) -> Result<Self, OpenError> {
        let mut disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder)?);
        if let Some(journal) = &options.disk_journal {
            disk = Arc::new(Recorder::new(disk, journal)?);
        }
        let lease = LocalLeases::new(folder, disk.clone(), node).hold(SHARD).await?;
        let mut storage = Self::on_disk(disk, node, options, world).await?;
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
        let reserve = Reserve::open(disk.clone()).await?;
        let facts = |name: &str| -> Arc<dyn Facts> {
            Arc::new(LocalFacts::new(disk.clone(), name, reserve.clone(), world.random.clone()))
        };
        let (cluster, manifest_facts) = (facts("cluster"), facts(SHARD));
        let (manifest, image) = Manifest::load(manifest_facts.clone()).await?;
        let named: Vec<_> =
            image.chains.iter().map(|row| (row.chain, row.first.max(image.covered.next()))).collect();
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
