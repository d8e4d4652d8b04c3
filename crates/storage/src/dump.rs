//! Shows what is in a file of a data folder: line by line, each a kind, a position and named values. Needs no folder
//! around the file and no lock; says of damaged parts that they are, and goes on behind them. Takes memory for one batch
//! or record at a time, and for a file's directory or a block's index.

mod blocks;
mod facts;
mod source;

use std::io;
use std::path::Path;

use thalweg_model::batch::{BatchHeader, Records};

use self::source::{Source, Window};
use crate::blobs::Blob;
use crate::disk::ALIGNMENT;
use crate::kept::Stored;
use crate::run_file::{FileFault, directory, format_of};
use crate::walk::{Run, Walk, WalkError};

/// No text of ours is longer.
const TEXT_BYTES_MAX: u64 = 64 << 10;

/// How our files of facts begin, and blocks of the write-ahead log.
const FACTS_MAGIC: &[u8] = b"thlwgFA";
const BLOCK_MAGIC: &[u8] = b"thlwgWB";

/// A value of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(i128),
    /// A text.
    Text(String),
    /// Bytes of a client, which may be text.
    Bytes(Vec<u8>),
    /// Nothing.
    Nothing,
}

/// One thing in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub kind: &'static str,
    /// Where it begins in the file.
    pub position: u64,
    /// What it says, in order.
    pub values: Vec<(&'static str, Value)>,
}

/// What is wanted.
pub struct Wish<'a> {
    /// Batches' records too.
    pub records: bool,
    /// What the caller's facts (the file `cluster`) say.
    pub describe_fact: &'a dyn Fn(&[u8]) -> Result<String, String>,
}

/// Shows a file.
pub fn dump(path: &Path, wish: &Wish<'_>, out: &mut dyn FnMut(Line) -> io::Result<()>) -> io::Result<()> {
    let source = Source::open(path)?;
    let mut dump = Dump { wish, out };
    let is_cluster = path.file_name().is_some_and(|name| name == "cluster");
    let mut window = Window::over(&source);
    let first = window.part(0, ALIGNMENT)?;
    if format_of(first).is_some() {
        return dump.run_file(&source);
    }
    if first.starts_with(FACTS_MAGIC) {
        return dump.facts(&source, is_cluster);
    }
    let mut is_zero = true;
    for position in (0..source.len()).step_by(ALIGNMENT) {
        let page = window.part(position, ALIGNMENT)?;
        if page.starts_with(BLOCK_MAGIC) {
            return dump.blocks(&source);
        }
        is_zero &= page.iter().all(|byte| *byte == 0);
    }
    if is_zero {
        return dump.line("zeros", 0, vec![("bytes", number(source.len()))]);
    }
    let is_short = source.len() <= TEXT_BYTES_MAX;
    let whole = window.part(0, if is_short { TEXT_BYTES_MAX as usize } else { 0 })?;
    match std::str::from_utf8(whole) {
        Ok(text) if is_short => text
            .lines()
            .try_for_each(|line| dump.line("text", 0, vec![("line", Value::Text(line.to_owned()))])),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "this is no file of a data folder")),
    }
}

struct Dump<'a, 'b> {
    wish: &'a Wish<'a>,
    out: &'b mut dyn FnMut(Line) -> io::Result<()>,
}

fn number(value: impl Into<i128>) -> Value {
    Value::Number(value.into())
}

fn text(value: impl ToString) -> Value {
    Value::Text(value.to_string())
}

impl Dump<'_, '_> {
    fn line(
        &mut self,
        kind: &'static str,
        position: u64,
        values: Vec<(&'static str, Value)>,
    ) -> io::Result<()> {
        (self.out)(Line { kind, position, values })
    }

    fn damaged(&mut self, position: u64, what: impl ToString) -> io::Result<()> {
        self.line("damaged", position, vec![("what", text(what))])
    }

    fn run_file(&mut self, blob: &Source) -> io::Result<()> {
        let found = match directory(blob) {
            Ok(found) => found,
            Err(FileFault::Io(error)) => return Err(error),
            Err(fault) => return self.damaged(0, fault),
        };
        self.line(
            "file",
            0,
            vec![
                ("number", number(found.number)),
                ("bytes", number(blob.len())),
                ("runs", number(found.runs.len() as u64)),
                ("directory", number(found.position)),
            ],
        )?;
        for (partition, extent) in &found.runs {
            if let Some(stored) = Stored::of(extent) {
                let state = match stored.read(blob) {
                    Ok(_) => text("whole"),
                    Err(error) => text(error),
                };
                let bytes = number(stored.length);
                let values = vec![("partition", text(partition)), ("bytes", bytes), ("state", state)];
                self.line("snapshot", stored.position, values)?;
                continue;
            }
            self.line(
                "run",
                extent.position,
                vec![
                    ("partition", text(partition)),
                    ("bytes", number(extent.length)),
                    ("from", number(extent.base)),
                    ("to", number(extent.end)),
                    ("max_timestamp", number(extent.max_timestamp)),
                    ("marks", number(extent.marks().len() as u64)),
                ],
            )?;
            let mut walk = Walk::checking(blob, Run::of(extent));
            loop {
                let step = match walk.next() {
                    Ok(None) => break,
                    Ok(Some(step)) => step,
                    Err(WalkError::Io(error)) => return Err(error),
                    Err(WalkError::Damaged(lost)) => {
                        self.lost(lost.position, lost.from, lost.to, &lost.what)?;
                        continue;
                    }
                };
                match walk.check(&step) {
                    Ok(()) => {}
                    Err(WalkError::Io(error)) => return Err(error),
                    Err(WalkError::Damaged(lost)) => {
                        self.lost(lost.position, lost.from, lost.to, &lost.what)?;
                        continue;
                    }
                }
                match walk.batch(&step) {
                    Ok(batch) => self.batch(step.position, batch)?,
                    Err(WalkError::Io(error)) => return Err(error),
                    Err(WalkError::Damaged(lost)) => {
                        self.lost(lost.position, lost.from, lost.to, &lost.what)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn lost(&mut self, position: u64, from: i64, to: i64, what: &str) -> io::Result<()> {
        self.line("damaged", position, vec![("from", number(from)), ("to", number(to)), ("what", text(what))])
    }

    fn batch(&mut self, position: u64, batch: &[u8]) -> io::Result<()> {
        let header = match BatchHeader::parse(batch) {
            Ok(header) => header,
            Err(error) => return self.damaged(position, error),
        };
        self.line(
            "batch",
            position,
            vec![
                ("base", number(header.base_offset.0)),
                ("last", number(header.last_offset().0)),
                ("epoch", number(header.partition_leader_epoch.0)),
                ("bytes", number(header.size() as u64)),
                ("records", number(header.records_count)),
                ("codec", header.codec().map_or_else(text, |codec| text(codec.name()))),
                ("max_timestamp", number(header.max_timestamp.0)),
                ("producer", number(header.producer_id.0)),
                ("producer_epoch", number(header.producer_epoch.0)),
                ("sequence", number(header.base_sequence)),
                ("transactional", text(header.is_transactional())),
                ("control", text(header.is_control())),
            ],
        )?;
        if !self.wish.records {
            return Ok(());
        }
        let mut records = match Records::new(batch) {
            Ok(records) => records,
            Err(error) => return self.damaged(position, error),
        };
        while let Some(record) = records.next() {
            let record = match record {
                Ok(record) => record,
                Err(error) => return self.damaged(position, error),
            };
            let bytes = |part: Option<&[u8]>| part.map_or(Value::Nothing, |part| Value::Bytes(part.to_vec()));
            let mut values = vec![
                ("offset", number(record.offset.0)),
                ("timestamp", number(record.timestamp.0)),
                ("key", bytes(record.key)),
                ("value", bytes(record.value)),
            ];
            for header in record.headers.iter() {
                values.push(("header", Value::Bytes(header.key.to_vec())));
                values.push(("header_value", bytes(header.value)));
            }
            self.line("record", position, values)?;
        }
        Ok(())
    }
}
