//! Text in, records out, and back.

use bytes::Bytes;
use thalweg_kafka::client::{FetchedRecord, Message};

use super::{Format, Formatter, Parser, RecordReader, Separator};

fn separator(text: &str) -> Separator {
    text.parse().expect("it is a separator")
}

#[test]
fn separators_have_escapes() {
    for (text, expect) in [
        ("\\t", Some(&b"\t"[..])),
        ("\\r\\n", Some(b"\r\n")),
        ("a\\\\b", Some(b"a\\b")),
        ("\\x00\\xfF", Some(b"\0\xff")),
        ("ä", Some("ä".as_bytes())),
        ("", None),
        ("\\", None),
        ("\\q", None),
        ("\\x1", None),
        ("\\x+1", None),
    ] {
        assert_eq!(text.parse::<Separator>().ok().map(|found| found.0).as_deref(), expect, "{text}");
    }
}

/// Gives one byte at a time, so that every cut is met.
struct Trickle<'a>(&'a [u8]);

impl std::io::Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.len().min(1);
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn cut(input: impl std::io::Read, separator: Option<Separator>) -> Vec<Bytes> {
    let mut reader = RecordReader::new(input, separator);
    let mut found = Vec::new();
    loop {
        let count = reader.fill().expect("memory can be read");
        while let Some(record) = reader.next_read() {
            found.push(record);
        }
        if count == 0 {
            return found;
        }
    }
}

#[test]
fn streams_are_cut_at_separators() {
    for (input, between, expect) in [
        ("a\nb\n", Some("\\n"), &["a", "b"][..]),
        ("a\n\nb", Some("\\n"), &["a", "", "b"]),
        ("", Some("\\n"), &[]),
        ("\n", Some("\\n"), &[""]),
        ("a--b-c---d", Some("--"), &["a", "b-c", "-d"]),
        ("a\nb\n", None, &["a\nb\n"]),
    ] {
        let between = between.map(separator);
        assert_eq!(cut(input.as_bytes(), between.clone()), expect, "{input:?}");
        assert_eq!(cut(Trickle(input.as_bytes()), between), expect, "{input:?}, byte by byte");
    }
}

fn parser(format: Format) -> Parser {
    Parser { format, key_separator: None, null: None, template: Message::default() }
}

fn parts(message: &Message) -> (Option<&[u8]>, Option<&[u8]>) {
    (message.key.as_deref(), message.value.as_deref())
}

#[test]
fn lines_have_keys_where_a_separator_says_so() {
    let mut parser = parser(Format::Text);
    let parse = |parser: &Parser, line: &'static str| parser.parse(Bytes::from_static(line.as_bytes()));
    assert_eq!(parts(&parse(&parser, "k=v").expect("it is a line")), (None, Some(&b"k=v"[..])));
    parser.key_separator = Some(separator("="));
    assert_eq!(parts(&parse(&parser, "k=v=w").expect("it is a line")), (Some(&b"k"[..]), Some(&b"v=w"[..])));
    assert!(parse(&parser, "kv").is_err(), "a key was to be there");
    parser.null = Some("NULL".to_owned());
    assert_eq!(parts(&parse(&parser, "k=NULL").expect("it is a line")), (Some(&b"k"[..]), None));
    assert_eq!(parts(&parse(&parser, "NULL=").expect("it is a line")), (None, Some(&b""[..])));
}

#[test]
fn json_loses_nothing_there_and_back() {
    let records = [
        FetchedRecord {
            offset: 7,
            timestamp: 5,
            key: Some(Bytes::from_static(b"k")),
            value: Some(Bytes::from_static(b"two\nlines \"quoted\"")),
            headers: vec![
                (Bytes::from_static(b"a"), Some(Bytes::from_static(b"1"))),
                (Bytes::from_static(b"a"), None),
                (Bytes::from_static(b"\xfe"), Some(Bytes::from_static(b"\xff\0"))),
            ],
        },
        FetchedRecord { offset: 8, timestamp: 6, key: None, value: None, headers: Vec::new() },
        FetchedRecord {
            offset: 9,
            timestamp: 7,
            key: Some(Bytes::from_static(b"\xff")),
            value: Some(Bytes::from_static(b"\0\xc3\x28")),
            headers: Vec::new(),
        },
    ];
    let formatter = Formatter {
        format: Format::Json,
        separator: separator("\\n"),
        key_separator: None,
        null: None,
        template: None,
    };
    for record in records {
        let mut line = Vec::new();
        formatter.write(&mut line, "t", 3, &record).expect("memory can be written");
        assert_eq!(line.pop(), Some(b'\n'));
        let shown = String::from_utf8(line.clone()).expect("JSON is UTF-8");
        assert!(
            shown.starts_with(&format!(r#"{{"topic":"t","partition":3,"offset":{},"#, record.offset)),
            "{shown}"
        );
        let message = parser(Format::Json).parse(line.into()).expect("it is what was written");
        assert_eq!(message.key, record.key, "{shown}");
        assert_eq!(message.value, record.value, "{shown}");
        assert_eq!(message.headers, record.headers, "{shown}");
        assert_eq!(message.timestamp, Some(record.timestamp));
    }
}

#[test]
fn json_of_other_hands_is_understood() {
    let parse = |text: &'static str| parser(Format::Json).parse(Bytes::from_static(text.as_bytes()));
    let message =
        parse(r#"{"value":{"a":[1,2]},"key":5,"headers":{"h":"1","n":null}}"#).expect("it is an object");
    assert_eq!(parts(&message), (Some(&b"5"[..]), Some(&br#"{"a":[1,2]}"#[..])));
    assert_eq!(
        message.headers,
        [(Bytes::from_static(b"h"), Some(Bytes::from_static(b"1"))), (Bytes::from_static(b"n"), None)]
    );
    for wrong in [
        "",
        "5",
        "{",
        r#"{"value_base64":"?"}"#,
        r#"{"value_base64":5}"#,
        r#"{"headers":5}"#,
        r#"{"headers":[{}]}"#,
        r#"{"timestamp":"now"}"#,
    ] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn text_and_templates_show_what_is_asked_for() {
    let record = FetchedRecord {
        offset: 7,
        timestamp: 5,
        key: None,
        value: Some(Bytes::from_static(b"v")),
        headers: vec![
            (Bytes::from_static(b"a"), Some(Bytes::from_static(b"1"))),
            (Bytes::from_static(b"b"), None),
        ],
    };
    let check = |key_separator: Option<&str>, template: Option<&str>, expect: &str| {
        let formatter = Formatter {
            format: Format::Text,
            separator: separator("\\n"),
            key_separator: key_separator.map(separator),
            null: Some("-".to_owned()),
            template: template.map(|template| template.parse().expect("it is a template")),
        };
        let mut text = Vec::new();
        formatter.write(&mut text, "t", 3, &record).expect("memory can be written");
        assert_eq!(String::from_utf8_lossy(&text), expect);
    };
    check(None, None, "v\n");
    check(Some("\\t"), None, "-\tv\n");
    check(
        None,
        Some("{topic}-{partition}@{offset} {timestamp}\\t{key}{value}{headers}"),
        "t-3@7 5\t-va=1,b=-",
    );
    for wrong in ["{", "{nothing}", "\\"] {
        assert!(wrong.parse::<super::Template>().is_err(), "{wrong}");
    }
}
