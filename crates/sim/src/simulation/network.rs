//! The network of a simulation: connections are pairs of pipes whose bytes take their time and come in pieces; they are
//! cut, and fall silent.

mod pipe;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use thalweg_model::world::BoxFuture;
use thalweg_net::{Connection, DialError, Incoming, SocketOptions, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::simulation::universe::{Chance, Universe};

use self::pipe::Pipe;

/// What a connection takes to be made.
const CONNECT_MICROS: (u64, u64) = (50, 500);
/// What the system says when the process has as many files open as it may.
pub const EMFILE: i32 = 24;

/// The network; clones are the same network.
#[derive(Clone)]
pub struct SimNetwork {
    universe: Universe,
    chance: Chance,
    weather: Arc<Weather>,
    state: Arc<Mutex<State>>,
}

/// How the network is at the moment.
#[derive(Debug, Default)]
pub struct Weather {
    /// A piece takes so many times as long; 0 is the same as 1.
    pub slowness: AtomicU64,
    /// Whether the system has no descriptor for a new connection.
    pub no_descriptors: AtomicBool,
}

#[derive(Default)]
struct State {
    listener: Option<Listening>,
    /// Nobody is told that nobody listens.
    dark: bool,
    links: BTreeMap<u64, Link>,
    next_link: u64,
}

#[derive(Default)]
struct Listening {
    number: u64,
    backlog: VecDeque<(SimStream, SocketAddr)>,
    waker: Option<Waker>,
}

/// Both directions of a connection.
#[derive(Clone)]
struct Link {
    there: Arc<Pipe>,
    back: Arc<Pipe>,
}

impl SimNetwork {
    /// A network on which nobody listens.
    pub fn new(universe: &Universe, weather: Arc<Weather>) -> Self {
        let chance = universe.chance("network");
        Self { universe: universe.clone(), chance, weather, state: Arc::default() }
    }

    /// Begins to listen; who listened before does no longer.
    pub fn listen(&self, address: SocketAddr) -> Box<dyn Incoming> {
        let mut state = self.state.lock();
        state.next_link += 1;
        let number = state.next_link;
        state.dark = false;
        let before = state.listener.replace(Listening { number, ..Listening::default() });
        drop(state);
        drop(before);
        Box::new(SimListener { network: self.clone(), address, number })
    }

    /// How it is at the moment.
    pub fn weather(&self) -> &Weather {
        &self.weather
    }

    /// Cuts one connection: both ends are told, and what was on its way is lost.
    pub fn cut_one(&self) {
        self.with_one("cut", |link| {
            link.there.reset();
            link.back.reset();
        });
    }

    /// Cuts all connections.
    pub fn cut_all(&self) {
        for _ in 0..self.live().len() {
            self.cut_one();
        }
    }

    /// One connection falls silent: nothing more arrives, and nobody is told.
    pub fn silence_one(&self) {
        self.with_one("silent", |link| {
            link.there.silence();
            link.back.silence();
        });
    }

    /// The answers of one connection are lost, its requests arrive.
    pub fn deafen_one(&self) {
        self.with_one("deaf", |link| link.back.silence());
    }

    /// The machine that listens is gone at once: nobody hears of it.
    pub fn darken(&self) {
        for link in self.live() {
            link.there.silence();
            link.back.silence();
        }
        self.state.lock().dark = true;
    }

    fn with_one(&self, what: &str, act: impl FnOnce(&Link)) {
        let live = self.live();
        if !live.is_empty() {
            let index = self.chance.below(live.len() as u64);
            self.universe.say(format_args!("network: connection {index} of {} is {what}", live.len()));
            self.universe.tally().count(&format!("network: connection {what}"));
            act(&live[index as usize]);
        }
    }

    fn live(&self) -> Vec<Link> {
        let mut state = self.state.lock();
        state.links.retain(|_, link| !link.there.is_over() || !link.back.is_over());
        state.links.values().cloned().collect()
    }

    pub(crate) fn connect_now(&self) -> io::Result<SimStream> {
        let mut state = self.state.lock();
        state.next_link += 1;
        let number = state.next_link;
        let Some(listening) = &mut state.listener else {
            return Err(io::ErrorKind::ConnectionRefused.into());
        };
        let pipe = || Arc::new(Pipe::new(&self.universe, &self.chance, &self.weather));
        let link = Link { there: pipe(), back: pipe() };
        let ours = SimStream::new(link.back.clone(), link.there.clone());
        let theirs = SimStream::new(link.there.clone(), link.back.clone());
        listening.backlog.push_back((theirs, client_address(number)));
        let waker = listening.waker.take();
        state.links.insert(number, link);
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(ours)
    }
}

impl std::fmt::Debug for SimNetwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SimNetwork")
    }
}

fn client_address(number: u64) -> SocketAddr {
    ([10, 0, 0, 2], 1024 + (number % 60_000) as u16).into()
}

impl thalweg_net::Network for SimNetwork {
    fn connect<'a>(
        &'a self,
        host: &'a str,
        port: u16,
        _: SocketOptions,
    ) -> BoxFuture<'a, Result<Connection, DialError>> {
        Box::pin(async move {
            self.universe.sleep(self.chance.micros(CONNECT_MICROS.0, CONNECT_MICROS.1)).await;
            if self.state.lock().dark {
                std::future::pending::<()>().await;
            }
            let refused = |error| DialError::Refused { host: host.to_owned(), port, error };
            let stream = self.connect_now().map_err(refused)?;
            let (peer, local) = (([10, 0, 0, 1], port).into(), client_address(0));
            Ok(Connection::over(Box::new(stream), peer, local, "".into()))
        })
    }
}

struct SimListener {
    network: SimNetwork,
    address: SocketAddr,
    number: u64,
}

impl Incoming for SimListener {
    fn local_address(&self) -> SocketAddr {
        self.address
    }

    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<(Box<dyn Stream>, SocketAddr)>> {
        let mut state = self.network.state.lock();
        let is_short = self.network.weather.no_descriptors.load(Ordering::Relaxed);
        let listening = state.listener.as_mut().filter(|listening| listening.number == self.number);
        let Some(listening) = listening else { return Poll::Pending };
        if is_short && !listening.backlog.is_empty() {
            self.network.universe.tally().count("network: no descriptor for a connection");
            return Poll::Ready(Err(io::Error::from_raw_os_error(EMFILE)));
        }
        match listening.backlog.pop_front() {
            Some((stream, peer)) => Poll::Ready(Ok((Box::new(stream), peer))),
            None => {
                listening.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for SimListener {
    fn drop(&mut self) {
        let mut state = self.network.state.lock();
        if state.listener.as_ref().is_some_and(|listening| listening.number == self.number) {
            let listening = state.listener.take();
            drop(state);
            // Connections that nobody took end with their streams.
            drop(listening);
        }
    }
}

/// One end of a connection.
pub(crate) struct SimStream {
    reads: Arc<Pipe>,
    writes: Arc<Pipe>,
    arrival: Option<BoxFuture<'static, ()>>,
}

impl SimStream {
    fn new(reads: Arc<Pipe>, writes: Arc<Pipe>) -> Self {
        Self { reads, writes, arrival: None }
    }
}

impl AsyncRead for SimStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let this = &mut *self;
            match this.reads.poll_read(context, buffer) {
                pipe::Next::Done(result) => return Poll::Ready(result),
                pipe::Next::Nothing => return Poll::Pending,
                pipe::Next::ArrivesIn(time) => {
                    let mut arrival: BoxFuture<'static, ()> = Box::pin(this.reads.sleep(time));
                    if arrival.as_mut().poll(context).is_pending() {
                        this.arrival = Some(arrival);
                        return Poll::Pending;
                    }
                }
            }
        }
    }
}

impl AsyncWrite for SimStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.writes.poll_write(context, buffer)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writes.finish();
        Poll::Ready(Ok(()))
    }
}

impl Drop for SimStream {
    fn drop(&mut self) {
        self.writes.finish();
        self.reads.reset();
    }
}

impl Weather {
    fn slow(&self, time: Duration) -> Duration {
        time * u32::try_from(self.slowness.load(Ordering::Relaxed).max(1)).unwrap_or(1)
    }
}
