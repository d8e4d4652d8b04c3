//! Sends what has gathered, and settles what comes back.

use std::sync::Arc;
use std::time::Duration;

use thalweg_model::codec::RecordBytes;
use thalweg_wire::produce_request::{PartitionProduceData, TopicProduceData};
use thalweg_wire::produce_response::PartitionProduceResponse;
use thalweg_wire::{ProduceRequest, ProduceResponse};

use super::accumulator::Batch;
use super::{Acks, BatchDelivered, Shared, fresh_stamp};
use crate::Code;
use crate::client::offsets::PartitionName;
use crate::client::route::{Lane, Target};
use crate::client::{ClientError, Refused};

/// Produce by names up to here.
const PRODUCE_NAMES: i16 = 12;

/// Runs until the producer is closed and everything is settled.
pub(super) async fn run(shared: Arc<Shared>) {
    let world = shared.client.world().clone();
    loop {
        let now = world.clock.elapsed();
        let (collected, over) = {
            let mut accumulator = shared.accumulator.lock();
            let collected =
                accumulator.collect(&shared.options, now, |name| shared.client.known_leader(name));
            (collected, accumulator.closed && accumulator.unsettled == 0)
        };
        if over {
            return;
        }
        for (name, batch) in collected.expired {
            shared.failed(name, batch, ClientError::TimedOut { api: "Produce" }.into());
        }
        for name in collected.leaderless {
            let shared = shared.clone();
            let resolve = async move {
                let known = shared.client.leader(&name.topic, name.partition).await;
                let wait = if known.is_ok() { Duration::ZERO } else { shared.backoff() };
                shared.accumulator.lock().unmute(&name, wait);
                shared.work.notify_one();
            };
            drop(world.spawner.spawn("client-leader", Box::pin(resolve)));
        }
        for (broker, batches) in collected.requests {
            let task = dispatch(shared.clone(), broker, batches);
            drop(world.spawner.spawn("client-request", Box::pin(task)));
        }
        let again = collected.again.map(|at| at.saturating_sub(now));
        tokio::select! {
            biased;
            () = shared.work.notified() => {}
            () = async {
                match again {
                    Some(wait) => world.clock.sleep(wait).await,
                    None => std::future::pending().await,
                }
            } => {}
        }
    }
}

/// One request with batches of several partitions, and what becomes of them.
async fn dispatch(shared: Arc<Shared>, broker: i32, batches: Vec<(PartitionName, Batch)>) {
    let mut sent = Vec::with_capacity(batches.len());
    let mut request = ProduceRequest {
        acks: shared.options.acks.number(),
        timeout_ms: shared.client.timeout_ms(),
        ..Default::default()
    };
    for (name, mut batch) in batches {
        match batch.bytes() {
            Ok(bytes) => add(&mut request, &name, bytes),
            Err(error) => {
                shared.accumulator.lock().unmute(&name, Duration::ZERO);
                shared.settle(batch, Err(error.into()));
                continue;
            }
        }
        sent.push((name, batch));
    }
    let answer = shared.produce(broker, &request).await;
    shared.accumulator.lock().request_over(broker);
    match answer {
        Ok(answer) => {
            for (name, batch) in sent {
                let partition = answer.as_ref().map(|answer| part(answer, &name));
                shared.answered(name, batch, partition);
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for (name, batch) in sent {
                shared.failed(name, batch, error.clone());
            }
        }
    }
    shared.work.notify_one();
}

fn add(request: &mut ProduceRequest, name: &PartitionName, bytes: bytes::Bytes) {
    let data = PartitionProduceData { index: name.partition, records: Some(RecordBytes::Shared(bytes)) };
    match request.topic_data.iter_mut().find(|topic| *topic.name == *name.topic) {
        Some(topic) => topic.partition_data.push(data),
        None => request.topic_data.push(TopicProduceData {
            name: (&name.topic).into(),
            partition_data: vec![data],
            ..Default::default()
        }),
    }
}

/// What an answer says of a partition.
fn part(answer: &ProduceResponse, name: &PartitionName) -> Option<PartitionProduceResponse> {
    let topic = answer.responses.iter().find(|topic| *topic.name == *name.topic)?;
    topic.partition_responses.iter().find(|partition| partition.index == name.partition).cloned()
}

impl Shared {
    /// `None` where nobody acknowledges.
    async fn produce(
        &self,
        broker: i32,
        request: &ProduceRequest,
    ) -> Result<Option<ProduceResponse>, ClientError> {
        if self.options.acks == Acks::None {
            let link = self.client.link(Target::Broker(broker), Lane::Produce).await?;
            let version = link.version::<ProduceRequest>(PRODUCE_NAMES)?;
            return link.tell(request, version).await.map(|()| None);
        }
        self.client
            .ask(Target::Broker(broker), Lane::Produce, PRODUCE_NAMES, Duration::ZERO, request)
            .await
            .map(Some)
    }

    /// `answer` is `None` where nobody acknowledges, and `Some(None)` where the answer forgot the partition.
    fn answered(
        self: &Arc<Self>,
        name: PartitionName,
        batch: Batch,
        answer: Option<Option<PartitionProduceResponse>>,
    ) {
        let partition = name.partition;
        let (code, delivered, message) = match answer {
            None => (0, BatchDelivered { partition, base_offset: -1, timestamp: None }, None),
            Some(None) => {
                let error = ClientError::Disconnected { api: "Produce" };
                return self.failed(name, batch, Arc::new(error));
            }
            Some(Some(answer)) => {
                let timestamp = (answer.log_append_time_ms >= 0).then_some(answer.log_append_time_ms);
                let delivered = BatchDelivered { partition, base_offset: answer.base_offset, timestamp };
                let record = answer.record_errors.first().and_then(|error| {
                    Some(format!(
                        "record {}: {}",
                        error.batch_index,
                        error.batch_index_error_message.as_deref()?
                    ))
                });
                let message = answer.error_message.as_deref().map(str::to_owned).or(record);
                (answer.error_code, delivered, message)
            }
        };
        match Refused::check(code, message.as_deref()) {
            Err(refused) if refused.code != Code::DuplicateSequenceNumber => {
                self.failed(name, batch, Arc::new(refused.of("Produce")));
            }
            _ => {
                self.accumulator.lock().delivered(&name, &batch);
                self.settle(batch, Ok(delivered));
            }
        }
    }

    /// Tries again, or gives the batch up.
    fn failed(self: &Arc<Self>, name: PartitionName, batch: Batch, error: Arc<ClientError>) {
        let now = self.client.world().clock.elapsed();
        if error.is_retriable() && now < batch.opened + self.options.delivery_timeout {
            tracing::debug!(partition = %name, %error, "sending a batch again");
            self.client.forget_topic(&name.topic);
            self.accumulator.lock().retry(&name, batch, self.backoff());
            return;
        }
        // What the broker has of it is not known: what follows must not continue its sequence.
        let current = self.accumulator.lock().is_current(&batch);
        self.settle(batch, Err(error));
        if current {
            let renewal = self.clone().renew(name);
            drop(self.client.world().spawner.spawn("client-renew", Box::pin(renewal)));
        } else {
            self.accumulator.lock().unmute(&name, Duration::ZERO);
            self.work.notify_one();
        }
    }

    /// Gets a new producer id, and lets a partition go on under it.
    async fn renew(self: Arc<Self>, name: PartitionName) {
        while let Err(error) =
            fresh_stamp(&self.client).await.map(|stamp| self.accumulator.lock().restamp(stamp))
        {
            tracing::warn!(%error, "no new producer id");
            let error = Arc::new(error);
            let clock = &self.client.world().clock;
            let late = self.accumulator.lock().take_expired(&name, &self.options, clock.elapsed());
            for batch in late {
                self.settle(batch, Err(error.clone()));
            }
            clock.sleep(self.client.options().retry_backoff).await;
        }
        self.accumulator.lock().unmute(&name, Duration::ZERO);
        self.work.notify_one();
    }

    fn settle(&self, batch: Batch, result: Result<BatchDelivered, Arc<ClientError>>) {
        self.memory.add_permits(batch.memory);
        batch.outcome.settle(result);
        self.accumulator.lock().unsettled -= 1;
        self.settled.notify_waiters();
        self.work.notify_one();
    }

    /// When the next try may begin.
    fn backoff(&self) -> Duration {
        self.client.world().clock.elapsed() + self.client.options().retry_backoff
    }
}
