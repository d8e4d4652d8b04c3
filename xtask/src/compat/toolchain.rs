//! Whether a client's language is here, new enough, and how to mend it when it is not. It installs no toolchain itself.

use std::process::Command;

use anyhow::{Context, bail};

use crate::process;

/// One language: the command that tells its version, the least version, and what mends its absence.
struct Toolchain {
    name: &'static str,
    version: &'static [&'static str],
    least: [u32; 2],
    mend: &'static str,
}

const TOOLCHAINS: &[Toolchain] = &[
    Toolchain {
        name: "java",
        version: &["javac", "-version"],
        least: [17, 0],
        mend: "apt-get install -y openjdk-17-jdk-headless maven",
    },
    Toolchain {
        name: "java",
        version: &["mvn", "--version"],
        least: [3, 6],
        mend: "apt-get install -y maven",
    },
    Toolchain {
        name: "go",
        version: &["go", "version"],
        least: [1, 21],
        mend: "apt-get install -y golang-go (on Debian 12: -t bookworm-backports)",
    },
    Toolchain {
        name: "node",
        version: &["node", "--version"],
        least: [18, 0],
        mend: "apt-get install -y nodejs npm",
    },
    Toolchain { name: "node", version: &["npm", "--version"], least: [8, 0], mend: "apt-get install -y npm" },
    Toolchain {
        name: "python",
        version: &["python3", "--version"],
        least: [3, 10],
        mend: "apt-get install -y python3 python3-venv",
    },
    Toolchain {
        name: "rust",
        version: &["make", "--version"],
        least: [4, 0],
        mend: "apt-get install -y build-essential",
    },
    Toolchain {
        name: "rust",
        version: &["g++", "--version"],
        least: [8, 0],
        mend: "apt-get install -y build-essential",
    },
];

/// Fails with the command that mends it when one of these languages is missing or too old.
pub(super) fn check(names: &[&str]) -> anyhow::Result<()> {
    for toolchain in TOOLCHAINS.iter().filter(|toolchain| names.contains(&toolchain.name)) {
        let [program, argument] = toolchain.version else { bail!("a version command has two words") };
        let [major, minor] = toolchain.least;
        let mend = format!("{program} {major}.{minor} or newer is needed; mend it: {}", toolchain.mend);
        let text = process::output(Command::new(program).arg(argument)).with_context(|| mend.clone())?;
        let found = version_in(&text).with_context(|| format!("no version in the output of {program}"))?;
        if found < toolchain.least {
            bail!("found {}.{}: {mend}", found[0], found[1]);
        }
    }
    Ok(())
}

/// The first two numbers of the first word that looks like a version.
fn version_in(text: &str) -> Option<[u32; 2]> {
    text.split(|c: char| c.is_whitespace() || c == ')').find_map(|word| {
        let word = word.trim_start_matches("go").trim_start_matches('v');
        let mut parts = word.split('.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        Some([major, minor])
    })
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn versions_are_found() {
        let check = |text, expect| assert_eq!(version_in(text), expect, "{text}");
        check("go version go1.26.8 linux/amd64", Some([1, 26]));
        check("v20.20.2", Some([20, 20]));
        check("javac 17.0.15", Some([17, 0]));
        check("g++ (Debian 12.2.0-14) 12.2.0", Some([12, 2]));
        check("nothing here", None);
    }
}
