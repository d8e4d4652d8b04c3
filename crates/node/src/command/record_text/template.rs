//! A record's look in one's own words: `{topic}-{partition}@{offset}: {value}\n`.

use std::io::{self, Write};
use std::str::FromStr;

use thalweg_kafka::client::FetchedRecord;

use super::unescape;

/// Text with places for a record's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Topic,
    Partition,
    Offset,
    Timestamp,
    Key,
    Value,
    Headers,
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or("a `{` is not closed")?;
            if !before.is_empty() {
                pieces.push(Piece::Text(unescape(before)?));
            }
            pieces.push(match name {
                "topic" => Piece::Topic,
                "partition" => Piece::Partition,
                "offset" => Piece::Offset,
                "timestamp" => Piece::Timestamp,
                "key" => Piece::Key,
                "value" => Piece::Value,
                "headers" => Piece::Headers,
                _ => return Err(format!("a record has no `{{{name}}}`")),
            });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(unescape(rest)?));
        }
        Ok(Self(pieces))
    }
}

impl Template {
    pub(super) fn write(
        &self,
        out: &mut impl Write,
        null: &[u8],
        topic: &str,
        partition: i32,
        record: &FetchedRecord,
    ) -> io::Result<()> {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.write_all(text)?,
                Piece::Topic => out.write_all(topic.as_bytes())?,
                Piece::Partition => write!(out, "{partition}")?,
                Piece::Offset => write!(out, "{}", record.offset)?,
                Piece::Timestamp => write!(out, "{}", record.timestamp)?,
                Piece::Key => out.write_all(record.key.as_deref().unwrap_or(null))?,
                Piece::Value => out.write_all(record.value.as_deref().unwrap_or(null))?,
                Piece::Headers => {
                    for (place, (key, value)) in record.headers.iter().enumerate() {
                        if place > 0 {
                            out.write_all(b",")?;
                        }
                        out.write_all(key)?;
                        out.write_all(b"=")?;
                        out.write_all(value.as_deref().unwrap_or(null))?;
                    }
                }
            }
        }
        Ok(())
    }
}
