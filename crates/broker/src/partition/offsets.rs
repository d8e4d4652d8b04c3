//! Finding offsets: by time, by epoch, the ends.

use thalweg_model::law::Law;
use thalweg_model::{LeaderEpoch, Offset};
use thalweg_storage::{Found, ReadError};

use crate::answer::Answer;
use crate::session::records::{DeleteRecordsError, ListOffsetsError, ListedOffset, OffsetAt, PartitionError};

use super::Partition;
use super::read::{EpochEnd, Isolation};

const NOTHING: ListedOffset = ListedOffset { offset: None, timestamp: None, leader_epoch: None };

/// Stands for no epoch; what is below it is asked for as one that is older than all.
const NO_EPOCH: LeaderEpoch = LeaderEpoch(-1);

impl Partition {
    /// Finds an offset.
    pub(crate) async fn list_offset(
        &self,
        at: OffsetAt,
        isolation: Isolation,
    ) -> Answer<Result<ListedOffset, ListOffsetsError>> {
        let upto = self.upto(isolation);
        let log = &self.0.log;
        let found = match at {
            OffsetAt::Latest => Ok(place(upto, Some(self.leader_epoch()))),
            OffsetAt::Earliest | OffsetAt::EarliestLocal => {
                let start = self.log_start_offset();
                Ok(place(start, self.epoch_at(start)))
            }
            OffsetAt::LatestTiered | OffsetAt::EarliestPendingUpload => Ok(NOTHING),
            OffsetAt::MaxTimestamp => log.find_max_timestamp(upto).await.map(listed),
            OffsetAt::Timestamp(timestamp) => log.find(timestamp, upto).await.map(listed),
        };
        let found = found.map_err(|error| match error {
            ReadError::Removed => PartitionError::Unknown.into(),
            error @ ReadError::Damaged { .. } => ListOffsetsError::Damaged(error.to_string()),
            error => {
                tracing::error!(partition = ?self, %error, "an offset cannot be looked for");
                ListOffsetsError::Storage(error.to_string())
            }
        });
        Answer::now(found)
    }

    /// Where an epoch ends: at the start of the next one that there is; the present one at what is durable.
    pub(crate) fn epoch_end(&self, epoch: LeaderEpoch) -> EpochEnd {
        let end = self.high_watermark();
        if epoch == self.leader_epoch() {
            return EpochEnd { epoch: Some(epoch), end_offset: Some(end) };
        }
        let epochs = self.epochs(end);
        let after = epochs.partition_point(|(known, _)| *known <= epoch);
        if epoch == NO_EPOCH || after == epochs.len() {
            return EpochEnd { epoch: None, end_offset: None };
        }
        let found = after.checked_sub(1).map_or(epoch, |before| epochs[before].0);
        EpochEnd { epoch: Some(found), end_offset: Some(epochs[after].1) }
    }

    /// The epoch that an offset belongs to.
    fn epoch_at(&self, offset: Offset) -> Option<LeaderEpoch> {
        let epochs = self.epochs(self.high_watermark());
        let after = epochs.partition_point(|(_, start)| *start <= offset);
        after.checked_sub(1).map(|before| epochs[before].0)
    }

    /// Each epoch with its first offset, the present one too, even where it has no durable records yet.
    fn epochs(&self, end: Offset) -> Vec<(LeaderEpoch, Offset)> {
        let current = self.leader_epoch();
        let mut epochs: Vec<_> =
            self.0.log.epochs().into_iter().map(|known| (known.epoch, known.start.min(end))).collect();
        if epochs.last().is_none_or(|(last, _)| *last < current) {
            epochs.push((current, end));
        }
        epochs
    }

    /// Deletes what lies below an offset; none is what is durable. Gives the log's new start.
    pub(crate) fn delete_records(
        &self,
        before: Option<Offset>,
    ) -> Answer<Result<Offset, DeleteRecordsError>> {
        if self.0.topic.internal {
            return Answer::now(Err(DeleteRecordsError::InternalTopic(self.0.topic.name.to_string())));
        }
        if !self.0.topic.config().cleanup_policy.delete {
            return Answer::now(Err(DeleteRecordsError::NotDeletable));
        }
        let high_watermark = self.high_watermark();
        let offset = before.unwrap_or(high_watermark);
        if offset > high_watermark || offset.0 < 0 {
            return Answer::now(Err(DeleteRecordsError::OutOfRange { offset, high_watermark }));
        }
        let after = self.move_start(offset);
        if Law::DeletionsWait.is_broken() {
            return Answer::now(Ok(self.0.log.start()));
        }
        Answer::after(Ok(self.0.log.start()), after)
    }
}

fn place(offset: Offset, leader_epoch: Option<LeaderEpoch>) -> ListedOffset {
    ListedOffset { offset: Some(offset), timestamp: None, leader_epoch }
}

fn listed(found: Option<Found>) -> ListedOffset {
    found.map_or(NOTHING, |found| ListedOffset {
        offset: Some(found.offset),
        timestamp: Some(found.timestamp),
        leader_epoch: Some(found.leader_epoch),
    })
}
