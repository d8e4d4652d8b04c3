//! A connection as it is handed to a head: a byte stream, and what is known of the peer.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use thalweg_model::world::Clock;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::activity::Activity;
use crate::answer::AnswerWriter;
use crate::budget::FrameBudget;
use crate::frame::FrameReader;
use crate::limits::ConnectionSlot;

/// A stream that is not plain TCP: TLS, or the network of a simulation. Files are copied into it.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for S {}

/// A connection.
pub struct Connection {
    /// Where the peer is.
    pub peer: SocketAddr,
    /// Which of our addresses it came to.
    pub local: SocketAddr,
    /// The name of the listener; empty for one that we dialled.
    pub listener: Arc<str>,
    pub(crate) transport: Transport,
    pub(crate) slot: Option<ConnectionSlot>,
}

pub(crate) enum Transport {
    Tcp(TcpStream),
    Other(Box<dyn Stream>),
}

impl Connection {
    /// Over plain TCP.
    pub fn tcp(stream: TcpStream, listener: Arc<str>, slot: Option<ConnectionSlot>) -> io::Result<Self> {
        let (peer, local) = (stream.peer_addr()?, stream.local_addr()?);
        Ok(Self { peer, local, listener, transport: Transport::Tcp(stream), slot })
    }

    /// Over any other stream.
    pub fn over(stream: Box<dyn Stream>, peer: SocketAddr, local: SocketAddr, listener: Arc<str>) -> Self {
        Self { peer, local, listener, transport: Transport::Other(stream), slot: None }
    }

    /// The same connection with its stream wrapped in another one, as TLS does.
    pub fn wrap(self, wrap: impl FnOnce(Box<dyn Stream>) -> Box<dyn Stream>) -> Self {
        let stream = match self.transport {
            Transport::Tcp(stream) => Box::new(stream),
            Transport::Other(stream) => stream,
        };
        Self { transport: Transport::Other(wrap(stream)), ..self }
    }

    /// Its two directions: frames of up to `frame_bytes_max` in, answers out, and when either last moved. The
    /// connection's place among the permitted ones is free again when both are dropped.
    pub fn split(
        self,
        clock: &Arc<dyn Clock>,
        budget: &FrameBudget,
        frame_bytes_max: usize,
    ) -> (FrameReader, AnswerWriter, Activity) {
        let activity = Activity::new(clock.clone());
        let slot = self.slot.map(Arc::new);
        let (read, write) = match self.transport {
            Transport::Tcp(stream) => {
                let (read, write) = stream.into_split();
                (Read::Tcp(read), Write::Tcp(write))
            }
            Transport::Other(stream) => {
                let (read, write) = tokio::io::split(stream);
                (Read::Other(read), Write::Other(write))
            }
        };
        let read = ReadHalf { stream: read, _slot: slot.clone() };
        let write = WriteHalf { stream: write, _slot: slot };
        (
            FrameReader::new(read, clock.clone(), budget.clone(), frame_bytes_max, activity.clone()),
            AnswerWriter::new(write, activity.clone()),
            activity,
        )
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("peer", &self.peer)
            .field("local", &self.local)
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}

/// The direction from the peer.
pub(crate) struct ReadHalf {
    stream: Read,
    _slot: Option<Arc<ConnectionSlot>>,
}

enum Read {
    Tcp(OwnedReadHalf),
    Other(tokio::io::ReadHalf<Box<dyn Stream>>),
}

impl ReadHalf {
    /// Whether a read would find something (or an end). A stream that cannot tell says yes.
    pub(crate) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.stream {
            Read::Tcp(stream) => stream.as_ref().poll_read_ready(context),
            Read::Other(_) => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncRead for ReadHalf {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Read::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Read::Other(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

/// The direction to the peer.
pub(crate) struct WriteHalf {
    pub(crate) stream: Write,
    _slot: Option<Arc<ConnectionSlot>>,
}

pub(crate) enum Write {
    Tcp(OwnedWriteHalf),
    Other(tokio::io::WriteHalf<Box<dyn Stream>>),
}
