//! What may be on its way to the disk: memory, and room in the log. Taken before offsets are given, given back when
//! the block is durable. Knows nothing of blocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use thalweg_model::world::Clock;
use tokio::sync::Notify;

use crate::block::{ENTRY_BYTES, FOOTER_BYTES, HEADER_BYTES};
use crate::disk::align_up;
use crate::wal::{Room, Wal};

/// Why there is no space for an append. Nothing of it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The disk is full, or a cap is reached: free space.
    #[error("no space is left for the write-ahead log")]
    Full,
    /// The disk does not keep up: try again later.
    #[error("no space in the write-ahead log came free in time")]
    Timeout,
    /// The chain is closed, or its writer failed.
    #[error("the write-ahead log is closed")]
    Closed,
}

/// Space that was taken for an append; dropping it gives it back.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<Budget>,
    memory: u64,
    room: u64,
    block_bytes: usize,
    /// The size of the file of its own that it holds.
    alone: Option<u64>,
}

impl Reservation {
    /// Its file has become a block: there is none to give back.
    pub(super) fn was_used(&mut self) {
        self.alone = None;
    }

    /// Takes over what another append of the same block took, so that it is given back at once. A file of its own is
    /// held by one of them at most: nothing else joins its block.
    pub(super) fn absorb(&mut self, mut other: Self) {
        self.memory += std::mem::take(&mut other.memory);
        self.room += std::mem::take(&mut other.room);
        self.alone = self.alone.take().or(other.alone.take());
    }

    /// What the append adds to a block.
    pub(super) fn block_bytes(&self) -> usize {
        self.block_bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.memory == 0 && self.room == 0 && self.alone.is_none() {
            return;
        }
        let mut taken = self.budget.taken.lock();
        taken.memory -= self.memory;
        taken.room -= self.room;
        drop(taken);
        if let Some(bytes) = self.alone {
            self.budget.wal.release_alone(bytes);
        }
        self.budget.bell.notify_waiters();
    }
}

/// All that may be taken and what is.
pub(super) struct Budget {
    wal: Arc<dyn Wal>,
    memory: u64,
    clock: Arc<dyn Clock>,
    bell: Arc<Notify>,
    taken: Mutex<Taken>,
    /// Who waits goes first: a large append is not overtaken by small ones for ever.
    turn: tokio::sync::Mutex<()>,
    waiting: AtomicUsize,
}

#[derive(Default)]
struct Taken {
    memory: u64,
    room: u64,
    closed: bool,
}

struct Wish {
    memory: u64,
    room: u64,
    block_bytes: usize,
    alone: bool,
}

impl Budget {
    pub(super) fn new(wal: Arc<dyn Wal>, memory: u64, clock: Arc<dyn Clock>) -> Self {
        Self {
            bell: wal.room_bell(),
            wal,
            memory,
            clock,
            taken: Mutex::default(),
            turn: tokio::sync::Mutex::new(()),
            waiting: AtomicUsize::new(0),
        }
    }

    pub(super) fn close(&self) {
        self.taken.lock().closed = true;
        self.bell.notify_waiters();
    }

    pub(super) async fn reserve(
        self: &Arc<Self>,
        bytes: usize,
        entries: usize,
        wait_max: Duration,
    ) -> Result<Reservation, Refused> {
        let block_bytes = bytes + entries * ENTRY_BYTES;
        // at worst it is a block by itself
        let room = align_up((block_bytes + HEADER_BYTES + FOOTER_BYTES) as u64);
        let alone = room > self.wal.caps().block_bytes_max as u64;
        let wish = Wish { memory: bytes as u64, room, block_bytes, alone };
        if !alone
            && self.waiting.load(Ordering::Relaxed) == 0
            && let Some(reservation) = self.take(&wish)?
        {
            return Ok(reservation);
        }
        let _waiter = Waiter::new(&self.waiting);
        tokio::select! {
            biased;
            taken = self.take_in_turn(&wish) => taken,
            () = self.clock.sleep(wait_max) => Err(match self.wal.room(wish.room) {
                Room::Full => Refused::Full,
                Room::Bytes(_) => Refused::Timeout,
            }),
        }
    }

    async fn take_in_turn(self: &Arc<Self>, wish: &Wish) -> Result<Reservation, Refused> {
        let _turn = self.turn.lock().await;
        loop {
            let rung = self.bell.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            if let Some(mut reservation) = self.take(wish)? {
                if !wish.alone {
                    return Ok(reservation);
                }
                // until the file is there, the reservation gives no file back
                if self.wal.allocate_alone(wish.room).await {
                    reservation.alone = Some(wish.room);
                    return Ok(reservation);
                }
                drop(reservation);
                return Err(Refused::Full);
            }
            rung.await;
        }
    }

    fn take(self: &Arc<Self>, wish: &Wish) -> Result<Option<Reservation>, Refused> {
        let mut taken = self.taken.lock();
        if taken.closed {
            return Err(Refused::Closed);
        }
        let wanted = if wish.alone { 0 } else { wish.room };
        let room = match self.wal.room(taken.room + wanted) {
            Room::Bytes(bytes) => bytes,
            Room::Full => 0,
        };
        // more than the whole share goes when nothing else does
        let fits_memory = taken.memory == 0 || taken.memory + wish.memory <= self.memory;
        let fits_room = if wish.alone { room > 0 } else { taken.room + wanted <= room };
        if !fits_memory || !fits_room {
            return Ok(None);
        }
        taken.memory += wish.memory;
        taken.room += wanted;
        Ok(Some(Reservation {
            budget: self.clone(),
            memory: wish.memory,
            room: wanted,
            block_bytes: wish.block_bytes,
            alone: None,
        }))
    }
}

impl std::fmt::Debug for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Budget")
    }
}

/// Counts who waits, also when the wait is given up.
struct Waiter<'a>(&'a AtomicUsize);

impl<'a> Waiter<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
