//! Child processes: found, run to their end with a limit, logged, ended as a whole group.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::root;

/// How often a waiting loop looks again.
const POLL: Duration = Duration::from_millis(20);

/// The moment by which a stage has to be over.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    at: Instant,
    limit: Duration,
}

impl Deadline {
    /// So long from now.
    pub(crate) fn after(limit: Duration) -> Self {
        Self { at: Instant::now() + limit, limit }
    }

    /// What is left of a limit of something's own.
    pub(crate) fn within(self, limit: Duration) -> Duration {
        limit.min(self.at.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn is_over(self) -> bool {
        self.at <= Instant::now()
    }

    /// That it is over, in words.
    pub(crate) fn missed(self) -> String {
        format!("the stage took longer than {} min", self.limit.as_secs() / 60)
    }
}

/// Runs a command to its end, its output in `log`; an error shows the log's last lines.
pub(crate) fn run_logged(command: &mut Command, log: &Path, limit: Duration) -> anyhow::Result<()> {
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let shown = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {shown}"))?;
    let Some(status) = wait_at_most(&mut child, limit)? else {
        end_group(&mut child);
        bail!("{shown} took longer than {} s; see {}\n{}", limit.as_secs(), log.display(), tail(log, 10));
    };
    if !status.success() {
        bail!("{shown} ended with {status}; see {}\n{}", log.display(), tail(log, 15));
    }
    Ok(())
}

/// The same for cargo, in the repository.
pub(crate) fn cargo(arguments: &[&str], log: &Path, limit: Duration) -> anyhow::Result<()> {
    run_logged(Command::new(env!("CARGO")).current_dir(root()).args(arguments), log, limit)
}

/// The standard output of a short command.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = ended(command)?;
    if !output.status.success() {
        bail!("{command:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The same however it ends: for one whose output says more than its status.
pub(crate) fn printed(command: &mut Command) -> anyhow::Result<String> {
    Ok(String::from_utf8_lossy(&ended(command)?.stdout).into_owned())
}

fn ended(command: &mut Command) -> anyhow::Result<Output> {
    command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {command:?}"))
}

/// Waits for a child's end, but not longer than `limit`.
pub(crate) fn wait_at_most(
    child: &mut Child,
    limit: Duration,
) -> anyhow::Result<Option<std::process::ExitStatus>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        std::thread::sleep(POLL);
    }
}

/// Ends a child and all that it started; the child must have been started with a process group of its own.
pub(crate) fn end_group(child: &mut Child) {
    signal(&format!("-{}", child.id()), "KILL");
    let _ = child.wait();
}

/// Sends a signal to one process (or, with a leading `-`, to a group); one that is gone is no error.
pub(crate) fn signal(process: &str, signal: &str) {
    let _ = Command::new("kill")
        .args([&format!("-{signal}"), "--", process])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// The last lines of a file.
pub(crate) fn tail(path: &Path, lines: usize) -> String {
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// Where a program lies, by `PATH`.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
