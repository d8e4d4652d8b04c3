//! Starts the binary and reads what it says; what was started is ended with the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long a test waits for what must come.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// The binary with an environment of its own.
pub(crate) fn thalweg(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thalweg"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("THALWEG_")) {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// Runs a command that ends by itself.
pub(crate) fn run(arguments: &[&str]) -> Output {
    thalweg(arguments).stdin(Stdio::null()).output().unwrap()
}

pub(crate) fn signal(child: &Child, name: &str) {
    let done = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(done.unwrap().success());
}

/// Waits for a process's end, and does this as long as it runs.
pub(crate) fn wait(child: &mut Child, meanwhile: impl Fn(&Child)) -> ExitStatus {
    let started = now();
    loop {
        match child.try_wait().unwrap() {
            Some(status) => return status,
            None => assert!(now() - started < DEADLINE, "it does not end"),
        }
        meanwhile(child);
        std::thread::yield_now();
    }
}

/// A broker that serves.
pub(crate) struct Broker {
    child: Child,
    lines: Receiver<String>,
    /// What it said until it was ready.
    pub(crate) said: String,
    pub(crate) port: u16,
    pub(crate) admin: Option<SocketAddr>,
}

impl Broker {
    /// Starts it on any free ports.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
        all.extend(arguments);
        Self::start_with(&all)
    }

    /// Starts it with these arguments alone.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        Self::spawn(thalweg(arguments))
    }

    /// Starts it by this command.
    pub(crate) fn spawn(command: Command) -> Self {
        Self::spawn_within(command, DEADLINE).unwrap_or_else(|why| panic!("{why}"))
    }

    fn spawn_within(mut command: Command, patience: Duration) -> Result<Self, String> {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = lines_of(child.stderr.take().unwrap());
        let mut broker = Self { child, lines, said: String::new(), port: 0, admin: None };
        let began = now();
        loop {
            let line = match broker.lines.recv_timeout(patience.saturating_sub(now() - began)) {
                Ok(line) => line,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(format!("it ended before it was ready; it said:\n{}", broker.said));
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("it was not ready within {patience:?}; it said:\n{}", broker.said));
                }
            };
            broker.said.push_str(&line);
            if let Some(address) = line.trim().strip_prefix("serving ") {
                broker.serves_at(address.trim());
            }
            if let Some(address) = line.trim().strip_prefix("admin ") {
                broker.tells_at(address.trim());
            }
            // Without a banner the log says the same.
            if let Ok(said) = serde_json::from_str::<serde_json::Value>(&line)
                && let (Some(address), Some(admin)) = (said["addresses"].as_str(), said["admin"].as_str())
            {
                broker.serves_at(address);
                broker.tells_at(admin);
            }
            if line.contains("ready") && line.contains("took_ms") {
                assert_ne!(broker.port, 0, "the banner names the address");
                return Ok(broker);
            }
        }
    }

    fn serves_at(&mut self, address: &str) {
        let (_, port) = address.rsplit_once(':').unwrap();
        self.port = port.parse().unwrap();
    }

    fn tells_at(&mut self, address: &str) {
        self.admin = address.strip_prefix("http://").and_then(|rest| rest.split('/').next()?.parse().ok());
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Its resident memory, in bytes.
    pub(crate) fn memory_now(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The most that it ever was.
    pub(crate) fn memory_most(&self) -> u64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, which: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(which)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }

    /// Waits for the end; returns what was said since it was ready.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let status = wait(&mut self.child, |_| {});
        (status, self.lines.iter().collect())
    }

    /// The body and the status line of an answer of the admin listener.
    pub(crate) fn get(&self, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.admin.unwrap()).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a pipe as they come, so that waiting for one can end; they are read though nobody waits.
#[allow(clippy::disallowed_methods, reason = "a pipe to another process is read by a thread of its own")]
fn lines_of(pipe: ChildStderr) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = String::new();
        while pipe.read_line(&mut line).is_ok_and(|read| read > 0) && sender.send(line).is_ok() {
            line = String::new();
        }
    });
    lines
}

#[allow(clippy::disallowed_methods, reason = "the test waits for another process, in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[test]
fn what_is_never_ready_is_not_waited_for_without_end() {
    let shell = |script: &str, patience| {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Broker::spawn_within(command, patience).map(|_| ()).unwrap_err()
    };
    let late = shell("echo still at it >&2; exec sleep 600", Duration::from_millis(500));
    assert_eq!(late, "it was not ready within 500ms; it said:\nstill at it\n");
    assert_eq!(shell("echo no >&2", DEADLINE), "it ended before it was ready; it said:\nno\n");
}
