//! Histories as lines of JSON, one operation each; a real client that is no process of ours writes them too.

use std::io::{BufRead, Write};

use anyhow::Context;

use super::Operation;

/// Reads a history. The last line may be cut off: whoever wrote it may have been killed.
pub fn read_lines(from: impl BufRead) -> anyhow::Result<Vec<Operation>> {
    let mut operations = Vec::new();
    let mut cut_off = None;
    for (index, line) in from.lines().enumerate() {
        let line = line?;
        if let Some(error) = cut_off.take() {
            return Err(error);
        }
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(&line).with_context(|| format!("line {}: {line}", index + 1)) {
            Ok(operation) => operations.push(operation),
            Err(error) => cut_off = Some(error),
        }
    }
    Ok(operations)
}

/// Writes an operation.
pub fn write_line(to: &mut impl Write, operation: &Operation) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *to, operation)?;
    Ok(to.write_all(b"\n")?)
}
