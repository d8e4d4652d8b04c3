//! Writing answers: pieces in memory leave together by one call, pieces in files by `sendfile` where the stream is
//! plain TCP and the file is a real one, and are copied otherwise.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::Context;

use bytes::Buf;
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use thalweg_model::region::{FileRegion, Region};
use tokio::io::{AsyncWrite, AsyncWriteExt, Interest};
use tokio::net::TcpStream;

use crate::activity::Activity;
use crate::connection::{Write, WriteHalf};

/// How many pieces one call takes.
const PIECES_MAX: usize = 64;
/// Room for so many pieces is kept from one write to the next.
const PIECES_KEPT: usize = 1 << 10;
/// After so much a worker turns to other connections: a peer that takes in large answers as fast as they come would keep
/// it for as long as they are. It is what one call writes at most, too.
const TURN_BYTES: usize = 256 << 10;
/// What is copied at once of a file that cannot be sent.
const COPY_BYTES: usize = 128 << 10;

/// Writes the answers of a connection.
pub struct AnswerWriter {
    stream: WriteHalf,
    activity: Activity,
    /// Empty between two writes, with the room of the last one.
    pieces: VecDeque<Region>,
    /// Where pieces of files are copied to that cannot be sent; made when first needed.
    copied: Vec<u8>,
    /// What was written since others had their turn.
    turn_bytes: usize,
}

impl AnswerWriter {
    pub(crate) fn new(stream: WriteHalf, activity: Activity) -> Self {
        Self { stream, activity, pieces: VecDeque::new(), copied: Vec::new(), turn_bytes: 0 }
    }

    /// Writes all pieces in their order, those of several answers as well as those of one. When the future is dropped
    /// before its end, some of them were written and some not: the connection is of no use then.
    pub async fn write(&mut self, pieces: impl IntoIterator<Item = Region>) -> io::Result<()> {
        let given = pieces.into_iter().filter(|piece| !piece.is_empty());
        let mut pieces = std::mem::take(&mut self.pieces);
        pieces.extend(given);
        while let Some(first) = pieces.front_mut() {
            match first {
                Region::Memory(_) => self.write_memory(&mut pieces).await?,
                Region::File(region) => {
                    self.write_file(region).await?;
                    pieces.pop_front();
                }
            }
            self.activity.touch();
        }
        if pieces.capacity() <= PIECES_KEPT {
            self.pieces = pieces;
        }
        if let Write::Other(stream) = &mut self.stream.stream {
            stream.flush().await?;
        }
        Ok(())
    }

    /// Tells the peer that nothing more comes.
    pub async fn shutdown(&mut self) -> io::Result<()> {
        match &mut self.stream.stream {
            Write::Tcp(stream) => stream.shutdown().await,
            Write::Other(stream) => stream.shutdown().await,
        }
    }

    /// Writes some of the pieces in memory at the front, and takes away what was written.
    async fn write_memory(&mut self, pieces: &mut VecDeque<Region>) -> io::Result<()> {
        let written = match &mut self.stream.stream {
            Write::Tcp(stream) => send_memory(stream.as_ref(), pieces).await?,
            Write::Other(stream) => {
                let write = |context: &mut Context<'_>| {
                    gather(pieces, |slices, _| Pin::new(&mut *stream).poll_write_vectored(context, slices))
                };
                poll_fn(write).await?
            }
        };
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        advance(pieces, written);
        self.give_way(written).await;
        Ok(())
    }

    async fn give_way(&mut self, written: usize) {
        self.turn_bytes += written;
        if self.turn_bytes >= TURN_BYTES {
            self.turn_bytes = 0;
            tokio::task::yield_now().await;
        }
    }

    async fn write_file(&mut self, region: &mut FileRegion) -> io::Result<()> {
        while region.length > 0 {
            let sent = match &mut self.stream.stream {
                Write::Tcp(stream) if region.file.descriptor().is_some() => {
                    send_file(stream.as_ref(), region).await?
                }
                _ => self.copy_file(region).await?,
            };
            region.position += sent as u64;
            region.length -= sent as u32;
            self.activity.touch();
            self.give_way(sent).await;
        }
        Ok(())
    }

    async fn copy_file(&mut self, region: &FileRegion) -> io::Result<usize> {
        let length = COPY_BYTES.min(region.length as usize);
        self.copied.resize(length, 0);
        region.file.read_at(&mut self.copied, region.position)?;
        match &mut self.stream.stream {
            Write::Tcp(stream) => stream.write_all(&self.copied).await?,
            Write::Other(stream) => stream.write_all(&self.copied).await?,
        }
        Ok(length)
    }
}

/// Writes some of the pieces in memory at the front.
async fn send_memory(stream: &TcpStream, pieces: &VecDeque<Region>) -> io::Result<usize> {
    let send = |slices: &[IoSlice<'_>], file_follows| {
        // A file follows at once: the kernel shall not send a small packet before it.
        let more = if file_follows { SendFlags::MORE } else { SendFlags::empty() };
        Ok(sendmsg(stream, slices, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL | more)?)
    };
    stream.async_io(Interest::WRITABLE, || gather(pieces, send)).await
}

/// Gives the pieces in memory at the front, as many as one call takes, and whether a piece of a file comes after them.
/// They are gathered for each call: kept while a peer is waited for, they would be a kilobyte for each connection.
fn gather<T>(pieces: &VecDeque<Region>, write: impl FnOnce(&[IoSlice<'_>], bool) -> T) -> T {
    let mut slices = [IoSlice::new(&[]); PIECES_MAX];
    let (mut count, mut left) = (0, TURN_BYTES);
    for (slice, piece) in slices.iter_mut().zip(pieces) {
        let Region::Memory(bytes) = piece else { break };
        if left == 0 {
            break;
        }
        *slice = IoSlice::new(&bytes[..bytes.len().min(left)]);
        left -= slice.len();
        count += 1;
    }
    write(&slices[..count], matches!(pieces.get(count), Some(Region::File(_))))
}

/// Sends some of the region from the page cache.
async fn send_file(stream: &TcpStream, region: &FileRegion) -> io::Result<usize> {
    let sent = stream
        .async_io(Interest::WRITABLE, || {
            let file = region.file.descriptor().ok_or(io::ErrorKind::Unsupported)?;
            let mut position = region.position;
            let length = TURN_BYTES.min(region.length as usize);
            Ok(rustix::fs::sendfile(stream, file, Some(&mut position), length)?)
        })
        .await?;
    // The file is shorter than its region: the peer was promised bytes that do not exist.
    if sent == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(sent) }
}

/// Takes `written` bytes away from the pieces in memory at the front.
fn advance(pieces: &mut VecDeque<Region>, mut written: usize) {
    while written > 0 {
        let Some(Region::Memory(first)) = pieces.front_mut() else { return };
        if written < first.len() {
            first.advance(written);
            return;
        }
        written -= first.len();
        pieces.pop_front();
    }
}

impl std::fmt::Debug for AnswerWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AnswerWriter")
    }
}
