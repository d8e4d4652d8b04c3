//! Joining, rebalancing, leaving.

use super::*;

#[test]
fn a_member_alone_leads_the_first_generation() {
    let bench = bench();
    let joined = bench.join(who("")).done().expect("joined");
    assert_eq!((joined.generation, joined.members.len()), (1, 1));
    assert_eq!(joined.leader, joined.member);
    assert_eq!(bench.state(), GroupState::CompletingRebalance);
    let given: [(&str, &'static [u8]); 1] = [(&joined.member, b"x")];
    let synced = bench.sync(&joined.member, 1, &given).done().expect("synced");
    assert_eq!(synced.assignment, "x");
    assert_eq!(bench.state(), GroupState::Stable);
    assert_eq!(bench.heartbeat(&joined.member, 1), Ok(()));
    assert_eq!(bench.heartbeat(&joined.member, 2), Err(GroupError::IllegalGeneration));
    assert_eq!(bench.heartbeat("nobody", 1), Err(GroupError::UnknownMember));
}

#[test]
fn a_client_of_two_steps_gets_its_id_first() {
    let bench = bench();
    let refused = bench.join(Who { two_steps: true, ..who("") }).done().expect_err("an id first");
    assert_eq!(refused.error, GroupError::MemberIdRequired);
    let joined = bench.join(Who { two_steps: true, ..who(&refused.member) }).done().expect("joined");
    assert_eq!(joined.member, refused.member);
}

#[test]
fn an_id_that_was_never_given_is_not_known() {
    let bench = bench();
    assert_eq!(
        bench.join(who("made-up")).done().expect_err("no such member").error,
        GroupError::UnknownMember
    );
    bench.alone();
    assert_eq!(
        bench.join(who("made-up")).done().expect_err("no such member").error,
        GroupError::UnknownMember
    );
}

#[test]
fn a_second_member_makes_the_first_join_again() {
    let bench = bench();
    let first = bench.alone();
    let mut second = bench.join(who(""));
    assert!(second.poll().is_none(), "waits for the first");
    assert_eq!(bench.heartbeat(&first.member, 1), Err(GroupError::RebalanceInProgress));
    let again = bench.join(who(&first.member)).done().expect("joined again");
    let second = second.done().expect("joined");
    assert_eq!((again.generation, second.generation), (2, 2));
    assert_eq!(again.members.len(), 2);
    assert!(second.members.is_empty(), "told to the leader alone");
    let mut follower = bench.sync(&second.member, 2, &[]);
    assert!(follower.poll().is_none(), "waits for the leader");
    let given: [(&str, &'static [u8]); 2] = [(&again.member, b"a"), (&second.member, b"b")];
    assert_eq!(bench.sync(&again.member, 2, &given).done().expect("synced").assignment, "a");
    assert_eq!(follower.done().expect("synced").assignment, "b");
}

#[test]
fn who_does_not_join_again_in_time_is_out() {
    let bench = bench();
    let first = bench.alone();
    let mut second = bench.join(who(""));
    assert!(second.poll().is_none());
    bench.pass(SESSION);
    let second = second.done().expect("joined");
    assert_eq!(second.generation, 2);
    assert_eq!(second.leader, second.member);
    assert_eq!(bench.heartbeat(&first.member, 2), Err(GroupError::UnknownMember));
}

#[test]
fn a_member_that_is_not_heard_from_is_out() {
    let bench = bench();
    let joined = bench.alone();
    bench.pass(SESSION / 2);
    assert_eq!(bench.heartbeat(&joined.member, 1), Ok(()));
    bench.pass(SESSION / 2);
    assert_eq!(bench.state(), GroupState::Stable, "the life sign counts");
    bench.pass(SESSION / 2);
    assert_eq!(bench.state(), GroupState::Empty);
}

#[test]
fn a_leave_empties_the_group_at_once() {
    let bench = bench();
    let joined = bench.alone();
    assert_eq!(bench.leave("nobody"), Err(GroupError::UnknownMember));
    assert_eq!(bench.leave(&joined.member), Ok(()));
    assert_eq!(bench.state(), GroupState::Empty);
}

#[test]
fn followers_that_never_sync_are_out() {
    let bench = bench();
    let first = bench.join(who("")).done().expect("joined");
    let mut second = bench.join(who(""));
    let first = bench.join(Who { ..who(&first.member) });
    let (first, second) = (first.done().expect("joined"), second.poll().expect("answered").expect("joined"));
    let given: [(&str, &'static [u8]); 1] = [(&first.member, b"a")];
    bench.sync(&first.member, first.generation, &given).done().expect("synced");
    for _ in 0..REBALANCE.as_secs() / 5 {
        for member in [&first.member, &second.member] {
            let _ = bench.heartbeat(member, first.generation);
        }
        bench.pass(Duration::from_secs(5));
    }
    let described = bench.described().expect("the group is there");
    assert_eq!(described.members.iter().map(|m| &m.id).collect::<Vec<_>>(), [&first.member]);
}

#[test]
fn a_group_has_room_for_so_many() {
    let bench = bench();
    bench.alone();
    // The first need not come back, so three more may wait for the next generation.
    let _waiting: Vec<_> = (0..3).map(|_| bench.join(who(""))).collect();
    let refused = bench.join(who("")).done().expect_err("full");
    assert_eq!(refused.error, GroupError::GroupMaxSizeReached);
}

#[test]
fn a_full_group_takes_nobody_without_an_id_of_its_own() {
    let bench = bench();
    let named = |name: &str| Who { instance: Some(name.into()), ..who("") };
    let first = bench.join(named("one")).done().expect("joined");
    // Ids that are given count for nothing until somebody comes with them.
    for _ in 0..5 {
        let two_steps = Who { two_steps: true, ..who("") };
        let refused = bench.join(two_steps).done().expect_err("the id comes first");
        assert_eq!(refused.error, GroupError::MemberIdRequired);
    }
    let others = [bench.join(named("two")), bench.join(named("three"))];
    let again = bench.join(Who { instance: Some("one".into()), ..who(&first.member) });
    let bench = &bench;
    bench.pass(REBALANCE);
    again.done().expect("joined");
    for other in others {
        other.done().expect("joined");
    }
    assert_eq!(bench.state(), GroupState::CompletingRebalance);
    for name in ["two", "four"] {
        let refused = bench.join(named(name)).done().expect_err("there are three");
        assert_eq!(refused.error, GroupError::GroupMaxSizeReached, "{name}");
    }
}

#[test]
fn a_member_keeps_its_assignment_until_there_is_another() {
    let bench = bench();
    let first = bench.alone();
    let _second = bench.join(who(""));
    let described = bench.described().expect("there is a group");
    assert_eq!(described.state, GroupState::PreparingRebalance);
    let member = described.members.iter().find(|member| member.id == first.member).expect("it is there");
    assert_eq!((&member.assignment[..], &member.metadata[..]), (&b"all"[..], &b""[..]));
}

#[test]
fn protocols_must_have_one_in_common() {
    let bench = bench();
    bench.alone();
    let refused =
        bench.join(Who { protocols: vec!["sticky"], ..who("") }).done().expect_err("nothing in common");
    assert_eq!(refused.error, GroupError::InconsistentProtocol);
}

#[test]
fn the_protocol_most_prefer_is_chosen() {
    let bench = bench();
    let first = bench.join(Who { protocols: vec!["range", "sticky"], ..who("") }).done().expect("joined");
    let _second = bench.join(Who { protocols: vec!["sticky", "range"], ..who("") });
    let _third = bench.join(Who { protocols: vec!["sticky", "range"], ..who("") });
    let again =
        bench.join(Who { protocols: vec!["range", "sticky"], ..who(&first.member) }).done().expect("joined");
    assert_eq!(again.protocol.as_deref(), Some("sticky"));
}

#[test]
fn a_static_member_comes_back_without_a_rebalance() {
    let bench = bench();
    let named = Who { instance: Some("one".into()), skips: true, ..who("") };
    let first = bench.join(named.clone()).done().expect("joined");
    let given: [(&str, &'static [u8]); 1] = [(&first.member, b"a")];
    bench.sync(&first.member, 1, &given).done().expect("synced");
    let back = bench.join(named).done().expect("joined");
    assert_ne!(back.member, first.member);
    assert_eq!((back.generation, back.skip_assignment), (1, true));
    assert_eq!(bench.sync(&back.member, 1, &[]).done().expect("synced").assignment, "a");
    assert_eq!(bench.state(), GroupState::Stable);
    let old = Who { instance: Some("one".into()), ..who(&first.member) };
    assert_eq!(bench.join(old).done().expect_err("replaced").error, GroupError::FencedInstance);
}

#[test]
fn a_first_rebalance_waits_for_more_members() {
    let delay = Duration::from_secs(3);
    let bench = bench_with(GroupSettings { initial_rebalance_delay: delay, ..settings() }, Arc::default());
    let mut first = bench.join(who(""));
    bench.pass(Duration::from_secs(2));
    let mut second = bench.join(who(""));
    bench.pass(Duration::from_secs(1));
    assert!(first.poll().is_none(), "a newcomer makes it wait once more");
    bench.pass(delay);
    let members = first.done().expect("joined").members.len()
        + second.poll().expect("told").expect("joined").members.len();
    assert_eq!(members, 2);
}

#[test]
fn a_restart_keeps_generation_and_members() {
    let bench = bench();
    let joined = bench.alone();
    let again = bench.restarted();
    assert_eq!(again.heartbeat(&joined.member, 1), Ok(()));
    assert_eq!(again.sync(&joined.member, 1, &[]).done().expect("synced").assignment, "all");
    again.pass(SESSION);
    assert_eq!(again.state(), GroupState::Empty, "who does not come back is out");
}

#[test]
fn nothing_changes_while_the_log_takes_nothing() {
    let bench = bench();
    let joined = bench.alone();
    bench.list.full.store(true, Ordering::Relaxed);
    assert_eq!(bench.leave(&joined.member), Err(GroupError::Unavailable));
    assert_eq!(bench.heartbeat(&joined.member, 1), Ok(()), "a life sign writes nothing");
    bench.pass(SESSION);
    bench.list.full.store(false, Ordering::Relaxed);
    assert_eq!(bench.state(), GroupState::Stable);
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.state(), GroupState::Empty, "the deadline was not forgotten");
}

#[test]
fn who_waits_is_told_when_the_coordinator_ends() {
    let bench = bench();
    bench.alone();
    let mut waiting = bench.join(who(""));
    assert!(waiting.poll().is_none());
    bench.coordinator.close();
    assert_eq!(waiting.done().expect_err("closing").error, GroupError::Closing);
}
