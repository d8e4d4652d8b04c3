//! Frames cut out of a stream: in every portion, within the budget, against lying lengths.

use tokio::io::AsyncWriteExt;

use super::*;

const MAX: usize = 100 << 20;

#[tokio::test]
async fn a_frame_byte_by_byte() {
    let (world, _) = manual_world();
    let budget = FrameBudget::default();
    let (connection, mut peer) = in_memory(1 << 16);
    let mut reader = reader(connection, &world.clock, &budget, MAX);
    for byte in framed(b"hello") {
        assert!(is_stuck(std::pin::pin!(reader.next())).await);
        peer.write_all(&[byte]).await.unwrap();
    }
    let frame = soon(reader.next()).await.unwrap().unwrap();
    assert_eq!(frame.bytes, &b"hello"[..]);
    assert_eq!((reader.take_reads(), reader.take_reads()), (9, 0));
    drop(peer);
    assert!(soon(reader.next()).await.unwrap().is_none());
    drop(frame);
    assert_eq!(budget.used(), 0);
}

#[tokio::test]
async fn all_frames_of_one_read_come_at_once() {
    let (world, _) = manual_world();
    let budget = FrameBudget::default();
    let (connection, mut peer) = over_tcp().await;
    let mut reader = reader(connection, &world.clock, &budget, MAX);
    let bodies: Vec<Vec<u8>> = (0..50).map(|length| pattern(length * 7)).collect();
    let wire: Vec<u8> = bodies.iter().flat_map(|body| framed(body)).collect();
    peer.write_all(&wire).await.unwrap();
    let mut frames = vec![soon(reader.next()).await.unwrap().unwrap()];
    while let Some(frame) = reader.next_at_hand() {
        frames.push(frame);
    }
    assert_eq!(frames.len(), bodies.len(), "one look at the socket for all of them");
    assert_eq!(reader.take_reads(), 1);
    for (frame, body) in frames.iter().zip(&bodies) {
        assert_eq!(frame.bytes, body[..]);
        assert!(frame.bytes.capacity() <= body.len().max(64), "a small frame keeps a small buffer");
    }
    assert_eq!(budget.used(), frames.iter().map(|frame| frame.permit.bytes()).sum());
    drop(frames);
    assert_eq!(budget.used(), 0);
}

#[tokio::test]
async fn large_and_small_frames_in_turns() {
    let (world, _) = manual_world();
    let budget = FrameBudget::default();
    let (connection, mut peer) = over_tcp().await;
    let mut reader = reader(connection, &world.clock, &budget, MAX);
    let lengths = [
        3 << 20,
        0,
        5,
        65_532,
        65_536,
        65_537,
        1 << 20,
        1,
        20_000,
        5 << 20,
        16 << 10,
        300_000,
        2,
        (1 << 20) + 1,
    ];
    let bodies: Vec<Vec<u8>> = lengths.iter().map(|length| pattern(*length)).collect();
    let wire: Vec<u8> = bodies.iter().flat_map(|body| framed(body)).collect();
    let sending = tokio::spawn(async move {
        peer.write_all(&wire).await.unwrap();
    });
    for body in &bodies {
        let frame = soon(reader.next()).await.unwrap().unwrap();
        assert!(frame.bytes == body[..], "a frame of {}", body.len());
        assert!(
            frame.bytes.capacity() <= body.len().max(64),
            "{} for {}",
            frame.bytes.capacity(),
            body.len()
        );
    }
    sending.await.unwrap();
    assert!(soon(reader.next()).await.unwrap().is_none());
    assert_eq!(budget.used(), 0);
}

#[tokio::test]
async fn lengths_that_lie() {
    for (length, too_large) in [(-1i32, false), (i32::MIN, false), (1001, true), (i32::MAX, true)] {
        let (world, _) = manual_world();
        let budget = FrameBudget::default();
        let (connection, mut peer) = over_tcp().await;
        let mut reader = reader(connection, &world.clock, &budget, 1000);
        peer.write_all(&framed(b"before")).await.unwrap();
        peer.write_all(&length.to_be_bytes()).await.unwrap();
        assert_eq!(soon(reader.next()).await.unwrap().unwrap().bytes, &b"before"[..]);
        match soon(reader.next()).await.unwrap_err() {
            FrameError::TooLarge { length: told, maximum: 1000 } => {
                assert!(too_large && told == length as usize)
            }
            FrameError::Length(told) => assert!(!too_large && told == length),
            other => panic!("{other}"),
        }
        assert_eq!(budget.used(), 0);
    }
}

#[tokio::test]
async fn a_claimed_length_costs_nothing_until_bytes_come() {
    let (world, _) = manual_world();
    let budget = FrameBudget::new(64 << 20);
    let mut open = Vec::new();
    for _ in 0..20 {
        let (connection, mut peer) = over_tcp().await;
        let mut reader = reader(connection, &world.clock, &budget, MAX);
        peer.write_all(&(MAX as i32).to_be_bytes()).await.unwrap();
        peer.write_all(b"a few bytes").await.unwrap();
        let mut next = Box::pin(reader.next());
        assert!(is_stuck(next.as_mut()).await);
        drop(next);
        open.push((reader, peer));
    }
    assert!(budget.used() < 20 * 1024, "{} bytes are taken", budget.used());
    for (reader, peer) in &mut open {
        peer.shutdown().await.unwrap();
        assert!(matches!(soon(reader.next()).await, Err(FrameError::Cut)));
    }
    drop(open);
    assert_eq!(budget.used(), 0);
}

#[tokio::test]
async fn when_the_share_is_spent_the_oldest_frame_reads_on() {
    let (world, _) = manual_world();
    let budget = FrameBudget::new(1 << 20);
    let (first, mut first_peer) = over_tcp().await;
    let (second, mut second_peer) = over_tcp().await;
    let mut first = reader(first, &world.clock, &budget, MAX);
    let mut second = reader(second, &world.clock, &budget, MAX);
    // Both begin a frame of 2 MiB, which is more than the share, and get a part of it in.
    let body = pattern(2 << 20);
    let wire = framed(&body);
    for (reader, peer, used) in [(&mut first, &mut first_peer, 1), (&mut second, &mut second_peer, 2)] {
        let mut next = Box::pin(reader.next());
        let mut sending = Box::pin(peer.write_all(&wire[..300_000]));
        let mut sent = false;
        while budget.used() < used * (300_000 - 4 + 128) {
            soon(async {
                tokio::select! {
                    written = &mut sending, if !sent => { written.unwrap(); sent = true; }
                    _ = &mut next => panic!("the frame is not all there"),
                    () = tokio::time::sleep(Duration::from_millis(1)) => {}
                }
            })
            .await;
        }
    }
    assert_eq!(budget.used(), 2 * (300_000 - 4 + 128));
    // The rest is offered to both. One goes through and overdraws; the other stays where the share was spent.
    let send = |mut peer: TcpStream, rest: Vec<u8>| async move {
        peer.write_all(&rest).await.unwrap();
        peer
    };
    let first_sending = tokio::spawn(send(first_peer, wire[300_000..].to_vec()));
    let second_sending = tokio::spawn(send(second_peer, wire[300_000..].to_vec()));
    let mut first_next = Box::pin(first.next());
    let mut second_next = Box::pin(second.next());
    let (frame, first_won) = soon(async {
        tokio::select! {
            frame = &mut first_next => (frame, true),
            frame = &mut second_next => (frame, false),
        }
    })
    .await;
    let frame = frame.unwrap().unwrap();
    assert!(frame.bytes == body[..]);
    assert!(budget.used() > 1 << 20, "it has overdrawn");
    let other = if first_won { &mut second_next } else { &mut first_next };
    assert!(is_stuck(other.as_mut()).await, "the other waits until the first is done with");
    assert!(budget.used() < (1 << 20) + (2 << 20) + (1 << 20));
    drop(frame);
    let frame = soon(other).await.unwrap().unwrap();
    assert!(frame.bytes == body[..]);
    drop(frame);
    drop((first_next, second_next));
    soon(first_sending).await.unwrap();
    soon(second_sending).await.unwrap();
    drop((first, second));
    assert_eq!(budget.used(), 0);
    assert!(!budget.is_contended());
}

#[tokio::test]
async fn who_waits_for_memory_gets_it_when_a_frame_is_done_with() {
    let (world, _) = manual_world();
    // Room for one read. The frame that holds it is not worked off.
    let budget = FrameBudget::new(70_000);
    let (first, mut first_peer) = over_tcp().await;
    let mut first = reader(first, &world.clock, &budget, MAX);
    first_peer.write_all(&framed(&pattern(10_000))).await.unwrap();
    let held = soon(first.next()).await.unwrap().unwrap();
    // A second overdraws (nobody else does), a third waits.
    let (second, mut second_peer) = over_tcp().await;
    let mut second = reader(second, &world.clock, &budget, MAX);
    second_peer.write_all(&framed(&pattern(20_000))).await.unwrap();
    let second_frame = soon(second.next()).await.unwrap().unwrap();
    let (third, mut third_peer) = over_tcp().await;
    let mut third = reader(third, &world.clock, &budget, MAX);
    third_peer.write_all(&framed(&pattern(46_000))).await.unwrap();
    let mut next = Box::pin(third.next());
    assert!(is_stuck(next.as_mut()).await);
    assert!(budget.is_contended());
    drop(held);
    let frame = soon(&mut next).await.unwrap().unwrap();
    assert_eq!(frame.bytes, pattern(46_000)[..]);
    assert!(!budget.is_contended());
    drop((frame, second_frame, next));
    assert_eq!(budget.used(), 0);
}

#[tokio::test]
async fn who_goes_away_while_waiting_wakes_the_next() {
    let (world, _) = manual_world();
    let budget = FrameBudget::new(1000);
    budget.take_anyway(1000);
    let connect = || async {
        let (connection, mut peer) = over_tcp().await;
        peer.write_all(&framed(&pattern(20_000))).await.unwrap();
        (reader(connection, &world.clock, &budget, MAX), peer)
    };
    let (mut overdrawer, _peer_a) = connect().await;
    let overdrawn = soon(overdrawer.next()).await.unwrap().unwrap();
    let (mut waits, _peer_b) = connect().await;
    let (mut waits_too, _peer_c) = connect().await;
    let mut waiting = Box::pin(waits.next());
    let mut waiting_too = Box::pin(waits_too.next());
    assert!(is_stuck(waiting.as_mut()).await && is_stuck(waiting_too.as_mut()).await);
    drop(waiting);
    drop(overdrawn);
    assert!(soon(&mut waiting_too).await.unwrap().is_some(), "the one that is left may overdraw");
    budget.give_back(1000);
}

#[tokio::test]
async fn a_slow_frame_is_closed_while_others_wait_and_only_then() {
    let (world, clock) = manual_world();
    let budget = FrameBudget::new(1 << 20);
    let (connection, mut peer) = over_tcp().await;
    let mut slow = reader(connection, &world.clock, &budget, MAX);
    peer.write_all(&framed(&pattern(500_000))[..50_000]).await.unwrap();
    let mut next = Box::pin(slow.next());
    assert!(is_stuck(next.as_mut()).await);
    for _ in 0..5 {
        clock.advance(Duration::from_secs(11));
        assert!(is_stuck(next.as_mut()).await, "slow, but in nobody's way");
    }
    // Now the share is spent, one frame overdraws, and another waits.
    budget.take_anyway(1 << 20);
    let mut connections = Vec::new();
    for _ in 0..2 {
        let (connection, mut peer) = over_tcp().await;
        peer.write_all(&framed(&pattern(20_000))).await.unwrap();
        connections.push((reader(connection, &world.clock, &budget, MAX), peer));
    }
    let [(first, _), (second, _)] = &mut connections[..] else { unreachable!() };
    let overdrawn = soon(first.next()).await.unwrap().unwrap();
    let mut waiting = Box::pin(second.next());
    assert!(is_stuck(waiting.as_mut()).await);
    clock.advance(Duration::from_secs(11));
    assert!(matches!(soon(&mut next).await, Err(FrameError::TooSlow)));
    drop((overdrawn, next));
    drop(slow);
    budget.give_back(1 << 20);
    assert!(soon(&mut waiting).await.unwrap().is_some());
}

#[tokio::test]
async fn activity_tells_the_idle() {
    let (world, clock) = manual_world();
    let (connection, mut peer) = in_memory(1 << 16);
    let (mut reader, _writer, activity) = connection.split(&world.clock, &FrameBudget::default(), MAX);
    let mut idle = Box::pin(activity.idle_for(Duration::from_secs(10)));
    clock.advance(Duration::from_secs(9));
    assert!(is_stuck(idle.as_mut()).await);
    peer.write_all(&framed(b"x")).await.unwrap();
    soon(reader.next()).await.unwrap();
    clock.advance(Duration::from_secs(9));
    assert!(is_stuck(idle.as_mut()).await);
    clock.advance(Duration::from_secs(1));
    soon(idle).await;
}

#[tokio::test]
async fn a_small_frame_finds_its_way_past_large_ones_that_do_not_end() {
    let (world, _) = manual_world();
    let budget = FrameBudget::new(1 << 20);
    // One has overdrawn and does not go on, others wait behind it.
    budget.take_anyway(1 << 20);
    let mut large = Vec::new();
    for _ in 0..20 {
        let (connection, mut peer) = over_tcp().await;
        peer.write_all(&framed(&pattern(500_000))[..30_000]).await.unwrap();
        large.push((reader(connection, &world.clock, &budget, MAX), peer));
    }
    let mut waiting = Vec::new();
    for (reader, _) in &mut large {
        let mut next = Box::pin(reader.next());
        assert!(is_stuck(next.as_mut()).await);
        waiting.push(next);
    }
    // More small ones than their lane holds at once: each has its turn.
    for _ in 0..100 {
        let (connection, mut peer) = over_tcp().await;
        let mut small = reader(connection, &world.clock, &budget, MAX);
        peer.write_all(&framed(&pattern(9_000))).await.unwrap();
        let frame = soon(small.next()).await.unwrap().unwrap();
        assert_eq!(frame.bytes, pattern(9_000)[..]);
    }
    // Who keeps his frames fills the lane, and no more than that.
    let before = budget.used();
    let (connection, mut peer) = over_tcp().await;
    let mut greedy = reader(connection, &world.clock, &budget, MAX);
    let all = framed(&pattern(9_000)).repeat(40);
    let sending = tokio::spawn(async move {
        peer.write_all(&all).await.unwrap();
        peer
    });
    let mut kept = Vec::new();
    loop {
        tokio::select! {
            biased;
            frame = greedy.next() => kept.push(frame.unwrap().unwrap()),
            () = tokio::time::sleep(Duration::from_millis(100)) => break,
        }
    }
    assert!((3..12).contains(&kept.len()), "{} frames of 9 KB in a lane of 64 KiB", kept.len());
    assert!(budget.used() - before < (64 << 10) + (8 << 10));
    kept.clear();
    assert!(soon(greedy.next()).await.unwrap().is_some(), "the lane is free again");
    drop((waiting, greedy));
    drop(large);
    soon(sending).await.unwrap();
    assert_eq!(budget.used(), 1 << 20);
    assert!(!budget.is_contended());
}
