//! The bound of memory, and what is no window.

use thalweg_model::TimestampMs;
use thalweg_model::batch::{BatchBuilder, BatchOptions, NewRecord};
use thalweg_model::world::ManualClock;

use super::*;
use crate::blobs::MemoryBlob;

/// A blob of one batch with one record, at this offset.
fn one_batch() -> (Arc<dyn Blob>, Run) {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    builder.append(NewRecord { value: Some(&[7; 100]), ..NewRecord::default() });
    let bytes = builder.finish().expect("nothing is compressed").freeze();
    let run = Run::whole(bytes.len() as u64, 0, 1);
    (Arc::new(MemoryBlob::new(bytes)), run)
}

fn begin(windows: &Arc<Windows>, place: Place) -> bool {
    let (blob, run) = one_batch();
    windows.begin(place, blob, run, Way::Aside).map(|work| assert!(work())).is_some()
}

fn window(windows: &Windows, place: Place) -> Option<Arc<Window>> {
    let state = windows.get(place)?.borrow().clone();
    match state {
        State::Here(window) => Some(window),
        State::Coming | State::Failed => None,
    }
}

#[test]
fn there_is_never_more_memory_than_was_given() {
    let clock = ManualClock::new(TimestampMs(0));
    let windows = Arc::new(Windows::new(2 * BUFFER_BYTES as u64 + 1, Arc::new(clock.clone())));
    assert!(begin(&windows, (1, 0)) && begin(&windows, (1, 1)));
    assert!(!begin(&windows, (1, 2)), "both buffers hold what somebody may ask for");
    windows.give_up((1, 0));
    assert!(begin(&windows, (1, 2)));
    let held = window(&windows, (1, 1)).expect("it is there");
    clock.advance(UNREAD_TIME);
    assert!(!begin(&windows, (1, 3)), "the oldest is being sent");
    assert!(begin(&windows, (1, 3)), "the other was not asked for in time");
    assert_eq!(held.slice(0, 4).map(<[u8]>::len), Some(4), "who holds a window can read it");
    drop(held);
    windows.forget(1);
    assert!(window(&windows, (1, 3)).is_none());
    assert!(begin(&windows, (2, 0)) && begin(&windows, (2, 1)) && !begin(&windows, (2, 2)));
}

#[test]
fn what_is_not_what_was_written_is_no_window() {
    let windows = Arc::new(Windows::new(BUFFER_BYTES as u64, Arc::new(ManualClock::new(TimestampMs(0)))));
    for (base, end, more) in [(1, 2, 0), (0, 2, 0), (0, 1, -1), (0, 1, 5000)] {
        let (blob, run) = one_batch();
        let run = Run { base, end, end_position: run.end_position.saturating_add_signed(more), ..run };
        let work =
            windows.begin((1, 0), blob, run, Way::Cached).expect("the buffer of the one before is back");
        let state = windows.get((1, 0)).expect("it was begun");
        assert!(!work());
        assert!(matches!(*state.borrow(), State::Failed), "{base} {end} {more}");
        assert!(windows.get((1, 0)).is_none());
    }
    assert!(begin(&windows, (1, 0)));
}
