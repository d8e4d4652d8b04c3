//! The binary as a process with a data folder: started, killed without a word.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// How long a start may take.
const START_MAX: Duration = Duration::from_secs(60);
/// How often a waiting loop looks again.
const POLL: Duration = Duration::from_millis(2);

/// Ports that systems do not give to outgoing connections by themselves.
const PORTS: Range<u16> = 20_000..32_000;
/// How far apart two processes with neighbouring numbers begin to look.
const PORTS_APART: u32 = 97;

/// A broker that serves. Dropped, it is killed.
pub struct Process {
    child: Child,
    port: u16,
    log: PathBuf,
    /// Where in the log its words begin.
    from: u64,
}

/// How a broker is started.
pub struct Launch<'a> {
    /// What is started.
    pub binary: &'a Path,
    /// Its data folder.
    pub data: &'a Path,
    /// Where it serves.
    pub port: u16,
    /// Where it writes down what it does with its disk, if that is wanted.
    pub journal: Option<&'a Path>,
    /// What it is told beside that.
    pub settings: &'a [(&'a str, &'a str)],
    /// Where its words go, behind what is there.
    pub log: &'a Path,
}

impl Launch<'_> {
    /// Starts it and waits until it serves.
    pub fn serve(&self) -> anyhow::Result<Process> {
        self.begin()?.ready()
    }

    /// Starts it and waits for nothing.
    pub fn begin(&self) -> anyhow::Result<Process> {
        let words = File::options().create(true).append(true).open(self.log)?;
        let from = words.metadata()?.len();
        let mut command = Command::new(self.binary);
        command.args(["serve", "--listen", &format!("127.0.0.1:{}", self.port), "--admin", "off"]);
        command.arg("--data").arg(self.data);
        if let Some(journal) = self.journal {
            command.arg("--disk-journal").arg(journal);
        }
        for (name, value) in self.settings {
            command.args(["--set", &format!("{name}={value}")]);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(words)
            .spawn()
            .with_context(|| format!("cannot start {}", self.binary.display()))?;
        Ok(Process { child, port: self.port, log: self.log.to_path_buf(), from })
    }
}

impl Process {
    /// Waits until it serves.
    pub fn ready(mut self) -> anyhow::Result<Self> {
        let deadline = Instant::now() + START_MAX;
        loop {
            let said = said_since(&self.log, self.from)?;
            if said.iter().any(|line| line.contains("ready") && line.contains("took_ms")) {
                return Ok(self);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the broker ended at its start with {status}:\n{}", said.join("\n"));
            }
            if Instant::now() > deadline {
                bail!("the broker did not serve within {} s:\n{}", START_MAX.as_secs(), said.join("\n"));
            }
            std::thread::sleep(POLL);
        }
    }

    /// Where it serves.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it has not ended.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it with SIGKILL, and waits until it is gone.
    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // it may have ended already
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn said_since(log: &Path, from: u64) -> anyhow::Result<Vec<String>> {
    use std::io::Seek;
    let mut file = File::open(log)?;
    file.seek(std::io::SeekFrom::Start(from))?;
    Ok(BufReader::new(file).lines().map_while(Result::ok).collect())
}

/// A folder that is made anew.
pub fn fresh_folder(path: PathBuf) -> anyhow::Result<PathBuf> {
    if path.exists() {
        std::fs::remove_dir_all(&path)?;
    }
    std::fs::create_dir_all(&path)?;
    Ok(path)
}

/// A port that was free a moment ago. It is none of those that the system gives to outgoing connections: while a broker
/// is down, a client that dials it could be given its port.
pub fn free_port() -> anyhow::Result<u16> {
    // where this process looks next, so that its brokers do not meet; other processes begin elsewhere
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..PORTS.len() {
        let turn =
            std::process::id().wrapping_mul(PORTS_APART).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + (turn % PORTS.len() as u32) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port of {PORTS:?} is free")
}
