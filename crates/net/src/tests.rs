//! Frames, answers and limits over real sockets and in memory, with a clock of our own.

#![allow(clippy::disallowed_methods, reason = "these tests run on a real runtime with real sockets")]

mod answers;
mod connections;
mod frames;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thalweg_model::TimestampMs;
use thalweg_model::world::{Clock, ManualClock, NoMeter, SeededRandom, Threads, World};
use tokio::io::DuplexStream;
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);

fn manual_world() -> (World, ManualClock) {
    let clock = ManualClock::new(TimestampMs(0));
    let world = World {
        clock: Arc::new(clock.clone()),
        random: Arc::new(SeededRandom::new(1)),
        spawner: Arc::new(Threads),
        meter: Arc::new(NoMeter),
    };
    (world, clock)
}

fn nowhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

/// Our end as a connection in memory, and the peer's end.
fn in_memory(capacity: usize) -> (Connection, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(capacity);
    (Connection::over(Box::new(ours), nowhere(), nowhere(), "TEST".into()), theirs)
}

/// Our end as a TCP connection, and the peer's end.
async fn over_tcp() -> (Connection, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let theirs = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (ours, _) = listener.accept().await.unwrap();
    (Connection::tcp(ours, "TEST".into(), None).unwrap(), theirs)
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it happens in time")
}

/// Whether the future is still waiting after everybody had many turns.
async fn is_stuck<T>(mut future: std::pin::Pin<&mut impl Future<Output = T>>) -> bool {
    for _ in 0..100 {
        tokio::select! {
            biased;
            _ = future.as_mut() => return false,
            () = tokio::task::yield_now() => {}
        }
    }
    true
}

fn framed(body: &[u8]) -> Vec<u8> {
    [&(body.len() as i32).to_be_bytes()[..], body].concat()
}

/// Bytes that differ from place to place.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}

fn reader(connection: Connection, clock: &Arc<dyn Clock>, budget: &FrameBudget, max: usize) -> FrameReader {
    connection.split(clock, budget, max).0
}
