//! The journal of the disk's changes is whole: what the system saw the binary do to its data folder stands in it, call
//! by call. Needs `strace`; without it nothing is compared.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use thalweg_storage::disk::{Call, Entry, read_journal};

use crate::process::{Broker, DEADLINE, now, run, thalweg};

/// What the binary does without its `Disk`: the lock, and the question whether there is direct I/O.
const OWN: [&str; 2] = ["lock", "direct-io-probe"];
/// The system calls by which a file or a folder may change.
const CALLS: &str = "open,openat,openat2,creat,rename,renameat,renameat2,unlink,unlinkat,link,linkat,symlink,symlinkat,\
                     mkdir,mkdirat,rmdir,truncate,ftruncate,fallocate,write,writev,pwrite64,pwritev,pwritev2,\
                     copy_file_range,io_uring_setup,fsync,fdatasync,sync_file_range,sync,syncfs";

/// How often each thing was done to each file.
type Changes = BTreeMap<(&'static str, String), usize>;

#[test]
fn nothing_changes_the_data_folder_but_by_the_disk() {
    if Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_err() {
        eprintln!("left out: there is no strace");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().canonicalize().unwrap();
    let (data, journal, trace) = (folder.join("data"), folder.join("journal"), folder.join("trace"));
    // a folder that is there already, so that the second life, which reads, is seen too
    drop(Broker::start(&["--data", data.to_str().unwrap()]));
    let serve = thalweg(&["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "-q", "-y", "-s", "0", "-e"]).arg(format!("trace={CALLS}"));
    command.arg("-o").arg(&trace).arg(serve.get_program()).args(serve.get_args());
    command.args(["--set", "thalweg.checkpoint.interval.ms=100", "--set", "log.segment.delete.delay.ms=0"]);
    command.arg("--data").arg(&data).arg("--disk-journal").arg(&journal);
    let broker = Broker::spawn(command);
    let lines = folder.join("lines");
    std::fs::write(&lines, "a line\n".repeat(20_000)).unwrap();
    let address = format!("127.0.0.1:{}", broker.port);
    for _ in 0..3 {
        let lines = lines.to_str().unwrap();
        let sent = run(&["produce", "--bootstrap", &address, "topic", lines]);
        assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    }
    broker.signal("TERM");
    assert!(broker.end().0.success());
    let seen = traced(&trace, &data);
    let written = journaled(&std::fs::read(&journal).unwrap());
    assert!(seen.keys().any(|(what, name)| *what == "write" && name.starts_with("wal/")), "{seen:?}");
    assert!(seen.keys().any(|(what, name)| *what == "write" && name.starts_with("segments/")), "{seen:?}");
    assert_eq!(seen, written);
}

/// What the system saw, by `strace`'s words. Its tracer ends a moment after the process.
fn traced(trace: &Path, data: &Path) -> Changes {
    let started = now();
    let text = loop {
        let text = String::from_utf8_lossy(&std::fs::read(trace).unwrap_or_default()).into_owned();
        if text.lines().last().is_some_and(|line| line.contains("exited with")) {
            break text;
        }
        assert!(now() - started < DEADLINE, "strace does not end");
        std::thread::yield_now();
    };
    let data = format!("{}/", data.display());
    let mut changes = Changes::new();
    for line in text.lines() {
        // `PID call(3</folder/file>, …` or `PID call("/folder/file", …`
        let Some((call, rest)) = line.split_once(' ').and_then(|(_, call)| call.trim_start().split_once('('))
        else {
            continue;
        };
        assert_ne!(call, "io_uring_setup", "{line}");
        let Some((_, name)) = rest.split_once(&data) else {
            // the folder itself
            let is_folder = rest.contains(&format!("{}>", data.trim_end_matches('/')));
            if is_folder && call == "fsync" {
                *changes.entry(("sync of a folder", String::new())).or_default() += 1;
            }
            continue;
        };
        let name = name.split(['"', '>']).next().unwrap_or_default().to_owned();
        if OWN.contains(&name.as_str()) {
            continue;
        }
        let what = match call {
            "open" | "openat" | "openat2" | "creat" if rest.contains("O_CREAT") => "open",
            "open" | "openat" | "openat2" => continue,
            // Begins what the kernel does on its own: what is durable is said by no one.
            "sync_file_range" => continue,
            "mkdir" | "mkdirat" => "folder",
            "rename" | "renameat" | "renameat2" => "rename",
            "unlink" | "unlinkat" => "unlink",
            "ftruncate" => "length",
            "fallocate" => "allocate",
            "pwritev2" => "write",
            "fdatasync" => "sync",
            "fsync" => "sync of a folder",
            _ => panic!("no call of a Disk: {line}"),
        };
        *changes.entry((what, name)).or_default() += 1;
    }
    changes
}

fn journaled(bytes: &[u8]) -> Changes {
    let mut names: BTreeMap<u64, String> = BTreeMap::new();
    let mut changes = Changes::new();
    for (_, entry) in read_journal(bytes) {
        let Entry::Begun { what, .. } = entry else { continue };
        let of = |file: u64| names.get(&file).cloned().unwrap_or_default();
        let change = match what {
            Call::Open { file, may_make, name } => {
                names.insert(file, name.to_owned());
                if !may_make {
                    continue;
                }
                ("open", name.to_owned())
            }
            Call::Write { file, .. } | Call::Zeros { file, .. } => ("write", of(file)),
            Call::Allocate { file, .. } => ("allocate", of(file)),
            Call::SetLength { file, .. } => ("length", of(file)),
            Call::Sync { file } => ("sync", of(file)),
            Call::Folder { name } => ("folder", name.to_owned()),
            Call::Rename { from, to } => {
                for name in names.values_mut().filter(|name| *name == from) {
                    to.clone_into(name);
                }
                ("rename", from.to_owned())
            }
            Call::Unlink { name } => {
                // the system names a file that is gone so
                for name in names.values_mut().filter(|other| *other == name) {
                    name.push_str(" (deleted)");
                }
                ("unlink", name.to_owned())
            }
            Call::SyncFolder { name } => ("sync of a folder", name.to_owned()),
        };
        *changes.entry(change).or_default() += 1;
    }
    changes
}
