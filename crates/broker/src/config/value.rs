//! What a text is worth as a value of a setting: read, checked against the row's rule, and written as Kafka writes it.

use thiserror::Error;

use super::definition::{Definition, Rule};
use super::entry::ConfigKind;

/// A value that was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// true or false.
    Boolean(bool),
    /// Text, names of classes and secrets.
    Text(String),
    /// INT, SHORT and LONG.
    Number(i64),
    /// A fraction.
    Double(f64),
    /// Words.
    List(Vec<String>),
}

/// A text that is no value of a setting; the words are those that users of Kafka know.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ValueError {
    /// Not of the kind, or outside of the bounds.
    #[error("Invalid value {shown} for configuration {name}: {why}")]
    Invalid {
        /// Which setting.
        name: String,
        /// The value, or a stand-in for a secret.
        shown: String,
        /// What is wrong.
        why: String,
    },
    /// A list with nothing between two commas.
    #[error("Configuration '{name}' values must not be empty.")]
    EmptyWord {
        /// Which setting.
        name: String,
    },
}

/// Reads a text as a value of this setting.
pub fn parse(definition: &Definition, text: &str) -> Result<Value, ValueError> {
    let value = read(definition, text)?;
    check(definition, &value)?;
    Ok(value)
}

fn read(definition: &Definition, text: &str) -> Result<Value, ValueError> {
    let trimmed = text.trim();
    let number = |least: i64, most: i64| {
        let why = || format!("Not a number of type {}", definition.kind.word());
        let number: i64 = trimmed.parse().map_err(|_| invalid(definition, text, why()))?;
        if !(least..=most).contains(&number) {
            return Err(invalid(definition, text, why()));
        }
        Ok(Value::Number(number))
    };
    match definition.kind {
        ConfigKind::Boolean => match trimmed.to_ascii_lowercase().as_str() {
            "true" => Ok(Value::Boolean(true)),
            "false" => Ok(Value::Boolean(false)),
            _ => Err(invalid(definition, text, "Expected value to be either true or false".into())),
        },
        ConfigKind::Short => number(i64::from(i16::MIN), i64::from(i16::MAX)),
        ConfigKind::Int => number(i64::from(i32::MIN), i64::from(i32::MAX)),
        ConfigKind::Long => number(i64::MIN, i64::MAX),
        ConfigKind::Double => match trimmed.parse::<f64>() {
            Ok(number) if !number.is_nan() => Ok(Value::Double(number)),
            _ => Err(invalid(definition, text, "Not a number of type DOUBLE".into())),
        },
        ConfigKind::List => {
            if trimmed.is_empty() {
                return Ok(Value::List(Vec::new()));
            }
            let words: Vec<String> = trimmed.split(',').map(|word| word.trim().to_owned()).collect();
            if words.iter().any(String::is_empty) {
                return Err(ValueError::EmptyWord { name: definition.name.to_owned() });
            }
            Ok(Value::List(words))
        }
        ConfigKind::String | ConfigKind::Class | ConfigKind::Password | ConfigKind::Unknown => {
            Ok(Value::Text(trimmed.to_owned()))
        }
    }
}

fn check(definition: &Definition, value: &Value) -> Result<(), ValueError> {
    let wrong = |why: String| Err(invalid(definition, &write(value), why));
    match (definition.rule, value) {
        (Rule::Any, _) => Ok(()),
        (Rule::AtLeast(least), Value::Number(number)) if *number < least => {
            wrong(format!("Value must be at least {least}"))
        }
        (Rule::Between(least, _), Value::Number(number)) if *number < least => {
            wrong(format!("Value must be at least {least}"))
        }
        (Rule::Between(_, most), Value::Number(number)) if *number > most => {
            wrong(format!("Value must be no more than {most}"))
        }
        (Rule::Fraction, Value::Double(number)) if *number < 0.0 => wrong("Value must be at least 0".into()),
        (Rule::Fraction, Value::Double(number)) if *number > 1.0 => {
            wrong("Value must be no more than 1".into())
        }
        (Rule::GzipLevel, Value::Number(number)) if *number != -1 && !(1..=9).contains(number) => {
            wrong("Value must be between 1 and 9 or equal to -1".into())
        }
        (Rule::OneOf(words), Value::Text(text)) if !words.contains(&text.as_str()) => {
            wrong(format!("String must be one of: {}", words.join(", ")))
        }
        (Rule::OneOf(words), Value::List(list)) => {
            match list.iter().find(|word| !words.contains(&word.as_str())) {
                Some(word) => {
                    Err(invalid(definition, word, format!("String must be one of: {}", words.join(", "))))
                }
                None => Ok(()),
            }
        }
        (Rule::OneOfAnyCase(words), Value::Text(text))
            if !words.iter().any(|w| w.eq_ignore_ascii_case(text)) =>
        {
            wrong(format!("String must be one of (case insensitive): {}", words.join(", ")))
        }
        (Rule::NotEmpty, Value::Text(text)) if text.is_empty() => wrong("String must be non-empty".into()),
        (Rule::Replicas, Value::List(list)) if !are_replicas(list) => {
            let (name, shown) = (definition.name.to_owned(), format!("[{}]", list.join(", ")));
            let why = format!(
                "{name} must be the literal '*' or a list of replicas, each as [partition]:[broker], with commas between"
            );
            Err(ValueError::Invalid { name, shown, why })
        }
        _ => Ok(()),
    }
}

fn are_replicas(list: &[String]) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    matches!(list, [only] if only == "*")
        || list.iter().all(|pair| pair.split_once(':').is_some_and(|(a, b)| number(a) && number(b)))
}

/// Writes a value as Kafka shows it.
pub fn write(value: &Value) -> String {
    match value {
        Value::Boolean(value) => value.to_string(),
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Double(number) => write_double(*number),
        Value::List(words) => words.join(","),
    }
}

/// As Java writes a double: a point always, an exponent for what is very large or very small.
fn write_double(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-3..1e7).contains(&size) {
        let text = format!("{number:E}");
        return match text.split_once('E') {
            Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
            _ => text,
        };
    }
    format!("{number:?}")
}

fn invalid(definition: &Definition, shown: &str, why: String) -> ValueError {
    let shown = if definition.sensitive() { "[hidden]" } else { shown };
    ValueError::Invalid { name: definition.name.to_owned(), shown: shown.to_owned(), why }
}
