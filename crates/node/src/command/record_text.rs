//! Records as text, for files and pipes: how they are read out of a stream and how they are written into one.
//!
//! `text` is one record a line, the value alone or behind its key. `json` is one object a line and loses nothing:
//! `{"topic":…,"partition":…,"offset":…,"timestamp":…,"key":…,"value":…,"headers":[{"key":…,"value":…}]}`; what is no
//! UTF-8 stands in base64 under `key_base64` and `value_base64`. `raw` is the values alone, byte for byte.
//! No schemas and no formats that need any.

mod reading;
mod template;
mod writing;

use std::str::FromStr;

use clap::ValueEnum;

pub(crate) use self::reading::{Parser, RecordReader};
pub(crate) use self::template::Template;
pub(crate) use self::writing::Formatter;

/// How records look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One record a line: the value, or key, separator and value
    Text,
    /// One JSON object a line, with key, headers, partition, offset and timestamp
    Json,
    /// The value as it is; to be written, each input is one record
    Raw,
}

/// Bytes between records or parts of them; in the text `\n`, `\t`, `\r`, `\0`, `\\` and `\xHH` stand for what they do in C.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Separator(pub(crate) Vec<u8>);

impl FromStr for Separator {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = unescape(text)?;
        if bytes.is_empty() { Err("a separator has at least one byte".to_owned()) } else { Ok(Self(bytes)) }
    }
}

fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        if letter != '\\' {
            bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        bytes.push(match rest.next() {
            Some('n') => b'\n',
            Some('t') => b'\t',
            Some('r') => b'\r',
            Some('0') => 0,
            Some('\\') => b'\\',
            Some('x') => {
                let digits: String = rest.by_ref().take(2).collect();
                u8::from_str_radix(&digits, 16)
                    .ok()
                    .filter(|_| digits.len() == 2 && !digits.starts_with('+'))
                    .ok_or_else(|| format!("`\\x{digits}` is no byte"))?
            }
            Some(other) => return Err(format!("`\\{other}` stands for nothing")),
            None => return Err("nothing follows the last `\\`".to_owned()),
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
