//! Groups that are read back when they are needed: who asks waits for all of it, and nothing is taken for what is not
//! there yet.

use super::*;

/// A group with a member and an offset, in a log that can be held.
fn written() -> (Arc<List>, Joined) {
    let bench = bench();
    let joined = bench.alone();
    assert_eq!(bench.commit(&joined.member, 1, 5, ""), Ok(()));
    (bench.list, joined)
}

fn fetch(bench: &Bench) -> Pending<Result<Option<i64>, GroupError>> {
    let coordinator = bench.coordinator.clone();
    Pending::start(async move {
        let asked = [("t", vec![PartitionIndex(0)])];
        let fetched = coordinator.fetch(GROUP, Some(&asked)).await.value?;
        Ok(fetched[0].2.as_ref().map(|committed| committed.offset.0))
    })
}

#[test]
fn a_request_loads_its_own_partition_and_no_other() {
    let (list, joined) = written();
    let bench = unloaded(settings(), list.clone());
    let before = list.loads.load(Ordering::Relaxed);
    assert_eq!(bench.heartbeat(&joined.member, 1), Ok(()));
    assert_eq!(bench.committed(), Some(5));
    assert_eq!(list.loads.load(Ordering::Relaxed) - before, 1);
    assert_eq!(bench.list().len(), 1, "a list is of all");
    assert_eq!(list.loads.load(Ordering::Relaxed) - before, 3);
}

#[test]
fn who_asks_while_a_partition_is_loaded_waits_for_all_of_it() {
    let (list, _) = written();
    let bench = unloaded(settings(), list.clone());
    let held = list.held.try_lock().expect("nobody loads");
    let (mut first, mut second) = (fetch(&bench), fetch(&bench));
    assert!(first.poll().is_none() && second.poll().is_none());
    let partition = bench.coordinator.partition_of(GROUP);
    assert_eq!(bench.coordinator.snapshot(partition, None), None, "what is not there yet is not kept");
    drop(held);
    assert_eq!(first.done(), Ok(Some(5)));
    assert_eq!(second.done(), Ok(Some(5)));
}

#[test]
fn who_gives_up_leaves_the_loading_to_the_next() {
    let (list, _) = written();
    let bench = unloaded(settings(), list.clone());
    let held = list.held.try_lock().expect("nobody loads");
    let (mut first, mut second) = (fetch(&bench), fetch(&bench));
    assert!(first.poll().is_none() && second.poll().is_none());
    drop(first);
    drop(held);
    assert_eq!(second.done(), Ok(Some(5)));
}

#[test]
fn who_waits_too_long_is_told_to_come_again() {
    let (list, joined) = written();
    let bench = unloaded(settings(), list.clone());
    let held = list.held.try_lock().expect("nobody loads");
    let mut waiting = fetch(&bench);
    assert!(waiting.poll().is_none());
    bench.clock.advance(Duration::from_secs(5));
    assert_eq!(waiting.poll(), Some(Err(GroupError::Loading)));
    drop(held);
    assert_eq!(fetch(&bench).done(), Ok(Some(5)));
    // The session began when the member could be heard.
    bench.pass(SESSION - Duration::from_millis(1));
    assert_eq!(bench.heartbeat(&joined.member, 1), Ok(()));
}

#[test]
fn what_cannot_be_read_is_tried_again() {
    let (list, _) = written();
    list.damaged.store(true, Ordering::Relaxed);
    let bench = bench_with(settings(), list.clone());
    assert_eq!(fetch(&bench).done(), Err(GroupError::Loading));
    assert_eq!(block_on(bench.coordinator.list()).value, Err(GroupError::Loading));
    assert_eq!(bench.commit("", -1, 6, ""), Err(GroupError::Loading));
    list.damaged.store(false, Ordering::Relaxed);
    assert_eq!(fetch(&bench).done(), Ok(Some(5)));
}
