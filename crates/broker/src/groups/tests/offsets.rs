//! Committed offsets: who may commit, how long they stay, how they are found again.

use super::*;

#[test]
fn a_consumer_without_a_group_commits_and_finds_it_again() {
    let bench = bench();
    assert_eq!(bench.committed(), None);
    assert_eq!(bench.commit("", -1, 7, ""), Ok(()));
    assert_eq!(bench.committed(), Some(7));
    assert_eq!(bench.restarted().committed(), Some(7));
}

#[test]
fn only_members_of_the_generation_commit_to_a_group_that_has_members() {
    let bench = bench();
    assert_eq!(bench.commit("m", 1, 1, ""), Err(GroupError::GroupNotFound));
    let joined = bench.alone();
    assert_eq!(bench.commit("", -1, 1, ""), Err(GroupError::UnknownMember));
    assert_eq!(bench.commit("m", 1, 1, ""), Err(GroupError::UnknownMember));
    assert_eq!(bench.commit(&joined.member, 2, 1, ""), Err(GroupError::IllegalGeneration));
    assert_eq!(bench.commit(&joined.member, 1, 1, ""), Ok(()));
    assert_eq!(bench.committed(), Some(1));
}

#[test]
fn long_metadata_is_refused_and_changes_nothing() {
    let bench = bench();
    assert_eq!(bench.commit("", -1, 1, "0123456789abcdefg"), Err(GroupError::OffsetMetadataTooLarge));
    assert_eq!(bench.committed(), None);
    assert!(bench.list.records.lock().is_empty());
}

#[test]
fn offsets_expire_when_nobody_has_been_there_for_the_retention() {
    let bench = bench();
    let joined = bench.alone();
    assert_eq!(bench.commit(&joined.member, 1, 5, ""), Ok(()));
    for _ in 0..720 {
        bench.pass(Duration::from_secs(5));
        assert_eq!(bench.heartbeat(&joined.member, 1), Ok(()));
    }
    let expire = |bench: &Bench| {
        let coordinator = bench.coordinator.clone();
        Pending::start(async move { coordinator.expire_offsets().await }).done();
    };
    assert_eq!(bench.leave(&joined.member), Ok(()));
    bench.pass(Duration::from_secs(3599));
    expire(&bench);
    assert_eq!(bench.committed(), Some(5), "it counts from when the last member left");
    // What an administrator moves has no time of its own.
    assert_eq!(bench.commit("", -1, 4, ""), Ok(()));
    bench.pass(Duration::from_secs(1));
    expire(&bench);
    assert_eq!(bench.committed(), None);
    assert_eq!(bench.described(), Err(GroupError::GroupNotFound));
    assert!(bench.restarted().list().is_empty(), "and stays forgotten");
}

#[test]
fn a_group_with_members_cannot_be_deleted() {
    let bench = bench();
    let delete = |bench: &Bench| {
        let coordinator = bench.coordinator.clone();
        Pending::start(async move { coordinator.delete(GROUP).await.value }).done()
    };
    assert_eq!(delete(&bench), Err(GroupError::GroupNotFound));
    let joined = bench.alone();
    assert_eq!(bench.commit(&joined.member, 1, 5, ""), Ok(()));
    assert_eq!(delete(&bench), Err(GroupError::NonEmptyGroup));
    assert_eq!(bench.leave(&joined.member), Ok(()));
    assert_eq!(delete(&bench), Ok(()));
    assert_eq!(bench.restarted().committed(), None);
}

#[test]
fn a_group_without_offsets_stays_until_the_next_round_of_expiry() {
    let bench = bench();
    assert_eq!(bench.commit("", -1, 7, ""), Ok(()));
    let delete = |bench: &Bench| {
        let coordinator = bench.coordinator.clone();
        let partition = [("t", PartitionIndex(0))];
        Pending::start(async move { coordinator.delete_offsets(GROUP, &partition).await.value }).done()
    };
    assert_eq!(delete(&bench), Ok(vec![Ok(())]));
    assert_eq!(bench.committed(), None);
    assert_eq!(delete(&bench), Ok(vec![Ok(())]), "the group is there, it only has nothing");
    let coordinator = bench.coordinator.clone();
    Pending::start(async move { coordinator.expire_offsets().await }).done();
    assert_eq!(delete(&bench), Err(GroupError::GroupNotFound));
}

#[test]
fn the_group_without_a_name_can_be_deleted_and_not_its_offsets() {
    let bench = bench();
    let coordinator = bench.coordinator.clone();
    Pending::start(async move {
        assert_eq!(coordinator.delete("").await.value, Err(GroupError::GroupNotFound));
        assert_eq!(coordinator.delete_offsets("", &[]).await.value, Err(GroupError::InvalidGroupId));
        let offset = CommitOffset {
            topic: "t",
            topic_id: TopicId::ZERO,
            partition: PartitionIndex(0),
            offset: Offset(3),
            leader_epoch: None,
            metadata: "",
        };
        let (group, member, generation) = ("", "", -1);
        let commit =
            Commit { group, member, instance: None, generation, retention: None, offsets: vec![offset] };
        assert_eq!(coordinator.commit(commit).await.value, Ok(vec![Ok(())]));
        assert_eq!(coordinator.delete("").await.value, Ok(()));
        assert_eq!(coordinator.delete("").await.value, Err(GroupError::GroupNotFound));
    })
    .done();
}

#[test]
fn offsets_of_a_deleted_topic_are_forgotten() {
    let bench = bench();
    assert_eq!(bench.commit("", -1, 7, ""), Ok(()));
    let coordinator = bench.coordinator.clone();
    Pending::start(async move { coordinator.forget_topic("t").await }).done();
    assert_eq!(bench.committed(), None);
    assert_eq!(bench.restarted().committed(), None);
}

#[test]
fn the_partition_of_a_group_is_the_one_that_java_computes() {
    let clock = ManualClock::new(TimestampMs(0));
    let world = World {
        clock: Arc::new(clock),
        random: Arc::new(SeededRandom::new(1)),
        spawner: Arc::new(Threads),
        meter: Arc::new(NoMeter),
    };
    let coordinator = Coordinator::new(50, Arc::new(Arc::<List>::default()), settings(), world);
    // "hello".hashCode() is 99162322; "polygenelubricants" hashes to the least integer.
    assert_eq!(coordinator.partition_of("hello"), PartitionIndex(99_162_322 % 50));
    assert_eq!(coordinator.partition_of("polygenelubricants"), PartitionIndex(0));
    assert_eq!(coordinator.partition_of(""), PartitionIndex(0));
}
