//! The laws of `Leases`, for every backend; who is refused a data folder, and with which words.

use std::path::Path;
use std::sync::Arc;

use thalweg_model::NodeId;
use thalweg_model::world::block_on;
use thalweg_storage::disk::RealDisk;
use thalweg_storage::leases::{LeaseError, Leases, LocalLeases, MemoryLeases};

fn local(folder: &Path, node: i32) -> LocalLeases {
    LocalLeases::new(
        folder,
        Arc::new(RealDisk::buffered(folder).expect("the folder can be made")),
        NodeId(node),
    )
}

fn one_holder_at_a_time(leases: &dyn Leases) {
    let first = block_on(leases.hold("shard-0")).expect("nobody holds it");
    assert!(first.still_mine());
    assert!(matches!(block_on(leases.hold("shard-0")).err(), Some(LeaseError::Held { .. })));
    let epoch = first.epoch();
    drop(first);
    let second = block_on(leases.hold("shard-0")).expect("nobody holds it");
    assert_eq!(second.epoch(), epoch + 1);
}

#[test]
fn one_holder_at_a_time_in_memory() {
    one_holder_at_a_time(&MemoryLeases::default());
}

#[test]
fn one_holder_at_a_time_in_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    one_holder_at_a_time(&local(folder.path(), 1));
}

#[test]
fn the_words_of_a_refusal_say_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new");
    let held = block_on(local(&path, 1).hold("shard-0")).expect("nobody holds it");
    let refused = block_on(local(&path, 1).hold("shard-0")).err().expect("it is held");
    let words = refused.to_string();
    let process = format!("in use by process {}", std::process::id());
    assert!(words.contains(&process) && words.contains(&path.display().to_string()), "{words}");
    drop(held);
    let refused = block_on(local(&path, 2).hold("shard-0")).err().expect("it is node 1's");
    let words = refused.to_string();
    assert!(words.contains("belongs to node 1, and this is node 2"), "{words}");
    // being refused changes nothing
    assert_eq!(block_on(local(&path, 1).hold("shard-0")).expect("it is free").epoch(), 2);
}

#[test]
fn a_folder_of_the_future_and_a_damaged_one_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let leases = local(folder.path(), 1);
    let file = folder.path().join("shard-0.lease");
    for (text, newer) in [("format = 7\nnode.id = 1\nepoch = 1\n", true), ("nothing", false), ("", false)] {
        std::fs::write(&file, text).expect("it works");
        match block_on(leases.hold("shard-0")).err().expect("it is refused") {
            LeaseError::Newer { found: 7, known: 1, .. } => assert!(newer),
            LeaseError::Damaged { path, .. } => assert!(!newer && path == file),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_flipped_bit_in_a_lease_is_found_and_a_lease_without_a_checksum_is_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let leases = local(folder.path(), 1);
    drop(block_on(leases.hold("shard-0")).expect("nobody holds it"));
    let file = folder.path().join("shard-0.lease");
    let sound = std::fs::read(&file).expect("it was written");
    let last = sound.windows(8).position(|part| part == b"checksum").expect("it bears a checksum");
    let format = sound.windows(9).position(|part| part == b"format = ").expect("it has a format");
    // the name of the line itself may be lost: then it is one of the first programs'
    let places = (format + 10..last).chain(last + 11..sound.len() - 1);
    for (place, bit) in places.flat_map(|place| [0, 2, 6].map(|bit| (place, bit))) {
        let mut text = sound.clone();
        text[place] ^= 1 << bit;
        std::fs::write(&file, text).expect("it works");
        let refused = block_on(leases.hold("shard-0")).err().expect("it is refused");
        assert!(matches!(refused, LeaseError::Damaged { .. }), "bit {bit} of byte {place}: {refused}");
    }
    std::fs::write(&file, "format = 1\nnode.id = 1\nepoch = 41\n").expect("it works");
    assert_eq!(block_on(leases.hold("shard-0")).expect("it is sound").epoch(), 42);
}
