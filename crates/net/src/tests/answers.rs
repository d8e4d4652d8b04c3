//! Answers on their way out, against what arrives.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use thalweg_model::region::{FileRegion, Region, RegionFile};
use tokio::io::AsyncReadExt;

use super::*;

struct RealFile {
    file: File,
    /// Whether it shows its descriptor.
    sendable: bool,
}

impl RegionFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, position)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.sendable.then(|| self.file.as_fd())
    }
}

fn file(content: &[u8], sendable: bool) -> Arc<dyn RegionFile> {
    let file = tempfile::tempfile().unwrap();
    file.write_all_at(content, 0).unwrap();
    Arc::new(RealFile { file, sendable })
}

/// What the pieces should give on the wire, and the pieces.
fn mixed(content: &[u8], sendable: bool) -> (Vec<u8>, Vec<Region>) {
    let file = file(content, sendable);
    let mut wire = Vec::new();
    let mut pieces = Vec::new();
    let memory = |bytes: Vec<u8>| Region::Memory(Bytes::from(bytes));
    for round in 0..5usize {
        for length in [4, 0, 100, round * 1000] {
            let bytes = pattern(length);
            wire.extend_from_slice(&bytes);
            pieces.push(memory(bytes));
        }
        let (position, length) = (round * 12_345, content.len() - round * 500_000);
        let length = length - position;
        wire.extend_from_slice(&content[position..position + length]);
        let region = FileRegion { file: file.clone(), position: position as u64, length: length as u32 };
        pieces.push(Region::File(region));
    }
    for round in 0..300 {
        let bytes = pattern(round);
        wire.extend_from_slice(&bytes);
        pieces.push(memory(bytes));
    }
    (wire, pieces)
}

async fn check(
    connection: Connection,
    mut peer: impl tokio::io::AsyncRead + Unpin + Send + 'static,
    sendable: bool,
) {
    let (world, _) = manual_world();
    let content = pattern(4 << 20);
    let (wire, pieces) = mixed(&content, sendable);
    let (_reader, mut writer, _) = connection.split(&world.clock, &FrameBudget::default(), 1000);
    let receiving = tokio::spawn(async move {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).await.unwrap();
        received
    });
    soon(writer.write(pieces)).await.unwrap();
    writer.shutdown().await.unwrap();
    let received = soon(receiving).await.unwrap();
    assert_eq!(received.len(), wire.len());
    assert!(received == wire);
}

#[tokio::test]
async fn files_are_sent_over_tcp() {
    let (connection, peer) = over_tcp().await;
    check(connection, peer, true).await;
}

#[tokio::test]
async fn files_that_are_none_are_copied() {
    let (connection, peer) = over_tcp().await;
    check(connection, peer, false).await;
}

#[tokio::test]
async fn files_are_copied_into_other_streams() {
    let (connection, peer) = in_memory(10_000);
    check(connection, peer, true).await;
    let (connection, peer) = over_tcp().await;
    check(connection.wrap(|stream| stream), peer, true).await;
}

#[tokio::test]
async fn a_file_that_is_too_short_is_an_error() {
    for sendable in [true, false] {
        let (world, _) = manual_world();
        let (connection, _peer) = over_tcp().await;
        let (_reader, mut writer, _) = connection.split(&world.clock, &FrameBudget::default(), 1000);
        let region = FileRegion { file: file(b"short", sendable), position: 2, length: 10 };
        let error = soon(writer.write([Region::File(region)])).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}

#[tokio::test]
async fn a_peer_that_does_not_read_holds_the_writer() {
    let (world, _) = manual_world();
    let (connection, mut peer) = over_tcp().await;
    let (_reader, mut writer, _) = connection.split(&world.clock, &FrameBudget::default(), 1000);
    let content = Bytes::from(pattern(32 << 20));
    let mut writing = Box::pin(writer.write([Region::Memory(content.clone())]));
    assert!(is_stuck(writing.as_mut()).await);
    let mut received = vec![0; content.len()];
    let (wrote, read) = soon(async { tokio::join!(writing, peer.read_exact(&mut received)) }).await;
    wrote.unwrap();
    read.unwrap();
    assert!(received == content);
}

#[tokio::test]
async fn a_large_answer_lets_others_have_their_turns() {
    let (world, _) = manual_world();
    let content = pattern(8 << 20);
    let file = Region::File(FileRegion { file: file(&content, true), position: 0, length: 8 << 20 });
    for piece in [Region::Memory(content.into()), file] {
        // A peer with room for all of it: the writer never waits for him.
        let (connection, _peer) = in_memory(16 << 20);
        let (_reader, mut writer, _) = connection.split(&world.clock, &FrameBudget::default(), 1000);
        let mut turns = 0;
        let others = async {
            loop {
                turns += 1;
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = others => {}
            written = soon(writer.write([piece])) => written.unwrap(),
        }
        assert!(turns >= 20, "{turns} turns of others");
    }
}

#[tokio::test]
async fn answers_share_their_memory() {
    let budget = AnswerBudget::new(10 << 10);
    let small = budget.take(1).await;
    assert_eq!(budget.free(), 9 << 10);
    let mut large = Box::pin(budget.take(100 << 20));
    assert!(is_stuck(large.as_mut()).await, "larger than the share: it waits for all of it");
    assert!(budget.try_take(1).is_none(), "and nobody overtakes it");
    drop(small);
    let large = soon(large).await;
    assert_eq!(budget.free(), 0);
    drop(large);
    assert_eq!(budget.free(), 10 << 10);
}

#[test]
fn under_pressure_answers_become_smaller_and_a_lone_one_does_not() {
    let budget = AnswerBudget::new(100 << 10);
    assert_eq!(budget.allowance(50 << 20, 8 << 10), 50 << 20);
    let most = budget.hold(90 << 10);
    assert_eq!(budget.allowance(50 << 20, 8 << 10), 10 << 10);
    let rest = budget.hold(1 << 20);
    assert_eq!((budget.free(), budget.allowance(50 << 20, 8 << 10)), (0, 8 << 10));
    drop((most, rest));
    assert_eq!(budget.allowance(50 << 20, 8 << 10), 50 << 20);
}
