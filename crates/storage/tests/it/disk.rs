//! The laws of `Disk` and `File`, for every backend.

use std::io::ErrorKind;
use std::sync::Arc;

use thalweg_model::world::{SeededRandom, block_on};
use thalweg_storage::disk::{Access, Aligned, Create, Disk, File, MemoryDisk, Open, RealDisk};

struct Backend {
    disk: Arc<dyn Disk>,
    _folder: Option<tempfile::TempDir>,
}

fn memory_direct() -> Backend {
    Backend { disk: Arc::new(MemoryDisk::new(true)), _folder: None }
}

fn memory_buffered() -> Backend {
    Backend { disk: Arc::new(MemoryDisk::new(false)), _folder: None }
}

fn real() -> Backend {
    let folder = tempfile::tempdir().expect("a folder");
    Backend { disk: Arc::new(RealDisk::open(folder.path()).expect("it opens")), _folder: Some(folder) }
}

fn real_buffered() -> Backend {
    let folder = tempfile::tempdir().expect("a folder");
    Backend { disk: Arc::new(RealDisk::buffered(folder.path()).expect("it opens")), _folder: Some(folder) }
}

macro_rules! laws {
    ($($backend:ident),*) => {$(
        mod $backend {
            #[test]
            fn names() {
                super::names(&*super::$backend().disk);
            }
            #[test]
            fn bytes() {
                super::bytes(&*super::$backend().disk);
            }
        }
    )*};
}

laws!(memory_direct, memory_buffered, real, real_buffered);

fn open(disk: &dyn Disk, name: &str, access: Access, create: Create) -> std::io::Result<Arc<dyn File>> {
    block_on(disk.open(name, Open { access, create }))
}

fn names(disk: &dyn Disk) {
    let kind = |result: std::io::Result<Arc<dyn File>>| result.err().map(|error| error.kind());
    block_on(disk.create_dir("a/b")).expect("it works");
    assert_eq!(kind(open(disk, "a/b/x", Access::Buffered, Create::Existing)), Some(ErrorKind::NotFound));
    let file = open(disk, "a/b/x", Access::Buffered, Create::New).expect("it works");
    assert_eq!(kind(open(disk, "a/b/x", Access::Buffered, Create::New)), Some(ErrorKind::AlreadyExists));
    block_on(file.write_all_at(b"x", 0)).expect("it works");
    let other = open(disk, "a/b/y", Access::Buffered, Create::IfMissing).expect("it works");
    block_on(other.write_all_at(b"y", 0)).expect("it works");
    assert_eq!(block_on(disk.list("a/b")).expect("it works"), ["x", "y"]);
    block_on(disk.rename("a/b/x", "a/b/y")).expect("it works");
    block_on(disk.sync_dir("a/b")).expect("it works");
    assert_eq!(block_on(disk.list("a/b")).expect("it works"), ["y"]);
    let mut byte = [0];
    let renamed = open(disk, "a/b/y", Access::Buffered, Create::Existing).expect("it is there");
    block_on(renamed.read_exact_at(&mut byte, 0)).expect("it works");
    assert_eq!(&byte, b"x");
    block_on(disk.unlink("a/b/y")).expect("it works");
    // what is open can be read without its name
    for (file, expect) in [(renamed, b"x"), (other, b"y")] {
        block_on(file.read_exact_at(&mut byte, 0)).expect("it is open");
        assert_eq!(&byte, expect);
    }
    let gone = block_on(disk.unlink("a/b/y")).expect_err("it is gone");
    assert_eq!(gone.kind(), ErrorKind::NotFound);
    let space = block_on(disk.space()).expect("it works");
    assert!(space.free <= space.total && space.total > 0);
}

fn bytes(disk: &dyn Disk) {
    for access in [Access::Buffered, Access::Direct, Access::DirectDurable] {
        let file = open(disk, "file", access, Create::IfMissing).expect("it works");
        block_on(file.set_len(0)).expect("it works");
        block_on(file.allocate(0, 16384)).expect("it works");
        assert_eq!(block_on(file.len()).expect("it works"), 16384);
        let mut page = Aligned::zeroed(4096);
        page.fill(7);
        block_on(file.write_all_at(&page, 8192)).expect("it works");
        let mut two = Aligned::zeroed(8192);
        block_on(file.read_exact_at(&mut two, 4096)).expect("it works");
        assert!(two[..4096].iter().all(|byte| *byte == 0) && two[4096..].iter().all(|byte| *byte == 7));
        block_on(file.sync()).expect("it works");
        let past = block_on(file.read_exact_at(&mut two, 12288)).expect_err("the file ends");
        assert_eq!(past.kind(), ErrorKind::UnexpectedEof);
        assert!(!file.writes_are_durable() || (disk.is_direct() && access == Access::DirectDurable));
        // what is cached is a matter of chance, but never wrong
        let reader = open(disk, "file", Access::Buffered, Create::Existing).expect("it works");
        let mut cached = [0; 100];
        let count = reader.read_cached(&mut cached, 8192).expect("it works");
        assert!(cached[..count].iter().all(|byte| *byte == 7));
        assert_eq!(reader.read_cached(&mut cached, 16384).expect("it works"), 0);
    }
}

#[test]
fn a_power_cut_keeps_what_was_synced_and_may_drop_the_rest_page_by_page() {
    let mut seen = [false; 4];
    for seed in 0..50 {
        let disk = MemoryDisk::new(true);
        let file = open(&disk, "file", Access::Buffered, Create::New).expect("it works");
        block_on(file.write_all_at(&[1; 8192], 0)).expect("it works");
        block_on(file.sync()).expect("it works");
        block_on(disk.sync_dir("")).expect("it works");
        block_on(file.write_all_at(&[2; 8192], 0)).expect("it works");
        let after = disk.power_cut(&SeededRandom::new(seed));
        assert!(block_on(file.write_all_at(&[3], 0)).is_err());
        let file = open(&after, "file", Access::Buffered, Create::Existing).expect("its name was synced");
        let mut bytes = [0; 8192];
        block_on(file.read_exact_at(&mut bytes, 0)).expect("it works");
        let pages = [&bytes[..4096], &bytes[4096..]].map(|page| {
            assert!(page.iter().all(|byte| *byte == page[0]) && [1, 2].contains(&page[0]));
            usize::from(page[0] - 1)
        });
        seen[pages[0] * 2 + pages[1]] = true;
    }
    assert_eq!(seen, [true; 4]);
}
