//! Which bit is flipped, what is told and what is given out.

use bytes::Bytes;
use thalweg_model::batch::{BatchBuilder, BatchOptions, NewRecord};
use thalweg_model::{LeaderEpoch, Offset};

use super::*;
use crate::blobs::MemoryBlob;

const BATCHES: i64 = 8;
const RECORDS: i64 = 2;

/// Batches of two records each, from an offset on; epoch 1, and 2 from offset 8 on.
fn run(base: i64) -> (Vec<u8>, Vec<usize>) {
    let (mut bytes, mut begins) = (Vec::new(), Vec::new());
    for index in 0..BATCHES {
        let offset = base + index * RECORDS;
        let epoch = if offset < 8 { 1 } else { 2 };
        let options = BatchOptions {
            base_offset: Offset(offset),
            partition_leader_epoch: LeaderEpoch(epoch),
            ..BatchOptions::default()
        };
        let mut builder = BatchBuilder::new(options);
        for _ in 0..RECORDS {
            builder.append(NewRecord { value: Some(&[2; 40]), ..NewRecord::default() });
        }
        begins.push(bytes.len());
        bytes.extend_from_slice(&builder.finish().expect("nothing is compressed"));
    }
    (bytes, begins)
}

fn expected(length: usize, base: i64) -> Run {
    let epochs = vec![EpochRow { start: 0, epoch: 1 }, EpochRow { start: 8, epoch: 2 }];
    Run::whole(length as u64, base, BATCHES * RECORDS).with_epochs(epochs)
}

/// All that can be read offset by offset, and what is told of the rest.
fn read_all(bytes: &[u8], from: i64) -> (Vec<u8>, Vec<(i64, i64)>) {
    let blob = MemoryBlob::new(Bytes::copy_from_slice(bytes));
    let (mut good, mut damaged, mut from) = (Vec::new(), Vec::new(), from);
    while from < BATCHES * RECORDS {
        let want = Want { from, upto: i64::MAX, bytes_max: 1, first_anyway: true };
        match cut(Walk::checking(&blob, expected(bytes.len(), 0)), want) {
            Ok(Some(cut)) => {
                good.extend_from_slice(&bytes[cut.position as usize..][..cut.length as usize]);
                assert!(cut.next > from, "it gets on");
                from = cut.next;
            }
            Ok(None) => panic!("nothing at {from}, and nothing told"),
            Err(WalkError::Damaged(found)) => {
                assert!(found.from <= from && from < found.to, "{found:?} at {from}");
                damaged.push((found.from, found.to));
                from = found.to;
            }
            Err(WalkError::Io(error)) => panic!("{error}"),
        }
    }
    (good, damaged)
}

/// The law: whichever bit is flipped, what is given out was written, and what is not damaged is given out.
#[test]
fn every_flipped_bit_is_found_and_costs_its_batch_alone() {
    let (bytes, begins) = run(0);
    let size = begins[1];
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let hit = bit / 8 / size;
        let (good, damaged) = read_all(&flipped, 0);
        let mut without = bytes.clone();
        without.drain(hit * size..(hit + 1) * size);
        let base = hit as i64 * RECORDS;
        assert_eq!(damaged, [(base, base + RECORDS)], "bit {bit}, byte {} of batch {hit}", bit / 8 % size);
        assert_eq!(good, without, "bit {bit}");
    }
}

#[test]
fn two_damaged_neighbours_cost_what_they_hold() {
    let (bytes, begins) = run(0);
    // body and body, header and body, length and length, base and base
    for (first, second) in [(70, 70), (16, 90), (9, 9), (7, 7)] {
        for hit in 0..begins.len() - 1 {
            let mut flipped = bytes.clone();
            flipped[begins[hit] + first] ^= 0x10;
            flipped[begins[hit + 1] + second] ^= 0x10;
            let (good, damaged) = read_all(&flipped, 0);
            let mut without = bytes.clone();
            without.drain(begins[hit]..begins.get(hit + 2).copied().unwrap_or(bytes.len()));
            assert_eq!(good, without, "{first} {second} {hit}: {damaged:?}");
        }
    }
}

#[test]
fn a_batch_inside_of_a_damaged_one_is_not_taken_for_one_of_the_run() {
    let (inner, _) = run(4);
    let options = BatchOptions { partition_leader_epoch: LeaderEpoch(1), ..BatchOptions::default() };
    let mut builder = BatchBuilder::new(options);
    builder.append(NewRecord { value: Some(&inner[..inner.len() / 8]), ..NewRecord::default() });
    let outer = builder.finish().expect("nothing is compressed");
    let (rest, _) = run(1);
    let mut bytes = [&outer[..], &rest[..]].concat();
    bytes[16] ^= 0x10;
    let blob = MemoryBlob::new(Bytes::from(bytes));
    let run = Run::whole(blob.len(), 0, 1 + BATCHES * RECORDS);
    let mut walk = Walk::checking(&blob, run);
    match walk.next() {
        Err(WalkError::Damaged(found)) => assert_eq!((found.from, found.to), (0, 1)),
        other => panic!("{:?}", other.map(|step| step.map(|step| step.position))),
    }
    assert_eq!(walk.next().expect("it is whole").map(|step| step.position), Some(outer.len() as u64));
}

#[test]
fn a_first_batch_may_begin_below_its_run_if_the_next_agrees() {
    let (bytes, begins) = run(0);
    let blob = MemoryBlob::new(Bytes::copy_from_slice(&bytes));
    let mut walk = Walk::checking(&blob, Run::whole(blob.len(), 1, BATCHES * RECORDS));
    assert_eq!(walk.next().expect("it is whole").map(|step| step.base()), Some(0));
    // The second batch alone, with a base offset that is wrong.
    let mut flipped = bytes[begins[1]..].to_vec();
    flipped[7] ^= 2;
    let blob = MemoryBlob::new(Bytes::from(flipped));
    let mut walk = Walk::checking(&blob, Run::whole(blob.len(), 2, BATCHES * RECORDS));
    assert!(matches!(walk.next(), Err(WalkError::Damaged(Damaged { from: 2, to: 4, .. }))));
}

#[test]
fn a_run_too_short_for_a_batch_is_damage() {
    let (bytes, begins) = run(0);
    for length in [1, 41, 60, begins[1] + 1, begins[1] + 60] {
        let (_, damaged) = read_all(&bytes[..length], 0);
        let from = if length < begins[1] { 0 } else { RECORDS };
        assert_eq!(damaged, [(from, BATCHES * RECORDS)], "{length} bytes");
    }
}
