//! The entries of a recorder's journal, to bytes and back. Drawn in the head of `recorder`.

use bytes::{Buf, BufMut};

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// A call begins.
    Begun {
        /// Which one.
        call: u64,
        /// What it is to do.
        what: Call<'a>,
    },
    /// A call has ended well.
    Done {
        /// Which one.
        call: u64,
    },
    /// A call has failed; what of it was done is not known.
    Failed {
        /// Which one.
        call: u64,
    },
}

/// What a call changes. Files are numbered by their opening: two of them may be one file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the head of `recorder` draws each field")]
pub enum Call<'a> {
    Open { file: u64, may_make: bool, name: &'a str },
    Write { file: u64, position: u64, durable: bool, bytes: &'a [u8] },
    Zeros { file: u64, position: u64, durable: bool, length: u64 },
    Allocate { file: u64, position: u64, length: u64 },
    SetLength { file: u64, length: u64 },
    Sync { file: u64 },
    Folder { name: &'a str },
    Rename { from: &'a str, to: &'a str },
    Unlink { name: &'a str },
    SyncFolder { name: &'a str },
}

pub(super) fn encode(entry: &Entry<'_>) -> Vec<u8> {
    let mut out = vec![0; 4];
    match entry {
        Entry::Begun { call, what } => {
            out.put_u8(0);
            out.put_u64_le(*call);
            put_call(&mut out, what);
        }
        Entry::Done { call } => {
            out.put_u8(1);
            out.put_u64_le(*call);
        }
        Entry::Failed { call } => {
            out.put_u8(2);
            out.put_u64_le(*call);
        }
    }
    let length = u32::try_from(out.len() - 4).expect("no single write has 4 GiB");
    out[..4].copy_from_slice(&length.to_le_bytes());
    out
}

fn put_call(out: &mut Vec<u8>, call: &Call<'_>) {
    let mut numbers = |kind: u8, numbers: &[u64]| {
        out.put_u8(kind);
        numbers.iter().for_each(|number| out.put_u64_le(*number));
    };
    match call {
        Call::Open { file, may_make, name } => {
            numbers(0, &[*file]);
            out.put_u8(u8::from(*may_make));
            out.put_slice(name.as_bytes());
        }
        Call::Write { file, position, durable, bytes } => {
            numbers(1, &[*file, *position]);
            out.put_u8(u8::from(*durable));
            out.put_slice(bytes);
        }
        Call::Zeros { file, position, durable, length } => {
            numbers(2, &[*file, *position]);
            out.put_u8(u8::from(*durable));
            out.put_u64_le(*length);
        }
        Call::Allocate { file, position, length } => numbers(3, &[*file, *position, *length]),
        Call::SetLength { file, length } => numbers(4, &[*file, *length]),
        Call::Sync { file } => numbers(5, &[*file]),
        Call::Folder { name } => {
            numbers(6, &[]);
            out.put_slice(name.as_bytes());
        }
        Call::Rename { from, to } => {
            numbers(7, &[]);
            out.put_u16_le(u16::try_from(from.len()).expect("names are short"));
            out.put_slice(from.as_bytes());
            out.put_slice(to.as_bytes());
        }
        Call::Unlink { name } => {
            numbers(8, &[]);
            out.put_slice(name.as_bytes());
        }
        Call::SyncFolder { name } => {
            numbers(9, &[]);
            out.put_slice(name.as_bytes());
        }
    }
}

/// The entries of a journal, each with the length that the journal had when it was written. Ends before an entry that
/// is cut off, or that is none.
pub fn read_journal(journal: &[u8]) -> impl Iterator<Item = (usize, Entry<'_>)> {
    let mut rest = journal;
    std::iter::from_fn(move || {
        let length = rest.try_get_u32_le().ok()? as usize;
        let entry = decode(rest.get(..length)?)?;
        rest = &rest[length..];
        Some((journal.len() - rest.len(), entry))
    })
}

fn decode(mut bytes: &[u8]) -> Option<Entry<'_>> {
    let kind = bytes.try_get_u8().ok()?;
    let call = bytes.try_get_u64_le().ok()?;
    match kind {
        0 => Some(Entry::Begun { call, what: decode_call(bytes)? }),
        1 => Some(Entry::Done { call }),
        2 => Some(Entry::Failed { call }),
        _ => None,
    }
}

fn decode_call(mut bytes: &[u8]) -> Option<Call<'_>> {
    fn number(bytes: &mut &[u8]) -> Option<u64> {
        bytes.try_get_u64_le().ok()
    }
    fn flag(bytes: &mut &[u8]) -> Option<bool> {
        bytes.try_get_u8().ok().map(|flag| flag != 0)
    }
    let text = |bytes| std::str::from_utf8(bytes).ok();
    let rest = &mut bytes;
    Some(match rest.try_get_u8().ok()? {
        0 => Call::Open { file: number(rest)?, may_make: flag(rest)?, name: text(rest)? },
        1 => Call::Write { file: number(rest)?, position: number(rest)?, durable: flag(rest)?, bytes: rest },
        2 => Call::Zeros {
            file: number(rest)?,
            position: number(rest)?,
            durable: flag(rest)?,
            length: number(rest)?,
        },
        3 => Call::Allocate { file: number(rest)?, position: number(rest)?, length: number(rest)? },
        4 => Call::SetLength { file: number(rest)?, length: number(rest)? },
        5 => Call::Sync { file: number(rest)? },
        6 => Call::Folder { name: text(rest)? },
        7 => {
            let (from, to) = {
                let length = usize::from(rest.try_get_u16_le().ok()?);
                rest.split_at_checked(length)?
            };
            Call::Rename { from: text(from)?, to: text(to)? }
        }
        8 => Call::Unlink { name: text(rest)? },
        9 => Call::SyncFolder { name: text(rest)? },
        _ => return None,
    })
}
