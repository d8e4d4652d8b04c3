//! A connection to one broker: requests go out as they come, answers come back in the same order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use bytes::BytesMut;
use parking_lot::Mutex;
use thalweg_model::Region;
use thalweg_model::codec::{Reader, Text, Writer};
use thalweg_model::collections::HashMap;
use thalweg_model::world::World;
use thalweg_net::{AnswerWriter, FrameBudget, FrameReader, SocketOptions, dial};
use thalweg_wire::{ApiKey, ApiVersionsRequest, ApiVersionsResponse, Request, RequestHeader, ResponseHeader};
use tokio::sync::{Notify, mpsc, oneshot};

use super::{ClientError, ClientOptions};
use crate::Code;

/// How many requests may wait to be written to one connection.
const OUTGOING_MAX: usize = 64;
/// How many waiting requests leave in one write.
const COALESCED_MAX: usize = 16;
/// The version of ApiVersions with which a conversation begins: what every broker of today understands.
const FIRST_API_VERSIONS: i16 = 3;

/// A live connection.
pub(super) struct Link {
    shared: Arc<Shared>,
    outgoing: mpsc::Sender<Outgoing>,
    client_id: Text,
    correlation: AtomicI32,
    versions: HashMap<i16, (i16, i16)>,
}

struct Shared {
    /// Who waits for an answer, in the order of the requests.
    waiting: Mutex<VecDeque<Waiting>>,
    dead: AtomicBool,
    closed: Notify,
}

struct Outgoing {
    pieces: Vec<Region>,
    waiting: Option<Waiting>,
}

struct Waiting {
    correlation: i32,
    tell: oneshot::Sender<BytesMut>,
}

impl Shared {
    /// Nothing more is written, nothing more is read, and who waits learns it.
    fn close(&self) {
        self.dead.store(true, Ordering::Release);
        self.waiting.lock().clear();
        self.closed.notify_one();
    }
}

impl Link {
    /// Dials a broker and asks which versions it speaks.
    pub(super) async fn open(
        host: &str,
        port: u16,
        options: &ClientOptions,
        world: &World,
    ) -> Result<Self, ClientError> {
        let (socket, timeout) = (SocketOptions::default(), options.connect_timeout);
        let connection = dial(world, &*options.network, host, port, socket, timeout).await?;
        let budget = FrameBudget::new(options.answer_bytes_max);
        let (reader, writer, _) = connection.split(&world.clock, &budget, options.answer_bytes_max);
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            dead: AtomicBool::new(false),
            closed: Notify::new(),
        });
        let (outgoing, requests) = mpsc::channel(OUTGOING_MAX);
        let _reads = world.spawner.spawn("client-read", Box::pin(read(reader, shared.clone())));
        let _writes = world.spawner.spawn("client-write", Box::pin(write(writer, requests, shared.clone())));
        let mut link = Self {
            shared,
            outgoing,
            client_id: options.client_id.as_str().into(),
            correlation: AtomicI32::new(0),
            versions: HashMap::default(),
        };
        tokio::select! {
            biased;
            versions = link.ask_versions() => link.versions = versions?,
            () = world.clock.sleep(options.request_timeout) => {
                return Err(ClientError::TimedOut { api: ApiKey::ApiVersions.name() });
            }
        }
        Ok(link)
    }

    /// Whether requests still get answers.
    pub(super) fn is_alive(&self) -> bool {
        !self.shared.dead.load(Ordering::Acquire)
    }

    /// Gives the connection up; all who wait for answers are told.
    pub(super) fn close(&self) {
        self.shared.close();
    }

    /// The newest version up to `version_max` that both sides speak.
    pub(super) fn version<R: Request>(&self, version_max: i16) -> Result<i16, ClientError> {
        let ours = R::API_KEY.stable_versions();
        let unsupported = ClientError::Unsupported { api: R::API_KEY.name() };
        let Some(&(first, last)) = self.versions.get(&R::API_KEY.number()) else { return Err(unsupported) };
        let version = last.min(*ours.end()).min(version_max);
        if version < first.max(*ours.start()) { Err(unsupported) } else { Ok(version) }
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn call<R: Request>(
        &self,
        request: &R,
        version: i16,
    ) -> Result<R::Response, ClientError> {
        let bytes = self.send(request, version, true).await?;
        let malformed = |error| ClientError::Malformed { api: R::API_KEY.name(), error };
        self.answer::<R>(bytes, version).map_err(malformed)
    }

    /// Sends a request that has no answer: a Produce that nobody acknowledges.
    pub(super) async fn tell<R: Request>(&self, request: &R, version: i16) -> Result<(), ClientError> {
        self.send(request, version, false).await.map(drop)
    }

    fn answer<R: Request>(
        &self,
        bytes: BytesMut,
        version: i16,
    ) -> Result<R::Response, thalweg_model::codec::Error> {
        use thalweg_wire::Message as _;
        let mut reader = Reader::from(bytes);
        ResponseHeader::decode(&mut reader, R::API_KEY.response_header_version(version))?;
        R::Response::decode(&mut reader, version)
    }

    /// The frame that answers; empty where none is expected.
    async fn send<R: Request>(
        &self,
        request: &R,
        version: i16,
        answered: bool,
    ) -> Result<BytesMut, ClientError> {
        let api = R::API_KEY;
        let correlation = self.correlation.fetch_add(1, Ordering::Relaxed);
        let pieces = self.frame(request, version, correlation);
        let pieces = pieces.map_err(|error| ClientError::Unspeakable { api: api.name(), error })?;
        let disconnected = || ClientError::Disconnected { api: api.name() };
        let (tell, told) = oneshot::channel();
        let waiting = answered.then_some(Waiting { correlation, tell });
        if !self.is_alive() || self.outgoing.send(Outgoing { pieces, waiting }).await.is_err() {
            return Err(disconnected());
        }
        if answered { told.await.map_err(|_| disconnected()) } else { Ok(BytesMut::new()) }
    }

    fn frame<R: Request>(
        &self,
        request: &R,
        version: i16,
        correlation_id: i32,
    ) -> Result<Vec<Region>, thalweg_model::codec::EncodeError> {
        let mut writer = Writer::frame(256);
        let header = RequestHeader {
            request_api_key: R::API_KEY.number(),
            request_api_version: version,
            correlation_id,
            client_id: Some(self.client_id.clone()),
        };
        header.encode(&mut writer, R::API_KEY.request_header_version(version))?;
        request.encode(&mut writer, version)?;
        writer.into_frame()
    }

    /// Which versions the broker speaks of which API. A broker that does not know our first question answers in the
    /// oldest form and names the versions that it would.
    async fn ask_versions(&self) -> Result<HashMap<i16, (i16, i16)>, ClientError> {
        let api = ApiKey::ApiVersions.name();
        let malformed = |error| ClientError::Malformed { api, error };
        let request = ApiVersionsRequest {
            client_software_name: Text::fixed("thalweg"),
            client_software_version: Text::fixed(env!("CARGO_PKG_VERSION")),
            ..Default::default()
        };
        let mut version = FIRST_API_VERSIONS;
        loop {
            let bytes = self.send(&request, version, true).await?;
            let refused = bytes.get(4..6) == Some(&Code::UnsupportedVersion.number().to_be_bytes()[..]);
            if refused && version > 0 {
                version = 0;
                continue;
            }
            let answer: ApiVersionsResponse =
                self.answer::<ApiVersionsRequest>(bytes, version).map_err(malformed)?;
            super::Refused::check(answer.error_code, None).map_err(|refused| refused.of(api))?;
            let versions =
                answer.api_keys.iter().map(|key| (key.api_key, (key.min_version, key.max_version)));
            return Ok(versions.collect());
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// Gives each answer to who waits for it, until the connection ends.
async fn read(mut frames: FrameReader, shared: Arc<Shared>) {
    loop {
        let frame = tokio::select! {
            biased;
            () = shared.closed.notified() => break,
            frame = frames.next() => frame,
        };
        let Ok(Some(frame)) = frame else { break };
        let Some(waiting) = shared.waiting.lock().pop_front() else { break };
        let correlation = frame.bytes.first_chunk().map(|bytes| i32::from_be_bytes(*bytes));
        if correlation != Some(waiting.correlation) {
            tracing::warn!(
                expected = waiting.correlation,
                ?correlation,
                "an answer belongs to another request"
            );
            break;
        }
        // Whoever asked may have given up.
        let _ = waiting.tell.send(frame.bytes);
    }
    shared.close();
}

/// Writes requests as they come, until nobody can ask any more.
async fn write(mut writer: AnswerWriter, mut requests: mpsc::Receiver<Outgoing>, shared: Arc<Shared>) {
    let mut batch = Vec::new();
    while requests.recv_many(&mut batch, COALESCED_MAX).await > 0 {
        let mut pieces = Vec::new();
        for outgoing in batch.drain(..) {
            if let Some(waiting) = outgoing.waiting {
                shared.waiting.lock().push_back(waiting);
            }
            pieces.extend(outgoing.pieces);
        }
        if shared.dead.load(Ordering::Acquire) || writer.write(pieces).await.is_err() {
            break;
        }
    }
    let _ = writer.shutdown().await;
    shared.close();
}
