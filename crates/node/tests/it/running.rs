//! A broker that serves: its banner, its admin listener, its end.

use std::io::Read;
use std::net::TcpStream;

use crate::process::Broker;

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
    assert!(
        other.said.lines().any(|line| line.starts_with('{') && line.contains("\"ready\"")),
        "{}",
        other.said
    );
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
