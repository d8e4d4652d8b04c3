//! One broker on free ports, watched from outside through `/proc` and, where it is ours, its admin listener.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::fs::{Advice, fadvise};
use serde_json::Value;

use crate::{apache, probe, process};

const LIMIT_START: Duration = Duration::from_secs(120);
const LIMIT_STOP: Duration = Duration::from_secs(60);
/// How often a starting or ending broker is looked at.
const POLL: Duration = Duration::from_millis(1);
/// The first two fields of `/proc/PID/stat` may hold anything; after them `state` is the first, these the twelfth and
/// thirteenth.
const STAT_TIMES: std::ops::Range<usize> = 11..13;

/// What is started, and with which settings.
#[derive(Clone)]
pub(super) struct Software {
    /// Our binary: the broker, or beside Apache Kafka the client that prepares topics.
    binary: PathBuf,
    kafka: Option<apache::Jars>,
    settings: Vec<(String, String)>,
}

impl Software {
    pub(super) fn thalweg(binary: &Path) -> Self {
        Self { binary: binary.to_owned(), kafka: None, settings: Vec::new() }
    }

    pub(super) fn kafka(binary: &Path, jars: apache::Jars) -> Self {
        Self { binary: binary.to_owned(), kafka: Some(jars), settings: Vec::new() }
    }

    /// The same with one setting more.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    fn command(&self, folder: &Path, ports: &Ports) -> anyhow::Result<Command> {
        if let Some(jars) = &self.kafka {
            return apache::command(jars, folder, [ports.clients; 2], self.settings.iter().cloned());
        }
        let mut command = Command::new(&self.binary);
        command.arg("serve").args(["--listen", &address(ports.clients).to_string()]);
        command.args(["--admin", &address(ports.admin).to_string(), "--data"]).arg(folder.join("data"));
        for (name, value) in &self.settings {
            command.args(["--set", &format!("{name}={value}")]);
        }
        Ok(command)
    }
}

struct Ports {
    clients: u16,
    admin: u16,
}

pub(super) struct Broker {
    software: Software,
    /// Where its data and its log lie.
    pub(super) folder: PathBuf,
    ports: Ports,
    child: Child,
    /// From the process's start to its first answer.
    pub(super) ready: Duration,
}

/// What a process had used when it was looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    pub(super) cpu_seconds: f64,
    /// Given to disks.
    pub(super) written_bytes: u64,
}

impl Broker {
    /// Starts one on an empty folder.
    pub(super) fn start(software: &Software, folder: &Path) -> anyhow::Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir_all(folder)?;
        let [clients, admin] = probe::free_ports()?;
        let ports = Ports { clients, admin };
        let (child, ready) = launch(software, folder, &ports)?;
        Ok(Self { software: software.clone(), folder: folder.to_owned(), ports, child, ready })
    }

    /// Starts it on what it left.
    pub(super) fn start_again(&mut self) -> anyhow::Result<()> {
        (self.child, self.ready) = launch(&self.software, &self.folder, &self.ports)?;
        Ok(())
    }

    /// Asks it to end and waits for that; what it had used at its end.
    pub(super) fn stop(&mut self) -> anyhow::Result<Used> {
        process::signal(&self.child.id().to_string(), "TERM");
        let deadline = Instant::now() + LIMIT_STOP;
        // Until somebody waits for it, an ended process still tells what it used.
        while !self.stat()?.starts_with('Z') {
            if Instant::now() > deadline {
                bail!("the broker does not end");
            }
            std::thread::sleep(POLL);
        }
        let used = self.used()?;
        let status = self.child.wait()?;
        // A virtual machine that was asked to end says so with 128 + 15.
        if status.success() || (self.software.kafka.is_some() && status.code() == Some(143)) {
            return Ok(used);
        }
        bail!("the broker ended with {status}")
    }

    pub(super) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Where clients connect.
    pub(super) fn address(&self) -> SocketAddr {
        address(self.ports.clients)
    }

    /// Where its records lie.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Tells the kernel that nobody needs the pages of its files. A file that has gone meanwhile is no error.
    pub(super) fn forget_cached(&self) {
        let mut open = vec![self.data()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    open.push(path);
                } else if let Ok(file) = File::open(path) {
                    let _ = fadvise(file, 0, None, Advice::DontNeed);
                }
            }
        }
    }

    /// A command of our binary for this broker.
    pub(super) fn client(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.software.binary);
        command.args(arguments).args(["--bootstrap", &self.address().to_string()]).stdin(Stdio::null());
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

    /// The most resident memory that it ever had.
    pub(super) fn memory_bytes_max(&self) -> anyhow::Result<u64> {
        Ok(self.proc("status", "VmHWM:")? * 1024)
    }

    pub(super) fn used(&self) -> anyhow::Result<Used> {
        let stat = self.stat()?;
        let ticks = stat.split_whitespace().skip(STAT_TIMES.start).take(STAT_TIMES.len());
        let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Used {
            cpu_seconds: ticks as f64 / rustix::param::clock_ticks_per_second() as f64,
            written_bytes: self.proc("io", "write_bytes:")?,
        })
    }

    /// The fields of `stat` from the state on.
    fn stat(&self) -> anyhow::Result<String> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = text.rsplit_once(')').context("a name stands in brackets")?;
        Ok(fields.trim_start().to_owned())
    }

    fn proc(&self, file: &str, name: &str) -> anyhow::Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id()))?;
        let line =
            text.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
        Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
    }

    /// A figure on its admin listener; `None` if there is no such figure.
    pub(super) fn figure(&self, name: &str) -> Option<u64> {
        self.figures()?.get(name)
    }

    /// All that its admin listener tells; `None` if it has none.
    pub(super) fn figures(&self) -> Option<Page> {
        let mut stream = TcpStream::connect(address(self.ports.admin)).ok()?;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
        let mut page = String::new();
        stream.read_to_string(&mut page).ok()?;
        Some(Page(page))
    }
}

/// The figures of a moment.
#[derive(Default)]
pub(super) struct Page(String);

impl Page {
    /// The sum of a figure over all its labels.
    pub(super) fn get(&self, name: &str) -> Option<u64> {
        let of_name = self.0.lines().filter(|line| line.split([' ', '{']).next() == Some(name));
        let values: Vec<f64> = of_name.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() as u64)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
        // Only its records: the log may tell why a bench failed.
        let _ = std::fs::remove_dir_all(self.data());
    }
}

fn launch(software: &Software, folder: &Path, ports: &Ports) -> anyhow::Result<(Child, Duration)> {
    let log = folder.join("broker.log");
    let mut command = software.command(folder, ports)?;
    let file = File::create(&log)?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
    let began = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    loop {
        if probe::answers(address(ports.clients)) {
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

fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
