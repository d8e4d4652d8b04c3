//! The commands that speak to a broker, against one of ours: what goes in comes out, groups go on where they were.

use std::io::Write;
use std::process::{Output, Stdio};

use crate::process::{Broker, thalweg};

/// A broker that keeps nothing, and commands for it.
struct Shell {
    broker: Broker,
}

impl Shell {
    fn start() -> Self {
        Self { broker: Broker::start(&["--data", "memory"]) }
    }

    /// Runs a command with this on its standard input.
    fn run(&self, arguments: &str, input: &[u8]) -> Output {
        let bootstrap = format!("127.0.0.1:{}", self.broker.port);
        let mut all: Vec<&str> = arguments.split(' ').collect();
        all.extend(["--bootstrap", &bootstrap]);
        let mut child = thalweg(&all)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary is there");
        let mut stdin = child.stdin.take().expect("it is piped");
        // A command that does not read its input may be gone already.
        let _ = stdin.write_all(input);
        drop(stdin);
        child.wait_with_output().expect("it ends")
    }

    /// What a command prints that succeeds.
    fn ok(&self, arguments: &str, input: &[u8]) -> String {
        let output = self.run(arguments, input);
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("the tests' records are text")
    }

    fn json(&self, arguments: &str) -> serde_json::Value {
        let text = self.ok(arguments, b"");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments}: {error}: {text}"))
    }

    /// The exit code of a command that fails, and what it says.
    fn fails(&self, arguments: &str) -> (Option<i32>, String) {
        let output = self.run(arguments, b"");
        assert!(!output.status.success(), "{arguments} succeeded");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[test]
fn records_come_out_as_they_went_in() {
    let shell = Shell::start();
    shell.ok("topic create lines --partitions 1", b"");
    let lines: String = (0..20_000).map(|number| format!("k{number}\tvalue {number}\n")).collect();
    shell.ok("produce lines --key-separator \\t --codec zstd", lines.as_bytes());
    assert_eq!(shell.ok("consume lines --key-separator \\t", b""), lines);
    assert_eq!(shell.ok("consume lines --from 19998", b""), "value 19998\nvalue 19999\n");
    assert_eq!(shell.ok("consume lines --from -2 --max 1", b""), "value 19998\n");
    assert_eq!(shell.ok("consume lines --from 5 --to 6", b""), "value 5\n");
    let shown = shell.ok("consume lines --max 1 --template {topic}-{partition}@{offset}:{key}={value}", b"");
    assert_eq!(shown, "lines-0@0:k0=value 0");

    shell.ok("topic create objects --partitions 3", b"");
    let objects = "{\"key\":\"a\",\"value\":\"1\",\"headers\":[{\"key\":\"h\",\"value\":\"x\"}],\"timestamp\":77}\n\
                   {\"key\":\"a\",\"value\":null}\n{\"key_base64\":\"/w==\",\"value_base64\":\"AP8=\"}\n";
    shell.ok("produce objects --format json --header run=2", objects.as_bytes());
    let text = shell.ok("consume objects --format json", b"");
    let mut found: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
    found.sort_by_key(|record| (record["key"].is_null(), record["offset"].as_i64()));
    let values = |name: &str| found.iter().map(|record| record[name].clone()).collect::<Vec<_>>();
    assert_eq!(values("key"), ["a".into(), "a".into(), serde_json::Value::Null]);
    assert_eq!(found[0]["value"], "1");
    assert_eq!(found[0]["timestamp"], 77);
    assert_eq!(found[0]["headers"][0], serde_json::json!({"key": "run", "value": "2"}));
    assert_eq!(found[0]["headers"][1], serde_json::json!({"key": "h", "value": "x"}));
    assert!(found[1]["value"].is_null(), "a tombstone");
    assert_eq!((&found[2]["key_base64"], &found[2]["value_base64"]), (&"/w==".into(), &"AP8=".into()));
    // What one broker gave out is taken in again as it is.
    shell.ok("topic create again --partitions 1", b"");
    shell.ok("produce again --format json", text.as_bytes());
    let parts = |text: &str| -> Vec<(serde_json::Value, serde_json::Value, serde_json::Value)> {
        let part = |line: &str| {
            let record: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
            (record["key"].clone(), record["value"].clone(), record["timestamp"].clone())
        };
        text.lines().map(part).collect()
    };
    assert_eq!(parts(&shell.ok("consume again --format json", b"")), parts(&text));
}

#[test]
fn a_group_goes_on_where_it_was_and_can_be_moved() {
    let shell = Shell::start();
    shell.ok("topic create orders --partitions 2", b"");
    shell.ok("produce orders --partition 0", b"a\nb\nc\n");
    shell.ok("produce orders --partition 1", b"x\n");
    // What was written out is committed, and no more than that.
    let first = shell.ok("consume orders --group billing --max 3", b"");
    let second = shell.ok("consume orders --group billing", b"");
    assert_eq!(shell.ok("consume orders --group billing", b""), "");
    let mut all: Vec<_> = first.lines().chain(second.lines()).collect();
    all.sort_unstable();
    assert_eq!((all, first.lines().count()), (vec!["a", "b", "c", "x"], 3));

    shell.ok("produce orders --partition 0", b"d\n");
    let described = &shell.json("group describe billing --json")[0];
    assert_eq!((&described["lag"], &described["offsets"][0]["committed_offset"]), (&1.into(), &3.into()));
    assert_eq!(shell.json("group list --json")[0]["group"], "billing");
    assert_eq!(shell.json("group describe --json")[0]["group"], "billing");
    // Its commits lie in a topic that is not shown by itself.
    assert_eq!(shell.json("topic describe --json").as_array().map(Vec::len), Some(1));
    let moves = shell.json("group reset billing --topic orders:0 --by -2 --json");
    assert_eq!(
        (&moves[0]["from"], &moves[0]["to"], moves.as_array().map(Vec::len)),
        (&3.into(), &1.into(), Some(1))
    );
    shell.ok("group reset billing --to latest --dry-run", b"");
    assert_eq!(shell.ok("consume orders --group billing", b""), "b\nc\nd\n");
    shell.ok("group delete billing", b"");
    assert_eq!(shell.fails("group describe billing").0, Some(1));
}

#[test]
fn topics_are_made_changed_shown_and_deleted() {
    let shell = Shell::start();
    shell.ok("topic create a b --partitions 2 --config retention.ms=5000 --set segment.ms=7000", b"");
    let (code, said) = shell.fails("topic create a");
    assert!(code == Some(1) && said.contains("TOPIC_ALREADY_EXISTS"), "{code:?}: {said}");
    shell.ok("topic create a --if-not-exists", b"");
    shell.ok("topic alter a --partitions 3 --config retention.ms=6000 --config cleanup.policy=compact", b"");
    shell.ok("topic alter a --unset cleanup.policy", b"");
    let described = &shell.json("topic describe a --json")[0];
    assert_eq!(described["partitions"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        described["configs"],
        serde_json::json!([
            {"name": "retention.ms", "value": "6000", "default": false},
            {"name": "segment.ms", "value": "7000", "default": false},
        ])
    );
    let all = shell.json("topic describe --json");
    assert_eq!((&all[0]["name"], &all[1]["name"]), (&"a".into(), &"b".into()));
    shell.ok("topic delete a", b"");
    let names: Vec<_> = shell
        .json("topic list --json")
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| row["name"].clone())
        .collect();
    assert_eq!(names, ["b"]);
    assert_eq!(shell.fails("topic delete a").0, Some(1));
    shell.ok("topic delete a --if-exists", b"");
    assert_eq!(shell.json("cluster --json")["brokers"][0]["port"], shell.broker.port);
}

#[test]
fn the_oldest_records_are_deleted_alone() {
    let shell = Shell::start();
    shell.ok("topic create t --partitions 2", b"");
    shell.ok("produce t --partition 0", b"a\nb\nc\nd\n");
    shell.ok("produce t --partition 1", b"x\ny\n");
    let moves = |arguments: &str| {
        let rows = shell.json(&format!("topic delete-records {arguments} --json"));
        let row = |row: &serde_json::Value| {
            ["partition", "from", "to"].map(|name| row[name].as_i64().expect("it is a number"))
        };
        rows.as_array().into_iter().flatten().map(row).collect::<Vec<_>>()
    };
    assert_eq!(moves("t --before latest --dry-run"), [[0, 0, 4], [1, 0, 2]]);
    // One partition where it is too late, and none begins later.
    let (code, said) = shell.fails("topic delete-records t --before 3");
    assert!(code == Some(1) && said.contains("t-1 ends at 2"), "{code:?}: {said}");
    assert_eq!(shell.fails("topic delete-records t").0, Some(2));
    assert_eq!(shell.fails("topic delete-records t:7 --before latest").0, Some(1));
    assert_eq!(moves("t:0 --before 1"), [[0, 0, 1]]);
    assert_eq!(shell.ok("consume t --partition 0", b""), "b\nc\nd\n");
    assert_eq!(moves("t --before -1"), [[0, 1, 3], [1, 0, 1]]);
    assert_eq!(moves("t:0 --before 0"), [[0, 3, 3]], "what is gone stays gone");
    assert_eq!(
        shell.ok("consume t --template {partition}@{offset}={value}\\n --partition 0", b""),
        "0@3=d\n"
    );
    assert_eq!(moves("t:1 --before latest"), [[1, 1, 2]]);
    assert_eq!(shell.ok("consume t", b""), "d\n");
}

#[test]
fn failures_have_their_exit_codes() {
    let shell = Shell::start();
    let (code, said) = shell.fails("consume nowhere");
    assert!(code == Some(1) && said.contains("UNKNOWN_TOPIC_OR_PARTITION"), "{code:?}: {said}");
    assert_eq!(shell.fails("consume nowhere --from sometime").0, Some(2));
    assert_eq!(shell.fails("consume nowhere --group g --from 5").0, Some(2));
    assert_eq!(shell.fails("group reset g --to earliest").0, Some(2));
    let closed = thalweg(&["cluster", "--bootstrap", "127.0.0.1:1"]).output().expect("the binary is there");
    assert_eq!(closed.status.code(), Some(3));
    shell.ok("topic create t --partitions 1", b"");
    let output = shell.run("produce t --format json", b"{\"value\":\"good\"}\nbad\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("record 2"), "{said}");
    assert_eq!(shell.ok("consume t", b""), "good\n", "what stood before the bad record was sent");
}

#[test]
fn a_reader_that_goes_away_early_is_no_failure() {
    let shell = Shell::start();
    shell.ok("topic create t --partitions 1", b"");
    shell.ok("produce t", "a line of some length\n".repeat(50_000).as_bytes());
    let bootstrap = format!("127.0.0.1:{}", shell.broker.port);
    let mut child = thalweg(&["consume", "t", "--bootstrap", &bootstrap])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary is there");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    for arguments in
        [&["completions", "zsh"][..], &["config"], &["config", "--json"], &["config", "--markdown"]]
    {
        let writer = writer.try_clone().expect("a pipe");
        let output = thalweg(arguments).stdout(writer).output().expect("the binary is there");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{arguments:?}: {said}");
    }
    // Nor does one who listens to nothing change what a failure's code is.
    let refused =
        thalweg(&["config", "--set", "no.such=1"]).stderr(writer).output().expect("the binary is there");
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn a_bench_counts_what_it_sent_and_read() {
    let shell = Shell::start();
    let produced =
        shell.json("bench produce --records 3000 --size 100 --partitions 3 --clients 2 --codec lz4 --json");
    assert_eq!((&produced["records"], &produced["failed"]), (&3000.into(), &0.into()));
    assert_eq!((&produced["bytes"], &produced["partitions"]), (&300_000.into(), &3.into()));
    let consumed = shell.json("bench consume --clients 2 --json");
    assert_eq!(consumed["records"], 3000);
    let latency = shell.json("bench latency --topic fresh --records 200 --rate 2000 --json");
    assert_eq!((&latency["records"], &latency["failed"]), (&200.into(), &0.into()));
    assert!(latency["milliseconds"]["p99.9"].as_f64() >= latency["milliseconds"]["p50"].as_f64());
}
