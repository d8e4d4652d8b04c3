//! The offsets topic: made when the first coordinator is looked for, written by the coordinator alone, read back partition
//! by partition as it is needed.

use std::sync::Weak;

use bytes::{Bytes, BytesMut};
use thalweg_model::batch::{BatchBuilder, BatchOptions, Batches, Codec, NewRecord, Records};
use thalweg_model::world::BoxFuture;
use thalweg_model::{LeaderEpoch, Offset, PartitionIndex, TimestampMs, TopicName};
use thalweg_storage::Recovered;

use crate::config::BrokerConfig;
use crate::groups::{GroupSettings, LoadFailed, Loading, LogRefused, OffsetsLog, Place, Placed, Record};
use crate::partition::{Isolation, Partition};
use crate::session::TopicRef;
use crate::session::topics::TopicError;

use super::configs::milliseconds;
use super::{Broker, Inner};

/// Its name.
pub(super) const NAME: &str = "__consumer_offsets";
/// What a batch costs beside its records.
const BATCH_BYTES: usize = 256;
/// The place where groups write.
pub(super) struct OffsetsTopic(pub(super) Weak<Inner>);

impl OffsetsLog for OffsetsTopic {
    fn reserve(&self, partition: PartitionIndex, bytes: usize) -> BoxFuture<'_, Result<Place, LogRefused>> {
        Box::pin(async move {
            let broker = Broker(self.0.upgrade().ok_or(LogRefused::Unavailable)?);
            let found = broker.offsets_partition(partition).await?;
            let most = usize::try_from(found.topic().config().max_message_bytes).unwrap_or(0);
            let bytes = bytes + BATCH_BYTES;
            if bytes > most {
                return Err(LogRefused::TooLarge);
            }
            let config = broker.config();
            let reservation = tokio::select! {
                biased;
                reserved = broker.0.room.engine.reserve(bytes) => reserved.map_err(|_| LogRefused::Unavailable)?,
                () = broker.commit_timeout() => return Err(LogRefused::Unavailable),
            };
            let codec =
                u8::try_from(config.offsets_topic_compression_codec).ok().and_then(Codec::from_number);
            let codec = codec.unwrap_or(Codec::None);
            let now = broker.0.world.clock.now();
            Ok(Place::new(move |records| {
                // Space is reserved for the records as they are: what compression makes larger stays plain.
                let packed = write_batch(codec, now, &records).filter(|batch| batch.len() <= bytes);
                let plain = || write_batch(Codec::None, now, &records).expect("plain records need no codec");
                let batch = packed.unwrap_or_else(plain);
                let (next, seq) = found.append_internal(reservation, batch);
                Placed { seq, next }
            }))
        })
    }

    fn load<'a>(
        &'a self,
        partition: PartitionIndex,
        into: &'a mut Loading,
    ) -> BoxFuture<'a, Result<(), LoadFailed>> {
        Box::pin(async move {
            let ending = || LoadFailed("the broker is ending".to_owned());
            let broker = Broker(self.0.upgrade().ok_or_else(ending)?);
            match broker.find_partition(&TopicRef::Name(NAME.into()), partition) {
                Some(found) => broker.load_groups(&found, into).await.map_err(LoadFailed),
                None => Ok(()),
            }
        })
    }

    fn loaded(&self, partition: PartitionIndex) {
        let Some(broker) = self.0.upgrade().map(Broker) else { return };
        if let Some(found) = broker.find_partition(&TopicRef::Name(NAME.into()), partition) {
            found.log().forget_recovered();
        }
    }
}

fn write_batch(codec: Codec, now: TimestampMs, records: &[Record]) -> Option<BytesMut> {
    let mut batch = BatchBuilder::new(BatchOptions {
        codec,
        level: None,
        base_offset: Offset(0),
        partition_leader_epoch: LeaderEpoch(0),
        log_append_time: None,
        producer: None,
        transactional: false,
        control: false,
    });
    for Record { key, value } in records {
        let value = value.as_deref();
        batch.append(NewRecord { timestamp: now, key: Some(key), value, headers: &[] });
    }
    batch.finish().ok()
}

/// What the coordinator is to keep to.
pub(super) fn group_settings(config: &BrokerConfig) -> GroupSettings {
    let count = |number: i32| usize::try_from(number).unwrap_or(0);
    GroupSettings {
        session_timeout_min: milliseconds(config.group_min_session_timeout_ms.into()),
        session_timeout_max: milliseconds(config.group_max_session_timeout_ms.into()),
        initial_rebalance_delay: milliseconds(config.group_initial_rebalance_delay_ms.into()),
        members_max: count(config.group_max_size),
        offset_metadata_bytes_max: count(config.offset_metadata_max_bytes),
        offsets_retention: milliseconds(i64::from(config.offsets_retention_minutes) * 60_000),
        offsets_retention_check_interval: milliseconds(config.offsets_retention_check_interval_ms),
    }
}

impl Broker {
    /// Ends when a write of the coordinator takes too long.
    pub(crate) async fn commit_timeout(&self) {
        let patience = milliseconds(self.config().offsets_commit_timeout_ms.into());
        self.0.world.clock.sleep(patience).await;
    }

    /// Sees to it that the offsets topic is there.
    pub(crate) async fn offsets_topic_ready(&self) -> Result<(), LogRefused> {
        if self.find_topic(&TopicRef::Name(NAME.into())).is_some() {
            return Ok(());
        }
        match self.create_internal(&TopicName::from(NAME)).await {
            Ok(()) | Err(TopicError::Exists(_)) => Ok(()),
            Err(error) => {
                tracing::warn!(%error, "the offsets topic could not be made");
                Err(LogRefused::Unavailable)
            }
        }
    }

    async fn offsets_partition(&self, partition: PartitionIndex) -> Result<Partition, LogRefused> {
        let topic = TopicRef::Name(NAME.into());
        if let Some(found) = self.find_partition(&topic, partition) {
            return Ok(found);
        }
        self.offsets_topic_ready().await?;
        self.find_partition(&topic, partition).ok_or(LogRefused::Unavailable)
    }

    /// Reads a partition's groups: the snapshot, then the records after it.
    async fn load_groups(&self, partition: &Partition, into: &mut Loading) -> Result<(), String> {
        let mut next = partition.log_start_offset();
        let recovered = partition.log().recovered().await.map_err(|error| error.to_string())?;
        if let Some(Recovered { snapshot, from, .. }) = recovered
            && !snapshot.is_empty()
        {
            match into.restore(from, snapshot) {
                Ok(from) => next = next.max(from),
                // The log has all of it as well.
                Err(error) => {
                    tracing::warn!(partition = %partition.index(), %error, "groups are read from their log");
                }
            }
        }
        let at_once = usize::try_from(self.config().offsets_load_buffer_size).unwrap_or(1);
        while next < partition.high_watermark() {
            let read = partition.read(next, Isolation::ReadUncommitted, at_once).await;
            let read = read.map_err(|error| error.to_string())?;
            // A batch may lie across two regions.
            let mut bytes = Vec::with_capacity(read.bytes);
            for region in &read.regions {
                bytes.extend_from_slice(&region.bytes().map_err(|error| error.to_string())?);
            }
            let after = replay(next, &bytes, into)?;
            if after <= next {
                return Err(format!("nothing can be read at offset {next}"));
            }
            next = after;
        }
        Ok(())
    }
}

fn replay(from: Offset, bytes: &[u8], into: &mut Loading) -> Result<Offset, String> {
    let mut next = from;
    for batch in Batches::new(bytes) {
        let (header, batch) = batch.map_err(|error| error.to_string())?;
        next = header.next_offset();
        if header.is_control() {
            continue;
        }
        let mut records = Records::new(batch).map_err(|error| error.to_string())?;
        while let Some(record) = records.next() {
            let record = record.map_err(|error| error.to_string())?;
            if record.offset < from {
                continue;
            }
            if let Some(key) = record.key {
                let value = record.value.map(Bytes::copy_from_slice);
                into.replay(Offset(record.offset.0 + 1), Bytes::copy_from_slice(key), value);
            }
        }
    }
    Ok(next)
}
