//! The judge judged: right histories pass, and for each way to be wrong there are histories that are wrong just so.

use super::*;

const OPEN: Outcome<i64> = Outcome::Unknown;

fn t0() -> Partition {
    Partition::new("t", 0)
}

/// A history in which each operation ends before the next one begins.
#[derive(Default)]
struct Script(Vec<Operation>);

impl Script {
    fn act(mut self, client: u32, action: Action) -> Self {
        let start = self.0.len() as u64 * 10;
        self.0.push(Operation { client, start, end: Some(start + 5), action });
        self
    }

    /// Moves the last operation in time.
    fn during(mut self, start: u64, end: Option<u64>) -> Self {
        let last = self.0.last_mut().expect("there is one");
        (last.start, last.end) = (start, end);
        self
    }

    fn send(self, value: u64, outcome: Outcome<i64>) -> Self {
        let (partition, idempotent, transaction) = (t0(), true, None);
        self.act(1, Action::Produce { partition, value, idempotent, transaction, outcome })
    }

    fn sent(self, value: u64, offset: i64) -> Self {
        self.send(value, Outcome::Ok(offset))
    }

    fn sent_plainly(self, value: u64, outcome: Outcome<i64>) -> Self {
        let (partition, idempotent, transaction) = (t0(), false, None);
        self.act(1, Action::Produce { partition, value, idempotent, transaction, outcome })
    }

    fn sent_in(self, transaction: u64, value: u64, offset: i64) -> Self {
        let (partition, idempotent, outcome) = (t0(), true, Outcome::Ok(offset));
        self.act(1, Action::Produce { partition, value, idempotent, transaction: Some(transaction), outcome })
    }

    fn ended(self, transaction: u64, commit: bool) -> Self {
        self.act(1, Action::EndTransaction { transaction, commit, outcome: Outcome::Ok(()) })
    }

    fn polls(self, client: u32, committed: bool, records: &[(i64, u64)]) -> Self {
        let polled = |&(offset, value): &(i64, u64)| Polled { partition: t0(), offset, value };
        self.act(client, Action::Poll { records: records.iter().map(polled).collect(), committed })
    }

    fn polled(self, client: u32, records: &[(i64, u64)]) -> Self {
        self.polls(client, false, records)
    }

    fn assigned(self, client: u32, offset: Option<i64>) -> Self {
        self.act(client, Action::Assign { partitions: vec![Position { partition: t0(), offset }] })
    }

    fn sought(self, client: u32, offset: i64) -> Self {
        self.act(client, Action::Seek(Position { partition: t0(), offset: Some(offset) }))
    }

    fn deleted(self, before: i64, outcome: Outcome<i64>) -> Self {
        self.act(4, Action::DeleteRecords { partition: t0(), before, outcome })
    }

    fn census(self, log_start: i64, high_watermark: i64, records: &[(i64, u64)]) -> Self {
        let records = records.to_vec();
        self.act(9, Action::Census { partition: t0(), log_start, high_watermark, records })
    }

    fn committed(self, offset: i64, outcome: Outcome<()>) -> Self {
        self.act(5, Action::Commit { group: "g".into(), offsets: vec![(t0(), offset)], outcome })
    }

    fn finds(self, offset: Option<i64>) -> Self {
        self.act(6, Action::Committed { group: "g".into(), partition: t0(), offset })
    }

    fn check_with(&self, rules: Rules, expect: &[Kind]) {
        let verdict = judge(&self.0, rules);
        let found: Vec<_> = verdict.counts.keys().copied().collect();
        assert_eq!(found, expect, "{verdict}");
    }

    fn check(&self, expect: &[Kind]) {
        self.check_with(Rules { dense: true, ..Rules::default() }, expect);
    }
}

fn script() -> Script {
    Script::default()
}

#[test]
fn right_histories_pass() {
    script().check(&[]);
    script().sent(1, 0).sent(2, 1).polled(2, &[(0, 1), (1, 2)]).census(0, 2, &[(0, 1), (1, 2)]).check(&[]);
    // a record that is not acknowledged may be there or not
    script().send(1, OPEN).send(2, OPEN).sent(3, 1).polled(2, &[(0, 2), (1, 3)]).check(&[]);
    // offsets that nobody told of may be passed over: a marker may be there
    script().sent(1, 0).sent(2, 2).polled(2, &[(0, 1), (2, 2)]).check(&[]);
    // two consumers, each in its order; one goes back by a seek, the other by an assignment
    let both = script().sent(1, 0).sent(2, 1).polled(2, &[(0, 1), (1, 2)]).polled(3, &[(0, 1)]);
    both.sought(2, 0).polled(2, &[(0, 1)]).assigned(3, Some(0)).polled(3, &[(0, 1), (1, 2)]).check(&[]);
    script()
        .sent(1, 0)
        .sent(2, 1)
        .deleted(1, Outcome::Ok(1))
        .polled(2, &[(1, 2)])
        .census(1, 2, &[(1, 2)])
        .check(&[]);
}

#[test]
fn lost_records_are_found() {
    let passed = script().sent(1, 0).sent(2, 1).polled(2, &[(1, 2)]);
    passed.check(&[Kind::Lost]);
    script().sent(1, 0).sent(2, 1).census(0, 1, &[(0, 1)]).check(&[Kind::Lost]);
    script().sent(1, 0).census(0, 0, &[]).check(&[Kind::Lost]);
    // the start moved although nobody moved it
    script().sent(1, 0).sent(2, 1).census(1, 2, &[(1, 2)]).check(&[Kind::Lost]);
    // one that was only shown must stay too
    script().send(1, OPEN).polled(2, &[(0, 1)]).census(0, 0, &[]).check(&[Kind::Lost]);
    // a census that began earlier need not have it
    script().sent(1, 0).during(0, Some(30)).census(0, 0, &[]).check(&[]);
    // deleted is not lost; what may have been deleted neither
    script().sent(1, 0).sent(2, 1).deleted(1, Outcome::Unknown).polled(2, &[(1, 2)]).check(&[]);
    script().sent(1, 0).sent(2, 1).deleted(-1, Outcome::Unknown).census(2, 2, &[]).check(&[]);
    let gone = Action::DeleteTopic { topic: "t".into(), outcome: Outcome::Unknown };
    script().sent(1, 0).sent(2, 1).act(4, gone).polled(2, &[(1, 2)]).check(&[]);
}

#[test]
fn unseen_records_are_counted_and_lost_when_all_was_read() {
    let unseen = script().sent(1, 0).sent(2, 1).polled(2, &[(0, 1)]);
    unseen.check(&[]);
    assert_eq!(judge(&unseen.0, Rules::default()).unseen, 1);
    unseen.check_with(Rules { dense: true, all_read: true, ..Rules::default() }, &[Kind::Lost]);
}

#[test]
fn duplicates_are_found_where_they_are_promised_not_to_be() {
    script().send(1, OPEN).polled(2, &[(0, 1), (1, 1)]).check(&[Kind::Duplicate]);
    script().sent(1, 0).census(0, 2, &[(0, 1), (1, 1)]).check(&[Kind::Duplicate]);
    script().sent_plainly(1, OPEN).sent_plainly(2, OPEN).polled(2, &[(0, 1), (1, 2), (2, 1)]).check(&[]);
    // acknowledged at another offset than it is read at
    script().sent(1, 5).polled(2, &[(4, 1)]).check(&[Kind::Duplicate]);
}

#[test]
fn an_offset_with_two_values_is_found() {
    script().sent(1, 0).send(2, OPEN).polled(2, &[(0, 2)]).check(&[Kind::Lost, Kind::Inconsistent]);
    script()
        .send(1, OPEN)
        .send(2, OPEN)
        .polled(2, &[(0, 1)])
        .polled(3, &[(0, 2)])
        .check(&[Kind::Inconsistent]);
    script().sent(1, 0).sent(2, 0).check(&[Kind::Inconsistent]);
}

#[test]
fn what_was_refused_or_aborted_or_never_sent_is_not_shown() {
    script().send(1, Outcome::Failed).polled(2, &[(0, 1)]).check(&[Kind::AbortedRead]);
    script().polled(2, &[(0, 1)]).check(&[Kind::Unwritten]);
    let elsewhere = Polled { partition: Partition::new("t", 1), offset: 0, value: 1 };
    let poll = Action::Poll { records: vec![elsewhere], committed: false };
    script().sent(1, 0).act(2, poll).check(&[Kind::Duplicate, Kind::Unwritten]);
    let aborted = || script().sent_in(7, 1, 0).sent(2, 1).ended(7, false);
    aborted().polls(2, true, &[(0, 1), (1, 2)]).check(&[Kind::AbortedRead]);
    aborted().polls(2, false, &[(0, 1), (1, 2)]).check(&[]);
    aborted().assigned(2, Some(0)).polls(2, true, &[(1, 2)]).check(&[]);
    script().sent_in(7, 1, 0).ended(7, true).polls(2, true, &[(0, 1)]).check(&[]);
}

#[test]
fn a_committed_transaction_is_not_passed_over() {
    let committed = script().sent_in(7, 1, 0).sent(2, 1).ended(7, true).assigned(2, Some(0));
    committed.polls(2, true, &[(1, 2)]).check(&[Kind::Lost, Kind::Skipped]);
}

#[test]
fn consumers_go_forward() {
    let sent = || script().sent(1, 0).sent(2, 1).sent(3, 2);
    sent().polled(2, &[(1, 2), (0, 1), (2, 3)]).check(&[Kind::NonMonotonic, Kind::Skipped]);
    sent().polled(2, &[(0, 1), (1, 2), (2, 3)]).polled(2, &[(2, 3)]).check(&[Kind::NonMonotonic]);
    sent().polled(2, &[(0, 1)]).polled(3, &[(1, 2)]).polled(2, &[(2, 3)]).check(&[Kind::Skipped]);
    sent().polled(3, &[(0, 1)]).assigned(2, Some(0)).polled(2, &[(1, 2), (2, 3)]).check(&[Kind::Skipped]);
    sent().polled(3, &[(0, 1)]).sought(2, 2).polled(2, &[(1, 2), (2, 3)]).check(&[Kind::NonMonotonic]);
    // where it goes on is not known: anywhere
    sent().polled(3, &[(0, 1), (1, 2)]).assigned(2, None).polled(2, &[(2, 3)]).check(&[]);
    // what was deleted may be passed over
    sent().polled(2, &[(0, 1)]).deleted(2, Outcome::Ok(2)).polled(2, &[(2, 3)]).check(&[]);
}

#[test]
fn a_census_has_no_holes_where_offsets_are_dense() {
    let hole = script().sent(1, 0).sent(3, 2).census(0, 3, &[(0, 1), (2, 3)]);
    hole.check(&[Kind::Gap]);
    hole.check_with(Rules::default(), &[]);
    script().sent(1, 0).census(0, 2, &[(0, 1)]).check(&[Kind::Gap]);
}

#[test]
fn what_a_power_cut_may_take_is_an_end() {
    let rules = Rules { dense: true, ends_may_be_lost: true, ..Rules::default() };
    let sent = || script().sent(1, 0).sent(2, 1).sent(3, 2).polled(2, &[(0, 1), (1, 2), (2, 3)]);
    sent().census(0, 1, &[(0, 1)]).check_with(rules, &[]);
    sent().census(0, 0, &[]).check_with(rules, &[]);
    sent().census(0, 1, &[(0, 1)]).check(&[Kind::Lost]);
    // nothing before the end is lost, nor is it another record
    sent().census(0, 3, &[(0, 1), (2, 3)]).check_with(rules, &[Kind::Lost, Kind::Gap]);
    sent()
        .send(4, OPEN)
        .census(0, 2, &[(0, 1), (1, 4)])
        .check_with(rules, &[Kind::Inconsistent, Kind::Cycle]);
    // a start that went back is no wonder
    let back = || script().sent(1, 0).deleted(1, Outcome::Ok(1)).census(0, 1, &[(0, 1)]);
    back().check_with(rules, &[]);
    back().check(&[Kind::Resurrected]);
}

#[test]
fn what_is_told_to_be_damaged_is_not_missed() {
    let damaged = |from, to| Action::Damaged { partition: t0(), from, to };
    let sent = || script().sent(1, 0).sent(2, 1).sent(3, 2).sent(4, 3);
    let hole = || sent().census(0, 4, &[(0, 1), (3, 4)]);
    hole().act(9, damaged(1, 3)).check(&[]);
    hole().act(9, damaged(1, 2)).check(&[Kind::Lost, Kind::Gap]);
    hole().check(&[Kind::Lost, Kind::Gap]);
    sent().act(9, damaged(2, 4)).census(0, 4, &[(0, 1), (1, 2)]).check(&[]);
    sent().act(9, damaged(1, 2)).polled(3, &[(1, 2)]).polled(2, &[(0, 1), (2, 3)]).check(&[]);
    // shown it must be right all the same
    sent().act(9, damaged(1, 2)).polled(2, &[(0, 1), (1, 9)]).check(&[Kind::Inconsistent, Kind::Unwritten]);
}

#[test]
fn what_was_deleted_stays_deleted() {
    let back = script().sent(1, 0).sent(2, 1).deleted(1, Outcome::Ok(1)).census(0, 2, &[(0, 1), (1, 2)]);
    back.check(&[Kind::Resurrected]);
    let gone = Action::DeleteTopic { topic: "t".into(), outcome: Outcome::Ok(()) };
    script().sent(1, 0).act(4, gone).census(0, 1, &[(0, 1)]).check(&[Kind::Resurrected]);
}

#[test]
fn positions_of_groups_are_registers() {
    let done = Outcome::Ok(());
    script().finds(None).committed(3, done).finds(Some(3)).committed(2, done).finds(Some(2)).check(&[]);
    script().committed(3, done).finds(None).check(&[Kind::LostCommit]);
    script().committed(3, done).committed(5, done).finds(Some(3)).check(&[Kind::LostCommit]);
    script().finds(Some(3)).check(&[Kind::LostCommit]);
    script().committed(3, Outcome::Failed).finds(Some(3)).check(&[Kind::LostCommit]);
    // an outcome that nobody knows may be either, and at any time
    script().committed(3, done).committed(5, Outcome::Unknown).finds(Some(3)).finds(Some(5)).check(&[]);
    // two at once: either is the last
    let at_once = |found| {
        script().committed(3, done).during(0, Some(9)).committed(5, done).during(5, Some(8)).finds(found)
    };
    at_once(Some(3)).check(&[]);
    at_once(Some(5)).check(&[]);
    // read before it was written
    script().finds(Some(3)).committed(3, done).check(&[Kind::LostCommit]);
}

#[test]
fn orders_that_contradict_each_other_are_found() {
    // sent later, with a lower offset
    script().sent(1, 1).sent(2, 0).check(&[Kind::Cycle]);
    // at the same time, no order is wrong
    script().sent(1, 1).during(0, Some(20)).sent(2, 0).check(&[]);
    // read before it was sent
    script().polled(2, &[(0, 1)]).sent(1, 0).check(&[Kind::Cycle]);
    // a reader saw offset 1 before what is at offset 0 was sent
    let late = script().send(2, OPEN).during(0, None).polled(2, &[(1, 2)]).sent(1, 0).polled(3, &[(0, 1)]);
    late.check(&[Kind::Cycle]);
    let verdict = judge(&late.0, Rules::default());
    assert!(verdict.anomalies[0].words.contains("sent 1 to t-0"), "{verdict}");
}

#[test]
fn a_value_that_was_sent_twice_is_the_histories_own_mistake() {
    script().sent(1, 0).sent(1, 1).check(&[Kind::Duplicate, Kind::Ambiguous]);
}

#[test]
fn a_long_history_is_judged() {
    let mut script = script();
    let count: u64 = 20_000;
    for value in 0..count {
        script = script.sent(value, value as i64);
    }
    for client in 2..5 {
        for from in (0..count).step_by(100) {
            let records: Vec<_> = (from..from + 100).map(|value| (value as i64, value)).collect();
            script = script.polled(client, &records);
        }
    }
    script.check_with(Rules { dense: true, all_read: true, ..Rules::default() }, &[]);
    script.sent(count, 7).check(&[Kind::Lost, Kind::Inconsistent, Kind::Cycle]);
}

#[test]
fn histories_are_lines_of_json() {
    let script = script()
        .sent_in(7, 1, 0)
        .polled(2, &[(0, 1)])
        .assigned(2, None)
        .sought(2, 0)
        .committed(1, Outcome::Ok(()))
        .finds(None)
        .deleted(1, Outcome::Failed)
        .census(0, 1, &[(0, 1)])
        .ended(7, true);
    let mut bytes = Vec::new();
    for operation in &script.0 {
        write_line(&mut bytes, operation).expect("a vector takes it");
    }
    let read = read_lines(&bytes[..]).expect("they are well formed");
    assert_eq!(read, script.0);
    // a line that is cut off is nothing, unless others follow
    let first = bytes.iter().position(|byte| *byte == b'\n').expect("lines end") + 1;
    let cut = &bytes[..first + 20];
    assert_eq!(read_lines(cut).expect("the first line is whole").len(), 1);
    assert!(read_lines(&[cut, b"\n", &bytes[..first]].concat()[..]).is_err());
    let line =
        r#"{"client":3,"start":17,"end":20,"produce":{"partition":"a-b-0","value":5,"outcome":{"ok":9}}}"#;
    let read = read_lines(line.as_bytes()).expect("the form of the type's own words");
    assert_eq!(read[0].end, Some(20));
}
