//! Appending. Before the lock: the batch's own faults, every record, and space in the write-ahead log. Under it: the
//! producer's sequence, offsets, the segment's border, the push.

use bytes::BytesMut;
use thalweg_model::batch::compression::DECOMPRESSED_BYTES_MAX;
use thalweg_model::batch::produce::{self, Admitted, Policy};
use thalweg_model::batch::{BatchHeader, TimestampType, patch_base_offset, patch_partition_leader_epoch};
use thalweg_model::law::Law;
use thalweg_model::{Offset, TimestampMs};
use thalweg_storage::{BatchFacts, LogEnd, Piece, Refused, Reservation, Segment, WalSeq};
use tokio::sync::oneshot;

use crate::answer::Answer;
use crate::config::{StoredCompression, TopicConfig};
use crate::session::records::{AppendError, AppendOptions, Appended, PartitionError, Unavailable};

use super::Partition;
use super::producers::{Sequenced, Stamp};

/// A batch above this that has to be compressed anew goes off the connection's task.
const RECOMPRESS_INLINE_BYTES_MAX: usize = 64 << 10;
/// The largest distance of a batch from its segment's first offset, as Kafka's indexes have it.
const SEGMENT_OFFSETS_MAX: i64 = i32::MAX as i64;

impl From<Refused> for Unavailable {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Full => Self::Full,
            Refused::Timeout => Self::Timeout,
            Refused::Closed => Self::Closing,
        }
    }
}

impl Partition {
    /// Appends what a client produced.
    pub(crate) async fn append(
        &self,
        records: BytesMut,
        options: AppendOptions,
    ) -> Answer<Result<Appended, AppendError>> {
        let result = self.append_checked(records, options).await;
        if result.value.is_err() {
            self.0.topic.meters(&*self.0.room.world.meter).refused.add(1);
        }
        result
    }

    async fn append_checked(
        &self,
        records: BytesMut,
        options: AppendOptions,
    ) -> Answer<Result<Appended, AppendError>> {
        let config = self.0.topic.config();
        let admitted = match self.admit(records, options, &config).await {
            Ok(admitted) => admitted,
            Err(error) => return Answer::now(Err(error)),
        };
        self.append_admitted(admitted, &config).await
    }

    async fn admit(
        &self,
        records: BytesMut,
        options: AppendOptions,
        config: &TopicConfig,
    ) -> Result<Admitted, AppendError> {
        let header = produce::one_batch(&records)?;
        if header.is_transactional() {
            return Err(AppendError::Transactional);
        }
        let policy = policy(config, options);
        let now = self.0.room.world.clock.now();
        let changes_codec = |header: &BatchHeader| {
            let codec = header.codec().ok();
            policy.compression.is_some_and(|(target, _)| codec != Some(target))
        };
        if records.len() <= RECOMPRESS_INLINE_BYTES_MAX || !changes_codec(&header) {
            return Ok(produce::admit(records, &policy, now)?);
        }
        let (tell, told) = oneshot::channel();
        let work = Box::new(move || {
            // Nobody listens where the connection ended meanwhile.
            let _ = tell.send(produce::admit(records, &policy, now));
        });
        self.0.room.world.spawner.spawn_blocking("recompress", work).await;
        match told.await {
            Ok(admitted) => Ok(admitted?),
            Err(_) => Err(Unavailable::Closing.into()),
        }
    }

    /// Appends a batch that needs no more checks of its own.
    pub(super) async fn append_admitted(
        &self,
        admitted: Admitted,
        config: &TopicConfig,
    ) -> Answer<Result<Appended, AppendError>> {
        let Admitted { mut bytes, header, .. } = admitted;
        let size = bytes.len();
        let maximum = usize::try_from(config.segment_bytes).unwrap_or(0);
        if size > maximum {
            return Answer::now(Err(AppendError::LargerThanSegment { size, maximum }));
        }
        let reservation = match self.0.room.engine.reserve_batches(size, 1).await {
            Ok(reservation) => reservation,
            Err(refused) => return Answer::now(Err(Unavailable::from(refused).into())),
        };
        let log = &self.0.log;
        let mut facts = facts_of(&header);
        let stamp = (header.has_producer()).then_some(Stamp {
            producer: header.producer_id,
            epoch: header.producer_epoch,
            base_sequence: header.base_sequence,
            last_delta: facts.last_delta,
        });

        let mut state = self.0.state.lock();
        if self.0.topic.has_ended() {
            return Answer::now(Err(PartitionError::Unknown.into()));
        }
        if let (Some(stamp), Some(producers)) = (&stamp, &state.producers) {
            match producers.check(stamp) {
                Ok(Sequenced::Next) => {}
                Ok(Sequenced::Duplicate(first)) => {
                    let appended = Appended {
                        base_offset: first.base_offset,
                        log_append_time: Some(first.timestamp),
                        log_start_offset: self.log_start_offset(),
                    };
                    if Law::DuplicatesWait.is_broken() {
                        return Answer::now(Ok(appended));
                    }
                    return Answer::after(Ok(appended), log.seq_of_state());
                }
                Err(error) => return Answer::after(Err(error), log.seq_of_state()),
            }
        }
        let mut log_start = Offset(0);
        let after = log.append(reservation, |end| {
            log_start = end.start;
            self.place(&mut facts, &mut bytes, end, config);
            Piece { bytes: bytes.freeze(), facts }
        });
        if let Some(stamp) = &stamp {
            state.had_producers = true;
            state.producers.get_or_insert_default().remember(stamp, facts.base_offset, header.max_timestamp);
        }
        drop(state);

        let meters = self.0.topic.meters(&*self.0.room.world.meter);
        meters.bytes_in.add(size as u64);
        meters.records_in.add(u64::from(facts.last_delta) + 1);
        let log_append_time =
            (header.timestamp_type() == TimestampType::LogAppendTime).then_some(header.max_timestamp);
        let appended = Appended {
            base_offset: facts.base_offset,
            log_append_time,
            log_start_offset: self.durable_start(|| log_start),
        };
        Answer::after(Ok(appended), after)
    }

    /// Gives a batch its place: offset, epoch, and whether a segment begins with it.
    fn place(&self, facts: &mut BatchFacts, bytes: &mut BytesMut, end: LogEnd, config: &TopicConfig) {
        facts.base_offset = end.offset;
        facts.leader_epoch = self.leader_epoch();
        facts.starts_segment = self.rolls(end.active_segment, facts, bytes.len() as u64, config);
        patch_base_offset(bytes, facts.base_offset);
        patch_partition_leader_epoch(bytes, facts.leader_epoch);
    }

    /// Whether a new segment begins with this batch, by Kafka's rules: size, time between the records (where they
    /// bear one, else since the segment began), and the reach of its offsets.
    fn rolls(
        &self,
        active: Option<Segment>,
        batch: &BatchFacts,
        batch_bytes: u64,
        config: &TopicConfig,
    ) -> bool {
        let Some(active) = active else { return true };
        if active.bytes == 0 {
            return false;
        }
        let waited = if active.first_timestamp >= TimestampMs(0) {
            batch.max_timestamp.0.saturating_sub(active.first_timestamp.0)
        } else {
            self.0.room.world.clock.now().0.saturating_sub(active.created.0)
        };
        let too_large = active.bytes + batch_bytes > u64::try_from(config.segment_bytes).unwrap_or(0);
        let too_old = waited > config.segment_ms - self.jitter(active.base, config);
        let too_far = batch.next_offset().0 - 1 - active.base.0 > SEGMENT_OFFSETS_MAX;
        too_large || too_old || too_far
    }

    /// Chance that belongs to the segment: the same each time it is asked for, and nothing to remember.
    fn jitter(&self, base: Offset, config: &TopicConfig) -> i64 {
        let most = config.segment_jitter_ms.min(config.segment_ms);
        if most <= 0 {
            return 0;
        }
        let (topic, _) = self.0.topic.id.0.as_u64_pair();
        let place = (base.0 as u64).rotate_left(17) ^ (self.0.index.0 as u64).rotate_left(41);
        let mixed = (topic ^ place).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((mixed >> 1) % most as u64) as i64
    }

    /// Appends a batch of our own to an internal topic: it has no producer and cannot be refused any more.
    pub(crate) fn append_internal(&self, reservation: Reservation, mut bytes: BytesMut) -> (Offset, WalSeq) {
        let header = BatchHeader::parse(&bytes).expect("a batch that was just built has a header");
        let config = self.0.topic.config();
        let mut facts = facts_of(&header);
        let _state = self.0.state.lock();
        let after = self.0.log.append(reservation, |end| {
            self.place(&mut facts, &mut bytes, end, &config);
            Piece { bytes: bytes.freeze(), facts }
        });
        (facts.next_offset(), after)
    }
}

/// What the topic's settings ask of a batch.
fn policy(config: &TopicConfig, options: AppendOptions) -> Policy {
    let size = |bytes| usize::try_from(bytes).unwrap_or(0);
    Policy {
        batch_bytes_max: size(config.max_message_bytes),
        timestamp_type: config.message_timestamp_type,
        timestamp_before_max_ms: config.message_timestamp_before_max_ms,
        timestamp_after_max_ms: config.message_timestamp_after_max_ms,
        compacted: config.cleanup_policy.compact,
        compression: match config.compression {
            StoredCompression::Producer => None,
            StoredCompression::Codec(codec, level) => Some((codec, level)),
        },
        zstd_allowed: options.zstd_allowed,
        decompressed_bytes_max: size(config.max_decompressed_message_bytes).min(DECOMPRESSED_BYTES_MAX),
    }
}

fn facts_of(header: &BatchHeader) -> BatchFacts {
    BatchFacts {
        base_offset: header.base_offset,
        last_delta: u32::try_from(header.last_offset_delta)
            .expect("a batch without fault ends after it begins"),
        leader_epoch: header.partition_leader_epoch,
        producer_id: header.producer_id,
        producer_epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
        attributes: header.attributes,
        max_timestamp: header.max_timestamp,
        starts_segment: false,
    }
}
