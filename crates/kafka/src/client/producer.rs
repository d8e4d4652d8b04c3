//! A producer: records gather in batches, one of each partition is on its way at a time, so that order holds through
//! retries. Batches of several partitions share a request, and several requests may be on their way to one broker.

mod accumulator;
mod sender;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use thalweg_model::TimestampMs;
use thalweg_model::batch::{Codec, Header, NewRecord};
use thalweg_wire::InitProducerIdRequest;
use tokio::sync::{Notify, Semaphore};

use self::accumulator::{Accumulator, Stamp};
use super::offsets::PartitionName;
use super::route::Target;
use super::{Client, ClientError, Refused, partitioner};

/// What a record costs besides its bytes.
const RECORD_OVERHEAD: usize = 64;
/// InitProducerId up to here.
const INIT_PRODUCER_ID_MAX: i16 = 4;

/// Whose acknowledgement a record waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acks {
    /// Nobody's: records may be lost without a word.
    None,
    /// The leader's.
    Leader,
    /// That of all who are in sync.
    #[default]
    All,
}

impl Acks {
    fn number(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Leader => 1,
            Self::All => -1,
        }
    }
}

/// How a producer behaves.
#[derive(Clone, Debug)]
pub struct ProducerOptions {
    /// Whose acknowledgement is waited for.
    pub acks: Acks,
    /// How long a batch waits for more records.
    pub linger: Duration,
    /// How large a batch may become; a larger record goes alone.
    pub batch_bytes: usize,
    /// How large a request may become; a larger batch goes alone.
    pub request_bytes: usize,
    /// How many requests may be on their way to one broker.
    pub requests_in_flight: usize,
    /// How batches are compressed.
    pub codec: Codec,
    /// At which level; the codec's own where none is said.
    pub level: Option<i32>,
    /// Whether the broker drops what it has already got. Without `Acks::All` it cannot, and this says nothing.
    pub idempotent: bool,
    /// How long a record is tried.
    pub delivery_timeout: Duration,
    /// How many bytes of records may wait; who sends more waits too.
    pub buffer_bytes: usize,
}

impl Default for ProducerOptions {
    fn default() -> Self {
        Self {
            acks: Acks::All,
            linger: Duration::from_millis(5),
            batch_bytes: 128 << 10,
            request_bytes: 1 << 20,
            requests_in_flight: 5,
            codec: Codec::None,
            level: None,
            idempotent: true,
            delivery_timeout: Duration::from_secs(120),
            buffer_bytes: 64 << 20,
        }
    }
}

/// A record to be sent.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Where to; by the key's hash where none is said, else to whichever partition is filled at the moment.
    pub partition: Option<i32>,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its value; none is a tombstone.
    pub value: Option<Bytes>,
    /// Its headers in order.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
    /// When it was made, in milliseconds since 1970; now where nothing is said.
    pub timestamp: Option<i64>,
}

/// A record that the broker has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// In which partition.
    pub partition: i32,
    /// At which offset; -1 where the broker did not say.
    pub offset: i64,
    /// With which timestamp, where the broker gave it one.
    pub timestamp: Option<i64>,
}

/// What becomes of a record: wait for it, or let it go.
#[derive(Clone, Debug)]
pub struct Delivery {
    outcome: Arc<Outcome>,
    index: i64,
}

impl Delivery {
    /// Ends when the broker has the record, or when it was given up.
    pub async fn wait(&self) -> Result<Delivered, Arc<ClientError>> {
        loop {
            let mut told = std::pin::pin!(self.outcome.settled.notified());
            told.as_mut().enable();
            if let Some(result) = self.peek() {
                return result;
            }
            told.await;
        }
    }

    /// What became of it, if that is known already.
    pub fn peek(&self) -> Option<Result<Delivered, Arc<ClientError>>> {
        self.outcome.result.get().map(|result| {
            result.clone().map(|batch| Delivered {
                partition: batch.partition,
                offset: if batch.base_offset < 0 { -1 } else { batch.base_offset + self.index },
                timestamp: batch.timestamp,
            })
        })
    }
}

/// What became of a batch.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    result: OnceLock<Result<BatchDelivered, Arc<ClientError>>>,
    settled: Notify,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct BatchDelivered {
    partition: i32,
    base_offset: i64,
    timestamp: Option<i64>,
}

impl Outcome {
    fn settle(&self, result: Result<BatchDelivered, Arc<ClientError>>) {
        // A batch is settled once.
        let _ = self.result.set(result);
        self.settled.notify_waiters();
    }
}

/// A producer. Dropped, it still sends what it was given; `close` waits for that.
pub struct Producer {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    options: ProducerOptions,
    /// Behind a lock for the length of an append or a collection; nothing waits inside.
    accumulator: Mutex<Accumulator>,
    /// The sender has something to look at.
    work: Notify,
    /// A batch was settled.
    settled: Notify,
    memory: Semaphore,
}

impl Producer {
    /// A producer over a client's connections.
    pub async fn new(client: Client, options: ProducerOptions) -> Result<Self, ClientError> {
        let mut accumulator = Accumulator::new();
        if options.idempotent && options.acks == Acks::All {
            accumulator.stamp = Some(fresh_stamp(&client).await?);
        }
        let memory = Semaphore::new(options.buffer_bytes.min(Semaphore::MAX_PERMITS));
        let shared = Arc::new(Shared {
            client,
            options,
            accumulator: Mutex::new(accumulator),
            work: Notify::new(),
            settled: Notify::new(),
            memory,
        });
        let spawner = shared.client.world().spawner.clone();
        let _sender = spawner.spawn("client-produce", Box::pin(sender::run(shared.clone())));
        Ok(Self { shared })
    }

    /// Takes a record; waits while as many bytes wait as may. The answer tells what becomes of it.
    pub async fn send(&self, topic: &str, message: Message) -> Result<Delivery, ClientError> {
        let Shared { client, options, .. } = &*self.shared;
        let known = client.topic(topic).await?;
        let count = known.partitions.len();
        let size = message.key.as_ref().map_or(0, Bytes::len)
            + message.value.as_ref().map_or(0, Bytes::len)
            + message
                .headers
                .iter()
                .map(|(key, value)| key.len() + value.as_ref().map_or(0, Bytes::len))
                .sum::<usize>()
            + RECORD_OVERHEAD;
        let permits = size.min(options.buffer_bytes).min(u32::MAX as usize) as u32;
        match self.shared.memory.acquire_many(permits).await {
            Ok(taken) => taken.forget(),
            Err(_) => return Err(ClientError::Closed),
        }
        let world = client.world();
        let partition = match (message.partition, &message.key) {
            (Some(partition), _) if known.partitions.iter().any(|known| known.index == partition) => {
                Some(partition)
            }
            (Some(partition), _) => {
                self.shared.memory.add_permits(permits as usize);
                return Err(ClientError::NoPartition { topic: topic.to_owned(), partition });
            }
            (None, Some(key)) => Some(known.partitions[partitioner::by_key(key, count)].index),
            (None, None) => None,
        };
        let headers: Vec<_> =
            message.headers.iter().map(|(key, value)| Header { key, value: value.as_deref() }).collect();
        let record = NewRecord {
            timestamp: message.timestamp.map_or_else(|| world.clock.now(), TimestampMs),
            key: message.key.as_deref(),
            value: message.value.as_deref(),
            headers: &headers,
        };
        let mut accumulator = self.shared.accumulator.lock();
        if accumulator.closed {
            self.shared.memory.add_permits(permits as usize);
            return Err(ClientError::Closed);
        }
        let partition = partition.unwrap_or_else(|| {
            accumulator.sticky(&known.name, || (world.random.next() % count as u64) as i32)
        });
        let name = PartitionName { topic: known.name.clone(), partition };
        let (delivery, news) =
            accumulator.append(name, record, size, permits as usize, options, world.clock.elapsed());
        drop(accumulator);
        if news {
            self.shared.work.notify_one();
        }
        Ok(delivery)
    }

    /// Ends when everything that was sent before is settled, one way or the other.
    pub async fn flush(&self) {
        self.shared.accumulator.lock().flushing += 1;
        self.shared.work.notify_one();
        loop {
            let mut settled = std::pin::pin!(self.shared.settled.notified());
            settled.as_mut().enable();
            if self.shared.accumulator.lock().unsettled == 0 {
                break;
            }
            settled.await;
        }
        self.shared.accumulator.lock().flushing -= 1;
    }

    /// Sends what is left and takes no more.
    pub async fn close(self) {
        self.shared.accumulator.lock().closed = true;
        self.flush().await;
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.shared.accumulator.lock().closed = true;
        self.shared.work.notify_one();
    }
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Producer").field("options", &self.shared.options).finish_non_exhaustive()
    }
}

/// A new producer id.
async fn fresh_stamp(client: &Client) -> Result<Stamp, ClientError> {
    let request = InitProducerIdRequest { transaction_timeout_ms: 60_000, ..Default::default() };
    let given = client
        .ask_until(Target::Any, INIT_PRODUCER_ID_MAX, &request, |answer| {
            Refused::check(answer.error_code, None).map(|()| answer)
        })
        .await?;
    Ok(Stamp { id: given.producer_id, epoch: given.producer_epoch })
}
