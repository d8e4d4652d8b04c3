//! Reads our schema files: which fields a message has, in which versions.
//!
//! A file is lines; four spaces deeper is one level deeper. The format is described in `crates/wire/schema/README.md`.
//! It knows nothing of Rust, so that tests can drive a second, slow encoder from the same files.

use std::fmt;

/// Versions `first..=last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) first: i16,
    pub(crate) last: i16,
}

impl Versions {
    pub(crate) fn contains(self, version: i16) -> bool {
        (self.first..=self.last).contains(&version)
    }

    pub(crate) fn all(self) -> impl Iterator<Item = i16> {
        self.first..=self.last
    }
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Request,
    Response,
    /// A header, or something that travels inside of bytes.
    Data,
}

/// One message: all that one `request`, `response` or `message` line leads.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The API's number, or the type number of an internal topic's key.
    pub(crate) number: Option<i16>,
    pub(crate) versions: Versions,
    /// The first version with compact lengths and tagged fields.
    pub(crate) flexible_from: Option<i16>,
    /// Whether the last version is not to be advertised.
    pub(crate) unstable: bool,
    pub(crate) fields: Vec<Field>,
    /// Structures of the message, in the order in which they were found.
    pub(crate) structs: Vec<Struct>,
}

impl Message {
    pub(crate) fn flexible(&self, version: i16) -> bool {
        self.flexible_from.is_some_and(|from| version >= from)
    }

    pub(crate) fn structure(&self, name: &str) -> Result<&Struct, Fault> {
        let found = self.structs.iter().find(|structure| structure.name == name);
        found.ok_or_else(|| Fault(format!("{} has no structure {name}", self.name)))
    }
}

/// A structure inside of a message.
#[derive(Clone, Debug)]
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) versions: Versions,
    pub(crate) fields: Vec<Field>,
}

/// One field.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) array: bool,
    pub(crate) base: Base,
    /// In which versions it is there.
    pub(crate) versions: Versions,
    /// In which of them it may be null.
    pub(crate) nullable: Option<Versions>,
    /// Its number, where it is a tagged field.
    pub(crate) tag: Option<u32>,
    /// What it is where nothing is said; `None` for zero, false, empty (or null, where it may be null).
    pub(crate) default: Option<String>,
    /// Whether versions without it drop what it says.
    pub(crate) ignorable: bool,
    /// Whether its length is never compact.
    pub(crate) plain: bool,
}

/// What a field holds, or each element of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    Bool,
    I8,
    I16,
    U16,
    I32,
    I64,
    F64,
    Uuid,
    Text,
    Bytes,
    Records,
    Struct(String),
}

/// Why a file is no schema.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

/// All messages of one file.
pub(crate) fn parse(text: &str) -> Result<Vec<Message>, Fault> {
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let words = line.trim_start();
        let indent = line.len() - words.len();
        if indent % 4 != 0 {
            return Err(Fault(format!("line {}: {indent} spaces are no level", number + 1)));
        }
        lines.push(Line { number: number + 1, depth: indent / 4, words: words.split_whitespace().collect() });
    }
    let mut rest = &lines[..];
    let mut messages: Vec<Message> = Vec::new();
    let mut api = None;
    while let Some((line, behind)) = rest.split_first() {
        rest = behind;
        let fault = |what: &str| Fault(format!("line {}: {what}", line.number));
        match line.words[..] {
            ["api", number, name] => api = Some((number.parse().map_err(|_| fault("no number"))?, name)),
            ["request", ..] | ["response", ..] => {
                let (number, name) = api.ok_or_else(|| fault("comes before `api`"))?;
                let (kind, suffix) = match line.words[0] {
                    "request" => (Kind::Request, "Request"),
                    _ => (Kind::Response, "Response"),
                };
                let head = &line.words[1..];
                messages.push(message(line, format!("{name}{suffix}"), kind, Some(number), head, &mut rest)?);
            }
            ["message", name, ..] => {
                messages.push(message(line, name.to_owned(), Kind::Data, None, &line.words[2..], &mut rest)?);
            }
            ["struct", name, ref versions @ ..] => {
                let message = messages.last_mut().ok_or_else(|| fault("comes before its message"))?;
                let versions = match versions {
                    [] => message.versions,
                    [versions, ..] => range(line, versions, message.versions)?,
                };
                let mut structs = Vec::new();
                let fields = fields(&mut rest, 1, message.versions, versions, &mut structs)?;
                message.structs.push(Struct { name: name.to_owned(), versions, fields });
                message.structs.append(&mut structs);
            }
            _ => return Err(fault("is neither api, request, response, message nor struct")),
        }
    }
    Ok(messages)
}

struct Line<'a> {
    number: usize,
    depth: usize,
    words: Vec<&'a str>,
}

fn message(
    line: &Line<'_>,
    name: String,
    kind: Kind,
    mut number: Option<i16>,
    head: &[&str],
    rest: &mut &[Line<'_>],
) -> Result<Message, Fault> {
    let fault = |what: &str| Fault(format!("line {}: {what}", line.number));
    let (versions, mut options) = head.split_first().ok_or_else(|| fault("no versions"))?;
    let versions = range(line, versions, Versions { first: 0, last: i16::MAX })?;
    let mut flexible_from = None;
    let mut unstable = false;
    loop {
        match options {
            [] => break,
            ["flexible", from, behind @ ..] => {
                flexible_from = Some(range(line, from, versions)?.first);
                options = behind;
            }
            ["type", value, behind @ ..] => {
                number = Some(value.parse().map_err(|_| fault("no type number"))?);
                options = behind;
            }
            ["unstable", behind @ ..] => {
                unstable = true;
                options = behind;
            }
            [other, ..] => return Err(fault(&format!("`{other}` is no option of a message"))),
        }
    }
    let mut structs = Vec::new();
    let fields = fields(rest, 1, versions, versions, &mut structs)?;
    Ok(Message { name, kind, number, versions, flexible_from, unstable, fields, structs })
}

/// The fields at `depth`, and into `structs` the structures that they define.
fn fields(
    rest: &mut &[Line<'_>],
    depth: usize,
    valid: Versions,
    scope: Versions,
    structs: &mut Vec<Struct>,
) -> Result<Vec<Field>, Fault> {
    let mut found = Vec::new();
    while let Some((line, behind)) = rest.split_first()
        && line.depth >= depth
    {
        if line.depth > depth {
            return Err(Fault(format!("line {}: too deep", line.number)));
        }
        *rest = behind;
        let field = field(line, valid, scope)?;
        if rest.first().is_some_and(|next| next.depth > depth) {
            let Base::Struct(name) = &field.base else {
                return Err(Fault(format!("line {}: only a structure has fields", line.number)));
            };
            let place = structs.len();
            let inner = fields(rest, depth + 1, valid, field.versions, structs)?;
            structs.insert(place, Struct { name: name.clone(), versions: field.versions, fields: inner });
        }
        found.push(field);
    }
    Ok(found)
}

fn field(line: &Line<'_>, valid: Versions, scope: Versions) -> Result<Field, Fault> {
    let fault = |what: &str| Fault(format!("line {}: {what}", line.number));
    let [name, kind, options @ ..] = &line.words[..] else {
        return Err(fault("a field has a name and a type"));
    };
    let (kind, null) = match kind.split_once('?') {
        Some((kind, null)) => (kind, Some(null)),
        None => (*kind, None),
    };
    let (array, base) = match kind.strip_prefix("[]") {
        Some(base) => (true, base),
        None => (false, kind),
    };
    let mut field = Field {
        name: (*name).to_owned(),
        array,
        base: base_type(base).ok_or_else(|| fault("no such type"))?,
        versions: scope,
        nullable: None,
        tag: None,
        default: None,
        ignorable: false,
        plain: false,
    };
    let mut options = options;
    loop {
        match options {
            [] => break,
            ["tag", tag, behind @ ..] => {
                field.tag = Some(tag.parse().map_err(|_| fault("no tag"))?);
                options = behind;
            }
            ["=", value, behind @ ..] => {
                field.default = Some((*value).to_owned()).filter(|value| value != "null");
                options = behind;
            }
            ["ignorable", behind @ ..] => {
                field.ignorable = true;
                options = behind;
            }
            ["plain", behind @ ..] => {
                field.plain = true;
                options = behind;
            }
            [versions, behind @ ..] => {
                field.versions = range(line, versions, valid)?;
                options = behind;
            }
        }
    }
    field.nullable = match null {
        None => None,
        Some("") => Some(field.versions),
        Some(versions) => Some(range(line, versions, field.versions)?),
    };
    Ok(field)
}

fn base_type(name: &str) -> Option<Base> {
    Some(match name {
        "bool" => Base::Bool,
        "i8" => Base::I8,
        "i16" => Base::I16,
        "u16" => Base::U16,
        "i32" => Base::I32,
        "i64" => Base::I64,
        "f64" => Base::F64,
        "uuid" => Base::Uuid,
        "string" => Base::Text,
        "bytes" => Base::Bytes,
        "records" => Base::Records,
        name if name.starts_with(char::is_uppercase) => Base::Struct(name.to_owned()),
        _ => return None,
    })
}

/// `3`, `3-7` or `3+`, which ends where `valid` ends.
fn range(line: &Line<'_>, text: &str, valid: Versions) -> Result<Versions, Fault> {
    let fault = || Fault(format!("line {}: `{text}` is no range of versions in {valid:?}", line.number));
    let number = |text: &str| text.parse::<i16>().map_err(|_| fault());
    let versions = match (text.strip_suffix('+'), text.split_once('-')) {
        (Some(first), _) => Versions { first: number(first)?, last: valid.last },
        (None, Some((first, last))) => Versions { first: number(first)?, last: number(last)? },
        (None, None) => Versions { first: number(text)?, last: number(text)? },
    };
    let inside =
        versions.first <= versions.last && valid.first <= versions.first && versions.last <= valid.last;
    inside.then_some(versions).ok_or_else(fault)
}
