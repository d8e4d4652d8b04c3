//! A request with its header read, and the reply to it.
//!
//! Here stands what may end a connection: a header that lies, a key or version that we do not serve, a body that
//! does not parse. Kafka answers none of these either, with one exception: ApiVersions in an unknown version.

use std::sync::Arc;

use thalweg_broker::{Session, WalSeq};
use thalweg_model::Region;
use thalweg_model::codec::{EncodeError, Error as DecodeError, Reader, Writer};
use thalweg_net::{AnswerPermit, Frame, FramePermit};
use thalweg_wire::Message;
use tracing::{debug, info, warn};

use crate::api::{self, Api};
use crate::errors::Code;
use crate::head::Head;
use crate::peer::Peer;

/// From here on a request's header has tagged fields.
const FLEXIBLE_REQUEST_HEADER: i16 = 2;
/// From here on an answer's header has tagged fields.
const FLEXIBLE_ANSWER_HEADER: i16 = 1;

/// Why a request ends its connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The header did not parse.
    #[error("request header cannot be read: {0}")]
    Header(DecodeError),
    /// We have no such API.
    #[error("unknown api key {0}")]
    Key(i16),
    /// We do not serve this version.
    #[error("{api} in version {version} is not served")]
    Version {
        /// Which API.
        api: &'static str,
        /// Which version.
        version: i16,
    },
    /// The body did not parse.
    #[error("{api} v{version} cannot be read: {error}")]
    Body {
        /// Which API.
        api: &'static str,
        /// Which version.
        version: i16,
        /// What is wrong with it.
        error: String,
    },
    /// A Produce without answers failed; closing is all that is left to say so.
    #[error("a produce with acks=0 failed for {topic}-{partition}: {code}")]
    Unanswered {
        /// The first topic that failed.
        topic: String,
        /// Its partition.
        partition: i32,
        /// How.
        code: Code,
    },
    /// The answer could not be made.
    #[error("{api} v{version}: the answer cannot be written: {error}")]
    Answer {
        /// Which API.
        api: &'static str,
        /// Which version.
        version: i16,
        /// Why.
        error: String,
    },
}

impl Refusal {
    /// For the figures.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Header(_) => "header",
            Self::Key(_) => "api_key",
            Self::Version { .. } => "version",
            Self::Body { .. } => "body",
            Self::Unanswered { .. } => "acks_0",
            Self::Answer { .. } => "answer",
        }
    }
}

/// A request whose header was read.
pub(crate) struct Request {
    /// What all connections share.
    pub(crate) head: Arc<Head>,
    /// Who asks.
    pub(crate) peer: Arc<Peer>,
    /// The door to the domain, in the name of this request's client.
    pub(crate) session: Session,
    /// In which version the body is, and the answer will be.
    pub(crate) version: i16,
    /// The client's own name; empty where it gave none.
    pub(crate) client_id: Arc<str>,
    row: usize,
    correlation_id: i32,
    body: Reader,
    /// The frame's place in the memory budget, given back when the request is done.
    _permit: FramePermit,
}

/// What a handler gives back.
pub(crate) enum Reply {
    /// An answer.
    Answer(Encoded),
    /// The client wants none.
    Nothing,
}

/// An answer as it leaves.
pub(crate) struct Encoded {
    /// The whole frame, its length included.
    pub(crate) regions: Vec<Region>,
    /// It may leave when this is durable.
    pub(crate) after: WalSeq,
    /// The first error in it.
    pub(crate) error: Option<Code>,
    /// The memory that it holds until it has left, where that is counted.
    pub(crate) memory: Option<AnswerPermit>,
}

/// What handlers return.
pub(crate) type Handled = Result<Reply, Refusal>;

impl Request {
    /// Reads the header of a frame and finds the row of its API.
    pub(crate) fn read(frame: Frame, head: &Arc<Head>, peer: &Arc<Peer>) -> Result<Self, Refusal> {
        let Frame { bytes, permit } = frame;
        let mut reader = Reader::from(bytes);
        let key = reader.i16().map_err(Refusal::Header)?;
        let version = reader.i16().map_err(Refusal::Header)?;
        let correlation_id = reader.i32().map_err(Refusal::Header)?;
        let Some(row) = api::row(key) else {
            // Who asks stands at the same place whatever is asked, and the log names it.
            let client_id = reader.nullable_text(false).ok().flatten();
            peer.enter(client_id.as_deref().unwrap_or_default());
            return Err(Refusal::Key(key));
        };
        let api = &api::TABLE[row];
        let served = api.served(head.settings.unstable_versions).contains(&version);
        // A client that is newer than we are asks in its newest version and is told which ones there are.
        if !served && !api.answers_any_version {
            let client_id = reader.nullable_text(false).ok().flatten();
            peer.enter(client_id.as_deref().unwrap_or_default());
            return Err(Refusal::Version { api: api.name(), version });
        }
        let client_id = reader.nullable_text(false).map_err(Refusal::Header)?;
        if served && api.key.request_header_version(version) >= FLEXIBLE_REQUEST_HEADER {
            reader.skip_tagged_fields().map_err(Refusal::Header)?;
        }
        let (client_id, session) = peer.enter(client_id.as_deref().unwrap_or_default());
        Ok(Self {
            head: head.clone(),
            peer: peer.clone(),
            session,
            version,
            client_id,
            row,
            correlation_id,
            body: reader,
            _permit: permit,
        })
    }

    /// Its row in the API table.
    pub(crate) fn row(&self) -> usize {
        self.row
    }

    /// Whether it may begin while earlier answers wait for the disk.
    pub(crate) fn may_overtake(&self) -> bool {
        self.api().may_overtake
    }

    /// Whether this version is one that we serve: false for ApiVersions alone, ever.
    pub(crate) fn is_served(&self) -> bool {
        self.api().served(self.head.settings.unstable_versions).contains(&self.version)
    }

    /// Where the client is, as Kafka writes it.
    pub(crate) fn client_host(&self) -> String {
        format!("/{}", self.peer.address.ip())
    }

    /// Reads the body. Bytes behind it are passed over, as Kafka does.
    pub(crate) fn decode<M: Message>(&mut self) -> Result<M, Refusal> {
        M::decode(&mut self.body, self.version).map_err(|error| self.unreadable(error))
    }

    /// That the body makes no sense.
    pub(crate) fn unreadable(&self, error: impl std::fmt::Display) -> Refusal {
        Refusal::Body { api: self.api().name(), version: self.version, error: error.to_string() }
    }

    /// An answer in the request's version.
    pub(crate) fn answer<M: Message>(&self, after: WalSeq, body: &M, error: Option<Code>) -> Handled {
        self.answer_in(self.version, after, body, error)
    }

    /// An answer in a version of its own.
    pub(crate) fn answer_in<M: Message>(
        &self,
        version: i16,
        after: WalSeq,
        body: &M,
        error: Option<Code>,
    ) -> Handled {
        let api = self.api();
        let unwritable =
            |error: EncodeError| Refusal::Answer { api: api.name(), version, error: error.to_string() };
        let mut writer = Writer::frame(ANSWER_BYTES_FIRST);
        writer.i32(self.correlation_id);
        if api.key.response_header_version(version) >= FLEXIBLE_ANSWER_HEADER {
            writer.unsigned_varint(0);
        }
        body.encode(&mut writer, version).map_err(unwritable)?;
        let regions = writer.into_frame().map_err(unwritable)?;
        if let Some(code) = error {
            self.say_error(code);
        }
        Ok(Reply::Answer(Encoded { regions, after, error, memory: None }))
    }

    fn api(&self) -> &'static Api {
        &api::TABLE[self.row]
    }

    /// Tells the operator why a request is refused for good where neither the code nor all clients say it.
    pub(crate) fn explain(&self, why: &dyn std::fmt::Display) {
        let (api, address, client_id) = (self.api().name(), self.peer.address, &self.client_id);
        warn!(api, %client_id, %address, "what was asked for cannot be had here: {why}");
    }

    /// Refusals are told to the operator; what belongs to the normal course of clients is not.
    fn say_error(&self, code: Code) {
        let (api, version, address, client_id) =
            (self.api().name(), self.version, self.peer.address, &self.client_id);
        if code.is_weather() {
            debug!(api, version, %client_id, %address, %code, "answered with an error");
        } else {
            info!(api, version, %client_id, %address, %code, "refused a request");
        }
    }
}

/// Room made for an answer before it is written; most need no more.
const ANSWER_BYTES_FIRST: usize = 256;
