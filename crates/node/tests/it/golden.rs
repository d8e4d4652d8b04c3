//! Data folders of each version of our formats, which every later version opens: same records, same groups, same
//! settings. A golden folder never changes; a new version of a format gets another.
//!
//! `golden/folder-N.tar.gz` is the folder, `folder-N.json` what a client saw of it when it was made. It holds a pack and
//! blocks of the write-ahead log that are in no file yet, of two lives, the second ended by a kill; topics with settings,
//! one with a start that moved and one that was deleted; all codecs, keys, headers, tombstones; a group that committed.
//! From version 2 on also a file of snapshots: the group committed for a hundred partitions more.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::process::{Broker, run, thalweg};

/// The newest, which is made where it is missing.
const NEWEST: u32 = 2;
/// In case one is opened years after it was made.
const NEVER: [&str; 2] = ["--set", "offsets.retention.minutes=2147483647"];

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(name)
}

/// Runs a command against a broker; gives what it printed.
fn ask(broker: &Broker, arguments: &[&str]) -> String {
    let address = format!("127.0.0.1:{}", broker.port);
    let mut all = arguments.to_vec();
    all.extend(["--bootstrap", &address]);
    let output = run(&all);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn produce(broker: &Broker, topic: &str, codec: &str, records: impl Iterator<Item = Value>) {
    let address = format!("127.0.0.1:{}", broker.port);
    let flags = ["produce", topic, "--format", "json", "--codec", codec, "--quiet", "--bootstrap", &address];
    let mut child = thalweg(&flags).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    for record in records {
        writeln!(input, "{record}").unwrap();
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

fn record(partition: i32, index: i64) -> Value {
    let value =
        if index % 7 == 3 { Value::Null } else { json!(format!("value {index} {}", "x".repeat(200))) };
    json!({
        "partition": partition,
        "key": format!("key {}", index % 5),
        "value": value,
        "timestamp": 1_700_000_000_000_i64 + index,
        "headers": { "trace": format!("{index}") },
    })
}

/// What clients see of a folder: every record, the groups, the topics with their settings.
fn seen(broker: &Broker) -> Value {
    let lines = |topic: &str| -> Vec<Value> {
        let printed = ask(broker, &["consume", topic, "--from", "earliest", "--format", "json"]);
        let mut records: Vec<Value> =
            printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        records.sort_by_key(|record| (record["partition"].as_i64(), record["offset"].as_i64()));
        records
    };
    let page = |arguments: &[&str]| -> Value { serde_json::from_str(&ask(broker, arguments)).unwrap() };
    json!({
        "orders": lines("orders"),
        "events": lines("events"),
        "group": page(&["group", "describe", "billing", "--json"]),
        "topics": page(&["topic", "describe", "orders", "events", "--json"]),
        "names": page(&["topic", "list", "--json"]),
    })
}

/// What changes with the broker that serves, and is no promise of the folder.
fn without_what_passes(mut page: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for name in ["leader_epoch", "coordinator", "broker", "host", "port"] {
                    fields.remove(name);
                }
                fields.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut page);
    page
}

/// Makes the golden folder of the newest version with this binary.
fn make(archive: &Path, page: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let broker = Broker::start(&["--data", data]);
    ask(
        &broker,
        &["topic", "create", "orders", "-p", "3", "-c", "retention.ms=-1", "-c", "max.message.bytes=500000"],
    );
    ask(
        &broker,
        &["topic", "create", "events", "-p", "1", "-c", "retention.ms=-1", "-c", "segment.bytes=1048576"],
    );
    ask(&broker, &["topic", "create", "gone", "-p", "2"]);
    for (index, codec) in (0..).zip(["none", "gzip", "snappy", "lz4", "zstd"]) {
        produce(&broker, "orders", codec, (0..30).map(|at| record(at % 3, i64::from(index * 30 + at))));
        produce(&broker, "events", codec, (0..10).map(|at| record(0, i64::from(index * 10 + at))));
    }
    produce(&broker, "gone", "none", (0..4).map(|at| record(at % 2, i64::from(at))));
    ask(&broker, &["topic", "delete", "gone"]);
    ask(&broker, &["topic", "delete-records", "orders:1", "--before", "12"]);
    ask(&broker, &["consume", "orders", "--group", "billing", "--max", "40", "--format", "json"]);
    ask(&broker, &["topic", "create", "wide", "-p", "100"]);
    ask(&broker, &["group", "reset", "billing", "--topic", "wide", "--to", "earliest"]);
    broker.signal("TERM");
    assert_eq!(broker.end().0.code(), Some(0));
    let broker = Broker::start(&["--data", data]);
    produce(&broker, "orders", "lz4", (0..9).map(|at| record(at % 3, i64::from(200 + at))));
    ask(&broker, &["consume", "orders", "--group", "billing", "--max", "20", "--format", "json"]);
    ask(&broker, &["topic", "alter", "events", "-c", "compression.type=producer"]);
    let seen = without_what_passes(seen(&broker));
    std::fs::write(page, format!("{}\n", serde_json::to_string_pretty(&seen).unwrap())).unwrap();
    broker.signal("KILL");
    broker.end();
    // The reserve is space and nothing else; the broker makes it again.
    std::fs::remove_file(folder.path().join("reserve")).unwrap();
    let packed = Command::new("tar").args(["-C", data, "--sort=name", "-czf"]).arg(archive).arg(".").status();
    assert!(packed.unwrap().success());
}

#[test]
fn folders_of_every_version_open_as_they_were() {
    for version in 1..=NEWEST {
        let (archive, page) =
            (golden(&format!("folder-{version}.tar.gz")), golden(&format!("folder-{version}.json")));
        if version == NEWEST && !archive.exists() {
            make(&archive, &page);
            panic!("folder-{version} was missing and is made now: look at it and commit it");
        }
        let expected: Value = serde_json::from_str(&std::fs::read_to_string(&page).unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let unpacked = Command::new("tar").arg("-C").arg(folder.path()).arg("-xzf").arg(&archive).status();
        assert!(unpacked.unwrap().success());
        let data = folder.path().to_str().unwrap();
        let checked = run(&["check", "--data", data]);
        assert_eq!(checked.status.code(), Some(0), "version {version}: {checked:?}");
        // Twice: what this version writes into the folder is read again.
        for life in 1..=2 {
            let mut arguments = vec!["--data", data];
            arguments.extend(NEVER);
            let broker = Broker::start(&arguments);
            let seen = without_what_passes(seen(&broker));
            for part in ["orders", "events", "group", "topics", "names"] {
                assert_eq!(seen[part], expected[part], "version {version}, life {life}: {part}");
            }
            broker.signal("TERM");
            assert_eq!(broker.end().0.code(), Some(0));
        }
    }
}
