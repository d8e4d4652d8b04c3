//! The first extent of a log that begins within it: what lies before the start is dead, and the file that has it is
//! gathered once most of it is. Where the first batch that is still wanted begins is read from the file.

use super::Checkpointer;
use crate::extent::Extent;
use crate::log::Log;
use crate::manifest::record::Record;
use crate::run_file::path_of;
use crate::wal::WalSeq;
use crate::walk::{Run, Walk, WalkError};

/// An extent, and what of it is still wanted.
pub(super) struct Rest {
    log: Log,
    /// What the log's beginning rests on, and where it is.
    begun: (WalSeq, i64),
    whole: Extent,
    rest: Extent,
}

impl Rest {
    pub(super) fn record(&self) -> Record<'_> {
        let (from, to) = (self.whole.base, self.whole.end);
        Record::Extents { partition: self.log.partition(), from, to, add: vec![self.rest.clone()] }
    }
}

impl Checkpointer {
    /// The extents that can be shortened, of logs whose beginning is durable.
    pub(super) async fn rests(&mut self, target: WalSeq) -> Vec<Rest> {
        let mut begun_within = std::mem::take(&mut self.shared.loose.lock().begun_within);
        let later = begun_within.extract_if(.., |_, (seq, _)| *seq > target);
        let later: Vec<_> = later.collect();
        let mut rests = Vec::new();
        for (partition, begun) in begun_within {
            let Some(log) = self.shared.log(partition) else { continue };
            let Some(whole) = log.extent_begun_within() else { continue };
            match self.rest_of(&log, &whole, begun.1).await {
                Ok(Some(rest)) => rests.push(Rest { log, begun, whole, rest }),
                Ok(None) => {}
                // It stays as it is: its readers tell of damage.
                Err(error) => {
                    tracing::debug!(
                        ?log,
                        file = path_of(whole.file),
                        ?error,
                        "an extent cannot be shortened"
                    );
                }
            }
        }
        let mut loose = self.shared.loose.lock();
        for (partition, begun) in later {
            loose.begun_within.entry(partition).or_insert(begun);
        }
        rests
    }

    /// An extent from the batch on that holds this offset; none where that is its first.
    async fn rest_of(&self, log: &Log, whole: &Extent, start: i64) -> Result<Option<Extent>, WalkError> {
        let file = self.shared.files.get(whole.file).await?;
        let run = Run::of(whole).at_mark(whole.position_before(start)).with_epochs(log.epoch_rows());
        let mut walk = Walk::checking_some(&*file.blob, run);
        while let Some(step) = walk.next()? {
            if step.next() <= start {
                continue;
            }
            walk.check(&step)?;
            let before = u32::try_from(step.position - whole.position);
            let before = before.expect("a batch lies within its extent");
            return Ok((before > 0).then(|| whole.rest(before, step.base())));
        }
        Ok(None)
    }

    /// The manifest has them.
    pub(super) fn keep_rests(&mut self, rests: Vec<Rest>) {
        for Rest { log, whole, rest, .. } in rests {
            let dead = u64::from(whole.length - rest.length);
            let delay = self.shared.delays.of_topic(log.partition().topic);
            // Where the log left the extent meanwhile, all of it is counted as freed.
            if log.keep_rest(&whole, rest)
                && let Some(file) = self.files.get_mut(&whole.file)
            {
                file.live = file.live.saturating_sub(dead);
                file.delay = file.delay.max(delay);
            }
        }
    }

    /// The manifest has them not: the next checkpoint looks again.
    pub(super) fn take_back(&self, rests: Vec<Rest>) {
        let mut loose = self.shared.loose.lock();
        for Rest { log, begun, .. } in rests {
            loose.begun_within.entry(log.partition()).or_insert(begun);
        }
    }
}
