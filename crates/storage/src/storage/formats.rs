//! The formats of a data folder, looked at before anything in it is touched: a folder of a newer program stays byte for
//! byte as it is, and the refusal says which file is newer and who can read it. What is damaged is not told here.

use std::io;

use bytes::Bytes;

use super::OpenError;
use super::folder::{SEGMENTS, SHARD};
use crate::disk::{Access, Create, Disk, Open};
use crate::facts::{FactsError, decode_file};
use crate::leases::Program;
use crate::manifest::{FORMAT, Image};
use crate::run_file;
use crate::wal::{Older, RING_FOLDER, find_newer, first, is_of_ring};

/// The formats of blocks and of files of facts that this program knows.
const BLOCK_FORMAT: u32 = 1;
const FACTS_FORMAT: u32 = 1;

const EXISTING: Open = Open { access: Access::Buffered, create: Create::Existing };

/// Refuses a folder with something newer in it. Reads only.
pub(crate) async fn refuse_newer(
    disk: &dyn Disk,
    facts_version_max: u8,
    program: Program,
) -> Result<(), OpenError> {
    let newer = |file: String, found: u32, known: u32| {
        Err(OpenError::Newer { file, found, known, program: program.clone() })
    };
    let name = "facts/cluster";
    match facts(disk, name).await? {
        Err(format) => return newer(name.into(), u32::from(format), FACTS_FORMAT),
        Ok(records) => {
            let versions = records.iter().filter_map(|record| record.first());
            if let Some(version) = versions.copied().max().filter(|version| *version > facts_version_max) {
                return newer(name.into(), u32::from(version), u32::from(facts_version_max));
            }
        }
    }
    let name = format!("facts/{SHARD}");
    let mut image = Image::default();
    match facts(disk, &name).await? {
        Err(format) => return newer(name, u32::from(format), FACTS_FORMAT),
        Ok(records) => {
            for record in &records {
                match image.apply_fact(record) {
                    Err(OpenError::Newer { found, known, .. }) => return newer(name, found, known),
                    // Checksums hold, so what cannot be understood was not written by this program.
                    Err(OpenError::Damaged(_)) => return newer(name, FORMAT + 1, FORMAT),
                    Err(error) => return Err(error),
                    Ok(()) => {}
                }
            }
        }
    }
    // Of blocks only those count whose chain is named: after a clean end there are none.
    let named = image.uncovered();
    let (mut files, mut older) = (Vec::new(), Older::than(&named));
    let names = if named.is_empty() { None } else { found(disk.list(RING_FOLDER).await)? };
    for name in names.unwrap_or_default() {
        let path = format!("{RING_FOLDER}/{name}");
        let Some(file) = found(disk.open(&path, EXISTING).await)? else { continue };
        let first = if is_of_ring(&name) { first(file.clone()).await } else { None };
        older.saw(first);
        files.push((path, file, first));
    }
    for (name, file, first) in files {
        if older.has(first) {
            continue;
        }
        if let Some((_, format)) = find_newer(file).await? {
            return newer(name, u32::from(format), BLOCK_FORMAT);
        }
    }
    // Numbers rise, so that the newest format is that of the highest.
    if let Some(number) = image.files.keys().next_back() {
        let name = format!("{SEGMENTS}/{}", run_file::name_of(*number));
        if let Some(file) = found(disk.open(&name, EXISTING).await)? {
            let mut header = [0; run_file::HEADER_BYTES as usize];
            // What cannot be read is told when it is wanted.
            let can_be_read = file.read_exact_at(&mut header, 0).await.is_ok();
            if let Some(format) = run_file::newer_format(&header).filter(|_| can_be_read) {
                return newer(name, u32::from(format), u32::from(run_file::FORMAT));
            }
        }
    }
    Ok(())
}

/// The records of a file of facts, as far as they can be read; or its format, where that is newer.
async fn facts(disk: &dyn Disk, name: &str) -> io::Result<Result<Vec<Bytes>, u8>> {
    let Some(file) = found(disk.open(name, EXISTING).await)? else { return Ok(Ok(Vec::new())) };
    let length = file.len().await?;
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?];
    if file.read_exact_at(&mut bytes, 0).await.is_err() {
        // Told by who needs it.
        return Ok(Ok(Vec::new()));
    }
    Ok(match decode_file(name, bytes.into()) {
        Ok(loaded) => Ok(loaded.records),
        Err(FactsError::Newer { format, .. }) => Err(format),
        Err(_) => Ok(Vec::new()),
    })
}

fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}
