//! Slots, epochs and eviction, on a clock set by hand.

use std::sync::Arc;
use std::time::Duration;

use thalweg_model::TimestampMs;
use thalweg_model::world::{ManualClock, NoMeter, SeededRandom, Threads, World};

use super::{FetchSessions, NO_SESSION, SessionError, next_epoch};

fn sessions(slots: usize) -> (Arc<FetchSessions<&'static str>>, ManualClock) {
    let clock = ManualClock::new(TimestampMs(0));
    let world = World {
        clock: Arc::new(clock.clone()),
        random: Arc::new(SeededRandom::new(7)),
        spawner: Arc::new(Threads),
        meter: Arc::new(NoMeter),
    };
    (FetchSessions::new(slots, world), clock)
}

#[test]
fn epochs_rise_by_one_and_wrap_to_one() {
    assert_eq!(next_epoch(0), 1);
    assert_eq!(next_epoch(i32::MAX), 1);
    assert_eq!(next_epoch(-1), -1);
}

#[test]
fn a_session_is_found_again_under_its_next_epoch_alone() {
    let (sessions, _) = sessions(2);
    let id = sessions.create("first", 3, true).expect("a slot is free");
    assert_ne!(id, NO_SESSION);
    assert_eq!(sessions.take(id, 0, true), Err(SessionError::WrongEpoch));
    assert_eq!(sessions.take(id, 1, false), Err(SessionError::TopicIds));
    assert_eq!(sessions.take(id.wrapping_add(1).max(1), 1, true), Err(SessionError::NotFound));
    assert_eq!(sessions.take(id, 1, true), Ok("first"));
    assert_eq!(sessions.take(id, 2, true), Err(SessionError::WrongEpoch), "it is in use");
    sessions.give_back(id, "again", 3);
    assert_eq!(sessions.take(id, 2, true), Ok("again"));
    assert!(sessions.remove(id));
    sessions.give_back(id, "late", 3);
    assert_eq!(sessions.take(id, 3, true), Err(SessionError::NotFound));
}

#[test]
fn a_full_cache_gives_a_slot_of_a_stale_session_or_of_an_old_smaller_one() {
    let (sessions, clock) = sessions(2);
    let small = sessions.create("small", 1, true).expect("a slot is free");
    let large = sessions.create("large", 9, true).expect("a slot is free");
    assert_eq!(sessions.create("new", 5, true), Err("new"), "both are young");

    clock.advance(Duration::from_secs(121));
    for id in [small, large] {
        let state = sessions.take(id, 1, true).expect("it is there");
        sessions.give_back(id, state, if id == small { 1 } else { 9 });
    }
    assert_eq!(sessions.create("tiny", 1, true), Err("tiny"), "not larger than the smallest");
    let middle = sessions.create("middle", 5, true).expect("the small one gives way");
    assert_eq!(sessions.take(small, 2, true), Err(SessionError::NotFound));

    clock.advance(Duration::from_secs(121));
    let state = sessions.take(large, 2, true).expect("it is there");
    sessions.give_back(large, state, 9);
    sessions.create("tiny", 1, true).expect("the middle one is stale");
    assert_eq!(sessions.take(middle, 1, true), Err(SessionError::NotFound));
}

#[test]
fn no_slots_means_no_sessions() {
    let (sessions, _) = sessions(0);
    assert_eq!(sessions.create("any", 5, true), Err("any"));
}
