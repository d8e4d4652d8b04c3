//! What commands print: a table for people, or JSON for programs.

use std::io::{self, ErrorKind, Write};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use comfy_table::{Table, TableStyle};
use serde::Serialize;
use thalweg_kafka::client::Refused;
use thalweg_model::TopicId;

use crate::exit::Failure;

/// Prints a value: as JSON, or as what `text` makes of it.
pub(crate) fn print(
    json: bool,
    value: &impl Serialize,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    let mut page = if json { serde_json::to_string_pretty(value)? } else { text() };
    if !page.is_empty() && !page.ends_with('\n') {
        page.push('\n');
    }
    let mut out = io::stdout().lock();
    unless_gone(out.write_all(page.as_bytes()).and_then(|()| out.flush())).map(drop)
}

/// Whether somebody still reads: that a reader went away early, as `head` does, is no failure.
pub(crate) fn unless_gone(written: io::Result<()>) -> Result<bool, Failure> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A table without lines, so that `cut` and `awk` can read it too.
pub(crate) fn table<R, C>(head: &[&str], rows: R) -> String
where
    R: IntoIterator<Item = C>,
    C: IntoIterator<Item = String>,
{
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_header(head.iter().copied());
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// What became of each of several things: prints the successes, and fails with the refusals.
pub(crate) fn report<T>(
    done: &str,
    json: bool,
    each: Vec<(String, Result<T, Refused>)>,
) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Row {
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    }
    let rows: Vec<_> = each
        .into_iter()
        .map(|(name, result)| {
            let refused = result.err();
            let error = refused.as_ref().map(|refused| refused.code.name().to_owned());
            Row { name, error, text: refused.map(|refused| refused.text().to_owned()) }
        })
        .collect();
    let good = rows.iter().filter(|row| row.error.is_none());
    print(json, &rows, || good.map(|row| format!("{done} {}\n", row.name)).collect())?;
    let bad: Vec<_> = rows
        .iter()
        .filter_map(|row| Some(format!("{}: {}: {}", row.name, row.error.as_ref()?, row.text.as_ref()?)))
        .collect();
    if bad.is_empty() { Ok(()) } else { Err(anyhow::anyhow!(bad.join("; ")).into()) }
}

/// A topic's id as Kafka's tools write it.
pub(crate) fn topic_id(id: TopicId) -> String {
    URL_SAFE_NO_PAD.encode(id.0.as_bytes())
}

/// What stands in a table where there may be nothing.
pub(crate) fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Numbers in a row, as `0,1,2`.
pub(crate) fn joined(numbers: &[i32]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
