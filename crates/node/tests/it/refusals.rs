//! What stops the start, and which words and exit codes come with it.

use std::net::TcpListener;

use crate::process::{run, thalweg};

/// The start is refused with this code, in words that contain all of these.
fn check(arguments: &[&str], code: i32, words: &[&str]) {
    let output = run(arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
}

#[test]
fn wrong_settings_are_named() {
    check(
        &["--set", "num.partition=3"],
        2,
        &["there is no setting named num.partition", "num.partitions meant?"],
    );
    check(&["--set", "num.partitions=0"], 2, &["--set:", "Value must be at least 1"]);
    check(&["--set", "ssl.keystore.location=/k"], 2, &["ssl.keystore.location cannot be set yet"]);
    check(&["--listen", "SASL_SSL://localhost:0"], 2, &["speaks SASL_SSL"]);
    check(&["--listen", "0.0.0.0:0"], 2, &["0.0.0.0:0", "--allow-unauthenticated"]);
    check(&["--listen", "0.0.0.0:0", "--allow-unauthenticated"], 2, &["--advertise"]);
    check(&["--admin", "0.0.0.0:0"], 2, &["--admin:", "0.0.0.0:0", "--allow-unauthenticated"]);
    check(&["--log", "loud=very"], 2, &["thalweg.log.level"]);
    check(&["--data", "a,b"], 2, &["exactly one folder"]);
    check(&["--no-such-flag"], 2, &["--no-such-flag"]);
}

#[test]
fn a_wrong_line_of_a_file_is_named_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.properties");
    std::fs::write(&path, "# a comment\nnum.partitions=1\nlog.retention.hour=1\n").unwrap();
    let path = path.to_str().unwrap();
    check(&["--config", path], 2, &["server.properties:3: there is no setting named log.retention.hour"]);
    let path = folder.path().join("thalweg.toml");
    std::fs::write(&path, "[num]\npartitions = \"many\"\n").unwrap();
    check(&["--config", path.to_str().unwrap()], 2, &["thalweg.toml:2: Invalid value many"]);
    check(&["--config", "no-such-file"], 2, &["no-such-file: cannot be read"]);
}

#[test]
fn a_variable_is_named() {
    let output = thalweg(&[]).env("THALWEG_NUM_PARTITIONS", "x").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("environment THALWEG_NUM_PARTITIONS: Invalid value x"), "{text}");
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    check(
        &["--data", "memory", "--admin", "off", "--listen", &address],
        2,
        &["listener PLAINTEXT", &address, "taken"],
    );
    let listen = ["--data", "memory", "--listen", "127.0.0.1:0", "--admin", &address];
    check(&listen, 2, &["admin listener", &address, "taken"]);
}

#[test]
fn a_folder_that_cannot_be_opened_has_a_code_of_its_own_and_its_cause_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let refused = |data: &str, cause: &str| {
        let output = run(&["--data", data, "--listen", "127.0.0.1:0", "--admin", "off"]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{text}");
        assert!(text.contains(data), "{data:?} is not in {text:?}");
        assert_eq!(text.matches(cause).count(), 1, "{cause:?} is not once in {text:?}");
    };
    // What permissions forbid cannot be tried here: tests may run as root.
    std::fs::write(place("file"), "").unwrap();
    refused(&place("file"), "os error 17");
    refused(&place("file/child"), "os error 20");
    for (data, inside) in [("of-facts", "facts"), ("of-the-ring", "wal")] {
        std::fs::create_dir(place(data)).unwrap();
        std::fs::write(folder.path().join(data).join(inside), "").unwrap();
        refused(&place(data), "os error");
    }
    std::fs::create_dir_all(place("of-the-lock/lock")).unwrap();
    refused(&place("of-the-lock"), "os error 21");
    assert_eq!(run(&["check", "--data", &place("file")]).status.code(), Some(4));
}

#[test]
fn settings_in_effect_are_printed_with_their_origin() {
    let output = run(&["config", "--set", "num.partitions=3", "--json", "num.partitions"]);
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let row = rows.as_array().unwrap().iter().find(|row| row["name"] == "num.partitions").unwrap();
    assert_eq!((row["value"].as_str(), row["origin"].as_str()), (Some("3"), Some("--set")));
    assert_eq!((row["class"].as_str(), row["default"].as_str()), (Some("acts"), Some("1")));
    let text = String::from_utf8(run(&["config", "broker.rack"]).stdout).unwrap();
    assert!(text.contains("broker.rack = (none)\n    from default; string; acts;"), "{text}");
}

#[test]
fn version_and_completions_are_told() {
    let version = String::from_utf8(run(&["--version"]).stdout).unwrap();
    assert_eq!(version.trim(), concat!("thalweg ", env!("CARGO_PKG_VERSION")));
    let script = String::from_utf8(run(&["completions", "bash"]).stdout).unwrap();
    assert!(script.contains("_thalweg()"));
}
