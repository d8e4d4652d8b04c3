//! Who sends what no client sends, or as no client does: memory stays within the shares that the settings give, and
//! others are served meanwhile.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use thalweg_model::TimestampMs;
use thalweg_model::batch::{BatchBuilder, BatchOptions, NewRecord};

use crate::process::{Broker, DEADLINE, now, run};

/// What the binary takes at most under any load: the shares of frames (64 MiB), tail (96), WAL (16) and answers (32),
/// the binary itself, stacks and state.
const MEMORY_BYTES_MAX: u64 = 256 << 20;
/// What a connection may cost that does nothing.
const IDLE_CONNECTION_BYTES_MAX: u64 = 12 << 10;
/// How long an answer may take while hostile clients are busy.
const PATIENCE: Duration = DEADLINE;

const API_PRODUCE: i16 = 0;
const API_VERSIONS: i16 = 18;

#[test]
fn a_length_of_2_gib_ends_the_connection_and_costs_nothing() {
    let broker = Broker::start(&["--data", "memory"]);
    let before = broker.memory_now();
    for length in [i32::MAX, 0x7fff_fff0, i32::MIN, -1, 101 << 20] {
        let mut hostile = connect(&broker);
        hostile.write_all(&length.to_be_bytes()).unwrap();
        assert_closed(&mut hostile);
    }
    assert!(broker.memory_most() < before + (4 << 20), "a length that lies allocates nothing");
    assert_serves(&broker);
}

#[test]
fn what_nobody_serves_is_told_with_who_sent_it() {
    const UNKNOWN: i16 = 999;
    const TOO_NEW: i16 = 99;
    let broker = Broker::start(&["--data", "memory"]);
    let mut addresses = Vec::new();
    for (key, version) in [(UNKNOWN, 0), (API_PRODUCE, TOO_NEW)] {
        let mut hostile = connect(&broker);
        let address = hostile.local_addr().unwrap();
        let mut header = [key.to_be_bytes(), version.to_be_bytes()].concat();
        header.extend_from_slice(&1_i32.to_be_bytes());
        header.extend_from_slice(b"\0\x08stranger");
        hostile.write_all(&i32::try_from(header.len()).unwrap().to_be_bytes()).unwrap();
        hostile.write_all(&header).unwrap();
        assert_closed(&mut hostile);
        addresses.push(address);
    }
    broker.signal("TERM");
    let (_, said) = broker.end();
    for address in addresses {
        let told = said.lines().find(|line| line.contains(&format!("address={address}")));
        assert!(told.is_some_and(|line| line.contains("client_id=stranger")), "{said}");
    }
}

#[test]
fn ten_thousand_idle_connections_cost_little_each() {
    // The two ends of each are in two processes, each with its own limit of open files.
    let count = 10_000.min(raise_open_files() - 500);
    // They come at once: those that find no place in the queue of the listener would try again a second later.
    let broker = Broker::start(&["--data", "memory", "--set", "socket.listen.backlog.size=4096"]);
    let before = broker.memory_now();
    let idle: Vec<TcpStream> = (0..count).map(|_| connect(&broker)).collect();
    for stream in idle.iter().step_by(100) {
        assert_answered(stream);
    }
    let cost = broker.memory_most().saturating_sub(before) / count as u64;
    assert!(cost < IDLE_CONNECTION_BYTES_MAX, "{cost} bytes for an idle connection");
    assert_serves(&broker);
}

#[test]
fn without_descriptors_those_who_are_there_are_served_and_it_heals() {
    // Enough for a start and some clients.
    const OPEN_FILES: usize = 80;
    const ROUNDS: usize = 3;
    const MEANWHILE: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let mut limited = std::process::Command::new("sh");
    let command = format!("ulimit -n {OPEN_FILES} && exec \"$@\"");
    limited.args(["-c", &command, "sh", env!("CARGO_BIN_EXE_thalweg")]);
    limited.args(["serve", "--listen", "127.0.0.1:0", "--data", data]);
    let broker = Broker::spawn(limited);
    let bootstrap = format!("127.0.0.1:{}", broker.port);
    assert!(run(&["topic", "create", "scarce", "--bootstrap", &bootstrap]).status.success());
    let mut early = connect(&broker);
    let mut produced = 0;
    let mut produce_one = || {
        early.write_all(&produce("scarce", 0, 1_000)).unwrap();
        assert_eq!(produce_error(&answer(&mut early)), 0);
        produced += 1;
    };
    produce_one();
    for _ in 0..ROUNDS {
        let crowd: Vec<TcpStream> = (0..OPEN_FILES).map(|_| connect(&broker)).collect();
        // Who came first got in; one of the last waits, and no answer comes while nobody leaves.
        assert_answered(&crowd[0]);
        let late = crowd.last().unwrap();
        late.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        (&mut &*late).write_all(&api_versions()).unwrap();
        assert!((&mut &*late).read(&mut [0; 1]).is_err(), "there is no descriptor for it");
        (0..MEANWHILE).for_each(|_| produce_one());
        drop(crowd);
        assert_serves(&broker);
    }
    let read = run(&["consume", "scarce", "--from", "0", "--bootstrap", &bootstrap]);
    assert_eq!(String::from_utf8(read.stdout).unwrap().lines().count(), produced, "{:?}", read.stderr);
    broker.signal("TERM");
    let (status, said) = broker.end();
    assert_eq!(status.code(), Some(0), "{said}");
    assert_eq!(said.matches("cannot accept connections").count(), 1, "once in a time of shortage: {said}");
    assert!(run(&["check", "--data", data]).status.success());
}

#[test]
fn who_never_reads_is_read_no_further() {
    const SENT_BYTES_MAX: usize = 64 << 20;
    let broker = Broker::start(&["--data", "memory"]);
    let mut hostile = connect(&broker);
    hostile.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let requests = api_versions().repeat(10_000);
    let mut sent = 0;
    let error = loop {
        match hostile.write(&requests) {
            Ok(count) => sent += count,
            Err(error) => break error,
        }
        assert!(sent < SENT_BYTES_MAX, "requests are taken in whose answers nobody reads");
    };
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    assert!(broker.memory_most() < MEMORY_BYTES_MAX);
    assert_serves(&broker);
}

#[test]
fn large_frames_that_come_byte_by_byte_share_their_memory() {
    const COUNT: usize = 300;
    const LENGTH: u32 = 99 << 20;
    const BEGINNING: usize = 1 << 20;
    let broker = Broker::start(&["--data", "memory"]);
    let beginning = [&LENGTH.to_be_bytes()[..], &vec![0; BEGINNING]].concat();
    let slow: Vec<TcpStream> = (0..COUNT)
        .map(|_| {
            let mut stream = connect(&broker);
            stream.set_nonblocking(true).unwrap();
            // What is not taken in stays in the socket, and that is the point.
            let _ = stream.write(&beginning);
            stream
        })
        .collect();
    // A small frame finds its way past them.
    assert_serves(&broker);
    let most = broker.memory_most();
    assert!(most < MEMORY_BYTES_MAX, "{} MiB for {COUNT} unfinished frames", most >> 20);
    drop(slow);
    assert_serves(&broker);
}

#[test]
fn produce_faster_than_the_disk_stays_within_the_shares() {
    const CONNECTIONS: usize = 6;
    const REQUESTS: usize = 48;
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(&["--data", folder.path().join("data").to_str().unwrap()]);
    let bootstrap = format!("127.0.0.1:{}", broker.port);
    let made = run(&["topic", "create", "flood", "--partitions", "6", "--bootstrap", &bootstrap]);
    assert!(made.status.success());
    std::thread::scope(|scope| {
        for partition in 0..CONNECTIONS {
            let mut writer = connect(&broker);
            let mut reader = writer.try_clone().unwrap();
            let request = produce("flood", partition as i32, 1_000_000);
            scope.spawn(move || (0..REQUESTS).for_each(|_| writer.write_all(&request).unwrap()));
            scope.spawn(move || {
                (0..REQUESTS).for_each(|_| assert_eq!(produce_error(&answer(&mut reader)), 0))
            });
        }
        assert_serves(&broker);
    });
    let most = broker.memory_most();
    assert!(most < MEMORY_BYTES_MAX, "{} MiB under a flood", most >> 20);
}

fn connect(broker: &Broker) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", broker.port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A request with the first header that has a client id, and this body.
fn request(key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut frame = [&key.to_be_bytes()[..], &version.to_be_bytes(), &7i32.to_be_bytes()].concat();
    frame.extend(text("hostile"));
    frame.extend(body);
    [&(frame.len() as u32).to_be_bytes()[..], &frame].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat()
}

fn api_versions() -> Vec<u8> {
    request(API_VERSIONS, 0, &[])
}

/// A Produce (version 3, acks of all) of one record of this size.
fn produce(topic: &str, partition: i32, size: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    let value = vec![b'x'; size];
    let wall = TimestampMs(1_700_000_000_000);
    builder.append(NewRecord { timestamp: wall, value: Some(&value), ..NewRecord::default() });
    let batch = builder.finish().unwrap();
    let mut body = [&(-1i16).to_be_bytes()[..], &(-1i16).to_be_bytes(), &30_000i32.to_be_bytes()].concat();
    body.extend(1i32.to_be_bytes());
    body.extend(text(topic));
    body.extend(1i32.to_be_bytes());
    body.extend(partition.to_be_bytes());
    body.extend((batch.len() as u32).to_be_bytes());
    body.extend_from_slice(&batch);
    request(API_PRODUCE, 3, &body)
}

/// The error of the one partition: after the correlation id, two counts, the topic's name and the partition's number.
fn produce_error(answer: &[u8]) -> i16 {
    let name = i16::from_be_bytes([answer[8], answer[9]]) as usize;
    let at = 10 + name + 8;
    i16::from_be_bytes([answer[at], answer[at + 1]])
}

fn answer(mut stream: impl Read) -> Vec<u8> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut answer).unwrap();
    answer
}

fn assert_answered(mut stream: &TcpStream) {
    stream.write_all(&api_versions()).unwrap();
    let answer = answer(stream);
    assert_eq!(answer[..6], [0, 0, 0, 7, 0, 0], "its correlation id, and no error");
}

/// Somebody else comes, and is answered.
fn assert_serves(broker: &Broker) {
    assert_answered(&connect(broker));
}

fn assert_closed(stream: &mut TcpStream) {
    let started = now();
    let end = stream.read(&mut [0; 1]);
    let closed = match &end {
        Ok(count) => *count == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    };
    assert!(closed && now() - started < PATIENCE, "{end:?}");
}

/// As many open files as this process may have; tells how many.
fn raise_open_files() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    maximum.map_or(usize::MAX, |maximum| maximum as usize)
}
