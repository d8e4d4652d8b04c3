//! A consumer of partitions that one names: one fetch at a time is with each leader, and the next one leaves before
//! the records of the last are handed out.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future as _;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use thalweg_model::Region;
use thalweg_model::codec::Text;
use thalweg_model::collections::HashMap;
use thalweg_wire::fetch_request::{FetchPartition, FetchTopic};
use thalweg_wire::fetch_response::PartitionData;
use thalweg_wire::{FetchRequest, FetchResponse};
use tokio::sync::oneshot;

use super::fetched::{FetchedPartition, unpack};
use super::offsets::{OffsetSpec, PartitionName};
use super::route::{Lane, Target};
use super::{Client, ClientError, Refused};
use crate::Code;

/// Fetch by names up to here.
const FETCH_NAMES: i16 = 12;
/// Stands for no fetch session.
const NO_SESSION_EPOCH: i32 = -1;

/// Which records of transactions are seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// All, those of open and aborted transactions too.
    #[default]
    ReadUncommitted,
    /// Only those of committed ones.
    ReadCommitted,
}

impl Isolation {
    pub(super) fn level(self) -> i8 {
        match self {
            Self::ReadUncommitted => 0,
            Self::ReadCommitted => 1,
        }
    }
}

/// Where to go on when a position is not kept any more, or was never known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResetPolicy {
    /// At the first record that is kept.
    Earliest,
    /// Behind the last record.
    #[default]
    Latest,
    /// Nowhere: that is an error.
    Fail,
}

/// How a consumer behaves.
#[derive(Clone, Debug)]
pub struct ConsumerOptions {
    /// Which records of transactions are seen.
    pub isolation: Isolation,
    /// Where to go on when a position is lost.
    pub reset: ResetPolicy,
    /// How long a broker may wait for `bytes_min`.
    pub wait_max: Duration,
    /// How many bytes an answer shall have, if there are as many in time.
    pub bytes_min: i32,
    /// How many bytes an answer shall have at most (one batch may be larger).
    pub bytes_max: i32,
    /// The same for each partition.
    pub partition_bytes_max: i32,
}

impl Default for ConsumerOptions {
    fn default() -> Self {
        Self {
            isolation: Isolation::ReadUncommitted,
            reset: ResetPolicy::Latest,
            wait_max: Duration::from_millis(500),
            bytes_min: 1,
            bytes_max: 50 << 20,
            partition_bytes_max: 1 << 20,
        }
    }
}

/// A consumer.
pub struct Consumer {
    client: Client,
    options: ConsumerOptions,
    positions: BTreeMap<PartitionName, Position>,
    in_flight: Vec<InFlight>,
    ready: VecDeque<FetchedPartition>,
    /// Turns the order of partitions in requests, so that none is always last.
    turn: usize,
    lane: Lane,
}

#[derive(Clone, Copy, Debug)]
struct Position {
    /// Where the next fetch begins.
    fetch: i64,
    /// Behind what was handed out.
    delivered: i64,
    leader_epoch: i32,
    /// When the next fetch may begin.
    not_before: Duration,
}

struct InFlight {
    leader: i32,
    /// From where each partition was asked: an answer to another position is of no use.
    asked: HashMap<PartitionName, i64>,
    answer: oneshot::Receiver<Result<FetchResponse, ClientError>>,
}

impl Consumer {
    /// A consumer of nothing yet.
    pub fn new(client: Client, options: ConsumerOptions) -> Self {
        let lane = Lane::Fetch(client.lane_number());
        Self {
            client,
            options,
            lane,
            positions: BTreeMap::new(),
            in_flight: Vec::new(),
            ready: VecDeque::new(),
            turn: 0,
        }
    }

    /// Consumes these partitions from these offsets on, and no others.
    pub fn assign(&mut self, positions: impl IntoIterator<Item = (PartitionName, i64)>) {
        self.positions = positions.into_iter().map(|(name, offset)| (name, Position::at(offset))).collect();
        self.ready.clear();
    }

    /// The same, the offsets asked of the brokers first.
    pub async fn assign_at(&mut self, wanted: &[(PartitionName, OffsetSpec)]) -> Result<(), ClientError> {
        let mut positions = Vec::with_capacity(wanted.len());
        for (name, listed) in self.client.list_offsets(wanted, self.options.isolation).await? {
            let listed = listed.map_err(|refused| refused.of("ListOffsets"))?;
            positions.push((name, listed.offset));
        }
        // Where no record is as late, there is nothing to read but what comes.
        let late: Vec<_> =
            positions.iter().filter(|(_, offset)| *offset < 0).map(|(name, _)| name.clone()).collect();
        let ends: Vec<_> = late.into_iter().map(|name| (name, OffsetSpec::Latest)).collect();
        for (name, listed) in self.client.list_offsets(&ends, self.options.isolation).await? {
            let listed = listed.map_err(|refused| refused.of("ListOffsets"))?;
            positions.retain(|(known, _)| *known != name);
            positions.push((name, listed.offset));
        }
        self.assign(positions);
        Ok(())
    }

    /// Goes on elsewhere in a partition.
    pub fn seek(&mut self, name: &PartitionName, offset: i64) {
        if let Some(position) = self.positions.get_mut(name) {
            *position = Position::at(offset);
            self.ready.retain(|fetched| fetched.topic != name.topic || fetched.partition != name.partition);
        }
    }

    /// Behind what was handed out of each partition, and the leadership that wrote it.
    pub fn positions(&self) -> Vec<(PartitionName, i64)> {
        self.positions.iter().map(|(name, position)| (name.clone(), position.delivered)).collect()
    }

    pub(super) fn commitable(&self) -> Vec<(PartitionName, super::CommittedOffset)> {
        let committed = |position: &Position| super::CommittedOffset {
            offset: position.delivered,
            leader_epoch: position.leader_epoch,
            metadata: String::new(),
        };
        self.positions.iter().map(|(name, position)| (name.clone(), committed(position))).collect()
    }

    /// New records, as soon as there are any; nothing after `wait`. Dropping the future loses none.
    pub async fn poll(&mut self, wait: Duration) -> Result<Vec<FetchedPartition>, ClientError> {
        let clock = self.client.world().clock.clone();
        let deadline = clock.elapsed() + wait;
        loop {
            self.ask_leaders().await?;
            if !self.ready.is_empty() {
                return Ok(self.hand_out());
            }
            let left = deadline.saturating_sub(clock.elapsed());
            if left.is_zero() {
                return Ok(Vec::new());
            }
            // Partitions that wait for their next try are looked at again.
            let nap =
                if self.in_flight.is_empty() { left.min(self.client.options().retry_backoff) } else { left };
            let answered = tokio::select! {
                biased;
                answered = next_answer(&mut self.in_flight) => Some(answered),
                () = clock.sleep(nap) => None,
            };
            if let Some((asked, answer)) = answered {
                self.take(asked, answer).await?;
            }
        }
    }

    fn hand_out(&mut self) -> Vec<FetchedPartition> {
        let ready: Vec<_> = self.ready.drain(..).collect();
        for fetched in &ready {
            let name = PartitionName { topic: fetched.topic.clone(), partition: fetched.partition };
            if let Some(position) = self.positions.get_mut(&name) {
                position.delivered = fetched.next_offset;
                position.leader_epoch = fetched.leader_epoch;
            }
        }
        ready
    }

    /// Sends a fetch to each leader that has none.
    async fn ask_leaders(&mut self) -> Result<(), ClientError> {
        let now = self.client.world().clock.elapsed();
        let mut by_leader: BTreeMap<i32, Vec<(PartitionName, i64)>> = BTreeMap::new();
        let names: Vec<_> = self
            .positions
            .iter()
            .filter(|(name, position)| {
                position.not_before <= now
                    && !self.in_flight.iter().any(|sent| sent.asked.contains_key(*name))
            })
            .map(|(name, position)| (name.clone(), position.fetch))
            .collect();
        for (name, offset) in names {
            let leader = self.client.leader(&name.topic, name.partition).await?;
            by_leader.entry(leader).or_default().push((name, offset));
        }
        for (leader, mut wanted) in by_leader {
            if self.in_flight.iter().any(|sent| sent.leader == leader) {
                continue;
            }
            self.turn = self.turn.wrapping_add(1);
            let turn = self.turn % wanted.len();
            wanted.rotate_left(turn);
            let request = self.request(&wanted);
            let (client, lane, wait) = (self.client.clone(), self.lane, self.options.wait_max);
            let (tell, answer) = oneshot::channel();
            let fetch = async move {
                let answer = client.ask(Target::Broker(leader), lane, FETCH_NAMES, wait, &request).await;
                // The consumer may be gone.
                let _ = tell.send(answer);
            };
            drop(self.client.world().spawner.spawn("client-fetch", Box::pin(fetch)));
            self.in_flight.push(InFlight { leader, asked: wanted.into_iter().collect(), answer });
        }
        Ok(())
    }

    fn request(&self, wanted: &[(PartitionName, i64)]) -> FetchRequest {
        let mut topics: Vec<FetchTopic> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::default();
        for (name, fetch_offset) in wanted {
            let place = *places.entry(&name.topic).or_insert_with(|| {
                topics.push(FetchTopic { topic: Text::from(&name.topic), ..Default::default() });
                topics.len() - 1
            });
            topics[place].partitions.push(FetchPartition {
                partition: name.partition,
                fetch_offset: *fetch_offset,
                partition_max_bytes: self.options.partition_bytes_max,
                ..Default::default()
            });
        }
        FetchRequest {
            replica_id: -1,
            max_wait_ms: self.options.wait_max.as_millis().min(i32::MAX as u128) as i32,
            min_bytes: self.options.bytes_min,
            max_bytes: self.options.bytes_max,
            isolation_level: self.options.isolation.level(),
            session_epoch: NO_SESSION_EPOCH,
            topics,
            ..Default::default()
        }
    }

    /// Takes an answer in. What was read is ready before anything is waited for.
    async fn take(
        &mut self,
        asked: HashMap<PartitionName, i64>,
        answer: Result<FetchResponse, ClientError>,
    ) -> Result<(), ClientError> {
        let now = self.client.world().clock.elapsed();
        let retry = now + self.client.options().retry_backoff;
        let answer = match answer.and_then(|answer| {
            Refused::check(answer.error_code, None).map(|()| answer).map_err(|refused| refused.of("Fetch"))
        }) {
            Ok(answer) => answer,
            Err(error) if error.is_retriable() => {
                tracing::debug!(%error, "fetching again");
                for name in asked.keys() {
                    self.client.forget_topic(&name.topic);
                    if let Some(position) = self.positions.get_mut(name) {
                        position.not_before = retry;
                    }
                }
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let mut lost = Vec::new();
        for topic in answer.responses {
            let topic_name = topic.topic.to_shared();
            for partition in topic.partitions {
                let name = PartitionName { topic: topic_name.clone(), partition: partition.partition_index };
                let Some(from) = asked.get(&name).copied() else { continue };
                let Some(position) = self.positions.get_mut(&name).filter(|position| position.fetch == from)
                else {
                    continue;
                };
                match Refused::check(partition.error_code, None) {
                    Ok(()) => {
                        if let Some(fetched) = fetched(&name, from, partition)? {
                            position.fetch = fetched.next_offset;
                            self.ready.push_back(fetched);
                        }
                    }
                    Err(refused) if refused.code == Code::OffsetOutOfRange => lost.push(name),
                    // What is damaged stays so: as in the Java client, it is for the caller to go on behind it.
                    Err(refused) if refused.code == Code::CorruptMessage => {
                        let (topic, partition) = (&name.topic, name.partition);
                        let message = format!("{topic}-{partition} at offset {from}: {}", refused.text());
                        return Err(Refused { message: Some(message), ..refused }.of("Fetch"));
                    }
                    Err(refused) if refused.is_retriable() => {
                        position.not_before = retry;
                        self.client.forget_topic(&name.topic);
                    }
                    Err(refused) => return Err(refused.of("Fetch")),
                }
            }
        }
        if lost.is_empty() { Ok(()) } else { self.reset(&lost).await }
    }

    /// Finds new positions where the old ones are not kept.
    pub(super) async fn reset(&mut self, lost: &[PartitionName]) -> Result<(), ClientError> {
        let spec = match self.options.reset {
            ResetPolicy::Earliest => OffsetSpec::Earliest,
            ResetPolicy::Latest => OffsetSpec::Latest,
            ResetPolicy::Fail => {
                return Err(Refused { code: Code::OffsetOutOfRange, message: None }.of("Fetch"));
            }
        };
        let wanted: Vec<_> = lost.iter().map(|name| (name.clone(), spec)).collect();
        for (name, listed) in self.client.list_offsets(&wanted, self.options.isolation).await? {
            let listed = listed.map_err(|refused| refused.of("ListOffsets"))?;
            self.seek(&name, listed.offset);
        }
        Ok(())
    }
}

impl Position {
    fn at(offset: i64) -> Self {
        Self { fetch: offset, delivered: offset, leader_epoch: -1, not_before: Duration::ZERO }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.client.close_lane(self.lane);
    }
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consumer").field("positions", &self.positions).finish_non_exhaustive()
    }
}

/// The records of a partition's part; `None` where it brought nothing.
fn fetched(
    name: &PartitionName,
    from: i64,
    part: PartitionData,
) -> Result<Option<FetchedPartition>, ClientError> {
    // One region, because an answer is one frame.
    let Some(Region::Memory(bytes)) = part.records.unwrap_or_default().pop() else { return Ok(None) };
    let aborted = part.aborted_transactions.unwrap_or_default();
    let aborted = aborted.iter().map(|aborted| (aborted.producer_id, aborted.first_offset)).collect();
    let unpacked = unpack(&bytes, from, aborted).map_err(|error| ClientError::Records {
        topic: name.topic.to_string(),
        partition: name.partition,
        error,
    })?;
    let fetched = FetchedPartition {
        topic: name.topic.clone(),
        partition: name.partition,
        bytes: bytes.len(),
        next_offset: unpacked.next_offset,
        leader_epoch: unpacked.leader_epoch,
        high_watermark: part.high_watermark,
        records: unpacked.records,
    };
    Ok((fetched.next_offset > from).then_some(fetched))
}

/// The first answer that comes; for ever where none is awaited.
async fn next_answer(
    in_flight: &mut Vec<InFlight>,
) -> (HashMap<PartitionName, i64>, Result<FetchResponse, ClientError>) {
    std::future::poll_fn(|context| {
        for place in 0..in_flight.len() {
            if let Poll::Ready(answer) = Pin::new(&mut in_flight[place].answer).poll(context) {
                let sent = in_flight.swap_remove(place);
                return Poll::Ready((sent.asked, answer.unwrap_or(Err(ClientError::Closed))));
            }
        }
        Poll::Pending
    })
    .await
}
