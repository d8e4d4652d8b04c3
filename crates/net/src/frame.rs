//! Reading frames: four bytes of length, then as many bytes.
//!
//! What the socket holds is read into a buffer of the thread's and cut into frames, each in a buffer of its own, so
//! that a small frame keeps no large buffer alive and an idle connection none at all. What is missing of a large frame
//! is read into its own buffer directly. That buffer grows as bytes arrive: the length that a peer claims costs
//! nothing.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use thalweg_model::world::{BoxFuture, Clock};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use crate::activity::Activity;
use crate::budget::{FrameBudget, FramePermit, Grant, Lane, SMALL_READ_BYTES};
use crate::connection::ReadHalf;

/// What one read into the thread's buffer brings at most.
const SCRATCH_BYTES: usize = 64 << 10;
/// The same after a large frame: the next is likely large too, and what is read here is copied.
const SCRATCH_BYTES_AFTER_LARGE: usize = 4 << 10;
/// From how many missing bytes on a frame is read into its own buffer directly.
const DIRECT_BYTES_MIN: usize = 16 << 10;
/// What one direct read brings at most.
const DIRECT_BYTES: usize = 256 << 10;
/// How large a frame's own buffer is made before its bytes are there. Memory that was never touched costs address space
/// alone; what an earlier frame left costs more, which is bounded by one such buffer a connection that was granted some.
const FIRST_RESERVATION: usize = 1 << 20;
/// What a frame costs besides its bytes.
const FRAME_OVERHEAD: usize = 128;
/// How often a frame that is not all there is looked at.
const SLOW_WINDOW: Duration = Duration::from_secs(10);
/// What must have come of it in that time, as long as others wait for memory.
const SLOW_WINDOW_BYTES_MIN: usize = 160 << 10;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH_BYTES]);
}

/// A frame without its length.
#[derive(Debug)]
pub struct Frame {
    /// Its bytes, in a buffer that holds nothing else.
    pub bytes: BytesMut,
    /// Its place in the budget.
    pub permit: FramePermit,
}

/// Why no more frames come. The connection must be closed.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The length is negative.
    #[error("a frame claims a length of {0}")]
    Length(i32),
    /// The length is above the limit.
    #[error("a frame claims a length of {length}, more than the maximum of {maximum}")]
    TooLarge {
        /// What it claims.
        length: usize,
        /// What may be.
        maximum: usize,
    },
    /// The peer closed in the middle of a frame.
    #[error("the peer closed the connection inside a frame")]
    Cut,
    /// The frame came too slowly while others waited for memory.
    #[error("a frame came too slowly while others waited")]
    TooSlow,
    /// The socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads the frames of a connection.
pub struct FrameReader {
    stream: ReadHalf,
    clock: Arc<dyn Clock>,
    budget: FrameBudget,
    frame_bytes_max: usize,
    activity: Activity,
    ready: VecDeque<Frame>,
    partial: Partial,
    /// A length that cannot be: told after the frames before it.
    refused: Option<FrameError>,
    after_large: bool,
    /// Counts the frames, so that a look at a slow one knows whether it is the same.
    frame_number: u64,
    slow: Option<SlowWindow>,
    reads: u64,
}

/// The frame that is not all there.
#[derive(Default)]
struct Partial {
    prefix: [u8; 4],
    prefix_length: usize,
    /// From the moment when the length is known.
    body: Option<Body>,
    /// Its age, from the moment when it first had to wait for memory.
    ticket: Option<u64>,
    waiting: bool,
    overdrawn: bool,
    /// How much of its memory is of the lane of small frames.
    small_bytes: usize,
}

struct Body {
    bytes: BytesMut,
    length: usize,
}

/// A look at what came of a frame. It outlives the frame: one timer serves many.
struct SlowWindow {
    end: BoxFuture<'static, ()>,
    frame_number: u64,
    received_before: usize,
}

/// A call of [`FrameReader::next`]: a reader that is not polled must not stand in the queue for memory.
struct Reading<'r>(&'r mut FrameReader);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.leave_queue();
    }
}

impl Partial {
    /// Whether it is a small frame, or may become one.
    fn may_be_small(&self) -> bool {
        self.body.as_ref().is_none_or(|body| body.length < DIRECT_BYTES_MIN)
    }
}

impl Body {
    fn missing(&self) -> usize {
        self.length - self.bytes.len()
    }

    /// Room for what will come. When as much as is reserved first has come, the rest of the length is believed.
    fn reserve(&mut self) {
        let most = if self.bytes.len() < FIRST_RESERVATION { FIRST_RESERVATION } else { self.length };
        self.move_to(self.length.min(most));
    }

    /// Takes what came with other bytes: makes no more room than for that where the rest will be read directly.
    fn take(&mut self, bytes: &[u8]) {
        if self.bytes.capacity() - self.bytes.len() < bytes.len() {
            let is_rest = self.missing() - bytes.len() < DIRECT_BYTES_MIN;
            self.move_to(if is_rest { self.length } else { self.bytes.len() + bytes.len() });
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn move_to(&mut self, capacity: usize) {
        let mut moved = BytesMut::with_capacity(capacity);
        moved.extend_from_slice(&self.bytes);
        self.bytes = moved;
    }
}

impl FrameReader {
    pub(crate) fn new(
        stream: ReadHalf,
        clock: Arc<dyn Clock>,
        budget: FrameBudget,
        frame_bytes_max: usize,
        activity: Activity,
    ) -> Self {
        Self {
            stream,
            clock,
            budget,
            frame_bytes_max,
            activity,
            ready: VecDeque::new(),
            partial: Partial::default(),
            refused: None,
            after_large: false,
            frame_number: 0,
            slow: None,
            reads: 0,
        }
    }

    /// The next frame, or none when the peer has closed between two frames. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        let reading = Reading(self);
        poll_fn(|context| reading.0.poll_next(context)).await
    }

    /// A further frame that came with the last one: no look at the socket.
    pub fn next_at_hand(&mut self) -> Option<Frame> {
        self.ready.pop_front()
    }

    /// How many reads of the socket brought something since this was asked last.
    pub fn take_reads(&mut self) -> u64 {
        std::mem::take(&mut self.reads)
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Frame>, FrameError>> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Poll::Ready(Ok(Some(frame)));
            }
            if let Some(error) = self.refused.take() {
                return Poll::Ready(Err(error));
            }
            let read = match self.poll_read(context) {
                Poll::Ready(read) => read?,
                Poll::Pending => return self.poll_slow(context).map(Err),
            };
            if read == 0 {
                let between = self.partial.prefix_length == 0;
                return Poll::Ready(if between { Ok(None) } else { Err(FrameError::Cut) });
            }
            self.activity.touch();
            self.reads += 1;
        }
    }

    /// One read from the socket, within the budget; 0 is the end.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let direct = self.partial.body.as_ref().map_or(0, Body::missing);
        let (direct, most) = match direct {
            DIRECT_BYTES_MIN.. => (true, direct.min(DIRECT_BYTES)),
            _ if self.after_large && direct == 0 => (false, SCRATCH_BYTES_AFTER_LARGE),
            _ => (false, SCRATCH_BYTES),
        };
        if !self.budget.try_take(most) {
            // Who has nothing to read must not stand in the way of who has.
            ready!(self.stream.poll_readable(context))?;
            if self.partial.may_be_small() && self.budget.try_take_small(SMALL_READ_BYTES) {
                self.leave_queue();
                return self.poll_small(context);
            }
            let ticket = *self.partial.ticket.get_or_insert_with(|| self.budget.ticket());
            self.partial.waiting = true;
            let grant = ready!(self.budget.poll_take(context, ticket, most, self.partial.may_be_small()));
            self.partial.waiting = false;
            self.partial.overdrawn |= grant == Grant::Overdrawn;
        }
        let read = if direct { self.poll_direct(context, most) } else { self.poll_scratch(context, most) };
        if !matches!(read, Poll::Ready(Ok(1..))) {
            self.budget.give_back(most);
            if self.partial.overdrawn && self.partial.prefix_length == 0 {
                self.end_overdraft();
            }
        }
        read
    }

    /// A short read in the lane of small frames: they are not held up by large ones that do not end.
    fn poll_small(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let read = self.poll_into_scratch(context, SMALL_READ_BYTES, Lane::Small);
        let kept = match &read {
            Poll::Ready(Ok((_, kept))) => *kept,
            _ => 0,
        };
        self.budget.settle_small(SMALL_READ_BYTES, kept);
        if !self.partial.may_be_small() {
            // It is no small frame after all: what came of it goes where large ones are counted.
            let moved = std::mem::take(&mut self.partial.small_bytes);
            self.budget.take_anyway(moved);
            self.budget.give_back_small(moved);
        }
        read.map_ok(|(read, _)| read)
    }

    /// Reads what is missing of a large frame. On success, what was taken of the budget is what came.
    fn poll_direct(&mut self, context: &mut Context<'_>, most: usize) -> Poll<io::Result<usize>> {
        let body = self.partial.body.as_mut().expect("a direct read has a frame");
        let before = body.bytes.len();
        if body.bytes.capacity() == before {
            body.reserve();
        }
        let most_now = most.min(body.bytes.capacity() - before);
        let mut target = (&mut body.bytes).limit(most_now);
        let read = ready!(pin!(self.stream.read_buf(&mut target)).poll(context))?;
        if read > 0 {
            self.budget.give_back(most - read);
            if body.missing() == 0 {
                self.finish();
            }
        }
        Poll::Ready(Ok(read))
    }

    /// Reads into the thread's buffer and cuts it into frames.
    fn poll_scratch(&mut self, context: &mut Context<'_>, most: usize) -> Poll<io::Result<usize>> {
        let (read, kept) = ready!(self.poll_into_scratch(context, most, Lane::Shared))?;
        if read > 0 {
            match most.checked_sub(kept) {
                Some(rest) => self.budget.give_back(rest),
                None => self.budget.take_anyway(kept - most),
            }
        }
        Poll::Ready(Ok(read))
    }

    /// The same, whoever pays: how much was read, and how much memory is now kept.
    fn poll_into_scratch(
        &mut self,
        context: &mut Context<'_>,
        most: usize,
        lane: Lane,
    ) -> Poll<io::Result<(usize, usize)>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(&mut scratch[..most]);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            let bytes = buffer.filled();
            Poll::Ready(Ok((bytes.len(), self.cut(bytes, lane))))
        })
    }

    /// Cuts `bytes` into frames; says how much memory they now have in all.
    fn cut(&mut self, mut bytes: &[u8], lane: Lane) -> usize {
        let mut kept = 0;
        while !bytes.is_empty() && self.refused.is_none() {
            let partial = &mut self.partial;
            let Some(body) = &mut partial.body else {
                let step = bytes.len().min(4 - partial.prefix_length);
                partial.prefix[partial.prefix_length..][..step].copy_from_slice(&bytes[..step]);
                partial.prefix_length += step;
                bytes = &bytes[step..];
                if partial.prefix_length == 4 && self.begin(lane) {
                    kept += FRAME_OVERHEAD;
                }
                continue;
            };
            let step = bytes.len().min(body.missing());
            body.take(&bytes[..step]);
            bytes = &bytes[step..];
            kept += step;
            if lane == Lane::Small {
                partial.small_bytes += step;
            }
            if body.missing() == 0 {
                self.finish();
            }
        }
        kept
    }

    /// The length is known; says whether it can be one.
    fn begin(&mut self, lane: Lane) -> bool {
        let claimed = i32::from_be_bytes(self.partial.prefix);
        let maximum = self.frame_bytes_max;
        let refused = match usize::try_from(claimed) {
            Ok(length) if length <= maximum => {
                // A large frame that may have to wait for its memory has none meanwhile.
                let waits = length >= DIRECT_BYTES_MIN && self.budget.is_contended();
                let body = self.partial.body.insert(Body { bytes: BytesMut::new(), length });
                if !waits {
                    body.reserve();
                }
                self.frame_number += 1;
                if lane == Lane::Small {
                    self.partial.small_bytes += FRAME_OVERHEAD;
                }
                if length == 0 {
                    self.finish();
                }
                return true;
            }
            Ok(length) => FrameError::TooLarge { length, maximum },
            Err(_) => FrameError::Length(claimed),
        };
        self.refused = Some(refused);
        false
    }

    /// The frame is all there.
    fn finish(&mut self) {
        let partial = std::mem::take(&mut self.partial);
        let body = partial.body.expect("a frame that ends has begun");
        self.after_large = body.length >= DIRECT_BYTES_MIN;
        let overdrawn = partial.ticket.filter(|_| partial.overdrawn);
        let bytes = body.length + FRAME_OVERHEAD;
        let permit = self.budget.permit(bytes, partial.small_bytes, overdrawn);
        self.ready.push_back(Frame { bytes: body.bytes, permit });
    }

    /// Looks at a frame whose bytes are awaited: it may be slow as long as nobody else waits.
    fn poll_slow(&mut self, context: &mut Context<'_>) -> Poll<FrameError> {
        let Some(body) = &self.partial.body else {
            return Poll::Pending;
        };
        // Who waits for memory is not slow: its turn has not come.
        if self.partial.waiting {
            self.slow = None;
            return Poll::Pending;
        }
        let (frame_number, received) = (self.frame_number, body.bytes.len());
        loop {
            let window = self.slow.get_or_insert_with(|| SlowWindow {
                end: self.clock.sleep(SLOW_WINDOW),
                frame_number,
                received_before: received,
            });
            ready!(window.end.as_mut().poll(context));
            let slow = window.frame_number == frame_number
                && received - window.received_before < SLOW_WINDOW_BYTES_MIN;
            if slow && self.budget.is_contended() {
                return Poll::Ready(FrameError::TooSlow);
            }
            self.slow = None;
        }
    }

    fn leave_queue(&mut self) {
        if std::mem::take(&mut self.partial.waiting)
            && let Some(ticket) = self.partial.ticket
        {
            self.budget.leave(ticket);
        }
    }

    fn end_overdraft(&mut self) {
        self.partial.overdrawn = false;
        if let Some(ticket) = self.partial.ticket {
            self.budget.end_overdraft(ticket);
        }
    }
}

impl Drop for FrameReader {
    fn drop(&mut self) {
        if let Some(body) = &self.partial.body {
            let (bytes, small_bytes) = (body.bytes.len() + FRAME_OVERHEAD, self.partial.small_bytes);
            self.budget.give_back(bytes - small_bytes);
            self.budget.give_back_small(small_bytes);
        }
        self.leave_queue();
        if self.partial.overdrawn {
            self.end_overdraft();
        }
    }
}

impl std::fmt::Debug for FrameReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrameReader").field("ready", &self.ready.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_body_has_room_when_it_is_read_directly_and_no_sooner() {
        let mut body = Body { bytes: BytesMut::new(), length: 3 << 20 };
        body.take(&[1; 100]);
        assert!(body.bytes.capacity() < DIRECT_BYTES_MIN, "{}", body.bytes.capacity());
        body.reserve();
        assert_eq!(body.bytes.capacity(), FIRST_RESERVATION);
        body.bytes.resize(FIRST_RESERVATION, 2);
        body.reserve();
        assert_eq!(body.bytes.capacity(), body.length);
        assert_eq!((body.bytes[99], body.bytes[100], body.missing()), (1, 2, 2 << 20));
    }

    #[test]
    fn what_is_not_read_directly_has_room_at_once() {
        let mut body = Body { bytes: BytesMut::new(), length: 20_000 };
        body.take(&[1; 10_000]);
        assert_eq!((body.bytes.capacity(), body.missing()), (20_000, 10_000));
    }
}
