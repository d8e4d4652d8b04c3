//! One connection, from its first frame to its end.
//!
//! Requests begin in the order in which they came, and answers leave in that order. One at a time, with one
//! exception: a Produce may begin while the answers of earlier Produces wait for the disk. An answer names the WAL
//! sequence that it depends on and leaves when that is durable; all that are ready leave in one write.
//!
//! What a request means is not decided here: `api` knows. Neither are sockets, frames' lengths and memory: `net` does.

mod pending;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use thalweg_broker::Durable;
use thalweg_model::world::BoxFuture;
use thalweg_net::{AnswerWriter, Connection as Socket, Frame, FrameError, FrameReader};
use tracing::{debug, info, warn};

use self::pending::{Pending, PendingAnswers};
use crate::api;
use crate::head::Head;
use crate::peer::Peer;
use crate::request::{Refusal, Reply, Request};

/// How many answers may wait for the disk before the connection is read no further.
const PENDING_ANSWERS_MAX: usize = 512;

/// Why a connection ended before its peer ended it.
#[derive(Debug, thiserror::Error)]
enum End {
    /// The peer closed.
    #[error("the peer closed the connection")]
    Peer,
    /// The peer is gone without having closed, as a process that is killed, or a client that does not wait for answers.
    #[error("the peer reset the connection: {0}")]
    Reset(io::Error),
    /// The broker stops.
    #[error("the broker stops")]
    Stopping,
    /// Nothing moved for as long as `connections.max.idle.ms` allows.
    #[error("the connection was idle for too long")]
    Idle,
    /// The socket failed.
    #[error("the socket failed: {0}")]
    Socket(io::Error),
    /// What came was no frame that we take.
    #[error(transparent)]
    Frame(FrameError),
    /// What came was no request that we take.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                Self::Reset(error)
            }
            _ => Self::Socket(error),
        }
    }
}

impl From<FrameError> for End {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Io(error) => error.into(),
            error => Self::Frame(error),
        }
    }
}

/// Serves a connection to its end.
pub(crate) async fn serve(head: Arc<Head>, socket: Socket) {
    let peer = Peer::new(&head.broker, &socket);
    let _open = head.figures.connection(&peer.listener);
    let settings = &head.settings;
    let (frames, answers, activity) =
        socket.split(&head.world.clock, &head.frame_budget, settings.frame_bytes_max);
    let idle_max = settings.idle_max;
    let idle: BoxFuture<'static, ()> = Box::pin(async move { activity.idle_for(idle_max).await });
    let shutdown = head.shutdown.clone();
    let stopping: BoxFuture<'static, ()> = Box::pin(async move { shutdown.requested().await });
    let durable = head.durable.clone();
    let mut connection = Connection {
        head,
        peer,
        frames,
        answers,
        durable,
        idle,
        stopping,
        stops: false,
        held: None,
        ahead: None,
        pending: PendingAnswers::default(),
    };
    match connection.run().await {
        Ok(never) => match never {},
        Err(end) => connection.say(&end),
    }
}

struct Connection {
    head: Arc<Head>,
    peer: Arc<Peer>,
    frames: FrameReader,
    answers: AnswerWriter,
    durable: Durable,
    /// Ends when nothing was read or written for as long as that is allowed.
    idle: BoxFuture<'static, ()>,
    /// Ends when the broker stops.
    stopping: BoxFuture<'static, ()>,
    stops: bool,
    /// A request whose turn has not come.
    held: Option<Request>,
    /// What came while a request waited.
    ahead: Option<Frame>,
    pending: PendingAnswers,
}

impl Connection {
    async fn run(&mut self) -> Result<Infallible, End> {
        loop {
            self.send_ready().await?;
            let its_turn =
                self.held.as_ref().is_some_and(|request| self.pending.is_empty() || request.may_overtake());
            if its_turn && let Some(request) = self.held.take() {
                self.begin(request).await?;
                continue;
            }
            if self.stops && self.held.is_none() && self.pending.is_empty() {
                return Err(End::Stopping);
            }
            let reads = self.held.is_none() && self.pending.len() < PENDING_ANSWERS_MAX && !self.stops;
            // Those for whom something is under way are not idle.
            let may_idle = self.held.is_none() && self.pending.is_empty();
            tokio::select! {
                biased;
                goes_on = self.durable.moved(), if !self.pending.is_empty() => {
                    if !goes_on {
                        return Err(End::Stopping);
                    }
                }
                () = &mut self.stopping, if !self.stops => self.stops = true,
                frame = next_frame(&mut self.ahead, &mut self.frames), if reads => {
                    let frame = frame?.ok_or(End::Peer)?;
                    self.head.figures.read(self.frames.take_reads());
                    self.held = Some(Request::read(frame, &self.head, &self.peer)?);
                }
                () = &mut self.idle, if may_idle => return Err(End::Idle),
            }
        }
    }

    /// Lets a request run until its answer is known; earlier answers leave meanwhile.
    async fn begin(&mut self, request: Request) -> Result<(), End> {
        let begun = self.head.world.clock.elapsed();
        let row = request.row();
        let api = &api::TABLE[row];
        let mut work = (api.handle)(request);
        let reply = loop {
            let looks_ahead = api.may_be_abandoned && self.ahead.is_none();
            tokio::select! {
                biased;
                reply = &mut work => break reply?,
                // Who is gone, or silent for too long, is not waited for.
                frame = self.frames.next(), if looks_ahead => {
                    self.ahead = Some(frame?.ok_or(End::Peer)?);
                }
                () = &mut self.idle, if api.may_be_abandoned => return Err(End::Idle),
                goes_on = self.durable.moved(), if !self.pending.is_empty() => {
                    if !goes_on {
                        return Err(End::Stopping);
                    }
                    self.send_ready().await?;
                }
            }
        };
        match reply {
            Reply::Answer(answer) => self.pending.push(Pending { answer, row, begun }),
            Reply::Nothing => {
                self.head.figures.answered(row, self.head.world.clock.elapsed().saturating_sub(begun), None);
            }
        }
        Ok(())
    }

    /// Sends all answers whose turn has come and whose state is durable.
    async fn send_ready(&mut self) -> Result<(), End> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let durable = self.durable.now();
        let Some(regions) = self.pending.take_ready(durable) else { return Ok(()) };
        tokio::select! {
            biased;
            written = self.answers.write(regions) => written?,
            // The peer does not take its answers.
            () = &mut self.idle => return Err(End::Idle),
        }
        let now = self.head.world.clock.elapsed();
        for answered in self.pending.have_left() {
            self.head.figures.answered(answered.row, now.saturating_sub(answered.begun), answered.error);
        }
        Ok(())
    }

    fn say(&self, end: &End) {
        let peer = &self.peer;
        let (address, listener, client_id) = (peer.address, &peer.listener, peer.last_client_id());
        let software = peer.software().unwrap_or_default();
        match end {
            // Both are what clients do every day: no line of the log at its default level, as in Kafka.
            End::Peer | End::Reset(_) | End::Stopping => {
                debug!(%address, %listener, %client_id, %software, "connection ended: {end}")
            }
            End::Idle | End::Socket(_) => {
                info!(%address, %listener, %client_id, %software, "connection closed: {end}")
            }
            End::Frame(error) => {
                self.head.figures.refused("frame");
                warn!(%address, %listener, %client_id, %software, "connection closed: {error}");
            }
            End::Refused(refusal) => {
                self.head.figures.refused(refusal.reason());
                warn!(%address, %listener, %client_id, %software, "connection closed: {refusal}");
            }
        }
    }
}

/// The frame that came already, else the next one from the socket.
async fn next_frame(
    ahead: &mut Option<Frame>,
    frames: &mut FrameReader,
) -> Result<Option<Frame>, FrameError> {
    match ahead.take() {
        Some(frame) => Ok(Some(frame)),
        None => frames.next().await,
    }
}
