//! A folder of a newer program, whichever of its files is newer: refused by name, and not touched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::disk::RealDisk;
use crate::facts::{Facts, LocalFacts, Reserve};
use crate::manifest::record::Record;
use crate::manifest::{Edit, Manifest};
use crate::storage::OpenError;

/// A folder with records in files, in the WAL, and among the facts.
fn folder() -> Folder {
    let mut folder = Folder::real(30);
    folder.options.facts_version_max = 1;
    let engine = folder.open();
    let log = engine.create(partition(1, 0));
    for round in 0..2 {
        block_on(engine.wait(engine.put(&log, 2, 300, round)));
        block_on(engine.checkpoint());
    }
    for round in 0..4 {
        block_on(engine.wait(engine.put(&log, 2, 300, round)));
    }
    engine.kill();
    let facts = facts(root(&folder), "cluster");
    block_on(facts.commit(0, vec![Bytes::from_static(&[1, 7])])).expect("the disk works");
    folder
}

fn root(folder: &Folder) -> &Path {
    match &folder.ground {
        Ground::Real(root) => root.path(),
        _ => unreachable!("these tests need a real folder"),
    }
}

fn facts(root: &Path, name: &str) -> LocalFacts {
    let disk = Arc::new(RealDisk::buffered(root).expect("the folder is there"));
    let reserve = block_on(Reserve::open(disk.clone())).expect("the disk works");
    LocalFacts::new(disk, name, reserve, Arc::new(SeededRandom::new(9)))
}

fn write(path: &Path, position: usize, byte: u8) {
    let mut bytes = std::fs::read(path).expect("it is there");
    bytes[position] = byte;
    std::fs::write(path, bytes).expect("the disk works");
}

fn all_bytes(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("it can be listed") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), std::fs::read(&path).expect("it can be read"));
            }
        }
    }
    found
}

/// Makes one thing of a folder newer, and opens it.
fn check(file: &str, change: impl FnOnce(&Path)) {
    let folder = folder();
    let root = root(&folder);
    change(root);
    // Something that a start would clear away.
    std::fs::write(root.join("wal/ring-9.new"), b"unfinished").expect("the disk works");
    let before = all_bytes(root);
    let opened = Storage::local(root, NodeId(1), folder.options.clone(), folder.world.clone());
    let words = match block_on(opened).err().expect("it is refused") {
        error @ (OpenError::Newer { .. } | OpenError::Lease(crate::leases::LeaseError::Newer { .. })) => {
            error.to_string()
        }
        error => panic!("{file}: {error:?}"),
    };
    let program = format!("start thalweg {}", env!("CARGO_PKG_VERSION"));
    assert!(words.contains(file) && words.contains(&program) && words.contains("changed nothing"), "{words}");
    let after = all_bytes(root);
    let changed: Vec<_> =
        before.iter().filter(|(path, bytes)| after.get(*path) != Some(bytes)).map(|(path, _)| path).collect();
    assert!(changed.is_empty() && before.len() == after.len(), "{file}: changed {changed:?}");
}

#[test]
fn the_folders_own_version() {
    check("shard-0.lease", |root| {
        let path = root.join("shard-0.lease");
        let text = std::fs::read_to_string(&path).expect("it is text");
        std::fs::write(path, text.replace("format = 1", "format = 2")).expect("the disk works");
    });
}

#[test]
fn files_of_facts() {
    check("facts/cluster", |root| write(&root.join("facts/cluster"), 7, 2));
    check("facts/shard-0", |root| write(&root.join("facts/shard-0"), 7, 2));
    // The last commit alone.
    check("facts/shard-0", |root| {
        let path = root.join("facts/shard-0");
        let bytes = std::fs::read(&path).expect("it is there");
        let last = (0..bytes.len()).step_by(4096).rfind(|page| bytes[*page..].starts_with(b"thlwgFA"));
        write(&path, last.expect("it has commits") + 7, 2);
    });
}

#[test]
fn records_among_the_facts() {
    check("facts/cluster", |root| {
        let facts = facts(root, "cluster");
        block_on(facts.commit(1, vec![Bytes::from_static(&[2, 1])])).expect("the disk works");
    });
    check("facts/shard-0", |root| {
        let (mut manifest, _) =
            block_on(Manifest::load(Arc::new(facts(root, "shard-0")))).expect("it is whole");
        let mut edit = Edit::default();
        edit.push(&Record::Format { version: crate::manifest::FORMAT + 1, node: NodeId(1) });
        block_on(manifest.commit(edit)).expect("the disk works");
    });
    // A kind of record that this program does not know.
    check("facts/shard-0", |root| {
        let facts = facts(root, "shard-0");
        let index = block_on(facts.load()).expect("it is whole").index;
        block_on(facts.commit(index, vec![Bytes::from_static(&[200, 1, 2])])).expect("the disk works");
    });
}

#[test]
fn blocks_of_the_wal() {
    // The first block, and one in the middle.
    check("wal/ring-0", |root| write(&root.join("wal/ring-0"), 7, 2));
    check("wal/ring-0", |root| write(&root.join("wal/ring-0"), 2 * 4096 + 7, 2));
}

#[test]
fn segment_files_and_packs() {
    check("segments/", |root| {
        let files = all_bytes(&root.join("segments"));
        let newest = files.keys().next_back().expect("there is one");
        write(newest, 7, crate::run_file::FORMAT + 1);
        let header = std::fs::read(newest).expect("it is there")[..28].to_vec();
        for (index, byte) in crate::run_file::sum(&header).to_le_bytes().into_iter().enumerate() {
            write(newest, header.len() + index, byte);
        }
    });
}

#[test]
fn a_version_that_rotted_is_no_newer_one() {
    let folder = folder();
    let root = root(&folder);
    let files = all_bytes(&root.join("segments"));
    write(files.keys().next_back().expect("there is one"), 7, crate::run_file::FORMAT ^ 0x40);
    let opened = block_on(Storage::local(root, NodeId(1), Options::default(), folder.world.clone()));
    assert!(opened.is_ok(), "{:?}", opened.err());
}
