//! Listening: sockets that are bound once, and connections accepted within the limits.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use thalweg_model::world::World;
use tokio::net::{TcpListener, TcpStream};
use tracing::{info, warn};

use crate::connection::{Connection, Stream, Transport};
use crate::limits::{ConnectionGate, ConnectionSlot};
use crate::shutdown::Shutdown;

/// How long to wait after the system had no descriptor or memory for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long connections must go well before a time of shortage is over: at the limit, each that ends lets one in.
const SHORTAGE_OVER_AFTER: Duration = Duration::from_secs(10);

/// How sockets are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// `socket.listen.backlog.size`.
    pub backlog: i32,
    /// `socket.send.buffer.bytes`; none is what the system chooses.
    pub send_buffer_bytes: Option<usize>,
    /// `socket.receive.buffer.bytes`; none is what the system chooses.
    pub receive_buffer_bytes: Option<usize>,
}

impl Default for SocketOptions {
    /// Kafka's backlog, the system's buffers: it lets them grow with the traffic.
    fn default() -> Self {
        Self { backlog: 50, send_buffer_bytes: None, receive_buffer_bytes: None }
    }
}

/// Why no socket could be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else listens there.
    #[error("{0} is taken by another process")]
    Taken(SocketAddr),
    /// The name has no address.
    #[error("cannot find the address of {host}: {error}")]
    Unknown {
        /// The name.
        host: String,
        /// What the resolver says.
        error: io::Error,
    },
    /// The system refuses.
    #[error("cannot listen on {address}: {error}")]
    Refused {
        /// Where.
        address: SocketAddr,
        /// What it says.
        error: io::Error,
    },
}

/// Connections that come over no socket of the system: the network of a simulation.
pub trait Incoming: Send + 'static {
    /// Where it listens.
    fn local_address(&self) -> SocketAddr;
    /// The next one, and where its peer is.
    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<(Box<dyn Stream>, SocketAddr)>>;
}

/// A named listener on one or more sockets.
pub struct Listener {
    name: Arc<str>,
    sockets: Sockets,
    /// In a time of shortage, when the system last had no descriptor or memory for a connection. Each is told once.
    last_short: Option<Duration>,
}

enum Sockets {
    Tcp(TcpSockets),
    Other(Box<dyn Incoming>),
}

struct TcpSockets {
    sockets: Vec<TcpListener>,
    options: SocketOptions,
    /// The socket that is asked first, so that none starves.
    next: usize,
}

impl Listener {
    /// Binds `host`: an address, a name, or `localhost`, which is both loopbacks (the second only where the system has
    /// it). Nothing is the same as every address of IPv4, as in Kafka. Port 0 is any free one, the same on all.
    pub async fn bind(name: &str, host: &str, port: u16, options: SocketOptions) -> Result<Self, BindError> {
        let mut sockets: Vec<TcpListener> = Vec::new();
        let addresses = addresses(host).await?;
        let several = addresses.len() > 1;
        let mut port = port;
        for address in addresses {
            let address = SocketAddr::new(address, port);
            match listen(address, options) {
                Ok(socket) => {
                    port = socket.local_addr().map_or(port, |local| local.port());
                    sockets.push(socket);
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    return Err(BindError::Taken(address));
                }
                Err(_) if several && address.is_ipv6() && !sockets.is_empty() => {}
                Err(error) => return Err(BindError::Refused { address, error }),
            }
        }
        let sockets = Sockets::Tcp(TcpSockets { sockets, options, next: 0 });
        Ok(Self { name: name.into(), sockets, last_short: None })
    }

    /// Takes connections that come some other way.
    pub fn over(name: &str, incoming: Box<dyn Incoming>) -> Self {
        Self { name: name.into(), sockets: Sockets::Other(incoming), last_short: None }
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Where it listens: the real port where 0 was asked for.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        match &self.sockets {
            Sockets::Tcp(tcp) => tcp.sockets.iter().filter_map(|socket| socket.local_addr().ok()).collect(),
            Sockets::Other(incoming) => vec![incoming.local_address()],
        }
    }

    /// The next connection that is permitted; none when shutdown was asked for. Addresses that have their number are
    /// told of and refused here.
    pub async fn accept(
        &mut self,
        world: &World,
        gate: &ConnectionGate,
        shutdown: &Shutdown,
    ) -> Option<Connection> {
        tokio::select! {
            biased;
            () = shutdown.requested() => None,
            connection = self.accept_permitted(world, gate) => Some(connection),
        }
    }

    async fn accept_permitted(&mut self, world: &World, gate: &ConnectionGate) -> Connection {
        loop {
            gate.may_accept(&self.name).await;
            let (transport, peer) = match poll_fn(|context| self.sockets.poll_accept(context)).await {
                Ok(accepted) => accepted,
                Err(error) => {
                    if !is_of_the_peer(&error) {
                        if self.last_short.replace(world.clock.elapsed()).is_none() {
                            warn!(listener = %self.name, %error, "cannot accept connections: they wait");
                        }
                        world.clock.sleep(ACCEPT_PAUSE).await;
                    }
                    continue;
                }
            };
            let now = world.clock.elapsed();
            if self.last_short.take_if(|last| now >= *last + SHORTAGE_OVER_AFTER).is_some() {
                info!(listener = %self.name, "connections are accepted again");
            }
            let slot = match gate.enter(&self.name, peer.ip()) {
                Ok(slot) => slot,
                Err(full) => {
                    info!(listener = %self.name, %peer, reason = %full, "refused a connection");
                    continue;
                }
            };
            // A peer that is gone already is nobody's loss.
            if let Ok(connection) = self.sockets.connection(transport, peer, &self.name, slot) {
                return connection;
            }
        }
    }
}

impl Sockets {
    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<(Transport, SocketAddr)>> {
        match self {
            Self::Tcp(tcp) => {
                tcp.poll_accept(context).map_ok(|(stream, peer)| (Transport::Tcp(stream), peer))
            }
            Self::Other(incoming) => {
                incoming.poll_accept(context).map_ok(|(stream, peer)| (Transport::Other(stream), peer))
            }
        }
    }

    /// What was accepted, made ready for use.
    fn connection(
        &self,
        transport: Transport,
        peer: SocketAddr,
        listener: &Arc<str>,
        slot: ConnectionSlot,
    ) -> io::Result<Connection> {
        let local = match (self, &transport) {
            (Self::Tcp(tcp), Transport::Tcp(stream)) => {
                prepare(stream, tcp.options)?;
                stream.local_addr()?
            }
            (Self::Tcp(_), Transport::Other(_)) => return Err(io::ErrorKind::Unsupported.into()),
            (Self::Other(incoming), _) => incoming.local_address(),
        };
        Ok(Connection { peer, local, listener: listener.clone(), transport, slot: Some(slot) })
    }
}

impl TcpSockets {
    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        for _ in 0..self.sockets.len() {
            self.next = (self.next + 1) % self.sockets.len();
            if let Poll::Ready(accepted) = self.sockets[self.next].poll_accept(context) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("name", &self.name).field("addresses", &self.addresses()).finish()
    }
}

async fn addresses(host: &str) -> Result<Vec<IpAddr>, BindError> {
    if host.is_empty() {
        return Ok(vec![Ipv4Addr::UNSPECIFIED.into()]);
    }
    if host == "localhost" {
        return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse() {
        return Ok(vec![address]);
    }
    let unknown = |error| BindError::Unknown { host: host.to_owned(), error };
    let mut found = tokio::net::lookup_host((host, 0)).await.map_err(unknown)?;
    let first = found.next().ok_or_else(|| unknown(io::ErrorKind::NotFound.into()))?;
    Ok(vec![first.ip()])
}

fn listen(address: SocketAddr, options: SocketOptions) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    if let SocketAddr::V6(address) = address {
        // `[::]` takes IPv4 too, as in Kafka; a named address takes its own kind alone.
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    if let Some(bytes) = options.receive_buffer_bytes {
        // Before listening: the window's scale is agreed upon when a connection begins.
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.bind(&address.into())?;
    socket.listen(options.backlog)?;
    TcpListener::from_std(socket.into())
}

/// Sets what every connected socket of ours has.
pub(crate) fn prepare(stream: &TcpStream, options: SocketOptions) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = socket2::SockRef::from(stream);
    socket.set_keepalive(true)?;
    if let Some(bytes) = options.send_buffer_bytes {
        socket.set_send_buffer_size(bytes)?;
    }
    Ok(())
}

fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
