//! The laws of `Facts`, for every backend; commits that are torn, damaged, or find the disk full.

use std::sync::Arc;

use bytes::Bytes;
use thalweg_model::world::{Random, SeededRandom, block_on};
use thalweg_storage::disk::{Access, Create, Disk, Fault, MemoryDisk, Open, RealDisk};
use thalweg_storage::facts::{Facts, FactsError, Loaded, LocalFacts, MemoryFacts, Reserve};

/// Facts, and how they are opened again.
struct Backend {
    open: Box<dyn Fn() -> Arc<dyn Facts>>,
    _folder: Option<tempfile::TempDir>,
}

fn memory() -> Backend {
    let facts = MemoryFacts::default();
    Backend { open: Box::new(move || Arc::new(facts.clone())), _folder: None }
}

fn on(disk: Arc<dyn Disk>) -> LocalFacts {
    let reserve = block_on(Reserve::open(disk.clone())).expect("the reserve opens");
    LocalFacts::new(disk, "shard-0", reserve, Arc::new(SeededRandom::new(1)))
}

fn local_in_memory() -> Backend {
    let disk = MemoryDisk::new(true);
    Backend { open: Box::new(move || Arc::new(on(Arc::new(disk.clone())))), _folder: None }
}

fn local_real() -> Backend {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_path_buf();
    let open = move || -> Arc<dyn Facts> {
        Arc::new(on(Arc::new(RealDisk::open(&path).expect("the folder opens"))))
    };
    Backend { open: Box::new(open), _folder: Some(folder) }
}

macro_rules! laws {
    ($($backend:ident),*) => {$(
        mod $backend {
            #[test]
            fn commits_come_back_in_order() {
                super::commits_come_back_in_order(&super::$backend());
            }
            #[test]
            fn an_image_takes_the_place_of_all_before() {
                super::an_image_takes_the_place_of_all_before(&super::$backend());
            }
            #[test]
            fn who_expects_another_index_is_refused() {
                super::who_expects_another_index_is_refused(&super::$backend());
            }
            #[test]
            fn a_long_log_wants_a_snapshot() {
                super::a_long_log_wants_a_snapshot(&super::$backend());
            }
        }
    )*};
}

laws!(memory, local_in_memory, local_real);

fn records(texts: &[&str]) -> Vec<Bytes> {
    texts.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect()
}

fn check(facts: &dyn Facts, index: u64, texts: &[&str]) {
    let loaded = block_on(facts.load()).expect("the facts are whole");
    assert_eq!(loaded, Loaded { records: records(texts), index });
}

fn commits_come_back_in_order(backend: &Backend) {
    let facts = (backend.open)();
    check(&*facts, 0, &[]);
    assert_eq!(block_on(facts.commit(0, records(&["a", "b"]))).expect("it works"), 1);
    let long = "c".repeat(10_000);
    assert_eq!(block_on(facts.commit(1, records(&[&long, ""]))).expect("it works"), 2);
    check(&*facts, 2, &["a", "b", &long, ""]);
    drop(facts);
    let facts = (backend.open)();
    check(&*facts, 2, &["a", "b", &long, ""]);
    assert_eq!(block_on(facts.commit(2, records(&["d"]))).expect("it works"), 3);
    drop(facts);
    check(&*(backend.open)(), 3, &["a", "b", &long, "", "d"]);
}

fn an_image_takes_the_place_of_all_before(backend: &Backend) {
    let facts = (backend.open)();
    for index in 0..5 {
        block_on(facts.commit(index, records(&["old"]))).expect("it works");
    }
    assert_eq!(block_on(facts.replace(5, records(&["image", "of", "all"]))).expect("it works"), 6);
    block_on(facts.commit(6, records(&["more"]))).expect("it works");
    drop(facts);
    check(&*(backend.open)(), 7, &["image", "of", "all", "more"]);
}

fn who_expects_another_index_is_refused(backend: &Backend) {
    let facts = (backend.open)();
    block_on(facts.commit(0, records(&["a"]))).expect("it works");
    for expected in [0, 2] {
        let refused = block_on(facts.commit(expected, records(&["b"])));
        assert!(matches!(refused, Err(FactsError::Conflict(1))));
        let refused = block_on(facts.replace(expected, records(&["b"])));
        assert!(matches!(refused, Err(FactsError::Conflict(1))));
    }
    drop(facts);
    // who did not load is checked too
    let facts = (backend.open)();
    assert!(matches!(block_on(facts.commit(0, records(&["b"]))), Err(FactsError::Conflict(1))));
    check(&*facts, 1, &["a"]);
}

fn a_long_log_wants_a_snapshot(backend: &Backend) {
    let facts = (backend.open)();
    let long = "c".repeat(100_000);
    let mut index = 0;
    while !facts.wants_snapshot() {
        index = block_on(facts.commit(index, records(&[&long]))).expect("it works");
        assert!(index < 30);
    }
    block_on(facts.replace(index, records(&["image"]))).expect("it works");
    assert!(!facts.wants_snapshot() && facts.bytes() < 10_000);
}

#[test]
fn a_commit_is_there_whole_or_not_at_all_wherever_the_power_is_cut() {
    for seed in 0..300 {
        let random = SeededRandom::new(seed);
        let mut disk = MemoryDisk::new(true);
        // what is known to be there, and what a commit under way would make of it
        let mut sure = Loaded::default();
        for _ in 0..6 {
            disk.fail_at(disk.counts().changes + random.next() % 25, Fault::Cut);
            let mut may_be = sure.clone();
            let died = block_on(live(&disk, &random, &mut sure, &mut may_be));
            assert!(died.is_none() || disk.is_dead(), "seed {seed}: {died:?}");
            disk = disk.power_cut(&random);
            let found = block_on(on(Arc::new(disk.clone())).load()).expect("the facts are whole");
            assert!(found == sure || found == may_be, "seed {seed}: {found:?}, not {sure:?} or {may_be:?}");
            sure = found;
        }
    }
}

async fn live(
    disk: &MemoryDisk,
    random: &SeededRandom,
    sure: &mut Loaded,
    may_be: &mut Loaded,
) -> Option<FactsError> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let Ok(reserve) = Reserve::open(disk.clone()).await else { return None };
    let facts = LocalFacts::new(disk, "shard-0", reserve, Arc::new(SeededRandom::new(random.next())));
    for _ in 0..20 {
        let record = Bytes::from(vec![(random.next() % 256) as u8; (random.next() % 9000) as usize]);
        *may_be = sure.clone();
        may_be.index += 1;
        let committed = if random.next().is_multiple_of(4) {
            may_be.records = vec![record.clone()];
            facts.replace(sure.index, vec![record]).await
        } else {
            may_be.records.push(record.clone());
            facts.commit(sure.index, vec![record]).await
        };
        match committed {
            Ok(_) => *sure = may_be.clone(),
            Err(error) => return Some(error),
        }
    }
    None
}

#[test]
fn after_a_failed_sync_nothing_is_accepted() {
    let disk = MemoryDisk::new(true);
    let facts = on(Arc::new(disk.clone()));
    block_on(facts.commit(0, records(&["a"]))).expect("it works");
    disk.fail_at(disk.counts().changes, Fault::SyncFails);
    for index in [1, 1, 2] {
        let failed = block_on(facts.commit(index, records(&["b"])));
        assert!(matches!(failed, Err(FactsError::Failed(_))));
    }
    assert!(matches!(block_on(facts.load()), Err(FactsError::Failed(_))));
}

#[test]
fn damage_in_the_middle_is_not_taken_for_the_end() {
    let disk = MemoryDisk::new(true);
    let facts = on(Arc::new(disk.clone()));
    for index in 0..4 {
        block_on(facts.commit(index, records(&["a"]))).expect("it works");
    }
    drop(facts);
    disk.rot("facts/shard-0", 2 * 4096 + 58);
    let damaged = block_on(on(Arc::new(disk.clone())).load());
    assert!(matches!(damaged, Err(FactsError::Damaged { position: 8192, .. })), "{damaged:?}");
    disk.rot("facts/shard-0", 2 * 4096 + 58);
    // the last one is told from a torn one: nothing of it is missing
    for byte in [3, 20, 50, 58] {
        disk.rot("facts/shard-0", 3 * 4096 + byte);
        let damaged = block_on(on(Arc::new(disk.clone())).load());
        assert!(matches!(damaged, Err(FactsError::Damaged { position: 12288, .. })), "{byte}: {damaged:?}");
        disk.rot("facts/shard-0", 3 * 4096 + byte);
    }
    // a bit behind the end is nobody's
    disk.rot("facts/shard-0", 4 * 4096 + 3);
    check(&on(Arc::new(disk)), 4, &["a", "a", "a", "a"]);
}

#[test]
fn a_commit_of_which_a_sector_is_missing_is_torn_and_wiped() {
    let disk = MemoryDisk::new(true);
    let facts = on(Arc::new(disk.clone()));
    block_on(facts.commit(0, records(&["a"]))).expect("it works");
    let long = "b".repeat(9000);
    block_on(facts.commit(1, records(&[&long]))).expect("it works");
    drop(facts);
    let how = Open { access: Access::Buffered, create: Create::Existing };
    let file = block_on(disk.open("facts/shard-0", how)).expect("it is there");
    block_on(file.write_all_at(&[0; 512], 4096 + 4096)).expect("it works");
    check(&on(Arc::new(disk.clone())), 1, &["a"]);
    let mut rest = vec![1; 8192];
    block_on(file.read_exact_at(&mut rest, 4096)).expect("it works");
    assert!(rest.iter().all(|byte| *byte == 0));
    block_on(on(Arc::new(disk.clone())).commit(1, records(&["c"]))).expect("it works");
    check(&on(Arc::new(disk)), 2, &["a", "c"]);
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let disk = MemoryDisk::new(true);
    block_on(on(Arc::new(disk.clone())).commit(0, records(&["a"]))).expect("it works");
    let how = Open { access: Access::Buffered, create: Create::Existing };
    let file = block_on(disk.open("facts/shard-0", how)).expect("it is there");
    block_on(file.write_all_at(&[9], 7)).expect("it works");
    let newer = block_on(on(Arc::new(disk)).load());
    assert!(matches!(newer, Err(FactsError::Newer { format: 9, .. })), "{newer:?}");
}

#[test]
fn on_a_full_disk_commits_live_on_the_reserve() {
    let disk = MemoryDisk::new(true);
    let facts = on(Arc::new(disk.clone()));
    block_on(facts.commit(0, records(&["a"]))).expect("it works");
    let used = block_on(disk.space()).expect("it works");
    disk.set_room(u64::MAX - used.free);
    let long = "c".repeat(300_000);
    assert_eq!(block_on(facts.commit(1, records(&[&long]))).expect("the reserve has room"), 2);
    assert_eq!(block_on(facts.replace(2, records(&["image"]))).expect("the reserve has room"), 3);
    let longer = "c".repeat(2_000_000);
    assert!(matches!(block_on(facts.commit(3, records(&[&longer]))), Err(FactsError::Full)));
    assert!(matches!(block_on(facts.replace(3, records(&[&longer]))), Err(FactsError::Full)));
    // refused is not failed
    assert_eq!(block_on(facts.commit(3, records(&["b"]))).expect("there is room"), 4);
    drop(facts);
    check(&on(Arc::new(disk)), 4, &["image", "b"]);
}

#[test]
fn what_was_loaded_once_survives_though_its_sync_had_failed() {
    for seed in 0..20 {
        let disk = MemoryDisk::new(seed % 2 == 0);
        let facts = on(Arc::new(disk.clone()));
        block_on(facts.commit(0, records(&["a"]))).expect("it works");
        block_on(facts.commit(1, records(&["b"]))).expect("it works");
        disk.fail_at(0, Fault::SyncFails);
        assert!(block_on(facts.commit(2, records(&["c"]))).is_err());
        drop(facts);
        // the process begins anew, finds the commit in the page cache, and goes on from it
        let facts = on(Arc::new(disk.clone()));
        check(&facts, 3, &["a", "b", "c"]);
        block_on(facts.commit(3, records(&["d"]))).expect("it works");
        let disk = disk.power_cut(&SeededRandom::new(seed));
        check(&on(Arc::new(disk)), 4, &["a", "b", "c", "d"]);
    }
}

#[test]
fn the_name_of_an_image_survives_from_the_moment_that_it_was_loaded() {
    for seed in 0..20 {
        let disk = MemoryDisk::new(true);
        let facts = on(Arc::new(disk.clone()));
        block_on(facts.commit(0, records(&["a"]))).expect("it works");
        // the second sync is that of the folder
        disk.fail_at(disk.counts().changes + 5, Fault::SyncFails);
        assert!(block_on(facts.replace(1, records(&["image"]))).is_err(), "seed {seed}");
        drop(facts);
        let facts = on(Arc::new(disk.clone()));
        check(&facts, 2, &["image"]);
        block_on(facts.commit(2, records(&["b"]))).expect("it works");
        let disk = disk.power_cut(&SeededRandom::new(seed));
        check(&on(Arc::new(disk)), 3, &["image", "b"]);
    }
}

#[test]
fn one_bad_read_takes_no_commit_away() {
    let disk = MemoryDisk::new(true);
    let facts = on(Arc::new(disk.clone()));
    for index in 0..3 {
        block_on(facts.commit(index, records(&["a"]))).expect("it works");
    }
    drop(facts);
    // in the last commit: a page each
    for (read, byte) in [(0, 2 * 4096 + 20), (0, 2 * 4096 + 66), (1, 2 * 4096 + 20), (0, 4096 + 20), (0, 20)]
    {
        disk.misread_at(disk.counts().reads + read, byte);
        check(&on(Arc::new(disk.clone())), 3, &["a", "a", "a"]);
    }
}
