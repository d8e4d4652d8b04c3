//! TOML, with settings as dotted keys or as tables: `log.retention.hours = 1`, or `hours = 1` under `[log.retention]`.
//! Where one name begins another (`max.connections` and `max.connections.per.ip`) TOML wants one of them in quotes.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Entry, Problem};

pub(super) fn parse(text: &str) -> Result<Vec<Entry>, Problem> {
    let table = DeTable::parse(text).map_err(|error| Problem {
        line: error.span().map_or(1, |span| line_at(text, span.start)),
        text: error.message().replace('\n', ", "),
    })?;
    let mut entries = Vec::new();
    walk(text, "", table.get_ref(), &mut entries)?;
    entries.sort_by_key(|entry| entry.line);
    Ok(entries)
}

fn walk(text: &str, prefix: &str, table: &DeTable<'_>, entries: &mut Vec<Entry>) -> Result<(), Problem> {
    for (key, value) in table {
        let name = format!("{prefix}{}", key.get_ref());
        let line = line_at(text, key.span().start);
        if let DeValue::Table(inner) = value.get_ref() {
            walk(text, &format!("{name}."), inner, entries)?;
            continue;
        }
        let value = match value.get_ref() {
            DeValue::Array(items) => {
                let words: Result<Vec<_>, _> = items.iter().map(|item| scalar(text, item)).collect();
                words?.join(",")
            }
            _ => scalar(text, value)?,
        };
        entries.push(Entry { name, value, line });
    }
    Ok(())
}

fn scalar(text: &str, value: &Spanned<DeValue<'_>>) -> Result<String, Problem> {
    let wrong = |text_of: &str| Problem { line: line_at(text, value.span().start), text: text_of.to_owned() };
    match value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map(|number| number.to_string())
            .map_err(|_| wrong("the number is too large")),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Boolean(value) => Ok(value.to_string()),
        DeValue::Datetime(_) => Err(wrong("no setting takes a date")),
        DeValue::Array(_) | DeValue::Table(_) => Err(wrong("a list holds only texts and numbers")),
    }
}

fn line_at(text: &str, position: usize) -> usize {
    text.bytes().take(position).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_keys_and_tables_are_one() {
        let text =
            "num.partitions = 0x10\nlisteners = [\"A://:1\", \"B://:2\"]\n\n[log.retention]\nhours = 1\n";
        let entries = parse(text).unwrap();
        let found: Vec<_> = entries.iter().map(|e| (e.name.as_str(), e.value.as_str(), e.line)).collect();
        let expected =
            [("num.partitions", "16", 1), ("listeners", "A://:1,B://:2", 2), ("log.retention.hours", "1", 5)];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        assert_eq!(parse("a = 1\nb =\n").unwrap_err().line, 2);
        assert_eq!(parse("a = 1\nb = 2020-01-01\n").unwrap_err().line, 2);
    }
}
