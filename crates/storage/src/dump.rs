//! Shows what is in a file of a data folder: line by line, each a kind, a position and named values. Needs no folder
//! around the file and no lock; says of damaged parts that they are, and goes on behind them.

use std::io;
use std::path::Path;

use bytes::Bytes;
use thalweg_model::batch::{BatchHeader, Records};

use crate::blobs::{Blob, MemoryBlob};
use crate::block::{self, BlockError, Header};
use crate::disk::{ALIGNMENT, align_up};
use crate::facts::frames;
use crate::manifest::record;
use crate::run_file::{FileFault, directory, format_of};
use crate::walk::{Run, Walk, WalkError};

/// A file is read whole: none of ours is larger, but segment files by far; of these a part is enough for people.
const FILE_BYTES_MAX: u64 = 4 << 30;

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
    let length = std::fs::metadata(path)?.len();
    if length > FILE_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let bytes = Bytes::from(std::fs::read(path)?);
    let mut dump = Dump { wish, out };
    let is_facts = bytes.starts_with(b"thlwgFA");
    let is_cluster = path.file_name().is_some_and(|name| name == "cluster");
    let has_blocks = (0..bytes.len()).step_by(ALIGNMENT).any(|page| bytes[page..].starts_with(b"thlwgWB"));
    if format_of(&bytes).is_some() {
        dump.run_file(bytes)
    } else if is_facts {
        dump.facts(&bytes, is_cluster)
    } else if has_blocks {
        dump.blocks(&bytes)
    } else if bytes.iter().all(|byte| *byte == 0) {
        dump.line("zeros", 0, vec![("bytes", number(length))])
    } else if let Ok(text) = std::str::from_utf8(&bytes) {
        text.lines().try_for_each(|line| dump.line("text", 0, vec![("line", Value::Text(line.to_owned()))]))
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "this is no file of a data folder"))
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

    fn run_file(&mut self, bytes: Bytes) -> io::Result<()> {
        let blob = MemoryBlob(bytes);
        let found = match directory(&blob) {
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
            let mut walk = Walk::checking(&blob, Run::of(extent));
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
                let from = step.position as usize;
                self.batch(step.position, &blob.0[from..from + step.header.size()])?;
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

    fn blocks(&mut self, file: &[u8]) -> io::Result<()> {
        let mut position = 0;
        while let Some(rest) = file.get(position..).filter(|rest| !rest.is_empty()) {
            match Header::decode(rest) {
                Ok(header) => {
                    self.block(position as u64, &header, rest)?;
                    let whole = block::check(rest).is_ok();
                    let length = usize::try_from(align_up(header.length())).unwrap_or(usize::MAX);
                    position = position.saturating_add(if whole { length } else { ALIGNMENT });
                    continue;
                }
                Err(BlockError::Absent) => {}
                Err(error) => self.damaged(position as u64, error)?,
            }
            position += ALIGNMENT;
        }
        Ok(())
    }

    fn block(&mut self, position: u64, header: &Header, rest: &[u8]) -> io::Result<()> {
        let state = match block::check(rest) {
            Ok(_) => text("whole"),
            Err(error) => text(error),
        };
        self.line(
            "block",
            position,
            vec![
                ("chain", text(header.chain)),
                ("seq", number(header.seq.0)),
                ("durable_below", number(header.durable_below.0)),
                ("shard", number(header.shard)),
                ("shard_epoch", number(header.shard_epoch)),
                ("entries", number(header.entry_count)),
                ("bytes", number(header.length())),
                ("state", state),
            ],
        )?;
        let index = usize::try_from(header.index_position()).unwrap_or(usize::MAX);
        let Ok(entries) = block::decode_index(header, rest.get(index..).unwrap_or_default()) else {
            return Ok(());
        };
        for entry in entries {
            let at = position + u64::from(entry.position);
            let kind = match entry.kind {
                block::EntryKind::Data => "data",
                block::EntryKind::StartMoved => "start moved",
            };
            self.line(
                "entry",
                at,
                vec![
                    ("kind", text(kind)),
                    ("partition", text(entry.partition)),
                    ("base", number(entry.base_offset.0)),
                    ("last_delta", number(entry.last_delta)),
                    ("epoch", number(entry.leader_epoch.0)),
                    ("bytes", number(entry.length)),
                    ("segment_first", text(entry.segment_first)),
                ],
            )?;
            if entry.length > 0 {
                let (from, to) = (entry.position as usize, entry.position as usize + entry.length as usize);
                match rest.get(from..to).map(|batch| (batch, block::check_batch(&entry, batch))) {
                    Some((batch, Ok(()))) => self.batch(at, batch)?,
                    Some((_, Err(what))) => self.damaged(at, what)?,
                    None => self.damaged(at, "the file ends before the batch does")?,
                }
            }
        }
        Ok(())
    }

    fn facts(&mut self, file: &Bytes, is_cluster: bool) -> io::Result<()> {
        for frame in frames(file) {
            self.line(
                "commit",
                frame.position,
                vec![
                    ("kind", text(if frame.is_image { "image" } else { "commit" })),
                    ("file_id", text(frame.id)),
                    ("index", number(frame.index)),
                    ("records", number(frame.records.as_ref().map_or(0, Vec::len) as u64)),
                    ("state", text(if frame.records.is_some() { "whole" } else { "torn or damaged" })),
                ],
            )?;
            for fact in frame.records.unwrap_or_default() {
                if is_cluster {
                    match (self.wish.describe_fact)(&fact) {
                        Ok(words) => self.line("fact", frame.position, vec![("says", text(words))])?,
                        Err(what) => self.damaged(frame.position, what)?,
                    }
                    continue;
                }
                let mut rest = &fact[..];
                while !rest.is_empty() {
                    match record::decode(&mut rest) {
                        Ok(record) => {
                            self.line("fact", frame.position, vec![("says", text(format!("{record:?}")))])?;
                        }
                        Err(error) => {
                            self.damaged(frame.position, error)?;
                            break;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
