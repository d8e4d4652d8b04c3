//! Records into a stream.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use thalweg_kafka::client::FetchedRecord;

use super::{Format, Separator, Template};

/// Writes records as text.
#[derive(Clone, Debug)]
pub(crate) struct Formatter {
    pub(crate) format: Format,
    /// Behind each record.
    pub(crate) separator: Separator,
    /// Between key and value; without it keys are left out.
    pub(crate) key_separator: Option<Separator>,
    /// The text that stands for no key or no value.
    pub(crate) null: Option<String>,
    /// How a record looks, where neither format will do.
    pub(crate) template: Option<Template>,
}

impl Formatter {
    pub(crate) fn write(
        &self,
        out: &mut impl Write,
        topic: &str,
        partition: i32,
        record: &FetchedRecord,
    ) -> io::Result<()> {
        let null = self.null.as_deref().unwrap_or_default().as_bytes();
        if let Some(template) = &self.template {
            return template.write(out, null, topic, partition, record);
        }
        match self.format {
            Format::Raw => out.write_all(record.value.as_deref().unwrap_or_default()),
            Format::Text => {
                if let Some(Separator(separator)) = &self.key_separator {
                    out.write_all(record.key.as_deref().unwrap_or(null))?;
                    out.write_all(separator)?;
                }
                out.write_all(record.value.as_deref().unwrap_or(null))?;
                out.write_all(&self.separator.0)
            }
            Format::Json => {
                serde_json::to_writer(&mut *out, &JsonRecord::of(topic, partition, record))?;
                out.write_all(&self.separator.0)
            }
        }
    }
}

#[derive(Serialize)]
struct JsonRecord<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    timestamp: i64,
    #[serde(flatten)]
    key: Key<'a>,
    #[serde(flatten)]
    value: Content<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    headers: Vec<JsonHeader<'a>>,
}

#[derive(Serialize)]
struct JsonHeader<'a> {
    #[serde(flatten)]
    key: Key<'a>,
    #[serde(flatten)]
    value: Content<'a>,
}

#[derive(Serialize)]
enum Key<'a> {
    #[serde(rename = "key")]
    Text(Option<&'a str>),
    #[serde(rename = "key_base64")]
    Base64(String),
}

#[derive(Serialize)]
enum Content<'a> {
    #[serde(rename = "value")]
    Text(Option<&'a str>),
    #[serde(rename = "value_base64")]
    Base64(String),
}

impl<'a> JsonRecord<'a> {
    fn of(topic: &'a str, partition: i32, record: &'a FetchedRecord) -> Self {
        Self {
            topic,
            partition,
            offset: record.offset,
            timestamp: record.timestamp,
            key: Key::of(record.key.as_deref()),
            value: Content::of(record.value.as_deref()),
            headers: record
                .headers
                .iter()
                .map(|(key, value)| JsonHeader {
                    key: Key::of(Some(key)),
                    value: Content::of(value.as_deref()),
                })
                .collect(),
        }
    }
}

impl<'a> Key<'a> {
    fn of(bytes: Option<&'a [u8]>) -> Self {
        text_or_base64(bytes).map_or_else(Self::Base64, Self::Text)
    }
}

impl<'a> Content<'a> {
    fn of(bytes: Option<&'a [u8]>) -> Self {
        text_or_base64(bytes).map_or_else(Self::Base64, Self::Text)
    }
}

fn text_or_base64(bytes: Option<&[u8]>) -> Result<Option<&str>, String> {
    let Some(bytes) = bytes else { return Ok(None) };
    std::str::from_utf8(bytes).map(Some).map_err(|_| STANDARD.encode(bytes))
}
