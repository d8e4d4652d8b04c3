//! `thalweg dump`: shows what is in files of a data folder, as lines for people or JSON for programs.

use std::io::{self, Write};
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Map, Value as Json};
use thalweg_broker::describe_fact;
use thalweg_storage::dump::{self, Line, Value, Wish};

use super::printout::unless_gone;
use crate::exit::Failure;

#[derive(Debug, Args)]
pub(crate) struct DumpFlags {
    /// Files of a data folder: of `segments`, `wal` or `facts`, or the lease
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The records in batches too
    #[arg(long)]
    records: bool,
    /// One JSON object a line; bytes that are no text as {"base64": …}
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(flags: &DumpFlags) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let wish = Wish { records: flags.records, describe_fact: &describe_fact };
    for path in &flags.files {
        let several = flags.files.len() > 1;
        if several && !flags.json && !unless_gone(writeln!(out, "{}:", path.display()))? {
            return Ok(());
        }
        let mut print = |line: Line| match flags.json {
            true => writeln!(out, "{}", json(&line, several.then(|| path.display().to_string()))),
            false => writeln!(out, "{}", text(&line)),
        };
        let done = dump::dump(path, &wish, &mut print);
        if done.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            return Ok(());
        }
        done.map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    }
    unless_gone(out.flush()).map(drop)
}

fn text(line: &Line) -> String {
    let mut text = format!("{:>10} {}", line.position, line.kind);
    for (name, value) in &line.values {
        text += &match value {
            Value::Number(number) => format!(" {name}={number}"),
            Value::Text(words) if words.contains(' ') || words.is_empty() => format!(" {name}=\"{words}\""),
            Value::Text(words) => format!(" {name}={words}"),
            Value::Bytes(bytes) => format!(" {name}=\"{}\"", bytes.escape_ascii()),
            Value::Nothing => format!(" {name}=null"),
        };
    }
    text
}

fn json(line: &Line, file: Option<String>) -> Json {
    let mut object = Map::new();
    if let Some(file) = file {
        object.insert("file".into(), file.into());
    }
    object.insert("kind".into(), line.kind.into());
    object.insert("position".into(), line.position.into());
    let mut headers = Vec::new();
    for (name, value) in &line.values {
        let value = match value {
            Value::Number(number) => {
                i64::try_from(*number).map_or_else(|_| number.to_string().into(), Json::from)
            }
            Value::Text(words) => words.as_str().into(),
            Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(words) => words.into(),
                Err(_) => serde_json::json!({ "base64": STANDARD.encode(bytes) }),
            },
            Value::Nothing => Json::Null,
        };
        // A record may have several headers: a list of names and values.
        if name.starts_with("header") {
            headers.push(value);
        } else {
            object.insert((*name).into(), value);
        }
    }
    if !headers.is_empty() {
        object.insert("headers".into(), headers.into());
    }
    object.into()
}
