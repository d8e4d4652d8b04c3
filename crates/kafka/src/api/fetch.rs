//! Fetch (1): records from where the client stands, as regions that leave as they are stored.
//!
//! It waits until there are `min_bytes` or `max_wait_ms` are over. The first batch leaves whatever its size, so that
//! everybody gets on; after it, `max_bytes` and the limits of the partitions hold. Who asks as a follower is told that
//! this broker leads no such replica: nobody replicates from here.
//!
//! - v4: isolation level, aborted transactions (none here: an empty list for readers of committed records)
//! - v5: log start offset
//! - v7: fetch sessions (KIP-227)
//! - v9: leader epochs
//! - v10: zstd
//! - v11: rack; preferred replica (none here)
//! - v12: flexible; last fetched epoch and where logs diverge
//! - v13: topics by id
//! - v15: state of a replica
//! - v16: where the leader is now (KIP-951)
//! - v17: a replica's folder
//! - v18: a replica's high watermark (KIP-1166)

mod memory;
mod reading;
mod session;

use std::time::Duration;

use thalweg_broker::WalSeq;
use thalweg_model::codec::Text;
use thalweg_model::{Offset, PartitionIndex, Region, TopicId};
use thalweg_wire::fetch_request::{FetchPartition, FetchTopic};
use thalweg_wire::fetch_response::{EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, PartitionData};
use thalweg_wire::{FetchRequest, FetchResponse};

use super::{epoch, isolation};
use crate::errors::{Code, FirstError};
use crate::request::{Handled, Reply, Request};

pub(crate) use self::memory::Memory;
use self::memory::{Key, Wish};
use self::reading::{Found, Harvest, Limits};
use self::session::Context;
use thalweg_broker::{Isolation, TopicRef};

/// The first version that names topics by id.
const TOPIC_IDS_FROM: i16 = 13;
/// The first version with sessions, and with an error for the whole answer.
const SESSIONS_FROM: i16 = 7;

/// How much an answer may gather however much memory others hold.
const ANSWER_BYTES_FLOOR: usize = 64 << 10;

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: FetchRequest = request.decode()?;
    let isolation = match isolation(asked.isolation_level) {
        Ok(isolation) => isolation,
        Err(code) => return refuse_each(&request, &asked, code),
    };
    let max_bytes = usize::try_from(asked.max_bytes).unwrap_or(0).min(request.head.settings.fetch_bytes_max);
    // Under pressure answers become smaller; the first batch goes out whatever its size.
    let max_bytes = request.head.answer_budget.allowance(max_bytes, ANSWER_BYTES_FLOOR);
    let limits = Limits {
        max_bytes,
        min_bytes: usize::try_from(asked.min_bytes).unwrap_or(0).min(max_bytes),
        max_wait: Duration::from_millis(u64::try_from(asked.max_wait_ms).unwrap_or(0)),
        isolation,
        // From v15 on the other place is the one that counts.
        as_replica: asked.replica_id.max(asked.replica_state.replica_id) >= 0,
    };
    let mut context = match Context::enter(&request, asked) {
        Ok(context) => context,
        Err(code) => return refuse(&request, code),
    };
    let clock = request.head.world.clock.clone();
    let shutdown = request.head.shutdown.clone();
    let harvest = reading::harvest(context.memory(), &request.session, &*clock, limits, shutdown).await;
    let mut first = FirstError::default();
    let mut answer = FetchResponse::default();
    let only_news = context.is_incremental();
    let topics = Grouped::new(request.version, isolation, context.memory(), harvest, only_news);
    for found in topics.topics.iter().flat_map(|topic| &topic.partitions) {
        if let Some(code) = Code::of(found.error_code) {
            first.see(code);
        }
    }
    answer.responses = topics.topics;
    answer.session_id = context.leave();
    let mut reply = request.answer(WalSeq::default(), &answer, first.code())?;
    if let Reply::Answer(encoded) = &mut reply {
        let in_memory = |region: &Region| if let Region::Memory(bytes) = region { bytes.len() } else { 0 };
        let held = encoded.regions.iter().map(in_memory).sum();
        encoded.memory = request.head.answer_budget.hold(held);
    }
    Ok(reply)
}

fn refuse(request: &Request, code: Code) -> Handled {
    let answer = FetchResponse { error_code: code.number(), ..FetchResponse::default() };
    request.answer(WalSeq::default(), &answer, Some(code))
}

/// Refuses each partition too, where the version has no other place that clients look at.
fn refuse_each(request: &Request, asked: &FetchRequest, code: Code) -> Handled {
    let told = |partition: &FetchPartition| PartitionData {
        aborted_transactions: Some(Vec::new()),
        ..self::partition(
            request.version,
            Isolation::ReadUncommitted,
            partition.partition,
            Found::refused(code),
        )
    };
    let topic = |topic: &FetchTopic| FetchableTopicResponse {
        topic: topic.topic.clone(),
        partitions: topic.partitions.iter().map(told).collect(),
        ..Default::default()
    };
    let by_name = request.version < TOPIC_IDS_FROM;
    let answer = FetchResponse {
        error_code: if request.version >= SESSIONS_FROM { code.number() } else { 0 },
        responses: if by_name { asked.topics.iter().map(topic).collect() } else { Vec::new() },
        ..FetchResponse::default()
    };
    request.answer(WalSeq::default(), &answer, Some(code))
}

/// What of a topic's partition a client names.
fn key(version: i16, topic: &Text, id: thalweg_model::Uuid, partition: i32) -> Key {
    let topic =
        if version >= TOPIC_IDS_FROM { TopicRef::Id(TopicId(id)) } else { TopicRef::Name(topic.into()) };
    (topic, PartitionIndex(partition))
}

fn wish(partition: &FetchPartition) -> Wish {
    Wish {
        fetch_offset: Offset(partition.fetch_offset),
        max_bytes: partition.partition_max_bytes,
        current_leader_epoch: epoch(partition.current_leader_epoch),
        last_fetched_epoch: epoch(partition.last_fetched_epoch),
    }
}

/// Partitions as an answer bears them: by topic.
struct Grouped {
    topics: Vec<FetchableTopicResponse>,
}

impl Grouped {
    /// Groups what was found, and notes in `memory` what the client is told. To a session that goes on, only what is
    /// new is told.
    fn new(
        version: i16,
        isolation: Isolation,
        memory: &mut Memory,
        mut harvest: Harvest,
        only_news: bool,
    ) -> Self {
        let mut topics: Vec<FetchableTopicResponse> = Vec::new();
        let mut places = thalweg_model::collections::HashMap::default();
        for slot in harvest.order {
            let Some(found) = harvest.found.remove(&slot) else { continue };
            let refused = found.code != Code::None || found.diverging.is_some();
            // It has more for the client, or something that may be otherwise the next time.
            if refused || found.bytes > 0 {
                memory.queue(slot);
            }
            let Some(remembered) = memory.get_mut(slot) else { continue };
            let is_news = refused
                || found.bytes > 0
                || found.high_watermark != remembered.told_high_watermark
                || found.log_start_offset != remembered.told_log_start_offset;
            // When the error goes away, the client has to be told where the partition stands.
            remembered.told_high_watermark = if refused { -1 } else { found.high_watermark };
            remembered.told_log_start_offset = found.log_start_offset;
            if only_news && !is_news {
                continue;
            }
            let (topic, index) = &remembered.key;
            let place = *places.entry(topic.clone()).or_insert_with(|| {
                let (name, id) = match topic {
                    TopicRef::Name(name) => (name.into(), TopicId::ZERO),
                    TopicRef::Id(id) => (Text::default(), *id),
                };
                topics.push(FetchableTopicResponse { topic: name, topic_id: id.0, ..Default::default() });
                topics.len() - 1
            });
            topics[place].partitions.push(partition(version, isolation, index.0, found));
        }
        Self { topics }
    }
}

fn partition(version: i16, isolation: Isolation, index: i32, found: Found) -> PartitionData {
    // As at Kafka's, whose answers to what is not there differ so from those that come from a log.
    let is_unknown = matches!(found.code, Code::UnknownTopicOrPartition | Code::UnknownTopicId);
    let mut data = PartitionData {
        partition_index: index,
        error_code: found.code.number(),
        high_watermark: found.high_watermark,
        last_stable_offset: found.last_stable_offset,
        log_start_offset: found.log_start_offset,
        aborted_transactions: (is_unknown
            || isolation == Isolation::ReadCommitted && found.code == Code::None)
            .then(Vec::new),
        preferred_read_replica: -1,
        records: Some(found.regions),
        ..Default::default()
    };
    if version >= 12 {
        if let Some(end) = found.diverging {
            data.diverging_epoch = EpochEndOffset {
                epoch: end.epoch.map_or(-1, |epoch| epoch.0),
                end_offset: end.end_offset.map_or(-1, |offset| offset.0),
                ..Default::default()
            };
        }
        if let Some((leader, epoch)) = found.leader {
            data.current_leader =
                LeaderIdAndEpoch { leader_id: leader.0, leader_epoch: epoch.0, ..Default::default() };
        }
    }
    data
}

#[cfg(test)]
mod tests;
