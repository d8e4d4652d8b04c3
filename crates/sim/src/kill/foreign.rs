//! A client that we did not write, as a process: `compat/python/killed_client.py`. It notes its history in a file.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::{PARTITIONS, TOPIC};
use crate::history::{Operation, read_lines};

/// How long one may take to bring its work to an end.
const END_MAX: Duration = Duration::from_secs(150);
/// How often a waiting loop looks again.
const POLL: Duration = Duration::from_millis(10);

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An idempotent producer.
    Produce,
    /// A member of the group.
    Consume,
}

/// A client that runs. Dropped, it is killed.
pub struct Foreign {
    child: Child,
    history: PathBuf,
    words: PathBuf,
}

impl Foreign {
    /// Starts one.
    pub fn start(
        python: &Path,
        script: &Path,
        role: Role,
        port: u16,
        client: u32,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let history = folder.join(format!("client-{client}.history"));
        let words = folder.join(format!("client-{client}.log"));
        let role = match role {
            Role::Produce => "produce",
            Role::Consume => "consume",
        };
        let child = Command::new(python)
            .arg("-B")
            .arg(script)
            .args([role, &format!("127.0.0.1:{port}"), TOPIC, &PARTITIONS.to_string(), &client.to_string()])
            .arg(&history)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(File::create(&words)?)
            .spawn()
            .with_context(|| format!("cannot start {}", python.display()))?;
        Ok(Self { child, history, words })
    }

    /// Lets it come to its end, and gives what it noted.
    pub fn end(mut self) -> anyhow::Result<Vec<Operation>> {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + END_MAX;
        let status = loop {
            match self.child.try_wait()? {
                Some(status) => break status,
                None if Instant::now() > deadline => bail!("{} does not end", self.history.display()),
                None => std::thread::sleep(POLL),
            }
        };
        if !status.success() {
            let words = std::fs::read_to_string(&self.words).unwrap_or_default();
            let last: Vec<_> = words.lines().rev().take(10).collect();
            bail!("{} ended with {status}: {}", self.history.display(), last.join(" / "));
        }
        let history = File::open(&self.history).context("it noted nothing")?;
        read_lines(BufReader::new(history)).with_context(|| self.history.display().to_string())
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // it may have ended already
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
