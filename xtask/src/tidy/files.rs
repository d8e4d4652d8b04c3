//! Rules about single files: heads, whitespace, reachability, machine paths, length.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::{process, root};

/// Nine files in ten should stay below this.
const LINES_CALM: usize = 600;

/// Every Rust file says first what it is for.
pub(super) fn heads() -> anyhow::Result<()> {
    complain(
        "no `//!` on the first line",
        sources()?.into_iter().filter(|file| !file.text.starts_with("//!")),
    )
}

/// No tabs (where the language does not want them), no spaces at a line's end, one newline at the file's end.
pub(super) fn whitespace() -> anyhow::Result<()> {
    let stray =
        tracked(&["rs", "toml", "md", "py", "js", "java", "json", "xml", "sh"])?.into_iter().filter(|file| {
            file.text.lines().any(|line| line.ends_with([' ', '\t', '\r']))
                || (has_extension(&file.path, "rs") && file.text.contains('\t'))
                || !(file.text.is_empty() || file.text.ends_with('\n'))
        });
    complain("stray whitespace", stray)
}

/// Every Rust file is reached from a crate's root by `mod`.
pub(super) fn dead() -> anyhow::Result<()> {
    let files = sources()?;
    let known: HashSet<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    let mut reached = HashSet::new();
    let mut open: Vec<PathBuf> = known.iter().filter(|path| is_root(path)).cloned().collect();
    while let Some(path) = open.pop() {
        if !reached.insert(path.clone()) {
            continue;
        }
        let Some(file) = files.iter().find(|file| file.path == path) else {
            continue;
        };
        for name in modules(&file.text) {
            let folder = folder_of_modules(&path);
            open.extend(
                [folder.join(format!("{name}.rs")), folder.join(&name).join("mod.rs")]
                    .into_iter()
                    .filter(|candidate| known.contains(candidate)),
            );
        }
    }
    complain("reached by no `mod`", files.into_iter().filter(|file| !reached.contains(&file.path)))
}

/// Nothing in the repository knows on whose machine it was written.
pub(super) fn machine_paths() -> anyhow::Result<()> {
    // spelt in pieces, so that this file does not complain about itself
    let machine =
        [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"], ["/tmp/", "wt"]].map(|pieces| pieces.concat());
    let telling =
        tracked(&["rs", "toml", "md", "py", "js", "java", "json", "xml", "sh", "go", "service", "yml"])?
            .into_iter()
            .filter(|file| machine.iter().any(|path| file.text.contains(path.as_str())));
    complain("names a path of one machine", telling)
}

/// Prints what is longer than a calm file; a report, not a rule.
pub(super) fn report_lengths() -> anyhow::Result<()> {
    let mut lengths: Vec<(usize, PathBuf)> =
        sources()?.into_iter().map(|file| (file.text.lines().count(), file.path)).collect();
    lengths.sort();
    let total: usize = lengths.iter().map(|(lines, _)| lines).sum();
    let median = lengths.get(lengths.len() / 2).map_or(0, |(lines, _)| *lines);
    println!("{} files of our own, {total} lines, median {median}", lengths.len());
    for (lines, path) in lengths.iter().rev().filter(|(lines, _)| *lines > LINES_CALM) {
        println!("long: {} has {lines} lines", path.display());
    }
    Ok(())
}

/// A tracked text file, its path relative to the root.
struct Text {
    path: PathBuf,
    text: String,
}

/// Rust files written by hand: generated ones are checked by their generator.
fn sources() -> anyhow::Result<Vec<Text>> {
    Ok(tracked(&["rs"])?.into_iter().filter(|file| !is_generated(&file.path)).collect())
}

fn tracked(extensions: &[&str]) -> anyhow::Result<Vec<Text>> {
    // what git would commit: tracked files, and new ones that it does not ignore
    let list = process::output(Command::new("git").current_dir(root()).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    let mut files = Vec::new();
    for path in list.lines().map(PathBuf::from) {
        if !extensions.iter().any(|extension| has_extension(&path, extension)) {
            continue;
        }
        // a file that was removed and not yet committed is listed still
        if let Ok(text) = std::fs::read_to_string(root().join(&path)) {
            files.push(Text { path, text });
        }
    }
    Ok(files)
}

fn complain(about: &str, files: impl Iterator<Item = Text>) -> anyhow::Result<()> {
    let paths: Vec<String> = files.map(|file| file.path.display().to_string()).collect();
    if !paths.is_empty() {
        bail!("{about}: {}", paths.join(", "));
    }
    Ok(())
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|is| is == extension)
}

fn is_generated(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "generated")
}

/// Whether cargo compiles this file by itself: a crate's root, a binary, an integration test, a bench, an example.
fn is_root(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
    let own_folder_in = |kinds: &[&str]| {
        let above =
            path.parent().and_then(Path::parent).and_then(Path::file_name).and_then(|name| name.to_str());
        name == "main.rs" && above.is_some_and(|above| kinds.contains(&above))
    };
    name == "build.rs"
        || (folder == "src" && (name == "lib.rs" || name == "main.rs"))
        || ["bin", "tests", "benches", "examples", "fuzz_targets"].contains(&folder)
        || own_folder_in(&["bin", "tests", "benches", "examples"])
}

/// The names of `mod name;` lines.
fn modules(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split("//").next().unwrap_or_default().split_whitespace().collect();
        let after = words.iter().skip_while(|word| **word != "mod").nth(1);
        if let Some(name) = after.and_then(|word| word.strip_suffix(';')) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Where the modules of a file lie: beside a root or a `mod.rs`, else in the folder of the file's name.
fn folder_of_modules(path: &Path) -> PathBuf {
    let parent = path.parent().unwrap_or(Path::new(""));
    let beside = is_root(path) || path.ends_with("mod.rs");
    if beside { parent.to_path_buf() } else { parent.join(path.file_stem().unwrap_or_default()) }
}
