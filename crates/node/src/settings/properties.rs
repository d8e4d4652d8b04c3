//! Java's properties files, as Kafka reads its `server.properties`: comments, `=` and `:` and blanks between name and
//! value, lines that go on after a backslash, escapes.

use super::{Entry, Problem};

pub(super) fn parse(text: &str) -> Result<Vec<Entry>, Problem> {
    let mut entries = Vec::new();
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).enumerate();
    while let Some((index, line)) = lines.next() {
        let start = line.trim_start_matches(BLANKS);
        if start.is_empty() || start.starts_with(['#', '!']) {
            continue;
        }
        let mut logical = start.to_owned();
        while goes_on(&logical) {
            logical.pop();
            match lines.next() {
                Some((_, next)) => logical.push_str(next.trim_start_matches(BLANKS)),
                None => break,
            }
        }
        let line = index + 1;
        let (name, value) = split(&logical);
        let unescaped = |text| unescape(text).map_err(|text| Problem { line, text });
        entries.push(Entry { name: unescaped(name)?, value: unescaped(value)?.trim().to_owned(), line });
    }
    Ok(entries)
}

const BLANKS: [char; 3] = [' ', '\t', '\x0c'];

/// An odd number of backslashes at the end: the last one escapes the line's end.
fn goes_on(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// The name ends at the first `=`, `:` or blank that is not escaped.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, letter) in line.char_indices() {
        if escaped {
            escaped = false;
        } else if letter == '\\' {
            escaped = true;
        } else if BLANKS.contains(&letter) || letter == '=' || letter == ':' {
            let rest = line[at..].trim_start_matches(BLANKS);
            let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
            return (&line[..at], rest.trim_start_matches(BLANKS));
        }
    }
    (line, "")
}

fn unescape(text: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('f') => plain.push('\x0c'),
            Some('u') => {
                let digits: String = letters.by_ref().take(4).collect();
                let is_number = digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                let number = u32::from_str_radix(&digits, 16).ok().filter(|_| is_number);
                let letter = number.and_then(char::from_u32);
                plain.push(letter.ok_or_else(|| format!("\\u{digits} is no letter"))?);
            }
            Some(other) => plain.push(other),
            None => {}
        }
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str, usize)]) {
        let entries = parse(text).unwrap();
        let found: Vec<_> = entries.iter().map(|e| (e.name.as_str(), e.value.as_str(), e.line)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn lines_are_read_as_java_reads_them() {
        check(
            "# no\n! no\n\n a.b = 1 \r\nc:2\nd 3\ne\n",
            &[("a.b", "1", 4), ("c", "2", 5), ("d", "3", 6), ("e", "", 7)],
        );
        check("a=1,\\\n   2,\\\n\t3\nb=4", &[("a", "1,2,3", 1), ("b", "4", 4)]);
        check("a=x\\\\\nb=y", &[("a", "x\\", 1), ("b", "y", 2)]);
        check("l=PLAINTEXT://:9092,X://:1", &[("l", "PLAINTEXT://:9092,X://:1", 1)]);
        check("a\\=b\\ c=\\u0041\\t\\:", &[("a=b c", "A\t:", 1)]);
        check("a = b = c", &[("a", "b = c", 1)]);
        check("a=1\\", &[("a", "1", 1)]);
    }

    #[test]
    fn a_wrong_escape_is_named_with_its_line() {
        let problem = parse("a=1\nb=\\u00zz").unwrap_err();
        assert_eq!((problem.line, problem.text.as_str()), (2, "\\u00zz is no letter"));
    }
}
