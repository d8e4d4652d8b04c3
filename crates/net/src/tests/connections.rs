//! Listeners, limits and dialling over real sockets.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

async fn listener(host: &str) -> Listener {
    Listener::bind("PLAIN", host, 0, SocketOptions::default()).await.unwrap()
}

#[tokio::test]
async fn localhost_is_both_loopbacks() {
    let (world, _) = manual_world();
    let gate = ConnectionGate::new(world.clock.clone(), ConnectionLimits::default());
    let (_trigger, shutdown) = ShutdownTrigger::new();
    let mut listener = listener("localhost").await;
    let addresses = listener.addresses();
    assert!(
        addresses.iter().all(|address| address.ip().is_loopback() && address.port() == addresses[0].port())
    );
    assert!(addresses[0].is_ipv4());
    for address in addresses {
        let peer = TcpStream::connect(address).await.unwrap();
        let connection = soon(listener.accept(&world, &gate, &shutdown)).await.unwrap();
        assert_eq!(connection.peer, peer.local_addr().unwrap());
        assert_eq!(connection.local, address);
        assert_eq!(&*connection.listener, "PLAIN");
    }
    assert_eq!(gate.connections(), 0);
}

#[tokio::test]
async fn a_taken_port_is_told() {
    let first = listener("127.0.0.1").await;
    let address = first.addresses()[0];
    let error =
        Listener::bind("OTHER", "127.0.0.1", address.port(), SocketOptions::default()).await.unwrap_err();
    assert!(matches!(error, BindError::Taken(taken) if taken == address), "{error}");
    let error = Listener::bind("X", "no-such-name.invalid", 0, SocketOptions::default()).await.unwrap_err();
    assert!(matches!(error, BindError::Unknown { .. }), "{error}");
}

#[tokio::test]
async fn dialling_and_frames_both_ways() {
    let (world, _) = manual_world();
    let gate = ConnectionGate::new(world.clock.clone(), ConnectionLimits::default());
    let (_trigger, shutdown) = ShutdownTrigger::new();
    let mut listener = listener("127.0.0.1").await;
    let port = listener.addresses()[0].port();
    let dialled = dial(&world, &Tcp, "127.0.0.1", port, SocketOptions::default(), PATIENCE).await.unwrap();
    let accepted = soon(listener.accept(&world, &gate, &shutdown)).await.unwrap();
    let budget = FrameBudget::default();
    let (mut client_reads, mut client_writes, _) = dialled.split(&world.clock, &budget, 1000);
    let (mut server_reads, mut server_writes, _) = accepted.split(&world.clock, &budget, 1000);
    let piece = |text: &[u8]| thalweg_model::Region::Memory(framed(text).into());
    client_writes.write([piece(b"question")]).await.unwrap();
    assert_eq!(soon(server_reads.next()).await.unwrap().unwrap().bytes, &b"question"[..]);
    server_writes.write([piece(b"answer")]).await.unwrap();
    assert_eq!(soon(client_reads.next()).await.unwrap().unwrap().bytes, &b"answer"[..]);
    assert_eq!(gate.connections(), 1);
    drop(server_reads);
    assert_eq!(gate.connections(), 1);
    drop(server_writes);
    assert_eq!(gate.connections(), 0, "the place is free when both halves are gone");
    drop(listener);
    let error = dial(&world, &Tcp, "127.0.0.1", port, SocketOptions::default(), PATIENCE).await.unwrap_err();
    assert!(matches!(error, DialError::Refused { .. }), "{error}");
}

struct OnePipe(Option<tokio::io::DuplexStream>);

impl Incoming for OnePipe {
    fn local_address(&self) -> std::net::SocketAddr {
        ([10, 0, 0, 1], 9092).into()
    }

    fn poll_accept(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<(Box<dyn Stream>, std::net::SocketAddr)>> {
        match self.0.take() {
            Some(pipe) => std::task::Poll::Ready(Ok((Box::new(pipe), ([10, 0, 0, 2], 1).into()))),
            None => std::task::Poll::Pending,
        }
    }
}

#[tokio::test]
async fn what_comes_over_no_socket_passes_the_same_gate() {
    let (world, _) = manual_world();
    let gate = ConnectionGate::new(world.clock.clone(), ConnectionLimits::default());
    let (_trigger, shutdown) = ShutdownTrigger::new();
    let (ours, mut theirs) = tokio::io::duplex(100);
    let mut listener = Listener::over("PLAIN", Box::new(OnePipe(Some(ours))));
    assert_eq!(listener.addresses(), [([10, 0, 0, 1], 9092).into()]);
    let accepted = soon(listener.accept(&world, &gate, &shutdown)).await.unwrap();
    assert_eq!((accepted.peer, accepted.local), (([10, 0, 0, 2], 1).into(), ([10, 0, 0, 1], 9092).into()));
    assert_eq!(gate.connections(), 1);
    let (mut reads, writes, _) = accepted.split(&world.clock, &FrameBudget::default(), 1000);
    theirs.write_all(&framed(b"question")).await.unwrap();
    assert_eq!(soon(reads.next()).await.unwrap().unwrap().bytes, &b"question"[..]);
    drop((reads, writes));
    assert_eq!(gate.connections(), 0);
}

#[tokio::test]
async fn a_full_broker_lets_peers_wait() {
    let (world, _) = manual_world();
    let limits = |all: Option<usize>, listener: Option<usize>| ConnectionLimits {
        connections_max: all,
        listener_connections_max: listener.map(|most| ("PLAIN".into(), most)).into_iter().collect(),
        ..ConnectionLimits::default()
    };
    let gate = ConnectionGate::new(world.clock.clone(), limits(Some(1), None));
    let (_trigger, shutdown) = ShutdownTrigger::new();
    let mut listener = listener("127.0.0.1").await;
    let address = listener.addresses()[0];
    let _peers = [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
    let first = soon(listener.accept(&world, &gate, &shutdown)).await.unwrap();
    {
        let mut second = Box::pin(listener.accept(&world, &gate, &shutdown));
        assert!(is_stuck(second.as_mut()).await);
        gate.set_limits(limits(Some(5), Some(1)));
        assert!(is_stuck(second.as_mut()).await, "the listener is full too");
        drop(first);
        assert!(soon(second).await.is_some());
    }
}

#[tokio::test]
async fn an_address_with_its_number_is_refused() {
    let (world, _) = manual_world();
    let limits = |most| ConnectionLimits {
        address_connections_max: Some(0),
        address_overrides: [("127.0.0.1".parse().unwrap(), most)].into_iter().collect(),
        ..ConnectionLimits::default()
    };
    let gate = ConnectionGate::new(world.clock.clone(), limits(1));
    let (_trigger, shutdown) = ShutdownTrigger::new();
    let mut listener = listener("127.0.0.1").await;
    let address = listener.addresses()[0];
    let _first_peer = TcpStream::connect(address).await.unwrap();
    let first = soon(listener.accept(&world, &gate, &shutdown)).await.unwrap();
    let mut second_peer = TcpStream::connect(address).await.unwrap();
    {
        let mut second = Box::pin(listener.accept(&world, &gate, &shutdown));
        assert!(is_stuck(second.as_mut()).await);
        let read = soon(second_peer.read(&mut [0; 1])).await;
        assert!(matches!(read, Ok(0) | Err(_)), "it was closed");
    }
    drop(first);
    let mut third_peer = TcpStream::connect(address).await.unwrap();
    third_peer.write_all(b"x").await.unwrap();
    assert!(soon(listener.accept(&world, &gate, &shutdown)).await.is_some());
}

#[tokio::test]
async fn connections_begin_at_their_rate() {
    let (world, clock) = manual_world();
    let limits = ConnectionLimits { creations_per_second_max: Some(2), ..ConnectionLimits::default() };
    let gate = ConnectionGate::new(world.clock.clone(), limits);
    let (_trigger, shutdown) = ShutdownTrigger::new();
    let mut listener = listener("127.0.0.1").await;
    let address = listener.addresses()[0];
    let mut peers = Vec::new();
    for _ in 0..4 {
        peers.push(TcpStream::connect(address).await.unwrap());
    }
    for _ in 0..2 {
        assert!(soon(listener.accept(&world, &gate, &shutdown)).await.is_some());
    }
    for _ in 0..2 {
        let mut next = Box::pin(listener.accept(&world, &gate, &shutdown));
        assert!(is_stuck(next.as_mut()).await);
        clock.advance(Duration::from_millis(400));
        assert!(is_stuck(next.as_mut()).await);
        clock.advance(Duration::from_millis(100));
        assert!(soon(next).await.is_some());
    }
}

#[tokio::test]
async fn shutdown_ends_the_accepting() {
    let (world, _) = manual_world();
    let gate = ConnectionGate::new(world.clock.clone(), ConnectionLimits::default());
    let (trigger, shutdown) = ShutdownTrigger::new();
    let mut listener = listener("127.0.0.1").await;
    {
        let mut accepting = Box::pin(listener.accept(&world, &gate, &shutdown));
        assert!(is_stuck(accepting.as_mut()).await);
        assert!(!shutdown.is_requested());
        trigger.request();
        assert!(soon(accepting).await.is_none());
    }
    assert!(shutdown.is_requested());
    let late = shutdown.clone();
    soon(late.requested()).await;
    let (dropped, orphan) = ShutdownTrigger::new();
    drop(dropped);
    soon(orphan.requested()).await;
}

/// Connections that come when the system has descriptors again.
struct Short {
    failures: Arc<AtomicUsize>,
    left: usize,
}

impl Incoming for Short {
    fn local_address(&self) -> SocketAddr {
        ([127, 0, 0, 1], 9092).into()
    }

    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<(Box<dyn Stream>, SocketAddr)>> {
        if self.left > 0 {
            self.left -= 1;
            self.failures.fetch_add(1, Ordering::Relaxed);
            const TOO_MANY_OPEN_FILES: i32 = 24;
            return Poll::Ready(Err(io::Error::from_raw_os_error(TOO_MANY_OPEN_FILES)));
        }
        let (near, _far) = tokio::io::duplex(64);
        Poll::Ready(Ok((Box::new(near), ([127, 0, 0, 1], 50_000).into())))
    }
}

#[tokio::test]
async fn without_descriptors_connections_wait_and_nobody_spins() {
    let (world, clock) = manual_world();
    let gate = ConnectionGate::new(world.clock.clone(), ConnectionLimits::default());
    let (_trigger, shutdown) = ShutdownTrigger::new();
    let failures = Arc::new(AtomicUsize::new(0));
    let mut listener = Listener::over("PLAIN", Box::new(Short { failures: failures.clone(), left: 3 }));
    let accepted = tokio::spawn(async move { listener.accept(&world, &gate, &shutdown).await.is_some() });
    for failed in 1..=3 {
        while clock.next_deadline().is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(failures.load(Ordering::Relaxed), failed, "it is asked again after a pause alone");
        clock.advance(Duration::from_millis(100));
        while failed < 3 && failures.load(Ordering::Relaxed) == failed {
            tokio::task::yield_now().await;
        }
    }
    assert!(soon(accepted).await.unwrap(), "and then it is accepted");
}
