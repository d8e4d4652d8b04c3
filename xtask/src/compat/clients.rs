//! The clients of `compat/`: what language each needs, and how its program is installed, built and started.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context;

use super::Yard;
use super::program::Program;
use crate::process;

/// Downloads and builds: generous, the network may be slow.
const LIMIT_INSTALL: Duration = Duration::from_secs(15 * 60);

/// One client of Kafka.
pub(super) struct Client {
    pub(super) name: &'static str,
    pub(super) toolchains: &'static [&'static str],
    pub(super) prepare: fn(&Yard) -> anyhow::Result<Program>,
}

/// The longest first: two run at a time.
pub(super) const CLIENTS: &[Client] = &[
    Client { name: "rust-rdkafka", toolchains: &["rust"], prepare: rust },
    Client { name: "java", toolchains: &["java"], prepare: |yard| java(yard, "client", "Client.java") },
    Client { name: "kafkajs", toolchains: &["node"], prepare: kafkajs },
    Client { name: "franz-go", toolchains: &["go"], prepare: |yard| go(yard, "franz") },
    Client { name: "sarama", toolchains: &["go"], prepare: |yard| go(yard, "sarama") },
    Client {
        name: "confluent",
        toolchains: &["python"],
        prepare: |yard| python(yard, "confluent_client.py"),
    },
    Client {
        name: "kafka-python",
        toolchains: &["python"],
        prepare: |yard| python(yard, "kafka_python_client.py"),
    },
    Client { name: "aiokafka", toolchains: &["python"], prepare: |yard| python(yard, "aiokafka_client.py") },
    Client { name: "tools", toolchains: &["java"], prepare: |yard| java(yard, "tools", "Tools.java") },
    Client { name: "java-1.0", toolchains: &["java"], prepare: |yard| java(yard, "old", "Old.java") },
    Client { name: "kcat", toolchains: &["python", "kcat"], prepare: kcat },
    Client { name: "corpus", toolchains: &["python", "go"], prepare: corpus },
];

/// Two lanes may want the same environment; whoever comes second finds it ready.
static INSTALL: Mutex<()> = Mutex::new(());

/// The jars of a profile of `compat/java/pom.xml`, copied into one folder.
pub(crate) fn jars(yard: &Yard, profile: &str) -> anyhow::Result<PathBuf> {
    let folder = yard.scratch("jars").join(profile);
    let _one_at_a_time = INSTALL.lock();
    std::fs::create_dir_all(&folder)?;
    yard.once(&folder.join(".stamp"), &[yard.source("java/pom.xml")], || {
        let mut command = Command::new("mvn");
        command.args(["-q", "-B", "-P", profile, "dependency:copy-dependencies"]);
        command.arg(format!("-DoutputDirectory={}", folder.display())).current_dir(yard.source("java"));
        process::run_logged(
            &mut command,
            &yard.log(&format!("maven-{profile}")),
            yard.deadline.within(LIMIT_INSTALL),
        )
    })?;
    Ok(folder)
}

fn java(yard: &Yard, profile: &str, main: &str) -> anyhow::Result<Program> {
    let jars = jars(yard, profile)?;
    let classes = yard.scratch("classes").join(profile);
    std::fs::create_dir_all(&classes)?;
    let class_path = format!("{}:{}/*", classes.display(), jars.display());
    let sources = yard.source("java");
    let mut command = Command::new("javac");
    command.args(["-nowarn", "-cp", &class_path, "-d"]).arg(&classes);
    command.arg(sources.join(main)).arg(sources.join("Scenarios.java"));
    process::run_logged(
        &mut command,
        &yard.log(&format!("javac-{profile}")),
        yard.deadline.within(LIMIT_INSTALL),
    )?;
    let log4j = format!("-Dlog4j2.configurationFile={}", yard.source("log4j2.properties").display());
    let class = main.trim_end_matches(".java");
    Ok(program(&sources, &["java", "-Xmx1g", "-XX:TieredStopAtLevel=1", &log4j, "-cp", &class_path, class]))
}

fn python(yard: &Yard, script: &str) -> anyhow::Result<Program> {
    let python = python_environment(yard)?;
    Ok(program(&yard.source("python"), &[&python.display().to_string(), "-B", script]))
}

/// The Python of an environment with all that `compat/python` needs.
pub(super) fn python_environment(yard: &Yard) -> anyhow::Result<PathBuf> {
    let environment = yard.scratch("venv");
    let requirements = yard.source("python/requirements.txt");
    let python = environment.join("bin/python");
    let _one_at_a_time = INSTALL.lock();
    yard.once(&yard.scratch("venv/.stamp"), std::slice::from_ref(&requirements), || {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv"]).arg(&environment);
        process::run_logged(&mut venv, &yard.log("venv"), yard.deadline.within(LIMIT_INSTALL))
            .context("mend it: apt-get install -y python3-venv")?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "-q", "--disable-pip-version-check", "-r"]).arg(&requirements);
        process::run_logged(&mut pip, &yard.log("pip"), yard.deadline.within(LIMIT_INSTALL))
    })?;
    Ok(python)
}

fn kcat(yard: &Yard) -> anyhow::Result<Program> {
    let _one_at_a_time = INSTALL.lock();
    if process::find_program("kcat").is_none() {
        let apt = |arguments: &[&str]| {
            let mut command = Command::new("apt-get");
            command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
            process::run_logged(&mut command, &yard.log("apt"), yard.deadline.within(LIMIT_INSTALL))
        };
        apt(&["update", "-qq"])
            .and_then(|()| apt(&["install", "-y", "-qq", "kcat"]))
            .context("mend it: apt-get install -y kcat")?;
    }
    Ok(program(&yard.source("python"), &["python3", "-B", "kcat_client.py"]))
}

/// A million lines in through a Python client, out through a group of Go ones.
fn corpus(yard: &Yard) -> anyhow::Result<Program> {
    let member = go(yard, "member")?;
    let mut program = python(yard, "corpus.py")?;
    program.environment.push(("COMPAT_MEMBER", member.words[0].clone()));
    Ok(program)
}

fn go(yard: &Yard, package: &str) -> anyhow::Result<Program> {
    let binary = yard.scratch("go").join(package);
    let sources = yard.source("go");
    let mut command = Command::new("go");
    command.args(["build", "-o"]).arg(&binary).arg(format!("./{package}")).current_dir(&sources);
    process::run_logged(
        &mut command,
        &yard.log(&format!("go-{package}")),
        yard.deadline.within(LIMIT_INSTALL),
    )
    .context(
        "a Go older than go.mod asks for fetches a newer one; where that fails, mend it: GOTOOLCHAIN=auto",
    )?;
    Ok(program(&sources, &[&binary.display().to_string()]))
}

fn kafkajs(yard: &Yard) -> anyhow::Result<Program> {
    let folder = yard.scratch("kafkajs");
    let sources = yard.source("kafkajs");
    std::fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json", "scenarios.js", "client.js"] {
        std::fs::copy(sources.join(file), folder.join(file))
            .with_context(|| format!("cannot copy {file}"))?;
    }
    yard.once(&folder.join(".stamp"), &[sources.join("package-lock.json")], || {
        let mut command = Command::new("npm");
        command.args(["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(&folder);
        process::run_logged(&mut command, &yard.log("npm"), yard.deadline.within(LIMIT_INSTALL))
    })?;
    Ok(program(&folder, &["node", "client.js"]))
}

fn rust(yard: &Yard) -> anyhow::Result<Program> {
    let sources = yard.source("rust");
    let target = yard.scratch("rust");
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--locked", "--target-dir"]).arg(&target).current_dir(&sources);
    process::run_logged(&mut command, &yard.log("cargo-rust"), yard.deadline.within(LIMIT_INSTALL))?;
    Ok(program(&sources, &[&target.join("debug/client").display().to_string()]))
}

fn program(folder: &Path, words: &[&str]) -> Program {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    Program { words, folder: folder.to_path_buf(), environment: Vec::new() }
}
