//! Which crate may name which: the floors of the house, read from `cargo metadata`.
//!
//! ```text
//!   xtask sim                 development only
//!   node
//!   kafka | web               heads never see each other
//!   broker
//!   storage
//!   model | wire | net        wire: for kafka alone, and what tests it
//! ```

use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::{process, root};

/// What each crate may name. Development-only crates (`xtask`, `sim`) may name everything.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("wire", &["model"]),
    ("net", &["model"]),
    ("storage", &["model"]),
    ("broker", &["model", "storage"]),
    ("kafka", &["model", "wire", "net", "broker"]),
    ("web", &["model", "net", "broker"]),
    ("node", &["model", "net", "storage", "broker", "kafka", "web"]),
];

/// What the tests of a crate may name besides: a head's tests compose a whole broker, the binary's speak the protocol.
const TEST_ARROWS: &[(&str, &[&str])] =
    &[("kafka", &["storage"]), ("web", &["storage"]), ("node", &["wire"])];

/// Heavy or telling crates, and who alone may name them.
const HEAVY: &[(&str, &[&str])] = &[
    ("flate2", &["model"]),
    ("lz4_flex", &["model"]),
    ("snap", &["model"]),
    ("zstd", &["model"]),
    ("rustls", &["net"]),
    ("tokio-rustls", &["net"]),
    ("object_store", &["storage"]),
    ("etcd-client", &["storage"]),
    ("axum", &["web"]),
    ("clap", &["node"]),
    ("clap_complete", &["node"]),
    ("anyhow", &["node"]),
    ("kafka-protocol", &[]),
];

const DEVELOPMENT: &[&str] = &["xtask", "sim"];

/// One line of a manifest: who names what, and whether only its tests do.
struct Arrow {
    from: String,
    to: String,
    in_tests: bool,
}

/// Fails on any arrow between our crates that is not drawn.
pub(super) fn arrows() -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    for arrow in read_arrows()? {
        let Some(to) = ours(&arrow.to) else { continue };
        let from = ours(&arrow.from).unwrap_or(&arrow.from);
        if DEVELOPMENT.contains(&from) {
            continue;
        }
        let drawn =
            allowed(ARROWS, from, to) || (arrow.in_tests && (from == to || allowed(TEST_ARROWS, from, to)));
        if !drawn {
            wrong.push(format!("{from} names {to}{}", if arrow.in_tests { " in its tests" } else { "" }));
        }
    }
    if !wrong.is_empty() {
        bail!("arrows that the floors do not allow: {}", wrong.join(", "));
    }
    Ok(())
}

/// Fails where a heavy crate is named by others than its home. Tests may name what they use as an oracle.
pub(super) fn heavy() -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    for arrow in read_arrows()? {
        let from = ours(&arrow.from).unwrap_or(&arrow.from);
        let Some((_, homes)) = HEAVY.iter().find(|(name, _)| *name == arrow.to) else {
            continue;
        };
        if !arrow.in_tests && !homes.contains(&from) && !DEVELOPMENT.contains(&from) {
            wrong.push(format!("{from} names {}", arrow.to));
        }
    }
    if !wrong.is_empty() {
        bail!("crates that only their home may name: {}", wrong.join(", "));
    }
    Ok(())
}

fn allowed(table: &[(&str, &[&str])], from: &str, to: &str) -> bool {
    table.iter().any(|(name, targets)| *name == from && targets.contains(&to))
}

fn ours(package: &str) -> Option<&str> {
    package.strip_prefix("thalweg-")
}

fn read_arrows() -> anyhow::Result<Vec<Arrow>> {
    let text = process::output(Command::new(env!("CARGO")).current_dir(root()).args([
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
    ]))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let mut arrows = Vec::new();
    for package in metadata["packages"].as_array().context("metadata lists packages")? {
        let from = package["name"].as_str().context("a package has a name")?;
        for dependency in package["dependencies"].as_array().context("a package lists its dependencies")? {
            arrows.push(Arrow {
                from: from.to_owned(),
                to: dependency["name"].as_str().context("a dependency has a name")?.to_owned(),
                in_tests: dependency["kind"].as_str() == Some("dev"),
            });
        }
    }
    Ok(arrows)
}
