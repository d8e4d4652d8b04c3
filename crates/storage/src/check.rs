//! Checks a data folder that no broker uses: every file, from its header to its last byte, and what they say of each
//! other. Tells what is wrong, where, and what to do; changes nothing.

mod logs;
mod segments;
mod wal;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use thalweg_model::{NodeId, Offset, TopicPartition};

use crate::blobs::LocalBlobs;
use crate::disk::{Access, Create, Disk, Open, RealDisk};
use crate::facts::{FactsError, decode_file};
use crate::leases::{LeaseError, LocalLeases, Program};
use crate::manifest::Image;
use crate::storage::{OpenError, SEGMENTS, SHARD, refuse_newer};

/// What the caller's facts (topics, settings) mean.
pub trait CallersFacts {
    /// Takes the next record, in order; an error says why it cannot be understood.
    fn take(&mut self, record: &[u8]) -> Result<(), String>;
    /// Whether the partition still exists: what belongs to others is garbage.
    fn knows(&self, partition: TopicPartition) -> bool;
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something is lost, or will be.
    Damage,
    /// Worth knowing; the next start puts it in order.
    Note,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file, as it is called in the data folder.
    pub file: String,
    /// Where in the file.
    pub position: Option<u64>,
    /// Whose records.
    pub partition: Option<TopicPartition>,
    /// Which: the first that is lost, and the first after it that is not.
    pub offsets: Option<(Offset, Offset)>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub advice: &'static str,
}

/// All that was found, and how much was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What is wrong, in the order of files.
    pub findings: Vec<Finding>,
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Record batches, in files and in the write-ahead log.
    pub batches: u64,
    /// Partitions.
    pub partitions: u64,
}

impl Report {
    /// Whether nothing is lost.
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity == Severity::Note)
    }
}

const RESTORE: &str = "the broker does not start with it: restore the folder from a backup";
const NO_START: &str = "the broker does not start with it: copy the folder to another disk, with zeros in place of what \
                        cannot be read, and start there; what was acknowledged in that place is lost";
const RECORDS_LOST: &str = "the broker serves all around it and answers CORRUPT_MESSAGE for these offsets: consumers have \
                            to go on behind them; restore the folder from a backup if the records are needed";
const RECORDS_MISSING: &str = "consumers pass over these offsets; restore the folder from a backup if the records are \
                               needed";
const NOTHING_LOST: &str = "no record is lost; the file is replaced when it is next merged or released";
const STATE_LOST: &str = "no record is lost: groups are read from their records again; of producers it is forgotten what \
                          they wrote last, so that a repetition of it is taken for new";
const NEXT_START: &str = "nothing to do: the next start puts it in order";

/// The work under way.
struct Check<'a> {
    disk: Arc<dyn Disk>,
    blobs: LocalBlobs,
    report: Report,
    /// Told how many bytes were read, of how many.
    progress: &'a mut dyn FnMut(u64, u64),
    total: u64,
}

/// Checks a folder. Takes its lock, so that no broker can start meanwhile; one that a broker uses is refused.
pub async fn check(
    folder: &Path,
    facts_version_max: u8,
    callers: &mut dyn CallersFacts,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, OpenError> {
    if !folder.join("facts").is_dir() {
        let error = io::Error::new(io::ErrorKind::NotFound, "there is no data folder here");
        return Err(error.into());
    }
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::buffered(folder)?);
    // Whose folder it is does not matter to who only looks.
    let leases = LocalLeases::new(folder, disk.clone(), NodeId(0));
    let _lock = leases.lock_file()?;
    let lease_name = format!("{SHARD}.lease");
    let lease = leases.read(&lease_name).await;
    if let Err(error @ LeaseError::Newer { .. }) = lease {
        return Err(error.into());
    }
    let program = Program(lease.as_ref().ok().and_then(|said| said.as_ref()?.program.clone()));
    refuse_newer(&*disk, facts_version_max, program).await?;

    let blobs = LocalBlobs::open(disk.clone(), SEGMENTS).await?;
    let mut check = Check { disk, blobs, report: Report::default(), progress, total: 0 };
    if let Err(error) = lease {
        check.damage(&lease_name, None, error.to_string(), RESTORE);
    }
    for record in check.facts("facts/cluster").await? {
        if let Err(what) = callers.take(&record) {
            check.damage("facts/cluster", None, format!("a record cannot be understood: {what}"), RESTORE);
        }
    }
    let mut image = Image::default();
    let manifest = format!("facts/{SHARD}");
    for record in check.facts(&manifest).await? {
        if let Err(error) = image.apply_fact(&record) {
            check.damage(&manifest, None, error.to_string(), RESTORE);
        }
    }
    image.partitions.retain(|partition, _| callers.knows(*partition));
    check.report.partitions = image.partitions.len() as u64;
    check.total = image.files.values().map(|row| row.bytes).sum();
    let entries = check.wal(&image, &|partition| callers.knows(partition)).await?;
    if check.report.findings.iter().any(|finding| finding.file == manifest) {
        check.segments_by_themselves().await?;
        return Ok(check.report);
    }
    check.segments(&image).await?;
    check.logs(&image, &entries);
    Ok(check.report)
}

impl Check<'_> {
    /// The records of a file of facts.
    async fn facts(&mut self, name: &str) -> io::Result<Vec<bytes::Bytes>> {
        let existing = Open { access: Access::Buffered, create: Create::Existing };
        let file = match self.disk.open(name, existing).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.damage(name, None, "the file is not there".into(), RESTORE);
                return Ok(Vec::new());
            }
            result => result?,
        };
        let length = file.len().await?;
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?];
        file.read_exact_at(&mut bytes, 0).await?;
        self.report.files += 1;
        self.report.bytes += length;
        match decode_file(name, bytes.into()) {
            Ok(loaded) => Ok(loaded.records),
            Err(FactsError::Damaged { position, what, .. }) => {
                self.damage(name, Some(position), format!("the {what} is damaged"), RESTORE);
                Ok(Vec::new())
            }
            Err(error) => Err(io::Error::other(error)),
        }
    }

    fn damage(&mut self, file: &str, position: Option<u64>, what: String, advice: &'static str) {
        self.find(Severity::Damage, file, position, what, advice);
    }

    fn note(&mut self, file: &str, position: Option<u64>, what: String) {
        self.find(Severity::Note, file, position, what, NEXT_START);
    }

    fn find(
        &mut self,
        severity: Severity,
        file: &str,
        position: Option<u64>,
        what: String,
        advice: &'static str,
    ) {
        let (partition, offsets) = (None, None);
        self.report.findings.push(Finding {
            severity,
            file: file.to_owned(),
            position,
            partition,
            offsets,
            what,
            advice,
        });
    }

    /// Records that are lost.
    fn records(
        &mut self,
        partition: TopicPartition,
        offsets: (i64, i64),
        file: &str,
        position: Option<u64>,
        what: String,
        advice: &'static str,
    ) {
        self.damage(file, position, what, advice);
        if let Some(finding) = self.report.findings.last_mut() {
            finding.partition = Some(partition);
            finding.offsets = Some((Offset(offsets.0), Offset(offsets.1)));
        }
    }

    fn read(&mut self, bytes: u64) {
        self.report.bytes += bytes;
        (self.progress)(self.report.bytes.min(self.total), self.total);
    }
}

/// What the write-ahead log has of each partition beyond what files have: offsets in order.
type Uncovered = BTreeMap<TopicPartition, Vec<(i64, i64)>>;
