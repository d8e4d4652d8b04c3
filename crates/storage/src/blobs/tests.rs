//! The laws of blobs, for each backend.

use std::io::ErrorKind;

use thalweg_model::world::{SeededRandom, block_on};

use super::*;
use crate::disk::MemoryDisk;

async fn put(blobs: &dyn Blobs, name: &str, bytes: &[u8]) -> io::Result<()> {
    put_as(blobs, name, bytes, Cached::Kept).await
}

async fn put_as(blobs: &dyn Blobs, name: &str, bytes: &[u8], cached: Cached) -> io::Result<()> {
    let mut writer = blobs.create(name, cached).await?;
    write_all(&mut *writer, bytes).await?;
    writer.finish().await
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 7 + at / 256) as u8).collect()
}

async fn what_was_written_is_read(blobs: &dyn Blobs) {
    let lengths = [0, 1, 4095, 4096, 4097, (1 << 18) + 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 5000];
    let ways = [Cached::Kept, Cached::Passed];
    for (length, cached) in lengths.iter().flat_map(|length| ways.map(|way| (*length, way))) {
        let name = format!("{length:016x}-{cached:?}.run");
        let bytes = pattern(length);
        put_as(blobs, &name, &bytes, cached).await.expect("it can be written");
        let blob = blobs.open(&name).await.expect("it was written");
        assert_eq!(blob.len(), length as u64);
        let mut found = vec![0; length];
        blob.read(&mut found, 0).expect("all of it is there");
        assert!(found == bytes, "{length} bytes are those that were written");
        assert!(blob.read(&mut [0], length as u64).is_err(), "there is nothing behind the end");
        if length > 10 {
            let region = blob.region(3, 7).bytes().expect("the region can be read");
            assert_eq!(region[..], bytes[3..10]);
            assert!(blob.is_at_hand(5));
        }
    }
}

async fn large_and_small_pieces_lie_in_their_order(blobs: &dyn Blobs) {
    let pieces = [5, 70_000, 4096, 300_001, 1, 65_536, 1_000_000, 3];
    let bytes = pattern(pieces.iter().sum());
    for cached in [Cached::Kept, Cached::Passed] {
        let name = format!("{cached:?}.run");
        let mut writer = blobs.create(&name, cached).await.expect("the name is new");
        let mut left = &bytes[..];
        for length in pieces {
            let (piece, rest) = left.split_at(length);
            write_all(&mut *writer, piece).await.expect("it can be written");
            left = rest;
        }
        writer.finish().await.expect("it can be written");
        let blob = blobs.open(&name).await.expect("it was written");
        let mut found = vec![0; bytes.len()];
        blob.read(&mut found, 0).expect("all of it is there");
        assert!(found == bytes && blob.len() == bytes.len() as u64, "{cached:?}");
    }
}

async fn names_are_given_once(blobs: &dyn Blobs) {
    put(blobs, "a.run", b"first").await.expect("it can be written");
    assert!(
        blobs
            .create("a.run", Cached::Kept)
            .await
            .is_err_and(|error| error.kind() == ErrorKind::AlreadyExists)
    );
    let held = blobs.open("a.run").await.expect("it was written");
    blobs.delete("a.run").await.expect("it can be deleted");
    blobs.delete("a.run").await.expect("that it is gone already is no error");
    assert!(blobs.open("a.run").await.is_err_and(|error| error.kind() == ErrorKind::NotFound));
    assert!(blobs.list().await.expect("it can be listed").is_empty());
    let mut found = [0; 5];
    held.read(&mut found, 0).expect("who holds it reads it still");
    assert_eq!(&found, b"first");
}

macro_rules! conformance {
    ($($law:ident)*) => {
        mod memory {
            $(#[test] fn $law() { super::block_on(super::$law(&super::MemoryBlobs::default())); })*
        }
        mod local {
            use std::sync::Arc;
            use crate::disk::{Disk, MemoryDisk, RealDisk};

            fn on(disk: Arc<dyn Disk>) -> super::LocalBlobs {
                super::block_on(super::LocalBlobs::open(disk, "segments")).expect("the folder can be made")
            }

            mod direct {
                $(#[test] fn $law() {
                    super::super::block_on(super::super::$law(&super::on(super::Arc::new(super::MemoryDisk::new(true)))));
                })*
            }
            mod buffered {
                $(#[test] fn $law() {
                    super::super::block_on(super::super::$law(&super::on(super::Arc::new(super::MemoryDisk::new(false)))));
                })*
            }
            mod real {
                $(#[test] fn $law() {
                    let folder = tempfile::tempdir().expect("there is a folder for what passes");
                    let disk = super::RealDisk::open(folder.path()).expect("the folder can be used");
                    super::super::block_on(super::super::$law(&super::on(super::Arc::new(disk))));
                })*
            }
        }
    };
}

conformance! {
    what_was_written_is_read
    large_and_small_pieces_lie_in_their_order
    names_are_given_once
}

#[test]
fn a_finished_blob_survives_a_power_cut() {
    for seed in 0..20 {
        let disk = MemoryDisk::new(seed % 2 == 0);
        block_on(async {
            let blobs = LocalBlobs::open(Arc::new(disk.clone()), "segments").await.expect("it can be made");
            crate::disk::Disk::sync_dir(&disk, "").await.expect("memory does not fail");
            put(&blobs, "a.run", &pattern(10_000)).await.expect("it can be written");
            let after = Arc::new(disk.power_cut(&SeededRandom::new(seed)));
            let blobs = LocalBlobs::open(after, "segments").await.expect("it is there");
            let blob = blobs.open("a.run").await.expect("it was finished");
            let mut found = vec![0; 10_000];
            blob.read(&mut found, 0).expect("all of it is there");
            assert!(found == pattern(10_000), "seed {seed}");
        });
    }
}
