//! A broker that serves: its banner, its admin listener, its end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use crate::process::{Broker, run, signal, thalweg, wait};

#[test]
fn it_says_how_to_connect_tells_its_health_and_ends_cleanly() {
    let broker = Broker::start(&["--data", "memory", "--set", "num.io.threads=4"]);
    let port = broker.port;
    assert!(broker.said.contains(&format!("bootstrap.servers=127.0.0.1:{port}")), "{}", broker.said);
    assert!(
        broker.said.contains("no meaning here") && broker.said.contains("num.io.threads"),
        "{}",
        broker.said
    );
    assert!(broker.get("/healthz").0.contains("200"));
    assert!(broker.get("/readyz").0.contains("200"));
    assert!(broker.get("/no-such-page").0.contains("404"));
    let (_, metrics) = broker.get("/metrics");
    for name in ["thalweg_build_info{version=", "thalweg_connections 0", "thalweg_groups 0", "# EOF"] {
        assert!(metrics.contains(name), "{name} is not in\n{metrics}");
    }
    broker.signal("TERM");
    let (status, rest) = broker.end();
    assert_eq!(status.code(), Some(0), "{rest}");
}

#[test]
fn several_run_side_by_side_and_interrupts_end_them() {
    let one = Broker::start(&["--data", "memory"]);
    let other = Broker::start(&["--data", "memory", "--node-id", "2", "--log-format", "json"]);
    assert_ne!((one.port, one.admin), (other.port, other.admin));
    for line in other.said.lines() {
        let said: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        assert!(said["level"].is_string() && said["message"].is_string(), "{line}");
    }
    assert!(other.said.contains("\"ready\""), "{}", other.said);
    for broker in [one, other] {
        broker.signal("INT");
        assert_eq!(broker.end().0.code(), Some(0));
    }
}

#[test]
fn an_open_connection_does_not_hold_up_the_end() {
    let broker = Broker::start(&["--data", "memory"]);
    let mut open = TcpStream::connect(("127.0.0.1", broker.port)).unwrap();
    broker.signal("TERM");
    assert_eq!(broker.end().0.code(), Some(0));
    // Closed by the other side, one way or the other.
    assert!(matches!(open.read(&mut [0; 1]), Ok(0) | Err(_)));
}

#[test]
fn a_connection_that_its_peer_resets_is_no_warning() {
    let broker = Broker::start(&["--data", "memory", "--log", "debug"]);
    let mut client = TcpStream::connect(("127.0.0.1", broker.port)).unwrap();
    let address = client.local_addr().unwrap();
    // ApiVersions v0 of a client named "hasty".
    client.write_all(b"\0\0\0\x0f\0\x12\0\0\0\0\0\x01\0\x05hasty").unwrap();
    client.peek(&mut [0]).unwrap();
    // Who closes without having read the answer resets.
    drop(client);
    while !broker.get("/metrics").1.contains("thalweg_connections 0") {}
    broker.signal("TERM");
    let (status, said) = broker.end();
    assert_eq!(status.code(), Some(0), "{said}");
    let told = said.lines().find(|line| line.contains("reset")).unwrap_or_else(|| panic!("{said}"));
    for word in ["DEBUG", "hasty", &address.to_string()] {
        assert!(told.contains(word), "{word} is not in {told}");
    }
    assert!(!said.contains("WARN") && !said.contains(" INFO connection"), "{said}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let broker = Broker::start(&["--data", "memory"]);
    // Held, so that both signals are there when it looks; two of one name would become one.
    for name in ["STOP", "INT", "TERM", "CONT"] {
        broker.signal(name);
    }
    let (status, said) = broker.end();
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.contains("ended at once by a second signal"), "{said}");
}

#[test]
fn a_second_signal_ends_a_command_that_waits_for_its_reader() {
    let broker = Broker::start(&["--data", "memory"]);
    let bootstrap = format!("127.0.0.1:{}", broker.port);
    let filled = run(&["bench", "produce", "--records", "2000", "--bootstrap", &bootstrap]);
    assert!(filled.status.success());
    let mut command = thalweg(&["consume", "thalweg-bench", "--follow", "--bootstrap", &bootstrap])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // From its first byte on it listens to signals; the pipe then fills up, and nobody empties it.
    let mut stdout = command.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).unwrap();
    let status = wait(&mut command, |command| signal(command, "INT"));
    assert_eq!(status.code(), Some(130));
}

#[test]
fn a_signal_under_load_ends_it_cleanly_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let broker = Broker::start(&["--data", data.to_str().unwrap()]);
    let bootstrap = format!("127.0.0.1:{}", broker.port);
    let topic = ["topic", "create", "thalweg-bench", "--partitions", "4", "--bootstrap", &bootstrap];
    assert!(run(&topic).status.success());
    let mut load = Vec::new();
    for arguments in [
        &["bench", "produce", "--size", "100", "--duration", "600"][..],
        &["consume", "thalweg-bench", "--group", "readers", "--follow", "--output", "/dev/null"],
        &["consume", "thalweg-bench", "--follow", "--from", "latest"],
    ] {
        let mut command = thalweg(arguments);
        command.args(["--bootstrap", &bootstrap]).stdout(Stdio::piped()).stderr(Stdio::null());
        load.push(command.spawn().unwrap());
    }
    let mut watched = load.pop().unwrap();
    let mut stdout = watched.stdout.take().unwrap();
    stdout.read_exact(&mut vec![0; 1 << 20]).unwrap();
    broker.signal("TERM");
    // After five seconds it would give up, and say so by another code.
    let (status, said) = broker.end();
    load.push(watched);
    for mut command in load {
        command.kill().unwrap();
        command.wait().unwrap();
    }
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(!said.contains("WARN") && !said.contains("ERROR"), "{said}");
}

#[test]
fn a_folder_has_one_owner_and_one_node_and_outlives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let first = Broker::start(&["--data", data, "--node-id", "3"]);
    let refused = |node: &str| {
        let output = run(&["--data", data, "--node-id", node, "--listen", "127.0.0.1:0", "--admin", "off"]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, text) = refused("3");
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("in use") && text.contains(data), "{text}");
    first.signal("KILL");
    assert_eq!(first.end().0.code(), None);
    let (code, text) = refused("4");
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("belongs to node 3"), "{text}");
    let again = Broker::start(&["--data", data, "--node-id", "3"]);
    again.signal("TERM");
    assert_eq!(again.end().0.code(), Some(0));
}

#[test]
fn kafkas_own_sample_of_settings_starts_once_the_risk_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.properties");
    let data = folder.path().join("logs");
    let settings = [
        "process.roles=broker,controller",
        "node.id=1",
        "controller.quorum.bootstrap.servers=localhost:9093",
        "listeners=PLAINTEXT://:0,CONTROLLER://:9093",
        "inter.broker.listener.name=PLAINTEXT",
        "advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093",
        "controller.listener.names=CONTROLLER",
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL",
        "num.network.threads=3",
        "num.io.threads=8",
        "socket.send.buffer.bytes=102400",
        "socket.receive.buffer.bytes=102400",
        "socket.request.max.bytes=104857600",
        &format!("log.dirs={}", data.display()),
        "num.partitions=1",
        "num.recovery.threads.per.data.dir=1",
        "offsets.topic.replication.factor=1",
        "share.coordinator.state.topic.replication.factor=1",
        "share.coordinator.state.topic.min.isr=1",
        "transaction.state.log.replication.factor=1",
        "transaction.state.log.min.isr=1",
        "log.retention.hours=168",
        "log.segment.bytes=1073741824",
        "log.retention.check.interval.ms=300000",
    ];
    std::fs::write(&path, settings.join("\n")).unwrap();
    let path = path.to_str().unwrap();
    let refused = run(&["--config", path, "--admin", "off"]);
    let text = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{text}");
    assert!(text.contains("server.properties:4") && text.contains("--allow-unauthenticated"), "{text}");
    let broker = Broker::start_with(&["--config", path, "--admin", "127.0.0.1:0", "--allow-unauthenticated"]);
    assert_eq!(broker.port, 9092, "clients are told what the file says");
    assert!(broker.said.contains("listener CONTROLLER"), "{}", broker.said);
    assert!(data.is_dir());
    broker.signal("TERM");
    assert_eq!(broker.end().0.code(), Some(0));
}
