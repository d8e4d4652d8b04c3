//! Damage in a data folder, as its operator and its consumers see it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::process::{Broker, run, thalweg};

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
