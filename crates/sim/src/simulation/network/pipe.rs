//! One direction of a connection: bytes in order, each piece with the time at which it arrives.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::ReadBuf;

use super::Weather;
use crate::simulation::universe::{Chance, Sleep, Universe};

/// How many bytes may be on their way.
const WINDOW_BYTES: usize = 48 << 10;
/// What a piece takes.
const TRAVEL_MICROS: (u64, u64) = (20, 300);
/// One piece in so many takes longer,
const LATE_ONE_IN: u64 = 200;
/// by so much.
const LATE_MICROS: (u64, u64) = (1_000, 60_000);

pub(super) struct Pipe {
    universe: Universe,
    chance: Chance,
    weather: Arc<Weather>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pieces: VecDeque<(Duration, VecDeque<u8>)>,
    bytes: usize,
    /// When the last piece arrives: none overtakes another.
    last: Duration,
    finished: bool,
    reset: bool,
    silent: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// What a read finds.
pub(super) enum Next {
    Done(io::Result<()>),
    ArrivesIn(Duration),
    Nothing,
}

impl Pipe {
    pub(super) fn new(universe: &Universe, chance: &Chance, weather: &Arc<Weather>) -> Self {
        let (universe, chance, weather) = (universe.clone(), chance.clone(), weather.clone());
        Self { universe, chance, weather, state: Mutex::default() }
    }

    pub(super) fn sleep(&self, time: Duration) -> Sleep {
        self.universe.sleep(time)
    }

    pub(super) fn poll_read(&self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Next {
        let now = self.universe.elapsed();
        let mut state = self.state.lock();
        if state.reset {
            return Next::Done(Err(io::ErrorKind::ConnectionReset.into()));
        }
        state.reader = Some(context.waker().clone());
        if state.silent {
            return Next::Nothing;
        }
        let Some((arrives, piece)) = state.pieces.front_mut() else {
            return if state.finished { Next::Done(Ok(())) } else { Next::Nothing };
        };
        if *arrives > now {
            return Next::ArrivesIn(*arrives - now);
        }
        let mut count = buffer.remaining().min(piece.len());
        if self.chance.percent(10) {
            count = self.chance.between(1, count.max(1) as u64) as usize;
        }
        let (first, second) = piece.as_slices();
        let from_first = count.min(first.len());
        buffer.put_slice(&first[..from_first]);
        buffer.put_slice(&second[..count - from_first]);
        piece.drain(..count);
        if piece.is_empty() {
            state.pieces.pop_front();
        }
        state.bytes -= count;
        let writer = state.writer.take();
        drop(state);
        wake(writer);
        Next::Done(Ok(()))
    }

    pub(super) fn poll_write(&self, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let now = self.universe.elapsed();
        let mut state = self.state.lock();
        if state.reset || state.finished {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = WINDOW_BYTES.saturating_sub(state.bytes);
        if room == 0 {
            state.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        let mut count = buffer.len().min(room);
        if count > 1 && self.chance.percent(10) {
            count = self.chance.between(1, count as u64) as usize;
        }
        let mut travel = self.chance.micros(TRAVEL_MICROS.0, TRAVEL_MICROS.1);
        if self.chance.one_in(LATE_ONE_IN) {
            travel += self.chance.micros(LATE_MICROS.0, LATE_MICROS.1);
            self.universe.tally().count("network: piece late");
        }
        state.last = state.last.max(now + self.weather.slow(travel));
        let arrives = state.last;
        state.pieces.push_back((arrives, buffer[..count].iter().copied().collect()));
        state.bytes += count;
        let reader = state.reader.take();
        drop(state);
        wake(reader);
        Poll::Ready(Ok(count))
    }

    /// Nothing more is written; what is on its way arrives.
    pub(super) fn finish(&self) {
        let mut state = self.state.lock();
        state.finished = true;
        let reader = state.reader.take();
        drop(state);
        wake(reader);
    }

    /// Nothing arrives any more, and both ends know.
    pub(super) fn reset(&self) {
        let mut state = self.state.lock();
        state.reset = true;
        state.pieces.clear();
        let (reader, writer) = (state.reader.take(), state.writer.take());
        drop(state);
        wake(reader);
        wake(writer);
    }

    /// Nothing arrives any more, and nobody knows.
    pub(super) fn silence(&self) {
        self.state.lock().silent = true;
    }

    pub(super) fn is_over(&self) -> bool {
        let state = self.state.lock();
        state.reset || (state.finished && state.pieces.is_empty())
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
