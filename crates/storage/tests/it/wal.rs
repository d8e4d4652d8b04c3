//! The laws of `Wal`, for every backend.

use std::sync::Arc;

use thalweg_model::world::block_on;
use thalweg_storage::disk::{Disk, MemoryDisk, RealDisk};
use thalweg_storage::wal::{MemoryWal, ReadError, Ring, RingOptions, Room, Wal, read_entries};
use thalweg_storage::{Durability, WalSeq};

use crate::world::{block, chain, entry, named, world};

const SMALL: RingOptions = RingOptions {
    first_bytes: 256 << 10,
    file_bytes: 512 << 10,
    files: 6,
    files_uncovered_max: 4,
    durability: Durability::Fsync,
};

/// A log and what it needs to live.
struct Backend {
    wal: Arc<dyn Wal>,
    _folder: Option<tempfile::TempDir>,
}

fn memory() -> Backend {
    Backend { wal: Arc::new(MemoryWal::new(1 << 20)), _folder: None }
}

fn ring(disk: Arc<dyn Disk>, durability: Durability) -> Arc<dyn Wal> {
    let options = RingOptions { durability, ..SMALL };
    Arc::new(block_on(Ring::open(disk, options, world(), &[])).expect("the ring opens"))
}

fn ring_direct() -> Backend {
    Backend { wal: ring(Arc::new(MemoryDisk::new(true)), Durability::Fsync), _folder: None }
}

fn ring_buffered() -> Backend {
    Backend { wal: ring(Arc::new(MemoryDisk::new(false)), Durability::Fsync), _folder: None }
}

fn ring_real() -> Backend {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = RealDisk::open(folder.path()).expect("the folder opens");
    Backend { wal: ring(Arc::new(disk), Durability::Fsync), _folder: Some(folder) }
}

fn ring_real_buffered() -> Backend {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = RealDisk::buffered(folder.path()).expect("the folder opens");
    Backend { wal: ring(Arc::new(disk), Durability::Fsync), _folder: Some(folder) }
}

fn ring_without_sync() -> Backend {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = RealDisk::open(folder.path()).expect("the folder opens");
    Backend { wal: ring(Arc::new(disk), Durability::Os), _folder: Some(folder) }
}

macro_rules! laws {
    ($($backend:ident),*) => {$(
        mod $backend {
            #[test]
            fn what_was_put_is_read() {
                super::what_was_put_is_read(super::$backend());
            }
            #[test]
            fn trim_forgets_what_is_below_and_no_more() {
                super::trim_forgets_what_is_below_and_no_more(super::$backend());
            }
            #[test]
            fn an_unknown_chain_is_empty() {
                super::an_unknown_chain_is_empty(super::$backend());
            }
            #[test]
            fn room_is_taken_by_puts_and_comes_back() {
                super::room_is_taken_by_puts_and_comes_back(super::$backend());
            }
        }
    )*};
}

laws!(memory, ring_direct, ring_buffered, ring_real, ring_real_buffered, ring_without_sync);

fn what_was_put_is_read(backend: Backend) {
    let wal = &*backend.wal;
    let lengths = [1, 5000, 70_000, 3, 4096];
    for (seq, length) in (1..).zip(lengths) {
        block_on(wal.put(chain(1), WalSeq(seq), &block(chain(1), seq, length))).expect("there is room");
    }
    let listed = wal.list(chain(1), WalSeq(2));
    assert_eq!(listed.iter().map(|block| block.seq.0).collect::<Vec<_>>(), [2, 3, 4, 5]);
    for found in wal.list(chain(1), WalSeq(1)) {
        let seq = found.seq;
        let expect = block(chain(1), seq.0, lengths[seq.0 as usize - 1]).concat();
        assert_eq!(found.length, expect.len() as u64);
        for range in [0..expect.len(), 10..11, 79..81, 80..expect.len() - 5, 0..0] {
            let bytes = block_on(wal.read(chain(1), seq, range.start as u64..range.end as u64));
            assert_eq!(bytes.expect("it is there"), &expect[range.clone()], "{seq} {range:?}");
        }
        let (header, entries) = block_on(read_entries(wal, chain(1), &found)).expect("it is there");
        assert_eq!((header.seq, entries), (seq, vec![entry(lengths[seq.0 as usize - 1])]));
    }
}

fn trim_forgets_what_is_below_and_no_more(backend: Backend) {
    let wal = &*backend.wal;
    for (chain_number, seq) in [(1, 1), (2, 1), (2, 2), (2, 3), (3, 1)] {
        let chain = chain(chain_number);
        block_on(wal.put(chain, WalSeq(seq), &block(chain, seq, 100))).expect("there is room");
    }
    for _ in 0..2 {
        block_on(wal.trim(chain(2), WalSeq(3)));
        let gone = block_on(wal.read(chain(2), WalSeq(2), 0..1));
        assert!(matches!(gone, Err(ReadError::Gone(WalSeq(2)))));
        for (chain_number, seq) in [(1, 1), (2, 3), (3, 1)] {
            let chain = chain(chain_number);
            assert_eq!(wal.list(chain, WalSeq(0)).len(), 1);
            let read = block_on(wal.read(chain, WalSeq(seq), 80..180)).expect("it is there");
            assert_eq!(read, block(chain, seq, 100)[1]);
        }
    }
}

fn an_unknown_chain_is_empty(backend: Backend) {
    let wal = &*backend.wal;
    for _ in 0..2 {
        let end = block_on(wal.close(named(7, 5))).expect("nothing fails");
        assert_eq!((end.end, end.damaged, end.doubt), (WalSeq(4), vec![], None));
    }
    assert!(wal.list(chain(7), WalSeq(0)).is_empty());
}

fn room_is_taken_by_puts_and_comes_back(backend: Backend) {
    let wal = &*backend.wal;
    let room = || match wal.room(0) {
        Room::Bytes(bytes) => bytes,
        Room::Full => 0,
    };
    let before = room();
    block_on(wal.put(chain(1), WalSeq(1), &block(chain(1), 1, 60_000))).expect("there is room");
    let used = room();
    assert!(used + 60_000 <= before, "{before} {used}");
    block_on(wal.trim(chain(1), WalSeq(2)));
    assert!(room() >= before, "{before} {}", room());
}
