//! One release broker on free ports, watched from outside through `/proc` and its admin listener.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::process;

const LIMIT_START: Duration = Duration::from_secs(60);
const LIMIT_STOP: Duration = Duration::from_secs(30);
/// How often a starting broker is asked.
const POLL: Duration = Duration::from_millis(1);
/// An ApiVersions request of version 0: length, key, version, correlation id, no client id.
const QUESTION: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 255, 255];

pub(super) struct Broker {
    binary: PathBuf,
    pub(super) folder: PathBuf,
    address: SocketAddr,
    admin: SocketAddr,
    child: Child,
    /// From the process's start to its first answer.
    pub(super) ready: Duration,
}

impl Broker {
    /// Starts one on an empty folder.
    pub(super) fn start(binary: &Path, folder: &Path) -> anyhow::Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir_all(folder)?;
        let (address, admin) = (free_address()?, free_address()?);
        let folder = folder.join("data");
        let (child, ready) = launch(binary, &folder, address, admin)?;
        Ok(Self { binary: binary.to_owned(), folder, address, admin, child, ready })
    }

    /// Starts it on what it left.
    pub(super) fn start_again(&mut self) -> anyhow::Result<()> {
        (self.child, self.ready) = launch(&self.binary, &self.folder, self.address, self.admin)?;
        Ok(())
    }

    /// Asks it to end and waits for that.
    pub(super) fn stop(&mut self) -> anyhow::Result<()> {
        process::signal(&self.child.id().to_string(), "TERM");
        match process::wait_at_most(&mut self.child, LIMIT_STOP)? {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!("the broker ended with {status}"),
            None => bail!("the broker does not end"),
        }
    }

    pub(super) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// A command of the same binary for this broker.
    pub(super) fn client(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).args(["--bootstrap", &self.address.to_string()]).stdin(Stdio::null());
        command
    }

    /// Runs it to its end; what it printed, if that is JSON.
    pub(super) fn command(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let text = process::output(&mut self.client(arguments))?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Resident memory.
    pub(super) fn memory_bytes(&self) -> anyhow::Result<u64> {
        Ok(self.proc("status", "VmRSS:")? * 1024)
    }

    /// What it gave to disks.
    pub(super) fn written_bytes(&self) -> anyhow::Result<u64> {
        self.proc("io", "write_bytes:")
    }

    fn proc(&self, file: &str, name: &str) -> anyhow::Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id()))?;
        let line =
            text.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
        Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
    }

    /// The sum of a figure on its admin listener; `None` if there is no such figure.
    pub(super) fn figure(&self, name: &str) -> Option<u64> {
        let mut stream = TcpStream::connect(self.admin).ok()?;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
        let mut page = String::new();
        stream.read_to_string(&mut page).ok()?;
        let of_name = page.lines().filter(|line| line.split([' ', '{']).next() == Some(name));
        let values: Vec<f64> = of_name.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() as u64)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

fn launch(
    binary: &Path,
    folder: &Path,
    address: SocketAddr,
    admin: SocketAddr,
) -> anyhow::Result<(Child, Duration)> {
    let log = folder.with_extension("log");
    let began = Instant::now();
    let mut child = Command::new(binary)
        .args(["serve", "--listen", &address.to_string(), "--admin", &admin.to_string(), "--data"])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log)?)
        .spawn()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    loop {
        if answers(address) {
            return Ok((child, began.elapsed()));
        }
        if child.try_wait()?.is_some() || began.elapsed() > LIMIT_START {
            let _ = child.kill();
            let _ = child.wait();
            bail!("the broker did not come up:\n{}", process::tail(&log, 10));
        }
        std::thread::sleep(POLL);
    }
}

/// Whether a broker answers there.
fn answers(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let mut length = [0; 4];
    let asked = stream.set_read_timeout(Some(LIMIT_START)).and_then(|()| stream.write_all(&QUESTION));
    asked.and_then(|()| stream.read_exact(&mut length)).is_ok()
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
