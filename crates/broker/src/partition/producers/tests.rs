//! The tables of sequences: in order, again, with a gap, after a wrap.

use super::*;

const LAST: i32 = i32::MAX;

fn stamp(epoch: i16, base_sequence: i32, records: u32) -> Stamp {
    Stamp { producer: ProducerId(7), epoch: ProducerEpoch(epoch), base_sequence, last_delta: records - 1 }
}

/// A producer that wrote these batches (epoch, sequence, records) from offset 0 on.
fn after_batches(batches: &[(i16, i32, u32)]) -> Producers {
    let mut producers = Producers::default();
    let mut offset = 0;
    for (epoch, sequence, records) in batches {
        let stamp = stamp(*epoch, *sequence, *records);
        producers.remember(&stamp, Offset(offset), TimestampMs(1000 + offset));
        offset += i64::from(*records);
    }
    producers
}

#[derive(Debug, PartialEq)]
enum Expect {
    Next,
    /// The same as the batch at this offset.
    Duplicate(i64),
    /// Another sequence was to come.
    Gap(i32),
    Fenced,
}

fn check(before: &[(i16, i32, u32)], batch: (i16, i32, u32), expect: Expect) {
    let found = match after_batches(before).check(&stamp(batch.0, batch.1, batch.2)) {
        Ok(Sequenced::Next) => Expect::Next,
        Ok(Sequenced::Duplicate(first)) => Expect::Duplicate(first.base_offset.0),
        Err(AppendError::OutOfOrderSequence { expected, .. }) => Expect::Gap(expected),
        Err(AppendError::InvalidProducerEpoch { .. }) => Expect::Fenced,
        Err(other) => panic!("{other}"),
    };
    assert_eq!(found, expect, "{before:?} then {batch:?}");
}

#[test]
fn sequences_follow_each_other() {
    check(&[], (0, 0, 3), Expect::Next);
    // Of who is not known (any more), everything is taken.
    check(&[], (4, 17, 3), Expect::Next);
    check(&[(0, 0, 3)], (0, 3, 2), Expect::Next);
    check(&[(0, 0, 3)], (0, 4, 2), Expect::Gap(3));
    check(&[(0, 0, 3)], (0, 2, 2), Expect::Gap(3));
    check(&[(0, 17, 3)], (0, 20, 1), Expect::Next);
}

#[test]
fn each_of_the_last_five_batches_is_known_again() {
    let batches = [(0, 0, 1), (0, 1, 2), (0, 3, 3), (0, 6, 1), (0, 7, 1), (0, 8, 4)];
    check(&batches, (0, 0, 1), Expect::Gap(12));
    check(&batches, (0, 1, 2), Expect::Duplicate(1));
    check(&batches, (0, 3, 3), Expect::Duplicate(3));
    check(&batches, (0, 6, 1), Expect::Duplicate(6));
    check(&batches, (0, 7, 1), Expect::Duplicate(7));
    check(&batches, (0, 8, 4), Expect::Duplicate(8));
    // The same beginning with another end is not the same batch.
    check(&batches, (0, 8, 3), Expect::Gap(12));
    check(&batches, (0, 12, 1), Expect::Next);
}

#[test]
fn sequences_begin_again_after_the_largest() {
    check(&[(0, LAST, 1)], (0, 0, 1), Expect::Next);
    check(&[(0, LAST, 1)], (0, LAST, 1), Expect::Duplicate(0));
    check(&[(0, LAST - 1, 4)], (0, 2, 1), Expect::Next);
    check(&[(0, LAST - 1, 4)], (0, LAST - 1, 4), Expect::Duplicate(0));
    check(&[(0, LAST - 1, 4)], (0, 1, 1), Expect::Gap(2));
}

#[test]
fn a_new_incarnation_begins_at_zero_and_fences_the_old_one() {
    check(&[(3, 0, 5)], (4, 0, 1), Expect::Next);
    check(&[(3, 0, 5)], (4, 5, 1), Expect::Gap(0));
    check(&[(3, 0, 5)], (2, 5, 1), Expect::Fenced);
    check(&[(3, 0, 5), (4, 0, 1)], (3, 5, 1), Expect::Fenced);
    // Batches of the old incarnation are not known again, not even under the new one.
    check(&[(3, 0, 5), (4, 0, 1)], (4, 0, 5), Expect::Gap(1));
    check(&[(3, 0, 5), (4, 0, 1)], (4, 0, 1), Expect::Duplicate(5));
}

#[test]
fn who_is_silent_for_long_is_forgotten() {
    let mut producers = after_batches(&[(0, 0, 1)]);
    producers.expire(TimestampMs(1499), 500);
    assert!(!producers.is_empty());
    producers.expire(TimestampMs(1500), 500);
    assert!(producers.is_empty());
}

fn decode(bytes: Bytes) -> Result<Producers, BadSnapshot> {
    let mut producers = Producers::default();
    producers.take_in(bytes).map(|()| producers)
}

#[test]
fn changes_make_an_older_snapshot_the_same() {
    let mut producers = after_batches(&[(3, 0, 5), (4, 0, 1)]);
    let mut again = decode(producers.encode()).expect("it was just written");
    assert!(producers.encode_since(Offset(6)).is_empty());
    let other = Stamp { producer: ProducerId(8), ..stamp(0, 0, 2) };
    producers.remember(&other, Offset(6), TimestampMs(1006));
    let changes = producers.encode_since(Offset(6));
    assert_eq!(changes.len(), 5 + PRODUCER_BYTES_MIN + BATCH_BYTES, "the one that wrote, alone");
    again.take_in(changes).expect("it was just written");
    producers.remember(&stamp(4, 1, 2), Offset(8), TimestampMs(1008));
    again.take_in(producers.encode_since(Offset(8))).expect("it was just written");
    assert_eq!(again.encode(), producers.encode());
}

#[test]
fn a_snapshot_comes_back_the_same() {
    let producers = after_batches(&[(3, 0, 5), (4, 0, 1), (4, 1, 2)]);
    let again = decode(producers.encode()).expect("it was just written");
    assert_eq!(again.active(), producers.active());
    assert_eq!(again.encode(), producers.encode());
    let known = again.check(&stamp(4, 1, 2)).expect("it was written before");
    assert!(matches!(known, Sequenced::Duplicate(first) if first.base_offset == Offset(6)));
}

#[test]
fn the_format_of_snapshots_stays() {
    let bytes = after_batches(&[(3, 9, 2)]).encode();
    let expect: &[&[u8]] = &[
        &[1, 0, 0, 0, 1],
        &[0, 0, 0, 0, 0, 0, 0, 7, 0, 3, 0, 0, 0, 0, 0, 0, 3, 232, 1],
        &[0, 0, 0, 9, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 232],
    ];
    assert_eq!(bytes, expect.concat());
}

#[test]
fn damaged_snapshots_are_errors() {
    let good = after_batches(&[(3, 0, 5), (3, 5, 1)]).encode();
    for end in 0..good.len() {
        assert!(decode(good.slice(..end)).is_err(), "cut at {end}");
    }
    let mut longer = good.to_vec();
    longer.push(0);
    assert!(decode(longer.into()).is_err());
    let boastful = [1, 255, 255, 255, 255];
    assert!(decode(Bytes::copy_from_slice(&boastful)).is_err());
}
