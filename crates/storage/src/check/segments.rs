//! Segment files and packs: that they are there, what they say of themselves, and every batch that is still wanted.

use std::collections::BTreeMap;
use std::io;

use thalweg_model::TopicPartition;

use super::{Check, NOTHING_LOST, RECORDS_LOST, STATE_LOST};
use crate::blobs::{Blob, Blobs};
use crate::extent::{Extent, FileNumber};
use crate::kept::Stored;
use crate::log::EpochRow;
use crate::manifest::Image;
use crate::run_file::{directory, name_of, number_of, path_of};
use crate::walk::{Run, Walk, WalkError};

/// What a partition has in a file.
struct Own<'a> {
    partition: TopicPartition,
    extent: Extent,
    epochs: &'a [EpochRow],
}

impl Check<'_> {
    pub(super) async fn segments(&mut self, image: &Image) -> io::Result<()> {
        let mut by_file: BTreeMap<FileNumber, Vec<Own<'_>>> = BTreeMap::new();
        for (partition, row) in &image.partitions {
            let states = row.snapshot.iter().flat_map(|kept| kept.stored()).map(Stored::extent);
            for extent in row.extents.iter().filter(|extent| extent.end > row.start).cloned().chain(states) {
                let own = Own { partition: *partition, epochs: &row.epochs, extent };
                by_file.entry(own.extent.file).or_default().push(own);
            }
        }
        for name in self.blobs.list().await? {
            if !number_of(&name).is_some_and(|number| image.files.contains_key(&number)) {
                self.note(
                    &format!("segments/{name}"),
                    None,
                    "no manifest names the file: it was not finished, or is to be deleted".into(),
                );
            }
        }
        for (number, row) in &image.files {
            let mut own = by_file.remove(number).unwrap_or_default();
            own.sort_by_key(|own| own.extent.position);
            self.file(*number, row.bytes, &own).await?;
        }
        for (number, own) in by_file {
            self.missing(&own, &path_of(number), "the manifest does not know the file that should hold them");
        }
        Ok(())
    }

    /// Without a manifest: by what the files say of themselves.
    pub(super) async fn segments_by_themselves(&mut self) -> io::Result<()> {
        for name in self.blobs.list().await? {
            let Some(number) = number_of(&name) else { continue };
            let blob = self.blobs.open_once(&name).await?;
            let runs = directory(&*blob).map(|found| found.runs).unwrap_or_default();
            let own: Vec<_> = runs
                .iter()
                .map(|(partition, extent)| Own { partition: *partition, extent: extent.clone(), epochs: &[] })
                .collect();
            self.total += blob.len();
            self.file(number, blob.len(), &own).await?;
        }
        Ok(())
    }

    async fn file(&mut self, number: FileNumber, bytes: u64, own: &[Own<'_>]) -> io::Result<()> {
        let path = path_of(number);
        let blob = match self.blobs.open_once(&name_of(number)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.missing(own, &path, "the file is not there");
                if own.is_empty() {
                    self.note(&path, None, "a file of which nothing is wanted is not there".into());
                }
                return Ok(());
            }
            result => result?,
        };
        self.report.files += 1;
        if blob.len() != bytes {
            let what = format!("the file has {} bytes, and should have {bytes}", blob.len());
            self.damage(&path, None, what, NOTHING_LOST);
        }
        match directory(&*blob) {
            Ok(found) if found.number == number => {
                for own in own {
                    let holds = |(partition, run): &(TopicPartition, Extent)| {
                        *partition == own.partition
                            && run.position <= own.extent.position
                            && own.extent.position + u64::from(own.extent.length)
                                <= run.position + u64::from(run.length)
                    };
                    if !found.runs.iter().any(holds) {
                        let what = format!("its directory does not know the records of {}", own.partition);
                        self.damage(&path, Some(own.extent.position), what, NOTHING_LOST);
                    }
                }
                self.read(blob.len() - found.position);
            }
            Ok(found) => {
                let what = format!("it says that it is {}", path_of(found.number));
                self.damage(&path, Some(0), what, NOTHING_LOST);
            }
            Err(fault) => self.damage(&path, None, fault.to_string(), NOTHING_LOST),
        }
        for own in own {
            self.extent(&path, &*blob, own)?;
        }
        Ok(())
    }

    fn extent(&mut self, path: &str, blob: &dyn Blob, own: &Own<'_>) -> io::Result<()> {
        let Own { partition, extent, epochs } = own;
        if let Some(stored) = Stored::of(extent) {
            self.read(u64::from(stored.length));
            match stored.read(blob) {
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    let what = format!("of {partition}: {error}");
                    self.damage(path, Some(stored.position), what, STATE_LOST);
                }
                read => drop(read?),
            }
            return Ok(());
        }
        if extent.position + u64::from(extent.length) > blob.len() {
            let what = "the file ends before them".to_owned();
            let position = Some(extent.position);
            self.records(*partition, (extent.base, extent.end), path, position, what, RECORDS_LOST);
            return Ok(());
        }
        let mut walk = Walk::checking(blob, Run::of(extent).with_epochs(epochs.to_vec()));
        loop {
            let checked = match walk.next() {
                Ok(None) => return Ok(()),
                Ok(Some(step)) => {
                    self.report.batches += 1;
                    self.read(step.header.size() as u64);
                    walk.check(&step)
                }
                Err(error) => Err(error),
            };
            match checked {
                Ok(()) => {}
                Err(WalkError::Damaged(lost)) => {
                    let offsets = (lost.from, lost.to);
                    self.records(*partition, offsets, path, Some(lost.position), lost.what, RECORDS_LOST);
                }
                Err(WalkError::Io(error)) => {
                    let offsets = (extent.base, extent.end);
                    let what = format!("the disk cannot read them: {error}");
                    self.records(*partition, offsets, path, Some(extent.position), what, RECORDS_LOST);
                    return Ok(());
                }
            }
        }
    }

    fn missing(&mut self, own: &[Own<'_>], path: &str, what: &str) {
        for own in own {
            if Stored::of(&own.extent).is_some() {
                let what = format!("a snapshot of {} should be in it: {what}", own.partition);
                self.damage(path, None, what, STATE_LOST);
                continue;
            }
            let offsets = (own.extent.base, own.extent.end);
            self.records(own.partition, offsets, path, None, what.to_owned(), RECORDS_LOST);
        }
    }
}
