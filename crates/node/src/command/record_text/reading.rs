//! Records out of a stream: where one ends, and what its parts are.

use std::io::{self, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use serde_json::Value;
use thalweg_kafka::client::Message;

use super::{Format, Separator};

/// How much is read at once.
const READ_BYTES: usize = 256 << 10;
/// The longest record that is taken from a stream.
const RECORD_BYTES_MAX: usize = 1 << 30;

/// Cuts a stream into records.
pub(crate) struct RecordReader<R> {
    input: R,
    /// What lies between records; none where the whole stream is one.
    separator: Option<Separator>,
    buffer: BytesMut,
    /// Where no separator was found before.
    searched: usize,
    ended: bool,
}

impl<R: Read> RecordReader<R> {
    pub(crate) fn new(input: R, separator: Option<Separator>) -> Self {
        Self { input, separator, buffer: BytesMut::new(), searched: 0, ended: false }
    }

    /// The next record that was read already.
    pub(crate) fn next_read(&mut self) -> Option<Bytes> {
        if let Some(Separator(separator)) = &self.separator {
            if let Some(at) = find(&self.buffer[self.searched..], separator) {
                let record = self.buffer.split_to(self.searched + at).freeze();
                let _ = self.buffer.split_to(separator.len());
                self.searched = 0;
                return Some(record);
            }
            self.searched = self.buffer.len().saturating_sub(separator.len() - 1);
        }
        // A last line needs no separator behind it; a stream that is one record may be empty.
        let rest = self.ended && !self.buffer.is_empty();
        rest.then(|| {
            self.searched = 0;
            self.buffer.split().freeze()
        })
    }

    /// Reads on; how many bytes came, 0 at the end.
    pub(crate) fn fill(&mut self) -> io::Result<usize> {
        if self.buffer.len() > RECORD_BYTES_MAX {
            let text = format!("a record is longer than {RECORD_BYTES_MAX} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let before = self.buffer.len();
        self.buffer.resize(before + READ_BYTES, 0);
        let count = loop {
            match self.input.read(&mut self.buffer[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(before + count.as_ref().map_or(0, |count| *count));
        self.ended = matches!(count, Ok(0));
        count
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    match wanted {
        [byte] => bytes.iter().position(|found| found == byte),
        _ => bytes.windows(wanted.len()).position(|found| found == wanted),
    }
}

/// Makes messages of what stands between separators.
#[derive(Clone, Debug)]
pub(crate) struct Parser {
    pub(crate) format: Format,
    /// Between key and value; without it a line has no key.
    pub(crate) key_separator: Option<Separator>,
    /// The text that stands for no key or no value.
    pub(crate) null: Option<String>,
    /// What every message has that does not say otherwise.
    pub(crate) template: Message,
}

impl Parser {
    /// The message of one record's text.
    pub(crate) fn parse(&self, text: Bytes) -> Result<Message, String> {
        match self.format {
            Format::Raw => Ok(Message { value: Some(text), ..self.template.clone() }),
            Format::Text => self.parse_line(text),
            Format::Json => self.parse_json(&text),
        }
    }

    fn parse_line(&self, line: Bytes) -> Result<Message, String> {
        let mut message = self.template.clone();
        let value = match &self.key_separator {
            None => line,
            Some(Separator(separator)) => {
                let at = find(&line, separator).ok_or("there is no key separator in it")?;
                message.key = self.unless_null(line.slice(..at));
                line.slice(at + separator.len()..)
            }
        };
        message.value = self.unless_null(value);
        Ok(message)
    }

    fn unless_null(&self, part: Bytes) -> Option<Bytes> {
        let null = self.null.as_ref().is_some_and(|null| null.as_bytes() == &part[..]);
        (!null).then_some(part)
    }

    fn parse_json(&self, text: &[u8]) -> Result<Message, String> {
        let object: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let Value::Object(object) = object else { return Err("it is no JSON object".to_owned()) };
        let mut message = self.template.clone();
        if object.contains_key("key") || object.contains_key("key_base64") {
            message.key = part(object.get("key"), object.get("key_base64"))?;
        }
        message.value = part(object.get("value"), object.get("value_base64"))?;
        match object.get("headers") {
            None | Some(Value::Null) => {}
            Some(Value::Array(headers)) => {
                for header in headers {
                    let key =
                        part(header.get("key"), header.get("key_base64"))?.ok_or("a header has no key")?;
                    message.headers.push((key, part(header.get("value"), header.get("value_base64"))?));
                }
            }
            Some(Value::Object(headers)) => {
                for (key, value) in headers {
                    message.headers.push((key.clone().into_bytes().into(), part(Some(value), None)?));
                }
            }
            Some(_) => return Err("`headers` is neither a list nor an object".to_owned()),
        }
        let number = |name: &str| match object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| format!("`{name}` is no whole number")),
        };
        message.timestamp = number("timestamp")?.or(message.timestamp);
        Ok(message)
    }
}

/// A key or a value: a string, base64, or any other JSON as its text.
fn part(plain: Option<&Value>, base64: Option<&Value>) -> Result<Option<Bytes>, String> {
    match plain {
        Some(Value::String(text)) => return Ok(Some(text.clone().into_bytes().into())),
        None | Some(Value::Null) => {}
        Some(other) => return Ok(Some(other.to_string().into_bytes().into())),
    }
    match base64 {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            let bytes = STANDARD.decode(text).map_err(|error| format!("no base64: {error}"))?;
            Ok(Some(bytes.into()))
        }
        Some(_) => Err("base64 stands in a string".to_owned()),
    }
}
