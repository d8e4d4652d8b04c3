//! The write-ahead log: the blocks that no file has yet.

use super::{Check, NO_START, RECORDS_LOST, RECORDS_MISSING, Uncovered};
use crate::block::{self, EntryKind};
use crate::manifest::Image;
use crate::storage::OpenError;
use crate::wal::survey;

use thalweg_model::TopicPartition;

impl Check<'_> {
    pub(super) async fn wal(
        &mut self,
        image: &Image,
        knows: &dyn Fn(TopicPartition) -> bool,
    ) -> Result<Uncovered, OpenError> {
        let named = image.uncovered();
        let survey = survey(self.disk.clone(), &named).await?;
        self.report.files += survey.files.len() as u64;
        for (name, length) in &survey.files {
            if survey.unfinished.contains(name) {
                self.note(name, None, "the file was being made when the broker ended".into());
            }
            self.total += length;
            self.read(*length);
        }
        for (file, position) in &survey.unreadable {
            let advice = "the disk fails: copy the folder to another one while that is possible";
            self.damage(file, Some(*position), "a page cannot be read".into(), advice);
        }
        if let Some(doubt) = survey.chains.iter().find_map(|chain| chain.end.doubt.as_ref()) {
            let what = "the newest records may lie in a page that cannot be read";
            self.damage(&doubt.file, Some(doubt.position), what.into(), NO_START);
        }
        let mut uncovered = Uncovered::new();
        for (row, chain) in image.chains.iter().zip(&survey.chains) {
            let end = row.end.unwrap_or(chain.end.end);
            let lost = |seq| format!("block {seq} of chain {} is lost", row.chain);
            for seq in chain.end.damaged.iter().filter(|seq| **seq <= end) {
                if !chain.blocks.iter().any(|found| found.seq == *seq) {
                    self.damage("wal", None, lost(*seq), RECORDS_MISSING);
                }
            }
            for found in &chain.blocks {
                if found.seq > end {
                    if !found.whole {
                        let what = "a block that was never acknowledged is torn (or, if nothing cut the power, damaged)";
                        self.note(&found.file, Some(found.position), what.into());
                    }
                    continue;
                }
                let entries = match block::Header::decode(&found.bytes).and_then(|header| {
                    let index = usize::try_from(header.index_position()).unwrap_or(usize::MAX);
                    block::decode_index(&header, found.bytes.get(index..).unwrap_or_default())
                }) {
                    Ok(entries) => entries,
                    Err(error) => {
                        let what = format!("{}: {error}", lost(found.seq));
                        self.damage(&found.file, Some(found.position), what, RECORDS_MISSING);
                        continue;
                    }
                };
                for entry in entries.iter().filter(|entry| knows(entry.partition)) {
                    let base = entry.base_offset.0;
                    if entry.kind == EntryKind::StartMoved {
                        continue;
                    }
                    let next = base + i64::from(entry.last_delta) + 1;
                    uncovered.entry(entry.partition).or_default().push((base, next));
                    self.report.batches += 1;
                    let (from, to) =
                        (entry.position as usize, entry.position as usize + entry.length as usize);
                    let batch = found.bytes.get(from..to).unwrap_or_default();
                    if let Err(what) = block::check_batch(entry, batch) {
                        let position = Some(found.position + u64::from(entry.position));
                        self.records(
                            entry.partition,
                            (base, next),
                            &found.file,
                            position,
                            what,
                            RECORDS_LOST,
                        );
                    }
                }
            }
        }
        Ok(uncovered)
    }
}
