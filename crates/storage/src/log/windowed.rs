//! Reading what is in a file and not in the page cache, window by window, and ahead of who reads on.

use std::sync::Arc;

use tokio::sync::watch;

use super::Log;
use super::Read;
use super::read::{is_at_hand, region_of};
use crate::extent::Extent;
use crate::files::OpenFile;
use crate::walk::{Run, Walk, WalkError, Want, cut};
use crate::windows::{Place, State, Way, Window, Windows};

/// How many windows are read ahead of a reader: the device has something to do while he takes in what he got.
const AHEAD_WINDOWS: usize = 2;

/// Why a range is read as a window.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Nobody has read it.
    New,
    /// It was read past the page cache, and is wanted again.
    Again,
    /// The page cache was given it and did not keep it.
    Lost,
}

/// What cannot be in the page cache, as far as we know.
pub(super) const UNCACHED: &[Why] = &[Why::New, Why::Again];
/// What was given to it, and is not in it.
pub(super) const LOST: &[Why] = &[Why::Lost];

/// What windows have for a reader.
pub(super) enum Windowed {
    /// This; none where the batches are larger than what is wanted.
    Has(Option<Read>),
    /// Nothing now; it is better asked for separately.
    Later,
    /// The range is read without windows.
    Never,
}

impl Log {
    /// What is wanted, out of a window; out of a new one if this is `why`.
    pub(super) async fn read_window(
        &self,
        file: &Arc<OpenFile>,
        extent: &Extent,
        want: Want,
        why: &[Why],
    ) -> Result<Windowed, WalkError> {
        let shared = &self.0.shared;
        let run = Run::window(extent, want.from);
        let place = (extent.file, run.position);
        let state = match shared.windows.get(place) {
            Some(state) => state,
            None if !why_window(file, &run).is_some_and(|known| why.contains(&known)) => {
                return Ok(Windowed::Never);
            }
            None if !want.first_anyway => return Ok(Windowed::Later),
            None => {
                let reader = shared.cold.free().await;
                // Somebody may have begun it meanwhile.
                match shared.windows.get(place) {
                    Some(state) => state,
                    None => match self.begin_window(file, place, run.clone()) {
                        Some((work, state)) => {
                            shared.figures.cold_reads.add(1);
                            reader.begin(work);
                            state
                        }
                        None => return Ok(Windowed::Never),
                    },
                }
            }
        };
        let Some(window) = window_of(state, want.first_anyway).await else {
            return Ok(if want.first_anyway { Windowed::Never } else { Windowed::Later });
        };
        let (middle, end) = (run.position + (run.end_position - run.position) / 2, run.end);
        let cut = cut(Walk::new(&*window, run), want)?;
        if let Some(cut) = cut {
            if cut.next >= end {
                shared.windows.give_up(place);
            }
            if cut.position + u64::from(cut.length) > middle {
                self.read_ahead(end).await;
            }
        }
        Ok(Windowed::Has(cut.map(|cut| region_of(&*window, cut))))
    }

    /// Takes a window into the table: how to read it, and where to hear of it.
    fn begin_window(
        &self,
        file: &Arc<OpenFile>,
        place: Place,
        run: Run,
    ) -> Option<(impl FnOnce() + Send + 'static, watch::Receiver<State>)> {
        let windows = &self.0.shared.windows;
        let way = if why_window(file, &run) == Some(Why::Again) { Way::Cached } else { Way::Aside };
        let (position, length) = (run.position, (run.end_position - run.position) as u32);
        let read = windows.begin(place, file.blob.clone(), run.with_epochs(self.epoch_rows()), way)?;
        file.reads_aside(position, length);
        let file = file.clone();
        let work = move || {
            if read() && way == Way::Cached {
                file.was_checked(position, length);
            }
        };
        Some((work, windows.get(place)?))
    }

    /// Begins the windows from `next` on, as far as nobody has to wait for that.
    async fn read_ahead(&self, mut next: i64) {
        let shared = &self.0.shared;
        for _ in 0..AHEAD_WINDOWS {
            let Some(extent) = self.extent_with(next) else { return };
            let run = Run::window(&extent, next);
            let place = (extent.file, run.position);
            next = run.end;
            if shared.windows.get(place).is_some() {
                continue;
            }
            // What cannot be opened is told when it is asked for.
            let Ok(file) = shared.files.get(extent.file).await else { return };
            let is_wanted = match why_window(&file, &run) {
                Some(Why::New | Why::Again) => true,
                Some(Why::Lost) => !is_at_hand(&*file.blob, run.position, run.end_position),
                None => false,
            };
            if !is_wanted {
                return;
            }
            let Some(reader) = shared.cold.free_now() else { return };
            // Opening the file may have taken a while.
            if shared.windows.get(place).is_some() {
                continue;
            }
            let Some((work, _)) = self.begin_window(&file, place, run) else { return };
            reader.begin(work);
        }
    }

    fn extent_with(&self, offset: i64) -> Option<Extent> {
        let state = self.0.state.lock();
        let extent = state.extents.get(state.extents.partition_point(|extent| extent.end <= offset));
        extent.filter(|extent| !state.removed && extent.base <= offset).cloned()
    }
}

/// Why a range would be read as a window (if it is not in the page cache, where it may be); none where that is not
/// possible.
fn why_window(file: &OpenFile, run: &Run) -> Option<Why> {
    if !file.blob.reads_aside() || !Windows::takes(run) {
        return None;
    }
    let length = (run.end_position - run.position) as u32;
    if file.is_checked(run.position, length) {
        return Some(Why::Lost);
    }
    Some(if file.was_read_aside(run.position, length) { Why::Again } else { Why::New })
}

/// The window when it is there; none where it cannot be had, or not at once and that is what is wanted.
async fn window_of(mut state: watch::Receiver<State>, waits: bool) -> Option<Arc<Window>> {
    if waits {
        // An error is that the work was dropped: the process ends.
        let _ = state.wait_for(|state| !matches!(state, State::Coming)).await;
    }
    match &*state.borrow() {
        State::Here(window) => Some(window.clone()),
        State::Coming | State::Failed => None,
    }
}
