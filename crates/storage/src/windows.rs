//! Windows: pieces of segment files that were read from the device, and whose batches were compared with their
//! checksums, on their way to who asked for them or will ask next. A first reader's are read past the page cache:
//! filling that takes several times the processor of a direct read. A second reader's go through it, as it knows better
//! what is worth keeping; nothing stays here that its reader is through with. The kernel's own read-ahead would put so
//! much in flight that the write-ahead log waits behind it, so it is not used.

mod buffers;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use thalweg_model::world::Clock;
use tokio::sync::watch;

use self::buffers::{Buffer, Buffers};
use crate::blobs::{Blob, MemoryBlob};
use crate::disk::{ALIGNMENT, align_up};
use crate::extent::FileNumber;
use crate::walk::{Run, Walk, Want, cut};

pub(crate) use self::buffers::BUFFER_BYTES;

/// What one call asks of the device: with as many calls at once as there are cold readers, about 1 MiB is in flight,
/// behind which a put hardly waits.
const STEP_BYTES: usize = 256 << 10;
/// A window that was read ahead and that nobody has asked for in this time gives way to others.
const UNREAD_TIME: Duration = Duration::from_secs(1);

/// The file, and where in it the window begins.
pub(crate) type Place = (FileNumber, u64);

/// All windows there are.
pub(crate) struct Windows {
    buffers: Arc<Buffers>,
    clock: Arc<dyn Clock>,
    // held for a look-up
    table: Mutex<BTreeMap<Place, Entry>>,
}

struct Entry {
    state: watch::Receiver<State>,
    used: Duration,
}

/// How far a window is.
#[derive(Clone)]
pub(crate) enum State {
    /// It is being read.
    Coming,
    /// Here it is.
    Here(Arc<Window>),
    /// It could not be read, or something in it is damaged.
    Failed,
}

/// How a window is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Past the page cache.
    Aside,
    /// Into the page cache, for those who will ask again.
    Cached,
}

/// Some batches of a file, as they lie there; positions are the file's.
pub(crate) type Window = MemoryBlob;

impl Windows {
    pub(crate) fn new(bytes_max: u64, clock: Arc<dyn Clock>) -> Self {
        Self { buffers: Arc::new(Buffers::new(bytes_max)), clock, table: Mutex::default() }
    }

    /// Whether there can be a window of this run.
    pub(crate) fn takes(run: &Run) -> bool {
        // Rounded to pages at both ends.
        let longest = (BUFFER_BYTES - 2 * ALIGNMENT) as u64;
        run.end_position.checked_sub(run.position).is_some_and(|length| (1..=longest).contains(&length))
    }

    /// How far the window is that begins here; none where nobody has asked for it.
    pub(crate) fn get(&self, place: Place) -> Option<watch::Receiver<State>> {
        let now = self.clock.elapsed();
        let mut table = self.table.lock();
        let entry = table.get_mut(&place)?;
        entry.used = now;
        Some(entry.state.clone())
    }

    /// Begins a window: the work that reads it may block, and must be done; it says whether all went well. None where
    /// all memory is taken by windows that somebody waits for or sends.
    pub(crate) fn begin(
        self: &Arc<Self>,
        place: Place,
        blob: Arc<dyn Blob>,
        run: Run,
        way: Way,
    ) -> Option<impl FnOnce() -> bool + Send + 'static> {
        let now = self.clock.elapsed();
        let mut table = self.table.lock();
        let buffer = self.buffers.take().or_else(|| {
            let oldest = table
                .iter()
                .filter(|(_, entry)| entry.is_unread_since(now))
                .min_by_key(|(_, entry)| entry.used);
            let oldest = *oldest?.0;
            table.remove(&oldest);
            self.buffers.take()
        })?;
        let (tell, state) = watch::channel(State::Coming);
        table.insert(place, Entry { state, used: now });
        drop(table);
        let windows = self.clone();
        Some(move || {
            let window = read(&*blob, run, buffer, way);
            let is_good = window.is_ok();
            let state = match window {
                Ok(window) => State::Here(Arc::new(window)),
                // Who asked reads it in the other way, and tells what is wrong.
                Err(_) => {
                    windows.give_up(place);
                    State::Failed
                }
            };
            // Nobody may wait for it any more.
            let _ = tell.send(state);
            is_good
        })
    }

    /// Nobody needs the window any more; who sends from it holds it himself.
    pub(crate) fn give_up(&self, place: Place) {
        self.table.lock().remove(&place);
    }

    /// The same of all windows of a file.
    pub(crate) fn forget(&self, file: FileNumber) {
        self.table.lock().retain(|(other, _), _| *other != file);
    }

    /// How many there are.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.table.lock().len()
    }

    /// Whether some are being read.
    #[cfg(test)]
    pub(crate) fn are_coming(&self) -> bool {
        self.table.lock().values().any(|entry| matches!(*entry.state.borrow(), State::Coming))
    }
}

impl Entry {
    fn is_unread_since(&self, now: Duration) -> bool {
        now.saturating_sub(self.used) >= UNREAD_TIME && matches!(*self.state.borrow(), State::Here(_))
    }
}

/// Reads all of a run, and compares all of it.
fn read(blob: &dyn Blob, run: Run, mut buffer: Buffer, way: Way) -> io::Result<Window> {
    if run.end_position > blob.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let from = run.position - run.position % ALIGNMENT as u64;
    let to = align_up(run.end_position).min(blob.len());
    let mut at = from;
    for step in buffer[..(to - from) as usize].chunks_mut(STEP_BYTES) {
        match way {
            Way::Aside => blob.read_aside(step, at)?,
            Way::Cached => blob.read(step, at)?,
        }
        at += step.len() as u64;
    }
    let bytes = buffer.into_bytes((run.position - from) as usize..(run.end_position - from) as usize);
    let length = bytes.len();
    let window = Window::part(run.position, bytes);
    let all = Want { from: run.base, upto: run.end, bytes_max: usize::MAX, first_anyway: true };
    let end = run.end;
    match cut(Walk::checking(&window, run), all) {
        Ok(Some(cut)) if cut.next == end && cut.length as usize == length => Ok(window),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

#[cfg(test)]
mod tests;
