//! Damage in a data folder, as its operator and its consumers see it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::process::{Broker, run, thalweg};

/// No file of ours is so long; half of it is what a dump may map in all.
const LONG_FILE_BYTES: u64 = 5 << 30;

/// A folder with ten batches of one record each in a file, and that file.
fn folder_with_records(folder: &Path) -> PathBuf {
    let data = folder.to_str().unwrap();
    let broker = Broker::start(&["--data", data]);
    let address = format!("127.0.0.1:{}", broker.port);
    let made = run(&["topic", "create", "orders", "--bootstrap", &address]);
    assert!(made.status.success(), "{made:?}");
    for index in 0..10 {
        let mut produce = thalweg(&["produce", "orders", "--bootstrap", &address]);
        let mut child =
            produce.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "record-{index}-of-ten").unwrap();
        assert!(child.wait().unwrap().success(), "{index}");
    }
    broker.signal("TERM");
    assert_eq!(broker.end().0.code(), Some(0));
    let files = std::fs::read_dir(folder.join("segments")).unwrap();
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    files.remove(0)
}

/// Flips a bit in the first place where this text stands.
fn flip_in(file: &Path, text: &str) {
    let mut bytes = std::fs::read(file).unwrap();
    let at = bytes.windows(text.len()).position(|part| part == text.as_bytes()).unwrap();
    bytes[at] ^= 0x10;
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn a_flipped_bit_is_told_in_the_log_and_the_metrics_and_served_around() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder_with_records(folder.path());
    flip_in(&file, "record-4-of-ten");
    let data = folder.path().to_str().unwrap();
    let broker = Broker::start(&["--data", data, "--set", "thalweg.scrub.interval.ms=1000"]);
    let address = format!("127.0.0.1:{}", broker.port);
    let consume = |from: &str| run(&["consume", "orders", "--from", from, "--bootstrap", &address]);
    let before = consume("0");
    let text = String::from_utf8(before.stderr).unwrap();
    assert!(!before.status.success(), "the damaged record is not passed over in silence");
    assert!(text.contains("CORRUPT_MESSAGE"), "{text}");
    let read = String::from_utf8(before.stdout).unwrap();
    assert_eq!(
        read.lines().collect::<Vec<_>>(),
        ["record-0-of-ten", "record-1-of-ten", "record-2-of-ten", "record-3-of-ten"]
    );
    let after = consume("5");
    let read = String::from_utf8(after.stdout).unwrap();
    assert_eq!((after.status.success(), read.lines().count()), (true, 5), "{read}");
    let metrics = loop {
        let (_, metrics) = broker.get("/metrics");
        if metrics.contains("thalweg_damaged_places{topic=\"orders\"} 1") {
            break metrics;
        }
        std::thread::yield_now();
    };
    assert!(metrics.contains("thalweg_damage_found_total"), "{metrics}");
    broker.signal("TERM");
    let (_, said) = broker.end();
    let line = said.lines().find(|line| line.contains("records are damaged")).expect("it is logged");
    for word in ["topic=orders", "partition=0", "from=4", "to=5", ".run"] {
        assert!(line.contains(word), "{word} is not in {line}");
    }
}

/// A copy of a folder.
fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    let copied =
        std::process::Command::new("cp").arg("-a").arg(from.join(".")).arg(to.path()).status().unwrap();
    assert!(copied.success());
    to
}

fn flip_at(file: &Path, position: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[position] ^= 0x10;
    std::fs::write(file, bytes).unwrap();
}

/// What `thalweg check` says of a folder: its exit code and its page.
fn checked(folder: &Path) -> (Option<i32>, serde_json::Value) {
    let output = run(&["check", "--json", "--data", folder.to_str().unwrap()]);
    let page = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code(), page)
}

#[test]
fn check_says_what_is_wrong_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder_with_records(folder.path());
    let (code, page) = checked(folder.path());
    assert_eq!((code, &page["sound"], &page["findings"]), (Some(0), &true.into(), &serde_json::json!([])));
    assert_eq!((page["partitions"].as_i64(), page["batches"].as_i64()), (Some(1), Some(10)));
    let length = std::fs::metadata(&pack).unwrap().len() as usize;
    let pack_name = format!("segments/{}", pack.file_name().unwrap().to_str().unwrap());
    let check = |file: &str, change: &dyn Fn(&Path), words: &str| {
        let copied = copy(folder.path());
        change(&copied.path().join(file));
        let (code, page) = checked(copied.path());
        assert_eq!((code, &page["sound"]), (Some(1), &false.into()), "{file}: {page}");
        let finding = &page["findings"][0];
        let what = finding["what"].as_str().unwrap();
        assert!(what.contains(words) && finding["file"].as_str() == Some(file), "{words}: {page}");
        assert!(!finding["advice"].as_str().unwrap().is_empty());
        finding.clone()
    };
    let lost = check(&pack_name, &|path| flip_in(path, "record-4-of-ten"), "checksum");
    assert_eq!((lost["topic"].as_str(), lost["partition"].as_i64()), (Some("orders"), Some(0)));
    assert_eq!((lost["from"].as_i64(), lost["to"].as_i64()), (Some(4), Some(5)));
    check(&pack_name, &|path| flip_at(path, 20), "header");
    check(&pack_name, &|path| flip_at(path, length - 40), "directory");
    check(&pack_name, &|path| flip_at(path, length - 3), "footer");
    let lost = check(&pack_name, &|path| std::fs::remove_file(path).unwrap(), "not there");
    assert_eq!((lost["from"].as_i64(), lost["to"].as_i64()), (Some(0), Some(10)));
    check("facts/cluster", &|path| flip_at(path, 60), "image is damaged");
    check("facts/shard-0", &|path| flip_at(path, 9), "header is damaged");
    check("facts/shard-0", &|path| std::fs::remove_file(path).unwrap(), "not there");
    check("shard-0.lease", &|path| flip_in(path, "node.id"), "checksum");
    let newer = copy(folder.path());
    flip_at(&newer.path().join("facts/cluster"), 7);
    let refused = run(&["check", "--data", newer.path().to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    assert_eq!(run(&["check", "--data", "no/such/folder"]).status.code(), Some(4));
    let text = String::from_utf8(run(&["check", "--data", folder.path().to_str().unwrap()]).stdout).unwrap();
    assert!(text.starts_with("sound: 1 partitions, 10 batches"), "{text}");
}

#[test]
fn check_looks_into_the_write_ahead_log_and_dump_shows_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder_with_records(folder.path());
    let data = folder.path().to_str().unwrap();
    let broker = Broker::start(&["--data", data]);
    let address = format!("127.0.0.1:{}", broker.port);
    for text in ["eleventh", "twelfth", "thirteenth"] {
        let mut produce = thalweg(&["produce", "orders", "--bootstrap", &address]);
        let mut child =
            produce.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{text}").unwrap();
        assert!(child.wait().unwrap().success());
    }
    let live = run(&["check", "--data", data]);
    assert_eq!(live.status.code(), Some(4), "{live:?}");
    broker.signal("KILL");
    broker.end();
    let (code, page) = checked(folder.path());
    assert_eq!((code, page["batches"].as_i64()), (Some(0), Some(13)), "{page}");
    let ring = folder.path().join("wal/ring-0");
    let dumped = |file: &Path, flags: &[&str]| {
        let mut all = vec!["dump", file.to_str().unwrap()];
        all.extend(flags);
        let output = run(&all);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let text = dumped(&ring, &["--records"]);
    assert!(text.contains("block chain=") && text.contains("value=\"eleventh\""), "{text}");
    let text = dumped(&pack, &["--records"]);
    assert!(text.contains("run partition=") && text.contains("value=\"record-9-of-ten\""), "{text}");
    assert!(!dumped(&pack, &[]).contains("record-9-of-ten"));
    assert!(dumped(&folder.path().join("facts/cluster"), &[]).contains("name=orders"));
    assert!(dumped(&folder.path().join("facts/shard-0"), &[]).contains("ShardEpoch(2)"));
    assert!(dumped(&folder.path().join("shard-0.lease"), &[]).contains("node.id"));
    for line in dumped(&pack, &["--records", "--json"]).lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["kind"].is_string() && line["position"].is_u64(), "{line}");
    }
    flip_in(&ring, "twelfth");
    let (code, page) = checked(folder.path());
    let finding = &page["findings"][0];
    assert_eq!(
        (code, finding["topic"].as_str(), finding["from"].as_i64()),
        (Some(1), Some("orders"), Some(11))
    );
    assert!(dumped(&ring, &[]).contains("damaged what=\"checksum"));
    // A file that is longer than the memory that there is: nothing follows in it.
    let before = dumped(&ring, &[]);
    std::fs::OpenOptions::new().write(true).open(&ring).unwrap().set_len(LONG_FILE_BYTES).unwrap();
    let limited = format!("ulimit -v {} && exec \"$@\"", LONG_FILE_BYTES >> 11);
    let mut dump = std::process::Command::new("sh");
    dump.args(["-c", &limited, "sh", env!("CARGO_BIN_EXE_thalweg"), "dump", ring.to_str().unwrap()]);
    let output = dump.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), before);
    let no_file = run(&["dump", "Cargo.toml", "no-such-file"]);
    assert_eq!(no_file.status.code(), Some(1));
}
